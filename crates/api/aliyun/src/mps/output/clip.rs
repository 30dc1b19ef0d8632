//! The `Clip` part of an output: which stretch of the source it shows.

use reelgate_domain::job::kind::transcode::{Clip, ClipLength};

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// Reads the part; `None` if the output shows all of the source. The flag tells whether the clip is one of the first
/// part alone, where several are joined.
pub(super) fn read(part: Option<Fields<'_>>) -> Result<(Option<Clip>, bool), Refusal> {
    let Some(mut fields) = part else {
        return Ok((None, false));
    };
    let span = fields.object("TimeSpan")?;
    let is_first = fields.flag("ConfigToClipFirstPart")?;
    fields.finish()?;
    Ok((span.map_or(Ok(None), time_span)?, is_first))
}

/// The part of a further file that `Start` and `Duration` name.
pub(super) fn stretch(fields: &mut Fields<'_>) -> Result<Option<Clip>, Refusal> {
    let start_ms = time(fields, "Start")?.unwrap_or(0);
    let length = match time(fields, "Duration")? {
        Some(0) => return fields.refuse(Code::OutOfRange, "Duration"),
        duration => duration.map(ClipLength::DurationMs),
    };
    let is_whole = start_ms == 0 && length.is_none();
    Ok((!is_whole).then_some(Clip { start_ms, length }))
}

fn time_span(mut fields: Fields<'_>) -> Result<Option<Clip>, Refusal> {
    let start_ms = time(&mut fields, "Seek")?.unwrap_or(0);
    let duration_ms = time(&mut fields, "Duration")?;
    let tail_ms = time(&mut fields, "End")?;
    // The documented range starts at 0, and yet nothing can be made of no time at all.
    if tail_ms.is_none() && duration_ms == Some(0) {
        return fields.refuse(Code::OutOfRange, "Duration");
    }
    fields.finish()?;
    // With an end the duration is ignored.
    let length = match (tail_ms, duration_ms) {
        (Some(0), _) | (None, None) => None,
        (Some(tail), _) => Some(ClipLength::CutTailMs(tail)),
        (None, Some(duration)) => Some(ClipLength::DurationMs(duration)),
    };
    let is_whole = start_ms == 0 && length.is_none();
    Ok((!is_whole).then_some(Clip { start_ms, length }))
}

/// The latest moment in either format: 23:59:59.999.
const MOST_MS: u64 = 24 * 60 * 60 * 1000 - 1;

fn time(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<u64>, Refusal> {
    let Some(text) = fields.text(name)? else {
        return Ok(None);
    };
    match millis(text.trim()) {
        Some(ms) if ms <= MOST_MS => Ok(Some(ms)),
        Some(_) => fields.refuse(Code::OutOfRange, name),
        None => fields.refuse(Code::Format, name),
    }
}

/// Reads `hh:mm:ss[.SSS]` or `sssss[.SSS]`.
fn millis(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = whole.split(':').collect();
    let seconds = match parts.as_slice() {
        [seconds] => digits(seconds, 1..=9)?,
        [hours, minutes, seconds] => {
            let (minutes, seconds) = (digits(minutes, 2..=2)?, digits(seconds, 2..=2)?);
            if minutes > 59 || seconds > 59 {
                return None;
            }
            (digits(hours, 2..=2)? * 60 + minutes) * 60 + seconds
        }
        _ => return None,
    };
    let scale = [100, 10, 1].get(fraction.len().checked_sub(1)?)?;
    Some(seconds * 1000 + digits(fraction, 1..=3)? * scale)
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits && length.contains(&text.len()) {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_time_formats_are_read() {
        let cases = [
            ("0", Some(0)),
            ("1.5", Some(1500)),
            ("00:00:01.5", Some(1500)),
            ("00:01:59.999", Some(119_999)),
            ("86399.999", Some(MOST_MS)),
            ("23:59:59.999", Some(MOST_MS)),
            ("86400", Some(MOST_MS + 1)),
            ("24:00:00", Some(MOST_MS + 1)),
            ("", None),
            ("1.", None),
            (".5", None),
            ("1.2345", None),
            ("-1", None),
            ("1e3", None),
            ("1:2:3", None),
            ("00:60:00", None),
            ("00:00", None),
            ("a", None),
        ];
        for (text, expected) in cases {
            assert_eq!(millis(text), expected, "{text}");
        }
    }
}
