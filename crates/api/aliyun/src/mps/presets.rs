//! The preset templates: those whose settings can be made are served, the ids of the other documented ones are known.
//!
//! Numbers and names are those of the vendor's page "Preset templates". Its narrowband encoder is not here: these
//! presets are a constant quality under the documented rate, which docs/mps.md says.

use std::sync::LazyLock;

use reelgate_domain::job::kind::transcode::{
    AudioCodec, AudioSettings, Settings, VideoCodec, VideoSettings,
};
use serde_json::{Map, Value, json};

use super::errors::{Code, Refusal};
use super::fields::{Fields, asks_for_nothing, overlay, scalar};
use super::output::settings;
use super::status::TemplateState;

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

/// The levels of narrowband presets; their sound is that of the static ones.
const NARROWBAND: [Level; 6] = [
    level("70", "4K", 3840, 8000, 160),
    level("60", "2K", 2048, 4000, 160),
    level("50", "FHD", 1920, 3000, 160),
    level("40", "HD", 1280, 1500, 128),
    level("30", "SD", 848, 800, 80),
    level("20", "LD", 640, 400, 64),
];
/// The quality of narrowband presets: as small as H.264 gets before it shows at these widths.
const NARROWBAND_CRF: u32 = 26;

/// Last digits and kbit/s of the sound presets, all MP3.
const SOUNDS: [(&str, u32); 5] = [
    ("50", 320),
    ("40", 192),
    ("30", 160),
    ("20", 128),
    ("10", 64),
];

/// The fields of an output that a remux preset leaves alone.
const KEPT_BY_REMUX: [&str; 9] = [
    "OutputObject",
    "TemplateId",
    "MuxConfig",
    "VideoStreamMap",
    "AudioStreamMap",
    "Encryption",
    "M3U8NonStandardSupport",
    "Priority",
    "UserData",
];

/// A preset that is known with its parameters. Widths are fixed and heights in proportion, and nothing is checked
/// against the source, so it may scale up.
#[derive(Debug, PartialEq)]
pub(super) struct Preset {
    pub(super) id: String,
    name: String,
    parameters: Map<String, Value>,
    /// Whether picture and sound are taken as they are.
    is_remux: bool,
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
        let settings = match preset.is_remux {
            true => remuxed(&preset.parameters),
            false => settings::read(&preset.parameters),
        };
        (preset, settings.ok())
    };
    let all = statics().chain(sounds()).chain(narrowband());
    let all = all.chain(remuxes());
    all.map(with_settings).collect()
});

/// The presets that jobs can use, by their ids, with what an output is that overrides nothing.
pub fn preset_settings() -> impl Iterator<Item = (String, Settings)> {
    served().map(|(preset, settings)| (preset.id.clone(), settings.clone()))
}

/// The same as they are kept here.
pub(super) fn served() -> impl Iterator<Item = (&'static Preset, &'static Settings)> {
    ALL.iter()
        .filter_map(|(preset, settings)| Some((preset, settings.as_ref()?)))
}

/// Every preset that is known with its parameters.
fn all() -> impl Iterator<Item = &'static Preset> {
    ALL.iter().map(|(preset, _)| preset)
}

fn statics() -> impl Iterator<Item = Preset> {
    CONTAINERS.iter().flat_map(|(serial, container, format)| {
        LEVELS.iter().map(move |level| {
            let video = json!({
                "Codec": "H.264",
                "Width": level.width.to_string(),
                "Bitrate": level.video_kbps.to_string(),
            });
            Preset {
                id: format!("S00000001-{serial}{}", level.digits),
                name: format!("{container}-{}", level.name),
                parameters: parameters(format, video, level.audio_kbps),
                is_remux: false,
            }
        })
    })
}

/// Those of the containers without a level. `copy` is a word of ours, and of answers alone.
fn remuxes() -> impl Iterator<Item = Preset> {
    CONTAINERS.iter().map(|(serial, container, format)| {
        let mut parameters = parameters(format, json!({"Codec": "copy"}), 0);
        parameters.insert("Audio".to_owned(), json!({"Codec": "copy"}));
        parameters.remove("TransConfig");
        Preset {
            id: format!("S00000001-{serial}00"),
            name: format!("{container}-Remux"),
            parameters,
            is_remux: true,
        }
    })
}

/// The settings of a remux preset with these parameters, of which its container counts.
fn remuxed(parameters: &Map<String, Value>) -> Result<Settings, Refusal> {
    let mut parameters = parameters.clone();
    parameters.remove("Video");
    parameters.insert("Audio".to_owned(), json!({"Codec": "AAC"}));
    let container = settings::read(&parameters)?.container;
    Ok(Settings {
        container,
        video: Some(VideoSettings {
            codec: VideoCodec::Copy,
            ..VideoSettings::default()
        }),
        audio: Some(AudioSettings {
            codec: AudioCodec::Copy,
            ..AudioSettings::default()
        }),
        stall_seconds: None,
    })
}

fn sounds() -> impl Iterator<Item = Preset> {
    SOUNDS.iter().map(|(digits, kbps)| {
        let members = [
            ("Container", json!({"Format": "mp3"})),
            (
                "Audio",
                json!({"Codec": "MP3", "Bitrate": kbps.to_string()}),
            ),
        ];
        let members = members.map(|(name, value)| (name.to_owned(), value));
        Preset {
            id: format!("S00000001-3000{digits}"),
            name: format!("MP3-{kbps}K"),
            parameters: members.into_iter().collect(),
            is_remux: false,
        }
    })
}

/// Both versions; the second has no 4K and 2K and is MP4 only.
fn narrowband() -> impl Iterator<Item = Preset> {
    let first = CONTAINERS
        .iter()
        .map(|it| ("S00000002", it, &NARROWBAND[..]));
    let second = CONTAINERS[2..]
        .iter()
        .map(|it| ("S00000003", it, &NARROWBAND[2..]));
    first
        .chain(second)
        .flat_map(|(family, (serial, container, format), levels)| {
            levels.iter().map(move |level| {
                let video = json!({
                    "Codec": "H.264",
                    "Width": level.width.to_string(),
                    "Crf": NARROWBAND_CRF.to_string(),
                    "Maxrate": level.video_kbps.to_string(),
                    "Bufsize": (2 * level.video_kbps).max(1000).to_string(),
                });
                Preset {
                    id: format!("{family}-{serial}{}", level.digits),
                    name: format!("{container}-{}-NarrowBand", level.name),
                    parameters: parameters(format, video, level.audio_kbps),
                    is_remux: false,
                }
            })
        })
}

/// The parameters of a video preset, in the form in which an output overrides them.
fn parameters(format: &str, video: Value, audio_kbps: u32) -> Map<String, Value> {
    let mut parameters = Map::new();
    let mut put = |name: &str, value: Value| parameters.insert(name.to_owned(), value);
    put("Container", json!({"Format": format}));
    put("Video", video);
    let audio = json!({"Codec": "AAC", "Bitrate": audio_kbps.to_string()});
    put("Audio", audio);
    put("TransConfig", json!({"TransMode": "onepass"}));
    if format == "m3u8" {
        put("MuxConfig", json!({"Segment": {"Duration": "10"}}));
    }
    parameters
}

/// The preset with this id, whether jobs can use it or not.
pub(super) fn find(id: &str) -> Option<&'static Preset> {
    all().find(|preset| preset.id == id)
}

/// Looks up a template that a job wants to use.
pub(super) fn look_up(id: &str) -> Lookup {
    match ALL.iter().find(|(preset, _)| preset.id == id) {
        Some((preset, Some(settings))) => Lookup::Served(preset, settings),
        Some((_, None)) => Lookup::Documented,
        None if is_of_another_family(id) => Lookup::Documented,
        None => Lookup::Unknown,
    }
}

/// Ids of the families that are not served, as family, serial numbers and levels.
const OTHER_FAMILIES: [(&str, &[&str], &[&str]); 3] = [
    // Doubling.
    ("S00000001-", &["4000"], &["70", "40"]),
    // Doubling of narrowband.
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
        self.parameters.clone()
    }

    /// The settings of an output of a remux preset, of which it may change nothing but `MuxConfig`; nothing for those of
    /// other presets. Whatever needs pictures or sound that are decoded is refused by name.
    pub(super) fn remux(&self, fields: &Fields<'_>) -> Result<Option<Settings>, Refusal> {
        if !self.is_remux {
            return Ok(None);
        }
        let own = fields.members();
        let is_other = |(name, value): &(&String, &Value)| {
            let is_upright = *name == "Rotate" && scalar(value).as_deref() == Some("0");
            !KEPT_BY_REMUX.contains(&name.as_str()) && !is_upright && !asks_for_nothing(value)
        };
        if let Some((name, _)) = own.iter().find(is_other) {
            return fields.refuse(Code::NotSupported, name);
        }
        let mut parameters = self.parameters();
        if let Some(Value::Object(mux)) = own.get("MuxConfig") {
            let over = Map::from_iter([("MuxConfig".to_owned(), Value::Object(mux.clone()))]);
            overlay(&mut parameters, &over);
        }
        remuxed(&parameters).map(Some)
    }

    /// The template as queries show it. Presets have no time of creation.
    pub(super) fn template(&self) -> Value {
        let mut template = self.parameters();
        template.insert("Id".to_owned(), self.id.as_str().into());
        template.insert("Name".to_owned(), self.name.as_str().into());
        template.insert("State".to_owned(), TemplateState::Normal.word().into());
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

    fn format(preset: &Preset) -> &str {
        preset.parameters["Container"]["Format"].as_str().unwrap()
    }

    #[test]
    fn every_preset_is_served_with_what_its_id_promises() {
        let rows = |first: &'static str, levels: &'static [Level]| {
            levels.iter().map(move |level| (first, level))
        };
        let rows = rows("S00000001", &LEVELS)
            .chain(rows("S00000002", &NARROWBAND))
            .chain(rows("S00000003", &NARROWBAND[2..]));
        for (family, row) in rows {
            for serial in ["0000", "1000", "2000"] {
                let id = format!("{family}-{serial}{}", row.digits);
                let Lookup::Served(_, settings) = look_up(&id) else {
                    assert_eq!(family, "S00000003", "{id}");
                    assert_ne!(serial, "2000", "{id}");
                    continue;
                };
                let video = settings.video.as_ref().unwrap();
                assert_eq!((video.width, video.height), (Some(row.width), None));
                match video.rate {
                    RateControl::Average { kbps, cap: None } => {
                        assert_eq!((family, kbps), ("S00000001", row.video_kbps));
                    }
                    RateControl::Crf { cap: Some(cap), .. } => {
                        assert_ne!(family, "S00000001");
                        assert_eq!(cap.maxrate_kbps, row.video_kbps);
                    }
                    other => panic!("{id} has {other:?}"),
                }
                assert_eq!(settings.audio.as_ref().unwrap().kbps, row.audio_kbps);
                let is_hls = matches!(settings.container, Container::Hls { .. });
                assert_eq!(is_hls, serial == "1000");
            }
        }
        assert_eq!(all().count(), 21 + 5 + 18 + 4 + 3);
        for preset in all() {
            let Lookup::Served(_, settings) = look_up(&preset.id) else {
                panic!("{}", preset.id);
            };
            assert_eq!(settings.container.extension(), format(preset));
        }
    }

    #[test]
    fn remux_presets_take_picture_and_sound_as_they_are() {
        for (serial, container) in [("0000", "flv"), ("1000", "m3u8"), ("2000", "mp4")] {
            let id = format!("S00000001-{serial}00");
            let Lookup::Served(preset, settings) = look_up(&id) else {
                panic!("{id}");
            };
            assert_eq!((settings.validate(), container), (Ok(()), format(preset)));
            let codecs = (
                settings.video.as_ref().unwrap().codec,
                settings.audio.as_ref().unwrap().codec,
            );
            assert_eq!(codecs, (VideoCodec::Copy, AudioCodec::Copy));
        }
    }

    #[test]
    fn documented_ids_are_told_from_unknown_ones() {
        for id in [
            "S00000001-400070",
            "S00000001-400040",
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
