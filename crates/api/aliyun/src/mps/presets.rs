//! The preset templates: the static video ones, which are served, and the ids of the other documented families.
//!
//! Numbers and names are those of the vendor's page "Preset templates".

use std::sync::LazyLock;

use reelgate_domain::job::kind::transcode::Settings;
use serde_json::{Map, Value, json};

use super::output::settings;
use super::status::TEMPLATE_NORMAL;

/// Width of the picture in pixels and rates in kbit/s of one quality level. The vendor writes the lowest level's
/// video rate as "at most 300".
struct Level {
    digits: &'static str,
    name: &'static str,
    width: u32,
    video_kbps: u32,
    audio_kbps: u32,
}

const fn level(
    digits: &'static str,
    name: &'static str,
    width: u32,
    video_kbps: u32,
    audio_kbps: u32,
) -> Level {
    Level {
        digits,
        name,
        width,
        video_kbps,
        audio_kbps,
    }
}

const LEVELS: [Level; 7] = [
    level("70", "4K", 3840, 6000, 160),
    level("60", "2K", 2048, 3500, 160),
    level("40", "FHD", 1920, 3000, 160),
    level("30", "HD", 1280, 1800, 128),
    level("20", "SD", 848, 800, 80),
    level("10", "LD", 640, 400, 64),
    level("50", "XLD", 320, 300, 32),
];

/// First digits of the serial number, name and format of each container.
const CONTAINERS: [(&str, &str, &str); 3] = [
    ("0000", "FLV", "flv"),
    ("1000", "M3U8", "m3u8"),
    ("2000", "MP4", "mp4"),
];

/// A static video preset: fixed width, height in proportion, no check against the source, so it may scale up.
#[derive(Debug, PartialEq)]
pub(super) struct Preset {
    pub(super) id: String,
    name: String,
    format: &'static str,
    width: u32,
    video_kbps: u32,
    audio_kbps: u32,
}

/// What a template id means to a submission.
#[derive(Debug, PartialEq)]
pub(super) enum Lookup {
    /// With what an output is that overrides nothing: most do not, and reading the parameters each time would cost a
    /// third of reading the request.
    Served(&'static Preset, &'static Settings),
    /// Documented by the vendor, not served.
    Documented,
    Unknown,
}

/// The presets, each with its settings if jobs can use it.
static ALL: LazyLock<Vec<(Preset, Option<Settings>)>> = LazyLock::new(|| {
    let with_settings = |preset: Preset| {
        let settings = settings::read(&preset.parameters()).ok();
        (preset, settings)
    };
    made().map(with_settings).collect()
});

/// Every static video preset.
pub(super) fn all() -> impl Iterator<Item = &'static Preset> {
    ALL.iter().map(|(preset, _)| preset)
}

fn made() -> impl Iterator<Item = Preset> {
    CONTAINERS.iter().flat_map(|(serial, container, format)| {
        LEVELS.iter().map(move |level| Preset {
            id: format!("S00000001-{serial}{}", level.digits),
            name: format!("{container}-{}", level.name),
            format,
            width: level.width,
            video_kbps: level.video_kbps,
            audio_kbps: level.audio_kbps,
        })
    })
}

/// The static video preset with this id, whether jobs can use it or not.
pub(super) fn find(id: &str) -> Option<&'static Preset> {
    all().find(|preset| preset.id == id)
}

/// Looks up a template that a job wants to use.
pub(super) fn look_up(id: &str) -> Lookup {
    match ALL.iter().find(|(preset, _)| preset.id == id) {
        Some((preset, Some(settings))) => Lookup::Served(preset, settings),
        // No FLV is written yet.
        Some((_, None)) => Lookup::Documented,
        None if is_of_another_family(id) => Lookup::Documented,
        None => Lookup::Unknown,
    }
}

/// Ids of the families that are not served, as family, serial numbers and levels.
const OTHER_FAMILIES: [(&str, &[&str], &[&str]); 7] = [
    // Remux.
    ("S00000001-", &["0000", "1000", "2000"], &["00"]),
    // Audio.
    ("S00000001-", &["3000"], &["50", "40", "30", "20", "10"]),
    // Doubling.
    ("S00000001-", &["4000"], &["70", "40"]),
    // Narrowband 1.0.
    (
        "S00000002-",
        &["0000", "1000", "2000"],
        &["70", "60", "50", "40", "30", "20"],
    ),
    // Narrowband 2.0.
    ("S00000003-", &["2000"], &["50", "40", "30", "20"]),
    ("S00000003-", &["4000"], &["70", "40"]),
    // Intelligent.
    (
        "S00000000-",
        &["0000", "1000", "2000"],
        &["50", "40", "30", "20"],
    ),
];

fn is_of_another_family(id: &str) -> bool {
    OTHER_FAMILIES.iter().any(|(family, serials, levels)| {
        let Some(rest) = id.strip_prefix(family) else {
            return false;
        };
        serials.iter().any(|serial| {
            rest.strip_prefix(serial)
                .is_some_and(|level| levels.contains(&level))
        })
    })
}

impl Preset {
    /// The parameters, in the form in which an output overrides them.
    pub(super) fn parameters(&self) -> Map<String, Value> {
        let mut parameters = Map::new();
        let container = json!({"Format": self.format});
        parameters.insert("Container".to_owned(), container);
        let video = json!({
            "Codec": "H.264",
            "Width": self.width.to_string(),
            "Bitrate": self.video_kbps.to_string(),
        });
        parameters.insert("Video".to_owned(), video);
        let audio = json!({"Codec": "AAC", "Bitrate": self.audio_kbps.to_string()});
        parameters.insert("Audio".to_owned(), audio);
        let mode = json!({"TransMode": "onepass"});
        parameters.insert("TransConfig".to_owned(), mode);
        if self.format == "m3u8" {
            let segments = json!({"Segment": {"Duration": "10"}});
            parameters.insert("MuxConfig".to_owned(), segments);
        }
        parameters
    }

    /// The template as queries show it. Presets have no time of creation.
    pub(super) fn template(&self) -> Value {
        let mut template = Map::new();
        template.insert("Id".to_owned(), self.id.as_str().into());
        template.insert("Name".to_owned(), self.name.as_str().into());
        template.insert("State".to_owned(), TEMPLATE_NORMAL.into());
        template.extend(self.parameters());
        Value::Object(template)
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::transcode::{Container, RateControl};

    use super::*;

    #[test]
    fn the_documented_example_is_mp4_hd() {
        let preset = find("S00000001-200030").unwrap();
        let expected = json!({
            "Id": "S00000001-200030",
            "Name": "MP4-HD",
            "State": "Normal",
            "Container": {"Format": "mp4"},
            "Video": {"Codec": "H.264", "Width": "1280", "Bitrate": "1800"},
            "Audio": {"Codec": "AAC", "Bitrate": "128"},
            "TransConfig": {"TransMode": "onepass"},
        });
        assert_eq!(preset.template(), expected);
    }

    #[test]
    fn every_served_preset_has_the_settings_its_name_promises() {
        let mut served = 0;
        for preset in all() {
            let Lookup::Served(preset, settings) = look_up(&preset.id) else {
                assert_eq!(preset.format, "flv");
                continue;
            };
            served += 1;
            let video = settings.video.as_ref().unwrap();
            assert_eq!((video.width, video.height), (Some(preset.width), None));
            let rate = RateControl::Average {
                kbps: preset.video_kbps,
                cap: None,
            };
            assert_eq!(video.rate, rate);
            assert_eq!(settings.audio.as_ref().unwrap().kbps, preset.audio_kbps);
            let is_hls = matches!(settings.container, Container::Hls { .. });
            assert_eq!(is_hls, preset.id.starts_with("S00000001-1"));
        }
        assert_eq!((served, all().count()), (14, 21));
    }

    #[test]
    fn documented_ids_are_told_from_unknown_ones() {
        for id in [
            "S00000001-000030",
            "S00000001-000050",
            "S00000001-000000",
            "S00000001-200000",
            "S00000001-300050",
            "S00000001-400070",
            "S00000001-400040",
            "S00000002-100060",
            "S00000003-200050",
            "S00000003-400040",
            "S00000000-200020",
        ] {
            assert_eq!(look_up(id), Lookup::Documented, "{id}");
        }
        for id in [
            "",
            "S00000001-200080",
            "S00000001-20003",
            "S00000001-2000300",
            "S00000002-200010",
            "S00000003-100050",
            "S00000004-200030",
            "s00000001-200030",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(look_up(id), Lookup::Unknown, "{id}");
        }
    }
}
