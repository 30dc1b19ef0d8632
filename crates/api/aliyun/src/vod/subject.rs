//! What a call is about, as the audit names it. Never an address: what follows its host may give access.

use crate::rpc::Params;

/// The parameters that name things, and what those are: the first that a call has.
const NAMES: [(&str, &str); 10] = [
    ("JobIds", "job"),
    ("TranscodeTaskId", "task"),
    ("VideoId", "video"),
    ("VideoIds", "video"),
    ("ReferenceId", "reference"),
    ("ReferenceIds", "reference"),
    ("TranscodeTemplateGroupId", "template-group"),
    ("TemplateGroupId", "template-group"),
    ("CateId", "category"),
    ("ParentId", "category"),
];
/// As long as twenty ids with commas.
const MOST_CHARS: usize = 660;

/// Such as `video/0123…`; nothing for calls that list or make things, or that name addresses.
pub(super) fn of(params: &Params) -> Option<String> {
    let named = NAMES.iter().find_map(|(parameter, kind)| {
        let text = params.get(parameter).filter(|text| !text.is_empty())?;
        Some((kind, text))
    });
    named.map(|(kind, text)| {
        let text: String = text.chars().take(MOST_CHARS).collect();
        format!("{kind}/{text}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_about_what_it_names_but_never_about_an_address() {
        let check = |pairs: &[(&str, &str)], expected: Option<&str>| {
            let params = Params::from_pairs(pairs.iter().copied()).unwrap();
            assert_eq!(of(&params).as_deref(), expected);
        };
        check(
            &[("JobIds", "1,2"), ("UploadUrls", "http://h/?key=x")],
            Some("job/1,2"),
        );
        check(&[("UploadURLs", "http://h/?key=x")], None);
        check(&[("VideoId", "")], None);
    }
}
