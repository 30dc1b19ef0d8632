//! What ffprobe says about real clips, for tests.

use reelgate_domain::media::MediaFacts;

/// Every clip there is, by name.
pub(crate) const CLIPS: [&str; 12] = [
    "bbb_720p25_aac51",
    "bbb_sar64x45_bpyramid",
    "broken_mdat_too_long",
    "broken_missing_stsd",
    "hdr10_av1_vertical_720x1280",
    "iphone_hlg_hevc10_rot90_editlist",
    "music_vibe_ace_coverart",
    "phone_vfr_hevc_rot90_2video",
    "speech_libri_5703",
    "subs_ssa_overlap",
    "tos_battle_800x332_vp8",
    "traffic_12.5fps_432p",
];

pub(crate) fn facts(clip: &str) -> MediaFacts {
    let path = format!("{}/fixtures/{clip}.json", env!("CARGO_MANIFEST_DIR"));
    let answer = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    crate::probe::parse(&answer).expect("a recorded answer of ffprobe")
}
