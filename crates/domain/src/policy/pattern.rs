//! Patterns with wildcards, matched in time linear in the text.

use super::error::{Fault, PolicyError, excerpt};

/// The longest part of a pattern between two `*` that is searched for place by place. It bounds the steps taken for
/// each character of a text.
const MAX_SEARCHED_CHARS: usize = 64;

/// Whether the case of ASCII letters counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Exact,
    Ignored,
}

/// A text with `*` for any run of characters and `?` for exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    case: Case,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Everything,
    /// Without a `*`.
    Whole(Part),
    /// What stands before the first `*`, between two of them, and after the last.
    Parts {
        head: Part,
        middle: Box<[Part]>,
        tail: Part,
    },
}

/// A stretch of a pattern without `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    text: Box<str>,
    chars: usize,
    /// Whether there is a `?`.
    open: bool,
}

impl Pattern {
    pub(super) fn everything() -> Self {
        let (case, kind) = (Case::Exact, Kind::Everything);
        Self { case, kind }
    }

    pub(super) fn new(text: &str, case: Case) -> Result<Self, PolicyError> {
        let mut parts: Vec<Part> = text.split('*').map(Part::new).collect();
        let tail = parts.pop().expect("a text has a last part");
        if parts.is_empty() {
            let kind = Kind::Whole(tail);
            return Ok(Self { case, kind });
        }
        let head = parts.remove(0);
        // Several `*` in a row are one.
        parts.retain(|part| part.chars > 0);
        let slow = |part: &Part| part.open || case == Case::Ignored;
        if parts
            .iter()
            .any(|part| slow(part) && part.chars > MAX_SEARCHED_CHARS)
        {
            let (value, limit) = (excerpt(text), MAX_SEARCHED_CHARS);
            return Err(Fault::Searched { value, limit }.into());
        }
        let kind = if head.chars + tail.chars == 0 && parts.is_empty() {
            Kind::Everything
        } else {
            let middle = parts.into();
            Kind::Parts { head, middle, tail }
        };
        Ok(Self { case, kind })
    }

    pub(super) fn is_everything(&self) -> bool {
        self.kind == Kind::Everything
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match &self.kind {
            Kind::Everything => true,
            Kind::Whole(part) => part.is(text, self.case),
            Kind::Parts { head, middle, tail } => {
                let Some(start) = head.prefix(text, self.case) else {
                    return false;
                };
                let rest = &text[start..];
                let Some(end) = tail.suffix(rest, self.case) else {
                    return false;
                };
                // Taking each part where it first occurs leaves the most room for those after it.
                let mut rest = &rest[..end];
                for part in middle {
                    match part.find(rest, self.case) {
                        Some(end) => rest = &rest[end..],
                        None => return false,
                    }
                }
                true
            }
        }
    }
}

impl Part {
    fn new(text: &str) -> Self {
        Self {
            chars: text.chars().count(),
            open: text.contains('?'),
            text: text.into(),
        }
    }

    fn is(&self, text: &str, case: Case) -> bool {
        match self.open {
            true => self.open_prefix(text, case) == Some(text.len()),
            false => self.equals(text.as_bytes(), case),
        }
    }

    /// Whether these bytes are those of this part, which has no `?`. Most are not, and differ in length or early on.
    fn equals(&self, bytes: &[u8], case: Case) -> bool {
        let wanted = self.text.as_bytes();
        if bytes.len() != wanted.len() {
            return false;
        }
        match case {
            Case::Exact => bytes == wanted,
            Case::Ignored => bytes
                .iter()
                .zip(wanted)
                .all(|(a, b)| a.eq_ignore_ascii_case(b)),
        }
    }

    /// Where this part ends if the text begins with it.
    fn prefix(&self, text: &str, case: Case) -> Option<usize> {
        if self.open {
            return self.open_prefix(text, case);
        }
        let start = text.as_bytes().get(..self.text.len())?;
        self.equals(start, case).then_some(start.len())
    }

    fn open_prefix(&self, text: &str, case: Case) -> Option<usize> {
        let mut rest = text.chars();
        for wanted in self.text.chars() {
            let found = rest.next()?;
            let equal = match case {
                _ if wanted == '?' => true,
                Case::Exact => wanted == found,
                Case::Ignored => wanted.eq_ignore_ascii_case(&found),
            };
            if !equal {
                return None;
            }
        }
        Some(text.len() - rest.as_str().len())
    }

    /// Where this part starts if the text ends with it.
    fn suffix(&self, text: &str, case: Case) -> Option<usize> {
        let start = match self.chars {
            0 => return Some(text.len()),
            _ if !self.open => text.len().checked_sub(self.text.len())?,
            chars => text.char_indices().nth_back(chars - 1)?.0,
        };
        // With other characters than this part's the start may lie inside one.
        self.is(text.get(start..)?, case).then_some(start)
    }

    /// Where this part ends where it first occurs.
    fn find(&self, text: &str, case: Case) -> Option<usize> {
        if self.open {
            let mut starts = text.char_indices();
            return starts.find_map(|(start, _)| {
                let length = self.open_prefix(&text[start..], case)?;
                Some(start + length)
            });
        }
        let start = match case {
            Case::Exact => text.find(&*self.text)?,
            Case::Ignored => {
                let mut windows = text.as_bytes().windows(self.text.len());
                windows.position(|bytes| self.equals(bytes, case))?
            }
        };
        Some(start + self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let pattern = Pattern::new(pattern, Case::Exact).unwrap();
        for text in matching {
            assert!(pattern.matches(text), "{pattern:?} {text}");
        }
        for text in others {
            assert!(!pattern.matches(text), "{pattern:?} {text}");
        }
    }

    #[test]
    fn a_star_stands_for_any_run_and_a_question_mark_for_one_character() {
        check("", &[""], &["a"]);
        check("*", &["", "a", "ab:c"], &[]);
        check("abc", &["abc"], &["", "ab", "abcd", "ABC"]);
        check("a*", &["a", "abc"], &["", "ba"]);
        check("*a", &["a", "cba"], &["", "ab"]);
        check("a*a", &["aa", "aba"], &["a", "ab"]);
        check("*ab*cd*", &["abcd", "xabxcdx", "aabccd"], &["acbd", "cdab"]);
        check("?", &["a", "é", "*"], &["", "ab"]);
        check("a?c", &["abc", "aéc"], &["ac", "abbc"]);
        check("*?b?*", &["abc", "ébé", "bbbb"], &["b", "ab", "bc"]);
        check("*??", &["ab", "abc", "éé"], &["a", "é", ""]);
        check("**a**", &["a", "bab"], &["b"]);
        check("*é", &["aé", "é"], &["e", "a\u{1a9}"]);
    }

    #[test]
    fn without_case_only_ascii_letters_are_equal() {
        let pattern = Pattern::new("mts:*Job?é", Case::Ignored).unwrap();
        assert!(pattern.matches("MTS:canceljOBsé"));
        assert!(!pattern.matches("MTS:canceljOBsÉ"));
    }

    /// Would take longer than anybody waits if parts were tried in every combination.
    #[test]
    fn a_hostile_pattern_costs_little() {
        let text = "a".repeat(100_000);
        let stars = format!("{}b", "a*".repeat(500));
        assert!(!Pattern::new(&stars, Case::Exact).unwrap().matches(&text));
        let searched = format!("*{}?b*", "a".repeat(62));
        assert!(!Pattern::new(&searched, Case::Exact).unwrap().matches(&text));
        let literal = format!("*{}b*", "a".repeat(1_000));
        assert!(!Pattern::new(&literal, Case::Exact).unwrap().matches(&text));
    }

    #[test]
    fn a_part_that_is_searched_slowly_is_short() {
        let fits = format!("*{}?*", "a".repeat(63));
        assert!(Pattern::new(&fits, Case::Exact).is_ok());
        let long = format!("*{}?*", "a".repeat(64));
        assert!(Pattern::new(&long, Case::Exact).is_err());
        let anchored = format!("{}?*{}?", "a".repeat(64), "a".repeat(64));
        assert!(Pattern::new(&anchored, Case::Exact).is_ok());
    }
}
