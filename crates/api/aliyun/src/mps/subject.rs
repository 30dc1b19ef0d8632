//! What a call is about, as the audit names it.

use crate::rpc::Params;

/// The parameters that name things, and what those are: the first that a call has.
const NAMES: [(&str, &str); 13] = [
    ("JobId", "job"),
    ("JobIds", "job"),
    ("AnalysisJobIds", "job"),
    ("MediaInfoJobIds", "job"),
    ("SnapshotJobIds", "job"),
    ("FpDBId", "fingerprint-library"),
    ("FpDBIds", "fingerprint-library"),
    ("PipelineId", "pipeline"),
    ("PipelineIds", "pipeline"),
    ("TemplateId", "template"),
    ("TemplateIds", "template"),
    ("WaterMarkTemplateId", "watermark-template"),
    ("WaterMarkTemplateIds", "watermark-template"),
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
        check(&[("JobId", "17"), ("PipelineId", "2")], Some("job/17"));
        check(&[("JobId", ""), ("PipelineId", "2")], Some("pipeline/2"));
        check(&[("Name", "x")], None);
        let long = "é".repeat(1000);
        let params = Params::from_pairs([("JobIds", long.as_str())]).unwrap();
        assert_eq!(of(&params).unwrap().chars().count(), MOST_CHARS + 4);
    }
}
