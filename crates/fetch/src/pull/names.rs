//! File names that servers and addresses suggest.

use percent_encoding::percent_decode_str;

/// What most file systems take for one name.
pub(super) const LONGEST: usize = 200;

/// The last part of what may be a path, if it can name a file anywhere.
pub(super) fn fit(suggested: &str) -> Option<String> {
    let last = suggested.rsplit(['/', '\\']).next()?;
    let mut name: String = last.chars().filter(|it| !it.is_control()).collect();
    while name.len() > LONGEST {
        name.pop();
    }
    let name = name.trim();
    (!matches!(name, "" | "." | "..")).then(|| name.to_owned())
}

/// The name in a `Content-Disposition`. The encoded form is taken before the plain one.
pub(super) fn in_disposition(header: &str) -> Option<String> {
    let (mut plain, mut encoded) = (None, None);
    for parameter in parameters(header).skip(1) {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        if name.eq_ignore_ascii_case("filename*") {
            encoded = decoded(value).or(encoded);
        } else if name.eq_ignore_ascii_case("filename") {
            plain = Some(unquoted(value)).or(plain);
        }
    }
    fit(&encoded.or(plain)?)
}

/// The parts between semicolons that stand outside of quotes.
fn parameters(header: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped) = (false, false);
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b';' if !quoted => {
                    rest = Some(&text[at + 1..]);
                    return Some(&text[..at]);
                }
                _ => {}
            }
        }
        rest = None;
        Some(text)
    })
}

/// `UTF-8'en'a%20b.mp4`.
fn decoded(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let (mut text, mut escaped) = (String::new(), false);
    for character in inner.chars() {
        match character {
            _ if escaped => {
                text.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => break,
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_found_in_every_spelling() {
        for (header, name) in [
            ("attachment; filename=a.mp4", Some("a.mp4")),
            (
                r#"attachment; filename="a; b.mp4"; size=1"#,
                Some("a; b.mp4"),
            ),
            (r#"attachment; filename="a\"b.mp4""#, Some("a\"b.mp4")),
            (
                "attachment; filename=plain.mp4; filename*=UTF-8''%e4%b8%ad.mp4",
                Some("中.mp4"),
            ),
            ("attachment; FileName*=iso-8859-1''a; filename=b", Some("b")),
            (r#"attachment; filename="../../etc/passwd""#, Some("passwd")),
            ("attachment; filename*=UTF-8''..%2F..", None),
            ("inline", None),
            ("filename=a.mp4", None),
            ("", None),
        ] {
            assert_eq!(in_disposition(header).as_deref(), name, "{header}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_suggested_names_one_file(header in ".{0,300}") {
            for found in [in_disposition(&header), fit(&header)].into_iter().flatten() {
                prop_assert!(!found.is_empty() && found.len() <= LONGEST);
                prop_assert!(!found.contains(['/', '\\', '\0']) && found != "..");
            }
        }
    }
}
