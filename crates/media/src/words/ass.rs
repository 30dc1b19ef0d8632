//! Subtitles as FFmpeg writes them in ASS, line by line: which times they have, and with which fonts they are drawn.
//! The header is the source's, and whatever it holds.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::plan::Window;

/// How many subtitles there are.
pub(crate) fn count(text: &str) -> usize {
    text.lines().filter(|line| is_dialogue(line)).count()
}

const STYLES: &str = "[V4+ Styles]\n\
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n\
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0\n\n";

const EVENTS: &str = "[Events]";
/// Sections of files that are part of the text, which are not drawn with or shown.
const ENCLOSED: [&str; 2] = ["[Fonts]", "[Graphics]"];

/// The same with a style, if it has none, without files in it, and with a header of events that says how FFmpeg writes
/// them. It keeps the one of the source, by which readers would find nothing to show. Readers skip blanks before a line.
pub(crate) fn completed(text: &str) -> String {
    let lines = || text.lines().map(str::trim_start);
    let has_style = lines().any(|line| line.starts_with("Style:"));
    let is_marked = lines().any(|line| line.starts_with("Dialogue: Marked="));
    let first = if is_marked { "Marked" } else { "Layer" };
    let format = format!(
        "Format: {first}, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
    );
    let mut whole = String::with_capacity(text.len() + STYLES.len() + format.len());
    let (mut is_events, mut is_enclosed) = (false, false);
    for line in lines() {
        if line.starts_with('[') {
            let name = line.trim_end();
            is_events = name.eq_ignore_ascii_case(EVENTS);
            is_enclosed = ENCLOSED.iter().any(|it| name.eq_ignore_ascii_case(it));
            if is_events && !has_style {
                whole.push_str(STYLES);
            }
        }
        if is_enclosed {
            continue;
        }
        match is_events && line.starts_with("Format:") {
            true => whole.push_str(&format),
            false => whole.push_str(line),
        }
        whole.push('\n');
    }
    whole
}

/// What of them is inside of a window, in times that begin with it. One that has begun before begins with it. Nothing if
/// the time of one cannot be read.
pub(crate) fn cut(text: &str, window: &Window) -> Option<String> {
    let start = window.start_ms / 10;
    let end = window
        .length_ms
        .map(|length| (window.start_ms + length) / 10);
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        let moved = match is_dialogue(line) {
            true => moved(line, start, end)?,
            false => Some(line.to_owned()),
        };
        if let Some(line) = moved {
            kept.push_str(&line);
            kept.push('\n');
        }
    }
    Some(kept)
}

/// A subtitle from `start` to `end`, which are hundredths of a second. The outer None is for times that cannot be read.
#[expect(clippy::option_option, reason = "the two say different things")]
fn moved(line: &str, start: u64, end: Option<u64>) -> Option<Option<String>> {
    let mut parts = line.splitn(4, ',');
    let mut part = || parts.next().unwrap_or_default();
    let (layer, from, to, rest) = (part(), part(), part(), part());
    let (from, to) = (hundredths(from)?, hundredths(to)?);
    let (from, to) = (from.max(start), end.unwrap_or(to).min(to));
    Some((from < to).then(|| {
        let (from, to) = (clock(from - start), clock(to - start));
        format!("{layer},{from},{to},{rest}")
    }))
}

/// Of `1:02:03.45`.
fn hundredths(time: &str) -> Option<u64> {
    let mut parts = time.trim().split([':', '.']).map(str::parse::<u64>);
    let mut part = || parts.next()?.ok();
    let (hours, minutes, seconds, hundredths) = (part()?, part()?, part()?, part()?);
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    let seconds = minutes.checked_mul(60)?.checked_add(seconds)?;
    seconds.checked_mul(100)?.checked_add(hundredths)
}

fn clock(hundredths: u64) -> String {
    let seconds = hundredths / 100;
    format!(
        "{}:{:02}:{:02}.{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        hundredths % 100
    )
}

/// The same in fonts that `font` answers with: it is given the one that a style has, or a subtitle itself, and answers
/// with nothing for one that cannot be had.
pub(crate) fn restyled<E>(
    text: &str,
    mut style_font: impl FnMut(&str) -> Result<String, E>,
    mut own_font: impl FnMut(&str) -> bool,
) -> Result<String, E> {
    let mut styled = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some(style) = line.trim_start().strip_prefix("Style:") {
            let mut parts = style.splitn(3, ',');
            let mut part = || parts.next().unwrap_or_default();
            let (name, own, rest) = (part(), part(), part());
            let font = style_font(own.trim())?;
            // Writing to a text does not fail.
            let _ = writeln!(styled, "Style:{name},{font},{rest}");
        } else {
            match is_dialogue(line) {
                true => styled.push_str(&without_fonts(line, &mut own_font)),
                false => styled.push_str(line),
            }
            styled.push('\n');
        }
    }
    Ok(styled)
}

/// Leaves out commands that choose fonts, but for those that may stay.
fn without_fonts(line: &str, may_stay: &mut impl FnMut(&str) -> bool) -> String {
    const COMMAND: &str = "\\fn";
    let mut kept = String::with_capacity(line.len());
    let mut commands = Commands::of(line);
    let mut rest = line;
    while let Some(place) = rest.find(['{', '}', '\\']) {
        let (before, from) = rest.split_at(place);
        kept.push_str(before);
        let is_command = commands.is_one(line.len() - from.len(), from);
        if let (true, Some(after)) = (is_command, from.strip_prefix(COMMAND)) {
            let end = after.find(['\\', '}']).unwrap_or(after.len());
            let (font, following) = after.split_at(end);
            if may_stay(font.trim()) {
                kept.push_str(COMMAND);
                kept.push_str(font);
            }
            rest = following;
        } else {
            // Each of the three is one byte.
            let (mark, following) = from.split_at(1);
            kept.push_str(mark);
            rest = following;
        }
    }
    kept + rest
}

/// Which places of a line are between the braces of commands. A brace that nothing closes is drawn.
struct Commands {
    last_close: usize,
    is_open: bool,
}

impl Commands {
    fn of(line: &str) -> Self {
        Self {
            last_close: line.rfind('}').unwrap_or(0),
            is_open: false,
        }
    }

    /// Whether `rest`, which begins at this place, is part of commands. Places have to come in their order.
    fn is_one(&mut self, place: usize, rest: &str) -> bool {
        match rest.as_bytes().first() {
            Some(b'{') => self.is_open |= place < self.last_close,
            Some(b'}') => return std::mem::take(&mut self.is_open),
            _ => {}
        }
        self.is_open
    }
}

/// All characters that are drawn, each once: no commands, and no marks of lines.
pub(crate) fn said(text: &str) -> String {
    let dialogues = text.lines().filter(|line| is_dialogue(line));
    let texts = dialogues.filter_map(|line| line.splitn(10, ',').nth(9));
    let mut said = BTreeSet::new();
    for text in texts {
        let mut commands = Commands::of(text);
        let mut characters = text.char_indices().peekable();
        while let Some((place, character)) = characters.next() {
            let is_command = commands.is_one(place, &text[place..]);
            let next = characters.peek().map(|(_, next)| *next);
            if character == '\\' && matches!(next, Some('N' | 'n' | 'h')) {
                characters.next();
            } else if !is_command && !is_unseen(character) {
                said.insert(character);
            }
        }
    }
    said.into_iter().collect()
}

/// Fonts need not have what directs a text and shows nothing.
fn is_unseen(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        || character.is_control()
}

fn is_dialogue(line: &str) -> bool {
    line.trim_start().starts_with("Dialogue:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Seek;

    fn line(from: &str, to: &str, text: &str) -> String {
        format!("Dialogue: 0,{from},{to},Default,,0,0,0,,{text}\n")
    }

    #[test]
    fn what_is_drawn_has_no_commands() {
        let text = line("0:00:01.00", "0:00:02.00", "{\\i1}a, b\\Nc{\\i0}\u{200e}");
        assert_eq!(said(&text), " ,abc");
        // What nothing closes is drawn.
        let text = line("0:00:01.00", "0:00:02.00", "{x}a}{y");
        assert_eq!(said(&text), "ay{}");
    }

    #[test]
    fn long_lines_of_commands_take_no_longer_than_others() {
        let many = "{\\fnNone}".repeat(200_000) + &"\\fnNone".repeat(200_000);
        let text = line("0:00:01.00", "0:00:02.00", &many);
        let styled = restyled(&text, |_| Ok::<_, ()>(String::new()), |_| false).unwrap();
        assert!(styled.contains(&format!("{}\\fnNone", "{}".repeat(200_000))));
    }

    #[test]
    fn a_time_that_cannot_be_read_is_not_passed_over() {
        let window = Window {
            start_ms: 0,
            length_ms: None,
            seek: Seek::Index,
        };
        let huge = "9999999999999999999:00:00.00";
        for from in ["-1:-5:36.00", "x", huge, "0:18446744073709551615:00.00"] {
            assert_eq!(cut(&line(from, "0:00:02.00", "a"), &window), None, "{from}");
        }
    }

    #[test]
    fn files_inside_of_the_text_are_left_out() {
        let text = "[V4+ Styles]\n  Style: Default,Arial\n[Fonts]\nfontname: a.ttf\n!!!\n [graphics]\nx\n[Events]\n";
        assert_eq!(
            completed(text),
            "[V4+ Styles]\nStyle: Default,Arial\n[Events]\n"
        );
    }

    #[test]
    fn a_window_cuts_subtitles_and_moves_their_times() {
        let window = |start_ms, length_ms| Window {
            start_ms,
            length_ms,
            seek: Seek::Index,
        };
        let text = [
            "[Events]\n".to_owned(),
            line("0:00:01.00", "0:00:02.00", "a, b"),
            line("0:00:01.50", "1:00:00.00", "c"),
            line("0:00:09.00", "0:00:10.00", "d"),
        ]
        .concat();
        assert_eq!(cut(&text, &window(0, None)).unwrap(), text);
        let expected = [
            "[Events]\n".to_owned(),
            line("0:00:00.00", "0:00:00.50", "a, b"),
            line("0:00:00.00", "0:00:03.00", "c"),
        ]
        .concat();
        assert_eq!(cut(&text, &window(1500, Some(3000))).unwrap(), expected);
        assert_eq!(count(&cut(&text, &window(2_000, Some(1))).unwrap()), 0);
        assert_eq!(count(&cut(&text, &window(4_000_000, None)).unwrap()), 0);
    }

    #[test]
    fn a_header_says_how_events_are_written() {
        let text =
            "[Script Info]\n[Events]\nFormat: Start, End, Text\nDialogue: Marked=0,a,b,,,,,,,c\n";
        let whole = completed(text);
        assert!(whole.contains("\nStyle: Default,Arial,"), "{whole}");
        let events = "[Events]\nFormat: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
            Dialogue: Marked=0,a,b,,,,,,,c\n";
        assert!(whole.ends_with(events), "{whole}");
        assert_eq!(completed(&whole), whole);
    }

    #[test]
    fn fonts_of_styles_and_of_commands_are_exchanged() {
        let text = format!(
            "Style: Default,Arial,16,1\n{}",
            line(
                "0:00:01.00",
                "0:00:02.00",
                "{\\fnNone\\i1}a{\\fnHere}b\\fnc{x\\fnNone}d"
            )
        );
        let styled = restyled(
            &text,
            |own| Ok::<_, ()>(format!("No {own}")),
            |font| font == "Here",
        );
        let expected = format!(
            "Style: Default,No Arial,16,1\n{}",
            line("0:00:01.00", "0:00:02.00", "{\\i1}a{\\fnHere}b\\fnc{x}d")
        );
        assert_eq!(styled, Ok(expected));
    }
}
