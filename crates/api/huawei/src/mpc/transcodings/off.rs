//! Members of a task that ask for what is not done yet: saying that it is not wanted is honoured, anything else is refused.

use serde_json::Value;

use crate::errors::ApiError;
use crate::mpc::fields::Fields;

/// Takes these members out of the body.
pub(super) fn check(body: &mut Fields) -> Result<(), ApiError> {
    for (name, what) in [
        ("additional_manifests", "playlists of several outputs are"),
        ("multi_audio", "several sound tracks are"),
        ("metadata", "metadata is"),
    ] {
        off(body, &[name], what)?;
    }
    audio_track(body)
}

/// Null, an empty list, or an object of nothing else.
pub(super) fn asks_for_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(asks_for_nothing),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Refuses what asks for something beside a switch that is off.
fn off(fields: &mut Fields, names: &[&'static str], what: &str) -> Result<(), ApiError> {
    for name in names {
        if fields
            .value(name)
            .is_some_and(|value| !asks_for_nothing(&value))
        {
            return Err(fields.refuse(name, &format!("cannot be honoured: {what} not made yet")));
        }
    }
    Ok(())
}

/// `type` 0 is the choice that is made anyway.
fn audio_track(body: &mut Fields) -> Result<(), ApiError> {
    let Some(mut track) = body.object("audio_track")? else {
        return Ok(());
    };
    match track.integer("type", 0..=1)? {
        None | Some(0) => {
            let what = "choices of sound tracks are";
            off(&mut track, &["left", "right"], what)?;
            track.finish()
        }
        Some(_) => {
            let why = "must be 0: the sound track cannot be chosen yet";
            Err(track.refuse("type", why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_is_honoured_and_what_is_on_is_refused_by_name() {
        for (text, refused) in [
            (
                r#"{"audio_track":{"type":0,"left":1}}"#,
                Some("audio_track.left"),
            ),
            (r#"{"audio_track":{"type":0}}"#, None),
            (
                r#"{"multi_audio":{"tracks_info":[],"audio_files":[]}}"#,
                None,
            ),
            (r#"{"audio_track":{"type":1}}"#, Some("audio_track.type")),
            (r#"{"metadata":[{"name":"AIGC"}]}"#, Some("metadata")),
            (r#"{"metadata":"AIGC"}"#, Some("metadata")),
        ] {
            let mut body = Fields::body(text.as_bytes()).unwrap();
            let checked = check(&mut body);
            match refused {
                None => assert!(checked.is_ok() && body.finish().is_ok(), "{text}"),
                Some(name) => {
                    let error = checked.unwrap_err();
                    assert_eq!(error.code(), "MPC.10202");
                    let begin = format!("Invalid request parameter, {name} ");
                    assert!(error.message().starts_with(&begin), "{error}");
                }
            }
        }
    }
}
