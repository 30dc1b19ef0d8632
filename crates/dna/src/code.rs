//! A frame's hash of 256 bits, and what is compared in bulk.

/// Bands that a hash is looked up by, of 16 bits each.
pub(crate) const BANDS: usize = 16;

/// A frame's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Code(pub [u64; 4]);

impl Code {
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let (words, _) = bytes.as_chunks::<8>();
        Self([0, 1, 2, 3].map(|at: usize| u64::from_le_bytes(words[at])))
    }

    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// How many bits differ.
    #[inline(always)]
    pub fn distance(&self, other: &Self) -> u32 {
        (self.0[0] ^ other.0[0]).count_ones()
            + (self.0[1] ^ other.0[1]).count_ones()
            + (self.0[2] ^ other.0[2]).count_ones()
            + (self.0[3] ^ other.0[3]).count_ones()
    }

    /// The 16 bits of a band.
    #[inline(always)]
    pub fn band(&self, band: usize) -> u16 {
        (self.0[band / 4] >> (16 * (band % 4))) as u16
    }

    /// The 16 bits that stand beside an entry of a band's list: those of the band across.
    #[inline(always)]
    pub fn check(&self, band: usize) -> u16 {
        self.band((band + BANDS / 2) % BANDS)
    }

    /// Whether the bits come from a blank frame, which has no hash.
    pub fn is_none(&self) -> bool {
        self.0 == [0; 4]
    }
}

/// Tells the places of all `checks` that differ from `wanted` in no more than `most` bits, counted on from `first`.
pub(crate) fn near_checks(
    checks: &[[u8; 2]],
    first: u32,
    wanted: u16,
    most: u32,
    found: &mut Vec<u32>,
) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor was just asked whether it has the instructions.
        unsafe { near_checks_avx2(checks, first, wanted, most, found) };
        return;
    }
    near_checks_plain(checks, first, wanted, most, found);
}

/// Thirty-two at a time: the bits of each half byte are looked up, and added up for each check.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn near_checks_avx2(checks: &[[u8; 2]], first: u32, wanted: u16, most: u32, found: &mut Vec<u32>) {
    use std::arch::x86_64::{
        __m256i, _mm256_add_epi8, _mm256_and_si256, _mm256_cmpgt_epi16, _mm256_loadu_si256,
        _mm256_maddubs_epi16, _mm256_movemask_epi8, _mm256_packs_epi16, _mm256_permute4x64_epi64,
        _mm256_set1_epi8, _mm256_set1_epi16, _mm256_setr_epi8, _mm256_shuffle_epi8,
        _mm256_srli_epi16, _mm256_xor_si256,
    };
    let half = _mm256_set1_epi8(15);
    let bits = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3,
        3, 4,
    );
    let (wanted_here, most_here) = (
        _mm256_set1_epi16(wanted.cast_signed()),
        _mm256_set1_epi16(most as i16),
    );
    let are_far = |checks: &[[u8; 2]; 16]| {
        // SAFETY: an array of 32 bytes is read, wherever it lies.
        let checks = unsafe { _mm256_loadu_si256(checks.as_ptr().cast::<__m256i>()) };
        let differ = _mm256_xor_si256(checks, wanted_here);
        let low = _mm256_shuffle_epi8(bits, _mm256_and_si256(differ, half));
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(differ), half);
        let high = _mm256_shuffle_epi8(bits, high);
        let sums = _mm256_maddubs_epi16(_mm256_add_epi8(low, high), _mm256_set1_epi8(1));
        _mm256_cmpgt_epi16(sums, most_here)
    };
    let (pairs, rest) = checks.as_chunks::<32>();
    let mut at = first;
    for pair in pairs {
        let (halves, _) = pair.as_chunks::<16>();
        let far = _mm256_packs_epi16(are_far(&halves[0]), are_far(&halves[1]));
        // Packing takes halves of both in turn.
        let far = _mm256_permute4x64_epi64::<0b11_01_10_00>(far);
        let mut near = !_mm256_movemask_epi8(far).cast_unsigned();
        while near != 0 {
            found.push(at + near.trailing_zeros());
            near &= near - 1;
        }
        at += 32;
    }
    near_checks_plain(rest, at, wanted, most, found);
}

#[inline(always)]
fn near_checks_plain(checks: &[[u8; 2]], first: u32, wanted: u16, most: u32, found: &mut Vec<u32>) {
    for (at, check) in (first..).zip(checks) {
        if (u16::from_le_bytes(*check) ^ wanted).count_ones() <= most {
            found.push(at);
        }
    }
}

/// Tells those of `places` whose hash is within `most` of `wanted`, with their distance.
pub(crate) fn near_codes(
    codes: &[[u8; 32]],
    places: &[u32],
    wanted: &Code,
    most: u32,
    found: &mut Vec<(u32, u32)>,
) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor was just asked whether it has the instruction.
        unsafe { near_codes_popcnt(codes, places, wanted, most, found) };
        return;
    }
    near_codes_plain(codes, places, wanted, most, found);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn near_codes_popcnt(
    codes: &[[u8; 32]],
    places: &[u32],
    wanted: &Code,
    most: u32,
    found: &mut Vec<(u32, u32)>,
) {
    near_codes_plain(codes, places, wanted, most, found);
}

#[inline(always)]
fn near_codes_plain(
    codes: &[[u8; 32]],
    places: &[u32],
    wanted: &Code,
    most: u32,
    found: &mut Vec<(u32, u32)>,
) {
    for place in places {
        let distance = Code::from_bytes(&codes[*place as usize]).distance(wanted);
        if distance <= most {
            found.push((*place, distance));
        }
    }
}

/// Asks for memory that will be read soon. It has no other effect, whatever the address.
#[inline(always)]
pub(crate) fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this architecture has the instruction, and it reads nothing itself.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Tells all of `codes` within `most` of `wanted`, with their distance, by looking at each.
pub fn scan(codes: &[[u8; 32]], wanted: &Code, most: u32, found: &mut Vec<(u32, u32)>) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor was just asked whether it has the instruction.
        unsafe { scan_popcnt(codes, wanted, most, found) };
        return;
    }
    scan_plain(codes, wanted, most, found);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn scan_popcnt(codes: &[[u8; 32]], wanted: &Code, most: u32, found: &mut Vec<(u32, u32)>) {
    scan_plain(codes, wanted, most, found);
}

#[inline(always)]
fn scan_plain(codes: &[[u8; 32]], wanted: &Code, most: u32, found: &mut Vec<(u32, u32)>) {
    for (at, code) in codes.iter().enumerate() {
        let distance = Code::from_bytes(code).distance(wanted);
        if distance <= most {
            found.push((at as u32, distance));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_its_bytes_and_its_bands() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..100 {
            let code = Code([0; 4].map(|_: u64| random.u64(..)));
            assert_eq!(Code::from_bytes(&code.to_bytes()), code);
            let mut words = [0_u64; 4];
            for band in 0..BANDS {
                words[band / 4] |= u64::from(code.band(band)) << (16 * (band % 4));
            }
            assert_eq!(Code(words), code);
        }
    }

    #[test]
    fn near_checks_are_found_wherever_they_stand() {
        let mut random = fastrand::Rng::with_seed(3);
        for count in [0, 1, 15, 16, 31, 32, 33, 64, 440, 1_000] {
            let checks: Vec<[u8; 2]> = (0..count).map(|_| random.u16(..).to_le_bytes()).collect();
            let wanted = random.u16(..);
            for most in [0, 3, 7, 16] {
                let (mut found, mut expected) = (vec![7], vec![7]);
                near_checks(&checks, 100, wanted, most, &mut found);
                near_checks_plain(&checks, 100, wanted, most, &mut expected);
                assert_eq!(found, expected, "{count} checks, {most} bits");
            }
        }
    }

    #[test]
    fn a_scan_finds_exactly_what_is_near() {
        let mut random = fastrand::Rng::with_seed(2);
        let codes: Vec<Code> = (0..500)
            .map(|_| Code([0; 4].map(|_: u64| random.u64(..))))
            .collect();
        let bytes: Vec<[u8; 32]> = codes.iter().map(|code| code.to_bytes()).collect();
        let wanted = codes[123];
        let mut found = Vec::new();
        scan(&bytes, &wanted, 120, &mut found);
        let expected: Vec<(u32, u32)> = (0..)
            .zip(codes.iter().map(|code| code.distance(&wanted)))
            .filter(|(_, distance)| *distance <= 120)
            .collect();
        assert_eq!(found, expected);
        assert!(found.contains(&(123, 0)) && found.len() < 500);
    }
}
