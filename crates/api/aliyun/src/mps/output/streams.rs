//! `VideoStreamMap` and `AudioStreamMap` of an output: which streams of the source it is made from.

use reelgate_domain::job::kind::transcode::StreamChoice;

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// Reads both. Whether the source has such streams is found out when the job runs.
pub(super) fn read(fields: &mut Fields<'_>) -> Result<StreamChoice, Refusal> {
    Ok(StreamChoice {
        video: place(fields, "VideoStreamMap", "0:v:")?,
        // The first is taken anyway, and a source without any makes a silent output.
        audio: place(fields, "AudioStreamMap", "0:a:")?.filter(|place| *place > 0),
    })
}

/// The number in `0:v:{n}`.
pub(super) fn place(
    fields: &mut Fields<'_>,
    name: &'static str,
    lead: &str,
) -> Result<Option<u32>, Refusal> {
    let Some(text) = fields.text(name)? else {
        return Ok(None);
    };
    let digits = text.trim().strip_prefix(lead);
    let digits = digits.filter(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(digits) = digits else {
        return fields.refuse(Code::Format, name);
    };
    match digits.parse() {
        Ok(place) if place <= StreamChoice::MOST => Ok(Some(place)),
        _ => fields.refuse(Code::OutOfRange, name),
    }
}
