//! Matched intervals as lines of letters: the input over each entry that has something of it.
//!
//! Each line is as long as its own media. Parts of the input that overlap share a letter, and wherever an entry has
//! such a part it has its letter.

use reelgate_client::{EntryMatch, LibraryEntry, Span};

use super::show::{is_text, moment};

/// The most entries that are drawn.
pub(super) const MOST_ENTRIES: usize = 20;

/// Characters of a name that are shown.
const MOST_NAME_CHARS: usize = 24;
/// Columns of the narrowest line that tells anything.
const LEAST_COLUMNS: usize = 20;
const MOST_COLUMNS: usize = 120;

pub(super) struct Ruler<'a> {
    pub(super) input: &'a str,
    pub(super) input_seconds: Option<f64>,
    pub(super) entries: &'a [EntryMatch],
    /// What the library says of the entries that it still has.
    pub(super) known: &'a [LibraryEntry],
}

/// One line: what it is of, how long that is, and which parts have which letters.
struct Line<'a> {
    name: &'a str,
    length: f64,
    parts: Vec<(Span, char)>,
}

impl Ruler<'_> {
    /// The lines, in so many columns.
    pub(super) fn draw(&self, width: usize) -> String {
        let lines = self.lines();
        let names: Vec<_> = lines.iter().map(|line| short(line.name)).collect();
        let lengths: Vec<_> = lines.iter().map(|line| self.length(line.length)).collect();
        let longest = |texts: &[String]| texts.iter().map(|it| it.chars().count()).max();
        let (name_width, length_width) = (longest(&names), longest(&lengths));
        let (name_width, length_width) = (name_width.unwrap_or(0), length_width.unwrap_or(0));
        // Two blanks on both sides of the line, and its borders.
        let columns = width.saturating_sub(name_width + length_width + 6);
        let columns = columns.clamp(LEAST_COLUMNS, MOST_COLUMNS);
        let mut text = String::new();
        for ((line, name), length) in lines.iter().zip(&names).zip(&lengths) {
            let drawn = line.draw(columns);
            text.push_str(&format!("{name:<name_width$}  |{drawn}|  {length}\n"));
        }
        text
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let all = self.entries.iter().flat_map(|entry| &entry.segments);
        let parts = parts(all.clone().map(|segment| segment.input));
        let ends = all.map(|segment| segment.input.end);
        let input = Line {
            name: self.input,
            length: ends.fold(self.input_seconds.unwrap_or(0.0), f64::max),
            parts: parts.clone(),
        };
        let entries = self.entries.iter().map(|entry| self.entry(entry, &parts));
        std::iter::once(input).chain(entries).collect()
    }

    fn entry<'a>(&self, entry: &'a EntryMatch, parts: &[(Span, char)]) -> Line<'a> {
        let known = self.known.iter().find(|it| it.number == entry.number);
        let length = known.and_then(|it| it.duration_s).unwrap_or(0.0);
        let ends = entry.segments.iter().map(|segment| segment.reference.end);
        let letters = entry.segments.iter().map(|segment| {
            let part = parts
                .iter()
                .rfind(|(part, _)| part.start <= segment.input.start);
            (segment.reference, part.map_or('#', |(_, letter)| *letter))
        });
        Line {
            name: &entry.key,
            length: ends.fold(length, f64::max),
            parts: letters.collect(),
        }
    }

    /// How long something is; a dash for a picture.
    fn length(&self, length: f64) -> String {
        if length <= 0.0 {
            return "-".to_owned();
        }
        let mut all = self.entries.iter().flat_map(|entry| &entry.segments);
        moment(length, all.any(is_text))
    }
}

/// The parts that intervals come to when those that overlap are one, each with its letter.
fn parts(spans: impl Iterator<Item = Span>) -> Vec<(Span, char)> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_by(|a, b| a.start.total_cmp(&b.start));
    let mut parts: Vec<Span> = Vec::new();
    for span in spans {
        match parts.last_mut() {
            Some(last) if span.start < last.end || span.start <= last.start => {
                last.end = last.end.max(span.end);
            }
            _ => parts.push(span),
        }
    }
    let letters = ('a'..='z').chain('A'..='Z').chain(std::iter::repeat('#'));
    parts.into_iter().zip(letters).collect()
}

impl Line<'_> {
    /// A letter wherever something is; even the shortest part has one.
    fn draw(&self, columns: usize) -> String {
        let mut cells = vec!['.'; columns];
        let at = |seconds: f64| {
            let share = if self.length > 0.0 {
                seconds / self.length
            } else {
                0.0
            };
            share * columns as f64
        };
        for (span, letter) in &self.parts {
            let first = (at(span.start).floor() as usize).min(columns - 1);
            let end = (at(span.end).ceil() as usize).clamp(first + 1, columns);
            cells[first..end].fill(*letter);
        }
        cells.into_iter().collect()
    }
}

fn short(name: &str) -> String {
    if name.chars().count() <= MOST_NAME_CHARS {
        return name.to_owned();
    }
    let start: String = name.chars().take(MOST_NAME_CHARS - 1).collect();
    start + "…"
}

#[cfg(test)]
mod tests {
    use reelgate_client::{Address, MatchedSegment};

    use super::*;

    fn span(start: f64, end: f64) -> Span {
        Span { start, end }
    }

    fn entry(key: &str, number: u64, parts: &[(Span, Span)]) -> EntryMatch {
        let segment = |(input, reference): &(Span, Span)| MatchedSegment {
            channel: "video".to_owned(),
            input: *input,
            reference: *reference,
            similarity: 0.9,
            speed: 1.0,
            mirrored: false,
            text: None,
        };
        EntryMatch {
            key: key.to_owned(),
            number,
            similarity: 0.9,
            segments: parts.iter().map(segment).collect(),
        }
    }

    fn known(number: u64, duration_s: f64) -> LibraryEntry {
        LibraryEntry {
            key: "k".to_owned(),
            number,
            source: Address {
                bucket: "media".to_owned(),
                key: "k".to_owned(),
            },
            job_id: "j".to_owned(),
            duration_s: Some(duration_s),
            stored_bytes: 1,
            created_at: "t".to_owned(),
        }
    }

    fn drawn(input_seconds: Option<f64>, entries: &[EntryMatch], known: &[LibraryEntry]) -> String {
        let ruler = Ruler {
            input: "clip.mp4",
            input_seconds,
            entries,
            known,
        };
        "\n".to_owned() + &ruler.draw(50)
    }

    #[test]
    fn parts_of_the_input_stand_over_their_places_in_each_entry() {
        let entries = [
            entry(
                "film.mp4",
                1,
                &[
                    (span(0.0, 25.0), span(48.0, 73.0)),
                    (span(35.0, 50.0), span(300.0, 315.0)),
                ],
            ),
            entry("other.mp4", 2, &[(span(36.0, 50.0), span(0.0, 14.0))]),
        ];
        let text = drawn(Some(50.0), &entries, &[known(1, 600.0)]);
        assert_eq!(
            text,
            "
clip.mp4   |aaaaaaaaaaaaaa.....bbbbbbbbb|  0:50.0
film.mp4   |..aa..........b.............|  10:00.0
other.mp4  |bbbbbbbbbbbbbbbbbbbbbbbbbbbb|  0:14.0
"
        );
    }

    #[test]
    fn a_picture_is_one_letter_and_a_part_that_comes_again_has_the_same() {
        let places = [
            (span(0.0, 0.0), span(10.0, 10.25)),
            (span(0.0, 0.0), span(90.0, 90.25)),
        ];
        let text = drawn(None, &[entry("film.mp4", 1, &places)], &[known(1, 100.0)]);
        assert_eq!(
            text,
            "
clip.mp4  |a.............................|  -
film.mp4  |...a.......................a..|  1:40.0
"
        );
    }

    #[test]
    fn names_are_cut_and_lines_stay_readable_where_there_is_no_room() {
        let long = "a film with a very long name.mp4";
        let entries = [entry(long, 1, &[(span(0.0, 1.0), span(0.0, 1.0))])];
        let text = drawn(Some(2.0), &entries, &[]);
        assert_eq!(
            text,
            "
clip.mp4                  |aaaaaaaaaa..........|  0:02.0
a film with a very long…  |aaaaaaaaaaaaaaaaaaaa|  0:01.0
"
        );
    }
}
