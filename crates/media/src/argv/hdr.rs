//! Parameters of the encoder of H.265 for pictures of HDR10.

use crate::plan::Hdr10;

/// What is added to other parameters.
pub(super) fn parameters(hdr10: &Hdr10) -> String {
    let mut all = ":hdr10=1".to_owned();
    if let Some(mastering) = hdr10.mastering {
        let point = |name: &str, [x, y]: [u32; 2]| format!("{name}({x},{y})");
        all.push_str(&format!(
            ":master-display={}{}{}{}L({},{})",
            point("G", mastering.green),
            point("B", mastering.blue),
            point("R", mastering.red),
            point("WP", mastering.white),
            mastering.most_luminance,
            mastering.least_luminance
        ));
    }
    if let Some(light) = hdr10.light {
        all.push_str(&format!(":max-cll={},{}", light.most, light.most_average));
    }
    all
}
