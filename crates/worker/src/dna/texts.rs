//! Texts as they lie in buckets: plain ones, and what speech recognition has made of recordings.

use reelgate_dna::{Piece, TextPrint};
use reelgate_domain::job::kind::fingerprint::DnaMedia;
use reelgate_domain::job::{Fault, FaultCode};
use serde::Deserialize;

/// The largest text that is read: some 2,000 books' pages, or the speech of a month.
pub(crate) const MOST_TEXT_BYTES: u64 = 16 << 20;

/// A transcript: its lines alone, or in an object under the name that common tools give them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Transcript {
    Lines(Vec<Line>),
    Named {
        #[serde(alias = "sentences", alias = "results", alias = "lines")]
        segments: Vec<Line>,
    },
}

/// A line with when it is said: in seconds, or in milliseconds where the names say `time`.
#[derive(Deserialize)]
struct Line {
    #[serde(alias = "content", alias = "Text", alias = "sentence")]
    text: String,
    #[serde(alias = "from", alias = "StartTime")]
    start: Option<f64>,
    #[serde(alias = "to", alias = "EndTime")]
    end: Option<f64>,
    #[serde(alias = "beginTime", alias = "BeginTime")]
    begin_time: Option<f64>,
    #[serde(alias = "endTime")]
    end_time: Option<f64>,
}

impl Line {
    fn millis(&self) -> Option<(u64, u64)> {
        // Negative numbers and what is none become zero.
        let pair = |from: f64, to: f64, scale: f64| {
            let (from, to) = ((from * scale) as u64, (to * scale) as u64);
            (from, to.max(from))
        };
        match (self.start, self.end, self.begin_time, self.end_time) {
            (Some(from), Some(to), ..) => Some(pair(from, to, 1000.0)),
            (.., Some(from), Some(to)) => Some(pair(from, to, 1.0)),
            _ => None,
        }
    }
}

/// The text in a file. Fails with `SourceUnreadable` if it is none of the kind.
pub(super) fn read(media: DnaMedia, bytes: &[u8]) -> Result<TextPrint, Fault> {
    let unreadable = |what: String| Fault::new(FaultCode::SourceUnreadable, what);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| unreadable(format!("the input is not a text in UTF-8: {error}")))?;
    // Editors of one system put it in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if media != DnaMedia::Asr {
        return Ok(TextPrint::plain(text));
    }
    let transcript = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        unreadable(format!(
            "the input is not a transcript, which is JSON with lines that have text, start and end \
             (line {line}, column {column})"
        ))
    })?;
    let lines = match transcript {
        Transcript::Lines(lines) | Transcript::Named { segments: lines } => lines,
    };
    let pieces = lines.into_iter().map(|line| Piece {
        millis: line.millis(),
        text: line.text,
    });
    Ok(TextPrint {
        pieces: pieces.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &str, expected: &[(&str, Option<(u64, u64)>)]) {
        let print = read(DnaMedia::Asr, content.as_bytes()).unwrap();
        let pieces: Vec<_> = print
            .pieces
            .iter()
            .map(|piece| (piece.text.as_str(), piece.millis))
            .collect();
        assert_eq!(pieces, expected, "{content}");
    }

    #[test]
    fn transcripts_are_read_in_the_shapes_that_tools_write() {
        let both = [("one", Some((500, 1_500))), ("two", Some((1_500, 2_000)))];
        check(
            r#"[{"text": "one", "start": 0.5, "end": 1.5}, {"text": "two", "start": 1.5, "end": 2}]"#,
            &both,
        );
        check(
            r#"{"text": "one two", "segments": [{"id": 0, "start": 0.5, "end": 1.5, "text": "one"},
               {"id": 1, "start": 1.5, "end": 2.0, "text": "two"}]}"#,
            &both,
        );
        check(
            r#"[{"content": "one", "from": 0.5, "to": 1.5}, {"content": "two", "from": 1.5, "to": 2}]"#,
            &both,
        );
        check(
            r#"{"sentences": [{"text": "one", "begin_time": 500, "end_time": 1500},
               {"text": "two", "begin_time": 1500, "end_time": 2000}]}"#,
            &both,
        );
        check(r#"[{"text": "one"}]"#, &[("one", None)]);
        check(
            r#"[{"text": "x", "start": -5, "end": -9}]"#,
            &[("x", Some((0, 0)))],
        );
    }

    #[test]
    fn what_is_no_text_or_transcript_is_told() {
        let code = |media, bytes: &[u8]| read(media, bytes).unwrap_err().code;
        assert_eq!(code(DnaMedia::Text, b"a\xff"), FaultCode::SourceUnreadable);
        assert_eq!(code(DnaMedia::Asr, b"a b c"), FaultCode::SourceUnreadable);
        assert_eq!(code(DnaMedia::Asr, b"[1]"), FaultCode::SourceUnreadable);
        let plain = read(DnaMedia::Text, "\u{feff}a b".as_bytes()).unwrap();
        assert_eq!(plain, TextPrint::plain("a b"));
    }
}
