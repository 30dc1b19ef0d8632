//! Preset templates. The vendor shows its own in its console only: these are ours, under ids like its, and
//! `docs/dialects/huawei-mpc.md` lists them.

use std::sync::LazyLock;

use reelgate_domain::job::kind::transcode::Settings;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::settings::{AvParameters, Place};
use crate::errors::ApiError;

/// A template that every project has.
#[derive(Debug, PartialEq)]
pub(super) struct Preset {
    pub(super) id: i64,
    /// As a query shows it.
    pub(super) template: Map<String, Value>,
}

/// Width in pixels, kbit/s of H.264 and of H.265, kbit/s of sound.
const SIZES: [(u32, u32, u32, u32); 5] = [
    (3840, 8000, 5000, 192),
    (1920, 3000, 2000, 128),
    (1280, 1500, 1000, 128),
    (854, 800, 500, 96),
    (640, 500, 320, 64),
];

static ALL: LazyLock<Vec<Preset>> = LazyLock::new(all);

pub(super) fn find(id: i64) -> Option<&'static Preset> {
    ALL.iter().find(|preset| preset.id == id)
}

/// The presets, by their ids, with what an output of theirs is.
pub fn preset_settings() -> impl Iterator<Item = (String, Settings)> {
    let known = |preset: &Preset| Some((preset.id.to_string(), preset.parameters().ok()?.settings));
    ALL.iter().filter_map(known)
}

fn all() -> Vec<Preset> {
    let mut presets = Vec::new();
    for (first, pack, pack_type, codec) in [
        (7_000_101, "MP4", 4, 1),
        (7_000_111, "HLS", 1, 1),
        (7_000_121, "MP4", 4, 2),
        (7_000_131, "HLS", 1, 2),
    ] {
        for (id, (width, h264, h265, sound)) in (first..).zip(SIZES) {
            let (codec_name, rate, profile) = match codec {
                1 => ("H.264", h264, 3),
                _ => ("H.265", h265, 4),
            };
            let mut common = json!({"PVC": false, "pack_type": pack_type});
            if pack_type == 1 {
                common["hls_interval"] = json!(5);
            }
            presets.push(preset(
                id,
                json!({
                    "template_name": format!("{pack}_{codec_name}_{width}_{rate}_AAC_{sound}"),
                    "video": {"output_policy": "transcode", "codec": codec, "bitrate": rate,
                        "profile": profile, "preset": 4, "width": width, "height": 0,
                        "frame_rate": 0, "max_iframes_interval": 5},
                    "audio": {"output_policy": "transcode", "codec": 1, "sample_rate": 5,
                        "bitrate": sound, "channels": 2},
                    "common": common,
                }),
            ));
        }
    }
    for (id, name, pack_type, codec) in [
        (7_000_141, "MP3_128", 5, 4),
        (7_000_142, "ADTS_AAC_128", 6, 1),
    ] {
        presets.push(preset(
            id,
            json!({
                "template_name": name,
                "audio": {"output_policy": "transcode", "codec": codec, "sample_rate": 4,
                    "bitrate": 128, "channels": 2},
                "common": {"PVC": false, "pack_type": pack_type},
            }),
        ));
    }
    presets
}

fn preset(id: i64, template: Value) -> Preset {
    let Value::Object(template) = template else {
        unreachable!("templates are written as objects above");
    };
    Preset { id, template }
}

impl Preset {
    pub(super) fn parameters(&self) -> Result<AvParameters, ApiError> {
        let mut fields = Fields::new("", self.template.clone());
        AvParameters::take(&mut fields, Place::Template)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use reelgate_domain::job::kind::transcode::{RateControl, VideoCodec};

    use super::*;

    #[test]
    fn every_preset_is_what_its_name_says() {
        let ids: BTreeSet<i64> = ALL.iter().map(|preset| preset.id).collect();
        assert_eq!((ids.len(), ALL.len()), (22, 22));
        for preset in ALL.iter() {
            assert!((7_000_000..7_001_000).contains(&preset.id));
            // Public programs know these by the vendor's meaning.
            assert!(![7_000_512, 7_000_784].contains(&preset.id));
            let name = preset.template["template_name"].as_str().unwrap();
            let made = preset.parameters().unwrap().settings;
            let Some(video) = made.video else {
                assert!(name.starts_with("MP3") || name.starts_with("ADTS"));
                continue;
            };
            let RateControl::Average { kbps, cap: None } = video.rate else {
                panic!("{name}");
            };
            let codec = match video.codec {
                VideoCodec::H264 => "H.264",
                VideoCodec::H265 => "H.265",
                other => panic!("{name}: {other:?}"),
            };
            let sound = made.audio.unwrap().kbps;
            let width = video.width.unwrap();
            assert!(
                name.ends_with(&format!("_{codec}_{width}_{kbps}_AAC_{sound}")),
                "{name}"
            );
        }
    }
}
