//! What a caller says of a video: title, description, tags, category, cover.

use reelgate_domain::asset::AssetDetails;
use serde_json::{Map, Value};

use super::errors::Refusal;
use super::request;

const MOST_TITLE_BYTES: usize = 128;
const MOST_DESCRIPTION_BYTES: usize = 1024;
const MOST_TAGS: usize = 16;
const MOST_TAG_BYTES: usize = 32;
const MOST_COVER_BYTES: usize = 1024;

/// Reads what an element of a JSON parameter says; its other members are whoever's calls.
pub(crate) fn read(members: &Map<String, Value>, path: &str) -> Result<AssetDetails, Refusal> {
    let text = |name: &str| request::text(members, path, name);
    let bad = |name: &str| Refusal::member(format!("{path}.{name}"));
    let title = text("Title")?.unwrap_or_default();
    if !is_title(&title) {
        return Err(bad("Title"));
    }
    let description = text("Description")?;
    if !description.as_deref().is_none_or(is_description) {
        return Err(bad("Description"));
    }
    let tags = match text("Tags")? {
        Some(text) => tags(&text).ok_or_else(|| bad("Tags"))?,
        None => Vec::new(),
    };
    let category = match text("CateId")?.as_deref() {
        None | Some("-1") => None,
        Some(text) => Some(category(text).ok_or_else(|| bad("CateId"))?),
    };
    let cover_url = text("CoverURL")?;
    if !cover_url.as_deref().is_none_or(is_cover) {
        return Err(bad("CoverURL"));
    }
    let reference = text("ReferenceId")?;
    if !reference.as_deref().is_none_or(is_reference) {
        return Err(bad("ReferenceId"));
    }
    Ok(AssetDetails {
        title,
        description,
        tags,
        category,
        cover_url,
        reference,
    })
}

pub(crate) fn is_title(text: &str) -> bool {
    text.len() <= MOST_TITLE_BYTES && is_plain(text)
}

pub(crate) fn is_description(text: &str) -> bool {
    text.len() <= MOST_DESCRIPTION_BYTES && is_plain(text)
}

pub(crate) fn is_cover(text: &str) -> bool {
    let is_web = text.starts_with("http://") || text.starts_with("https://");
    is_web && text.len() <= MOST_COVER_BYTES && !text.chars().any(char::is_control)
}

/// Tags from a list with commas; none if there are too many or one is too long.
pub(crate) fn tags(text: &str) -> Option<Vec<String>> {
    let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    let tags: Vec<String> = tags.map(str::to_owned).collect();
    let fits = |tag: &String| tag.len() <= MOST_TAG_BYTES && is_plain(tag);
    (tags.len() <= MOST_TAGS && tags.iter().all(fits)).then_some(tags)
}

/// A category's id. What stands for none, -1, is the callers' to know.
pub(crate) fn category(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// A name of the account's own for a video.
pub(crate) fn is_reference(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (6..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// No emoji, by the vendor's word, and nothing that no store keeps.
fn is_plain(text: &str) -> bool {
    let is_emoji = |it: char| matches!(it, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}');
    !text.chars().any(|it| is_emoji(it) || it == '\0')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(members: Value) -> Result<AssetDetails, String> {
        read(members.as_object().unwrap(), "UploadMetadatas[0]").map_err(|it| it.message())
    }

    #[test]
    fn what_is_too_long_or_odd_is_refused_by_name() {
        for (name, value) in [
            ("Title", json!("a".repeat(129))),
            ("Title", json!("a film 🎬")),
            ("Description", json!("a".repeat(1025))),
            ("Tags", json!(vec!["a"; 17].join(","))),
            ("Tags", json!("a".repeat(33))),
            ("CateId", json!("ten")),
            ("CoverURL", json!("ftp://h/a.jpg")),
            ("ReferenceId", json!("short")),
            ("Title", json!(["a"])),
        ] {
            let refused = check(json!({ name: value })).unwrap_err();
            assert!(
                refused.contains(&format!("UploadMetadatas[0].{name} ")),
                "{refused}"
            );
        }
    }

    #[test]
    fn numbers_may_be_texts_and_the_longest_fit() {
        let details = check(json!({
            "Title": "é".repeat(64),
            "Tags": " a, b ,,c",
            "CateId": 10_000_001,
            "Description": "",
        }));
        let details = details.unwrap();
        let none = check(json!({"CateId": "-1"})).unwrap();
        assert_eq!(none.category, None);
        assert_eq!(details.tags, ["a", "b", "c"]);
        assert_eq!(details.category, Some(10_000_001));
        assert_eq!(details.description, None);
    }
}
