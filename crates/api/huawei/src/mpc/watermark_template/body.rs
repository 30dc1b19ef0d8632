//! What a watermark template may hold.

use serde_json::{Map, Value};

use crate::errors::ApiError;
use crate::mpc::fields::Fields;

/// The longest name, in characters.
const MOST_NAME_CHARS: usize = 64;

/// Checks all members; `template_id` has been taken out.
pub(super) fn checked(mut body: Fields) -> Result<Map<String, Value>, ApiError> {
    let mut kept = body.members().clone();
    kept.retain(|_, value| !value.is_null());
    if let Some(name) = body.text("template_name")? {
        let length = name.chars().count();
        if !(1..=MOST_NAME_CHARS).contains(&length) || name.chars().any(char::is_control) {
            let why = "must be 1 to 64 characters, and none of control";
            return Err(body.refuse("template_name", why));
        }
    }
    match body.text("type")?.as_deref() {
        None | Some("Image") => {}
        Some("Text") => {
            let why = "must be Image: the vendor has announced Text, and does not serve it either";
            return Err(body.refuse("type", why));
        }
        Some(_) => return Err(body.refuse("type", "must be Image")),
    }
    check_image(&mut body)?;
    body.finish()?;
    Ok(kept)
}

/// The members of a task's own mark, which are those of a template but for what names it.
pub(in crate::mpc) fn own_members(mut own: Fields) -> Result<Map<String, Value>, ApiError> {
    let sent = own.sent();
    check_image(&mut own)?;
    own.finish()?;
    Ok(sent)
}

fn check_image(body: &mut Fields) -> Result<(), ApiError> {
    for name in ["width", "height"] {
        measure(body, name, 8)?;
    }
    one_of(
        body,
        "image_process",
        &["Original", "Grayed", "Transparent"],
    )?;
    check_place(body)
}

/// What marks of both kinds have: where and when.
pub(in crate::mpc) fn check_place(body: &mut Fields) -> Result<(), ApiError> {
    for name in ["dx", "dy"] {
        measure(body, name, 0)?;
    }
    one_of(
        body,
        "referpos",
        &["TopRight", "TopLeft", "BottomRight", "BottomLeft"],
    )?;
    one_of(body, "base", &["input", "output"])?;
    for name in ["timeline_start", "random_time_min", "random_time_max"] {
        seconds(body, name, None)?;
    }
    seconds(body, "timeline_duration", Some("ToEND"))
}

/// Pixels as a text, or a share of the output's side.
fn measure(body: &mut Fields, name: &str, least: u32) -> Result<(), ApiError> {
    const MOST: u32 = 4096;
    let Some(text) = body.text(name)? else {
        return Ok(());
    };
    let is_fit = match plain_number(&text) {
        Some(share) if text.contains('.') => share > 0.0 && share < 1.0,
        Some(_) => text
            .parse()
            .is_ok_and(|pixels: u32| (least..=MOST).contains(&pixels)),
        None => false,
    };
    match is_fit {
        true => Ok(()),
        false => {
            let why = format!("must be {least} to {MOST} pixels, or above 0.0 and below 1.0");
            Err(body.refuse(name, &why))
        }
    }
}

fn one_of(body: &mut Fields, name: &str, words: &[&str]) -> Result<(), ApiError> {
    match body.text(name)? {
        Some(word) if !words.contains(&word.as_str()) => {
            Err(body.refuse(name, &format!("must be one of {}", words.join(", "))))
        }
        _ => Ok(()),
    }
}

fn seconds(body: &mut Fields, name: &str, word: Option<&str>) -> Result<(), ApiError> {
    match body.text(name)? {
        Some(text) if plain_number(&text).is_none() && Some(text.as_str()) != word => {
            Err(body.refuse(name, "must be seconds as a text"))
        }
        _ => Ok(()),
    }
}

/// Digits with at most one point, which stands between two of them.
fn plain_number(text: &str) -> Option<f64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |part: &str| {
        (1..=12).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    (are_digits(whole) && are_digits(decimals))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(name: &str, value: Value) -> Option<String> {
        let members = Map::from_iter([(name.to_owned(), value)]);
        let refused = checked(Fields::new("", members)).err()?;
        Some(refused.message().to_owned())
    }

    #[test]
    fn what_is_documented_is_kept() {
        for (name, values) in [
            ("dx", &["0", "4096", "0.1", "0.9999"][..]),
            ("dy", &["12"]),
            ("width", &["8", "0.5", "4096"]),
            ("height", &["0.00001"]),
            ("referpos", &["TopLeft", "BottomRight"]),
            ("image_process", &["Grayed"]),
            ("base", &["input"]),
            ("timeline_start", &["0", "12.5"]),
            ("timeline_duration", &["ToEND", "7"]),
            ("random_time_max", &["10"]),
            ("type", &["Image"]),
            ("template_name", &["a mark", &"x".repeat(64)]),
        ] {
            for value in values {
                assert_eq!(refusal(name, json!(value)), None, "{name} {value}");
            }
        }
    }

    #[test]
    fn what_is_not_documented_is_refused_by_name() {
        for (name, values) in [
            (
                "dx",
                &[
                    "4097", "-1", "1.0", "0.0", "1.5", "", ".5", "1e2", "+1", "x",
                ][..],
            ),
            ("width", &["7", "4097", "0"]),
            ("referpos", &["Top", "topright"]),
            ("image_process", &["Gray"]),
            ("base", &["both"]),
            ("timeline_start", &["ToEND", "-1", "inf", "NaN"]),
            ("timeline_duration", &["toend", ""]),
            ("type", &["Text", "image"]),
            ("template_name", &["", "a\u{7}", &"x".repeat(65)]),
            ("opacity", &["1"]),
        ] {
            for value in values {
                let why = refusal(name, json!(value)).unwrap_or_default();
                let expected = format!("Invalid request parameter, {name} ");
                assert!(why.starts_with(&expected), "{name} {value:?}: {why}");
            }
        }
        let why = refusal("dx", json!(12)).unwrap();
        assert_eq!(why, "Invalid request parameter, dx must be a string.");
    }
}
