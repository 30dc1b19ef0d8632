//! Subtitles with their times in milliseconds: read from SubRip as FFmpeg writes it, written as SubRip or WebVTT.

use std::fmt::Write as _;

use crate::cues::clock;
use crate::plan::Window;

/// One subtitle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cue {
    start_ms: u64,
    end_ms: u64,
    /// Lines with marks of SubRip, none of them blank.
    text: String,
}

/// What is in a file of SubRip, but for what shows nothing, or for no time. Lines that come before a time belong to no
/// subtitle.
pub(crate) fn read(file: &str) -> Vec<Cue> {
    let lines: Vec<&str> = file.lines().collect();
    let times: Vec<(usize, (u64, u64))> = (lines.iter().enumerate())
        .filter_map(|(place, line)| Some((place, times(line)?)))
        .collect();
    let each = times
        .iter()
        .enumerate()
        .map(|(number, (place, (start_ms, end_ms)))| {
            let end = match times.get(number + 1) {
                // The line above a time is a number.
                Some((next, _)) => next.saturating_sub(1).max(place + 1),
                None => lines.len(),
            };
            let said = lines[place + 1..end].iter();
            let said: Vec<&str> = said
                .copied()
                .filter(|line| !line.trim().is_empty())
                .collect();
            Cue {
                start_ms: *start_ms,
                end_ms: *end_ms,
                text: said.join("\n"),
            }
        });
    each.filter(|cue| cue.start_ms < cue.end_ms && !cue.text.is_empty())
        .collect()
}

/// Of `00:00:01,000 --> 00:00:02,000`, with a place on the picture or without.
fn times(line: &str) -> Option<(u64, u64)> {
    let (from, to) = line.split_once(" --> ")?;
    Some((millis(from)?, millis(to.split_whitespace().next()?)?))
}

fn millis(time: &str) -> Option<u64> {
    let mut parts = time.trim().split([':', ',']).map(str::parse::<u64>);
    let mut part = || parts.next()?.ok();
    let (hours, minutes, seconds, millis) = (part()?, part()?, part()?, part()?);
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    let seconds = minutes.checked_mul(60)?.checked_add(seconds)?;
    seconds.checked_mul(1000)?.checked_add(millis)
}

/// What of them is inside of a window, in times that begin with it. One that has begun before begins with it.
pub(crate) fn cut(cues: Vec<Cue>, window: &Window) -> Vec<Cue> {
    let end = window
        .length_ms
        .map_or(u64::MAX, |length| window.start_ms.saturating_add(length));
    let inside = cues
        .into_iter()
        .filter(|cue| cue.end_ms > window.start_ms && cue.start_ms < end);
    let moved = inside.map(|cue| Cue {
        start_ms: cue.start_ms.saturating_sub(window.start_ms),
        end_ms: cue.end_ms.min(end).saturating_sub(window.start_ms),
        text: cue.text,
    });
    moved.collect()
}

/// As many lines as a picture has room for, and more.
const MOST_AT_ONCE: usize = 16;

/// The same without two at a time: while there are two, one has the lines of both. Or what is wrong with them, to come
/// after the name of their file: there are more than 16 at a time, or all that is written has more than so many bytes.
pub(crate) fn one_at_a_time(cues: &[Cue], most_bytes: usize) -> Result<Vec<Cue>, &'static str> {
    let mut moments: Vec<u64> = cues
        .iter()
        .flat_map(|cue| [cue.start_ms, cue.end_ms])
        .collect();
    moments.sort_unstable();
    moments.dedup();
    let mut sorted: Vec<&Cue> = cues.iter().collect();
    sorted.sort_by_key(|cue| cue.start_ms);
    let mut coming = sorted.into_iter().peekable();
    let mut shown: Vec<&Cue> = Vec::new();
    let mut single: Vec<Cue> = Vec::with_capacity(cues.len());
    let mut bytes = 0;
    for span in moments.windows(2) {
        let (start_ms, end_ms) = (span[0], span[1]);
        shown.retain(|cue| cue.end_ms > start_ms);
        while let Some(cue) = coming.next_if(|cue| cue.start_ms <= start_ms) {
            shown.push(cue);
        }
        if shown.len() > MOST_AT_ONCE {
            return Err("shows more than 16 subtitles at a time");
        }
        bytes += shown.iter().map(|cue| cue.text.len()).sum::<usize>();
        if bytes > most_bytes {
            return Err(
                "shows long subtitles beside many others: timed text would repeat them too often",
            );
        }
        let said: Vec<&str> = shown.iter().map(|cue| cue.text.as_str()).collect();
        if !said.is_empty() {
            single.push(Cue {
                start_ms,
                end_ms,
                text: said.join("\n"),
            });
        }
    }
    Ok(single)
}

pub(crate) fn subrip(cues: &[Cue]) -> String {
    let mut file = String::new();
    for (place, cue) in cues.iter().enumerate() {
        let [from, to] = [cue.start_ms, cue.end_ms].map(|ms| clock(ms).replace('.', ","));
        // Writing to a text does not fail.
        let _ = write!(file, "{}\n{from} --> {to}\n{}\n\n", place + 1, cue.text);
    }
    file
}

/// <https://www.w3.org/TR/webvtt1/>
pub(crate) fn webvtt(cues: &[Cue]) -> String {
    let mut file = "WEBVTT\n".to_owned();
    for cue in cues {
        let (from, to) = (clock(cue.start_ms), clock(cue.end_ms));
        let _ = write!(file, "\n{from} --> {to}\n{}\n", marked(&cue.text));
    }
    file
}

/// Marks that WebVTT has as well.
const SHARED: [&str; 6] = ["<b>", "</b>", "<i>", "</i>", "<u>", "</u>"];
/// How marks begin that it does not have, and how they end.
const DROPPED: [(&str, char); 5] = [
    ("<font", '>'),
    ("</font", '>'),
    ("<s>", '>'),
    ("</s>", '>'),
    ("{\\", '}'),
];

fn marked(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(mark) = SHARED.iter().find(|mark| rest.starts_with(**mark)) {
            marked.push_str(mark);
            rest = &rest[mark.len()..];
            continue;
        }
        let dropped = DROPPED.iter().find(|(begin, _)| rest.starts_with(begin));
        if let Some(end) = dropped.and_then(|(_, end)| rest.find(*end)) {
            rest = &rest[end + 1..];
            continue;
        }
        match first {
            '&' => marked.push_str("&amp;"),
            '<' => marked.push_str("&lt;"),
            '>' => marked.push_str("&gt;"),
            other => marked.push(other),
        }
        rest = &rest[first.len_utf8()..];
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Seek;

    fn cue(start_ms: u64, end_ms: u64, text: &str) -> Cue {
        Cue {
            start_ms,
            end_ms,
            text: text.to_owned(),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let cues = vec![cue(1_000, 2_345, "a\n2"), cue(3_600_000, 3_600_001, "b")];
        assert_eq!(read(&subrip(&cues)), cues);
        // An empty line within, nothing to show, no time to show it in, and a place.
        let file = "1\n00:00:01,000 --> 00:00:02,000\na\r\n\r\nb\n\n2\n00:00:02,000 --> 00:00:03,000\n\n\n\
            3\n00:00:03,000 --> 00:00:03,000\nc\n\n4\n00:00:04,000 --> 00:00:05,000  X1:1 X2:2\nd\n\n";
        assert_eq!(
            read(file),
            [cue(1_000, 2_000, "a\nb"), cue(4_000, 5_000, "d")]
        );
        assert!(read("").is_empty());
    }

    #[test]
    fn a_window_cuts_and_moves() {
        let cues = vec![
            cue(500, 1_500, "a"),
            cue(1_400, 9_000, "b"),
            cue(3_000, 4_000, "c"),
        ];
        let window = |start_ms, length_ms| Window {
            start_ms,
            length_ms,
            seek: Seek::Index,
        };
        let found = cut(cues.clone(), &window(1_000, Some(2_000)));
        assert_eq!(found, [cue(0, 500, "a"), cue(400, 2_000, "b")]);
        assert_eq!(cut(cues.clone(), &window(0, None)), cues);
        assert!(cut(cues, &window(9_000, None)).is_empty());
    }

    #[test]
    fn two_at_a_time_become_one_with_both() {
        let cues = [
            cue(1_000, 2_000, "a"),
            cue(1_500, 3_000, "b"),
            cue(4_000, 5_000, "c"),
        ];
        let expected = [
            cue(1_000, 1_500, "a"),
            cue(1_500, 2_000, "a\nb"),
            cue(2_000, 3_000, "b"),
            cue(4_000, 5_000, "c"),
        ];
        assert_eq!(one_at_a_time(&cues, 5).unwrap(), expected);
        assert_eq!(one_at_a_time(&expected, 8).unwrap(), expected);
        assert!(one_at_a_time(&vec![cue(0, 1, "a"); 17], 100).is_err());
        assert!(one_at_a_time(&cues, 4).is_err());
    }

    #[test]
    fn webvtt_has_the_marks_that_it_knows_and_nothing_that_looks_like_one() {
        let text = "{\\an8}<i>a</i> <font color=\"#ff0000\">b</font> & 1 < 2 --> <x>";
        let file = webvtt(&[cue(0, 3_600_000, text)]);
        let expected =
            "WEBVTT\n\n00:00:00.000 --> 01:00:00.000\n<i>a</i> b &amp; 1 &lt; 2 --&gt; &lt;x&gt;\n";
        assert_eq!(file, expected);
    }
}
