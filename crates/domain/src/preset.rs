//! The presets that ship with the program, by name, for callers who do not want to spell settings.

use crate::job::kind::transcode::{
    AudioSettings, Container, EncoderPreset, Gop, RateCap, RateControl, SampleRate, SegmentFormat,
    Settings, VideoSettings,
};

/// A named set of transcode settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    pub name: String,
    /// One line for people.
    pub summary: String,
    pub settings: Settings,
}

/// Height, cap of the video rate and the audio rate in kbit/s of each size.
const SIZES: [(u32, u32, u32); 5] = [
    (1080, 5000, 160),
    (720, 2800, 128),
    (480, 1400, 128),
    (360, 800, 96),
    (240, 400, 64),
];

/// Every preset: `web-<height>p` (MP4), `hls-<height>p` (TS segments), `hls-fmp4-<height>p` and `dash-<height>p`.
pub fn all() -> Vec<Preset> {
    let hls = |segments| Container::Hls {
        segments,
        segment_seconds: 6,
    };
    let families = [
        ("web", "MP4", Container::Mp4),
        ("hls", "HLS with TS segments", hls(SegmentFormat::Ts)),
        (
            "hls-fmp4",
            "HLS with fragmented MP4 segments",
            hls(SegmentFormat::Fmp4),
        ),
        (
            "dash",
            "MPEG-DASH and HLS over one set of segments",
            Container::Dash {
                segment_seconds: 6,
                hls: true,
            },
        ),
    ];
    families
        .into_iter()
        .flat_map(|(prefix, what, container)| {
            SIZES.map(|(height, maxrate_kbps, audio_kbps)| Preset {
                name: format!("{prefix}-{height}p"),
                summary: format!("{what}, H.264 {height} lines up to {maxrate_kbps} kbit/s, AAC"),
                settings: settings(container, height, maxrate_kbps, audio_kbps),
            })
        })
        .collect()
}

/// The preset of this name.
pub fn find(name: &str) -> Option<Preset> {
    all().into_iter().find(|preset| preset.name == name)
}

fn settings(container: Container, height: u32, maxrate_kbps: u32, audio_kbps: u32) -> Settings {
    let cap = Some(RateCap {
        maxrate_kbps,
        bufsize_kbit: (2 * maxrate_kbps).max(1000),
    });
    let video = VideoSettings {
        height: Some(height),
        rate: RateControl::Crf { crf: 22.0, cap },
        gop: Gop::Seconds(2.0),
        preset: EncoderPreset::Fast,
        ..VideoSettings::default()
    };
    let audio = AudioSettings {
        kbps: audio_kbps,
        sample_rate: SampleRate::Hz(48_000),
        ..AudioSettings::default()
    };
    Settings {
        container,
        video: Some(video),
        audio: Some(audio),
        stall_seconds: Some(stall_seconds(height)),
    }
}

/// Progress shows at every frame that goes into the encoder. On a busy machine the large sizes take
/// a second or two over one, and the small ones no time worth speaking of, so that silence means
/// more the smaller the picture is.
fn stall_seconds(height: u32) -> u32 {
    if height > 720 { 120 } else { 60 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_found_by_its_name() {
        let presets = all();
        assert_eq!(presets.len(), 20);
        for preset in presets {
            assert_eq!(preset.settings.validate(), Ok(()), "{}", preset.name);
            assert!(preset.settings.stall_seconds.is_some(), "{}", preset.name);
            assert_eq!(find(&preset.name), Some(preset));
        }
    }
}
