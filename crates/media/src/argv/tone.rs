//! The filters that bring high dynamic range down.

/// From a transfer of high dynamic range, in 10 bits of YUV, to RGB in the transfer of BT.709.
pub(super) fn to_sdr(transfer: &str, is_full_range: bool) -> String {
    let range = if is_full_range { "full" } else { "limited" };
    // 203 cd/m2 is the white of graphics in high dynamic range.
    format!(
        "zscale=tin={transfer}:pin=2020:min=2020_ncl:rin={range}:t=linear:npl=203,\
         format=gbrpf32le,zscale=p=709,tonemap=mobius:desat=0,zscale=t=709"
    )
}
