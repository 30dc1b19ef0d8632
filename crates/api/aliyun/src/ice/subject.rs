//! What a call is about, as the audit names it. Never an address: what follows its host may give access.

use crate::rpc::Params;

/// The parameters that name things, and what those are: the first that a call has.
const NAMES: [(&str, &str); 5] = [
    ("JobId", "job"),
    ("JobIds", "job"),
    ("DBId", "library"),
    ("DBIds", "library"),
    ("PipelineId", "pipeline"),
];
/// As long as ten ids with commas.
const MOST_CHARS: usize = 330;

/// Such as `job/0123…`; nothing for calls that list or make things.
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
    fn a_call_is_about_what_its_parameters_name() {
        let check = |pairs: &[(&str, &str)], expected: Option<&str>| {
            let params = Params::from_pairs(pairs.iter().copied()).unwrap();
            assert_eq!(of(&params).as_deref(), expected);
        };
        check(&[("DBId", "1f"), ("PipelineId", "2")], Some("library/1f"));
        check(&[("JobId", ""), ("PipelineId", "2")], Some("pipeline/2"));
        check(&[("UploadURLs", "http://h/?key=x")], None);
    }
}
