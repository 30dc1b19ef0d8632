//! Settings of an output as a caller gives them: whole, or as changes to a preset.

use reelgate_domain::job::kind::transcode::{Container, Settings};
use serde_json::{Map, Value};

use crate::http::{Problem, read_value};

/// The settings that `given` makes of a preset's, or is, without one.
///
/// The merge is that of RFC 7396: objects are merged member by member, null takes a member away
/// (`"audio": null` leaves the audio out), anything else replaces. One thing is added: an object
/// that chooses another variant, by another `format` or `mode` or as the `gop`, replaces the whole
/// object, for the members of one variant mean nothing in another.
pub(super) fn merged(
    preset: Option<Settings>,
    given: &Value,
    at: &str,
) -> Result<Settings, Problem> {
    let whole = match preset {
        None => given.clone(),
        Some(preset) => {
            let mut whole =
                serde_json::to_value(preset).expect("settings have string keys and finite numbers");
            merge(&mut whole, given);
            whole
        }
    };
    let settings: Settings = read_value(&whole, at)?;
    refuse_unread_container(&settings, &whole, at)?;
    Ok(settings)
}

fn merge(into: &mut Value, given: &Value) {
    let (Value::Object(under), Value::Object(over)) = (&mut *into, given) else {
        *into = given.clone();
        return;
    };
    if chooses_another(under, over) {
        *into = given.clone();
        return;
    }
    for (name, value) in over {
        if value.is_null() {
            under.shift_remove(name);
        } else if name == "gop" {
            under.insert(name.clone(), value.clone());
        } else {
            merge(under.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

fn chooses_another(under: &Map<String, Value>, over: &Map<String, Value>) -> bool {
    ["format", "mode"].iter().any(|tag| {
        over.get(*tag)
            .is_some_and(|chosen| under.get(*tag) != Some(chosen))
    })
}

/// A variant without members reads over whatever stands beside its tag, so that is checked here.
fn refuse_unread_container(settings: &Settings, whole: &Value, at: &str) -> Result<(), Problem> {
    if let Container::Hls { .. }
    | Container::Dash { .. }
    | Container::Gif { .. }
    | Container::Webp { .. } = settings.container
    {
        return Ok(());
    }
    let members = whole["container"].as_object().into_iter().flatten();
    match members.map(|(name, _)| name).find(|name| *name != "format") {
        None => Ok(()),
        Some(name) => Err(Problem::unknown_field(
            format!("{at}.container.{name}"),
            format!(
                "unknown field `{name}`: only hls, dash, gif and webp have settings of their own"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::transcode::{Gop, RateControl};
    use serde_json::json;

    use super::*;

    fn over_preset(given: &Value) -> Settings {
        let preset = reelgate_domain::preset::find("hls-720p").unwrap();
        merged(Some(preset.settings), given, "settings").unwrap()
    }

    #[test]
    fn fields_merge_over_the_preset_one_by_one() {
        let settings = over_preset(&json!({
            "container": {"segment_seconds": 4},
            "video": {"height": null, "width": 640, "gop": {"frames": 50}},
            "audio": null
        }));
        let video = settings.video.unwrap();
        assert_eq!((video.width, video.height), (Some(640), None));
        assert_eq!(video.gop, Gop::Frames(50));
        assert!(matches!(
            video.rate,
            RateControl::Crf {
                crf: 22.0,
                cap: Some(_)
            }
        ));
        assert_eq!(settings.audio, None);
        let Container::Hls {
            segment_seconds, ..
        } = settings.container
        else {
            panic!("the container stays");
        };
        assert_eq!(segment_seconds, 4);
    }

    #[test]
    fn patience_can_be_given_and_taken_back() {
        assert_eq!(over_preset(&json!({})).stall_seconds, Some(60));
        let given = over_preset(&json!({"stall_seconds": 300}));
        assert_eq!(given.stall_seconds, Some(300));
        let back = over_preset(&json!({"stall_seconds": null}));
        assert_eq!(back.stall_seconds, None);
    }

    #[test]
    fn another_variant_replaces_the_whole_object() {
        let settings = over_preset(&json!({
            "container": {"format": "mp4"},
            "video": {"rate": {"mode": "average", "kbps": 900}}
        }));
        assert_eq!(settings.container, Container::Mp4);
        let rate = RateControl::Average {
            kbps: 900,
            cap: None,
        };
        assert_eq!(settings.video.unwrap().rate, rate);
    }
}
