//! The conditions of searches: comparisons of fields, joined by `and` and `or`, in parentheses if need be.
//!
//! ```text
//! condition  = all { "or" all }
//! all        = one { "and" one }
//! one        = "(" condition ")" | field compared
//! compared   = "=" value | "!=" value | ">=" value | "<=" value | "in" "(" value { "," value } ")"
//!            | "=" ("(" | "[") value "," value (")" | "]")
//! value      = number | 'text' | "text"
//! ```
//!
//! What is documented beyond that is refused.

use reelgate_api_kit::time::parse_utc;
use reelgate_domain::asset::Asset;

use crate::vod::errors::{Code, Refusal};

const MOST_BYTES: usize = 4096;
const MOST_DEPTH: usize = 16;

/// A condition, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    One(Field, Compared),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Title,
    Description,
    Tags,
    CateId,
    Status,
    MediaId,
    ReferenceId,
    CreationTime,
    StorageLocation,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    Is(String),
    IsNot(String),
    AtLeast(String),
    AtMost(String),
    OneOf(Vec<String>),
    /// From here to there; whether the ends belong to it.
    Between((String, bool), (String, bool)),
}

impl Field {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "Title" => Self::Title,
            "Description" => Self::Description,
            "Tags" => Self::Tags,
            "CateId" => Self::CateId,
            "Status" => Self::Status,
            "MediaId" | "VideoId" | "AudioId" => Self::MediaId,
            "ReferenceId" => Self::ReferenceId,
            "CreationTime" => Self::CreationTime,
            "StorageLocation" => Self::StorageLocation,
            _ => return None,
        })
    }

    /// Whether its values have an order.
    const fn is_ordered(self) -> bool {
        matches!(self, Self::CateId | Self::CreationTime)
    }

    /// Whether this can be a value of it.
    fn takes(self, value: &str) -> bool {
        match self {
            Self::CreationTime => parse_utc(value).is_some(),
            Self::CateId => value.parse::<u64>().is_ok(),
            _ => true,
        }
    }
}

impl Condition {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal::new(Code::MatchSyntax, why);
        if text.len() > MOST_BYTES {
            return Err(bad(format!("it is longer than {MOST_BYTES} bytes")));
        }
        let tokens = tokens(text).map_err(bad)?;
        let mut reader = Reader {
            tokens: &tokens,
            at: 0,
        };
        let condition = reader.any(0).map_err(bad)?;
        match reader.peek() {
            None => Ok(condition),
            Some(token) => Err(bad(format!("{token} was not expected"))),
        }
    }

    pub(super) fn asks_status(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_status),
            Self::One(field, _) => *field == Field::Status,
        }
    }

    /// `status` counts only for conditions that ask for it.
    pub(super) fn holds(&self, video: &Asset, status: &str) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(video, status)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(video, status)),
            Self::One(field, compared) => {
                let own = own(*field, video, status);
                match compared {
                    Compared::Is(value) => own.iter().any(|own| is(*field, own, value)),
                    Compared::IsNot(value) => !own.iter().any(|own| is(*field, own, value)),
                    Compared::OneOf(values) => own
                        .iter()
                        .any(|own| values.iter().any(|value| is(*field, own, value))),
                    Compared::AtLeast(value) => own
                        .iter()
                        .any(|own| order(*field, own) >= order(*field, value)),
                    Compared::AtMost(value) => own
                        .iter()
                        .any(|own| order(*field, own) <= order(*field, value)),
                    Compared::Between((from, with_from), (to, with_to)) => own.iter().any(|own| {
                        let (own, from, to) =
                            (order(*field, own), order(*field, from), order(*field, to));
                        (own > from || *with_from && own == from)
                            && (own < to || *with_to && own == to)
                    }),
                }
            }
        }
    }
}

/// The values that a video has of a field: none if it says nothing of it.
fn own(field: Field, video: &Asset, status: &str) -> Vec<String> {
    let details = &video.details;
    let one = |text: &str| vec![text.to_owned()];
    match field {
        Field::Title => one(&details.title),
        Field::Description => details.description.iter().cloned().collect(),
        Field::Tags => details.tags.clone(),
        Field::CateId => details.category.iter().map(u64::to_string).collect(),
        Field::Status => one(status),
        Field::MediaId => one(&video.id.to_string()),
        Field::ReferenceId => details.reference.iter().cloned().collect(),
        Field::CreationTime => one(&reelgate_api_kit::time::format_utc(
            video.created_at.as_millis(),
        )),
        Field::StorageLocation => one(video.file.bucket.as_str()),
    }
}

/// What people write is searched for parts of it, whatever the case; the rest is as it is.
fn is(field: Field, own: &str, value: &str) -> bool {
    match field {
        Field::Title | Field::Description => own.to_lowercase().contains(&value.to_lowercase()),
        Field::StorageLocation => value.split('.').next() == Some(own),
        Field::Tags
        | Field::CateId
        | Field::Status
        | Field::MediaId
        | Field::ReferenceId
        | Field::CreationTime => own == value,
    }
}

fn order(field: Field, value: &str) -> i128 {
    match field {
        Field::CreationTime => parse_utc(value).unwrap_or_default().into(),
        _ => value.parse().unwrap_or_default(),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(text) | Self::Text(text) => f.write_str(text),
            Self::Sign(sign) => f.write_str(sign),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    const SIGNS: [&str; 9] = ["!=", ">=", "<=", "=", "(", ")", "[", "]", ","];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let sign = SIGNS.into_iter().find(|sign| rest.starts_with(*sign));
        if let Some(sign) = sign {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if matches!(first, '\'' | '"') {
            let inside = &rest[1..];
            let end = inside.find(first).ok_or("a text has no end")?;
            tokens.push(Token::Text(inside[..end].to_owned()));
            rest = &inside[end + 1..];
        } else {
            let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
            let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("{first} was not expected"));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<&'a Token, String> {
        let token = self.peek().ok_or("it ends too early")?;
        self.at += 1;
        Ok(token)
    }

    /// Takes this word, whatever its case, if it comes next.
    fn takes_word(&mut self, word: &str) -> bool {
        let is_next =
            matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.at += usize::from(is_next);
        is_next
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(format!("{sign} was expected")),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Condition, String> {
        let mut parts = vec![self.all(depth)?];
        while self.takes_word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(single(parts, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, String> {
        let mut parts = vec![self.one(depth)?];
        while self.takes_word("and") {
            parts.push(self.one(depth)?);
        }
        Ok(single(parts, Condition::All))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, String> {
        if self.takes("(") {
            if depth == MOST_DEPTH {
                return Err(format!("parentheses are deeper than {MOST_DEPTH}"));
            }
            let inside = self.any(depth + 1)?;
            self.expect(")")?;
            return Ok(inside);
        }
        let Token::Word(name) = self.next()? else {
            return Err("a field was expected".to_owned());
        };
        let field = Field::parse(name).ok_or_else(|| format!("{name} is no field to search by"))?;
        let compared = self.compared(field)?;
        Ok(Condition::One(field, compared))
    }

    fn compared(&mut self, field: Field) -> Result<Compared, String> {
        if self.takes_word("in") {
            self.expect("(")?;
            let mut values = vec![self.value(field)?];
            while self.takes(",") {
                values.push(self.value(field)?);
            }
            self.expect(")")?;
            return Ok(Compared::OneOf(values));
        }
        let sign = match self.next()? {
            Token::Sign(sign @ ("=" | "!=" | ">=" | "<=")) => *sign,
            other => return Err(format!("{other} is no comparison")),
        };
        let has_range = sign == "=" && matches!(self.peek(), Some(Token::Sign("(" | "[")));
        if !field.is_ordered() && (has_range || matches!(sign, ">=" | "<=")) {
            return Err("the field has no order".to_owned());
        }
        if has_range {
            let with_from = !self.takes("(");
            if with_from {
                self.expect("[")?;
            }
            let from = self.value(field)?;
            self.expect(",")?;
            let to = self.value(field)?;
            let with_to = !self.takes(")");
            if with_to {
                self.expect("]")?;
            }
            return Ok(Compared::Between((from, with_from), (to, with_to)));
        }
        let value = self.value(field)?;
        Ok(match sign {
            "=" => Compared::Is(value),
            "!=" => Compared::IsNot(value),
            ">=" => Compared::AtLeast(value),
            _ => Compared::AtMost(value),
        })
    }

    fn value(&mut self, field: Field) -> Result<String, String> {
        let value = match self.next()? {
            Token::Word(text) | Token::Text(text) => text,
            Token::Sign(sign) => return Err(format!("{sign} is no value")),
        };
        match field.takes(value) {
            true => Ok(value.clone()),
            false => Err(format!("{value} is no value of the field")),
        }
    }
}

fn single(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::asset::{AssetDetails, AssetId, AssetState};
    use reelgate_domain::{JobId, Timestamp};
    use reelgate_testkit::{account, object};

    use super::*;

    fn video() -> Asset {
        Asset {
            id: AssetId::from_bytes([1; 16]),
            account: account(1),
            file: object("a.mp4"),
            state: AssetState::Registered,
            details: AssetDetails {
                title: "A Film of Trains".to_owned(),
                tags: vec!["old".to_owned(), "trains".to_owned()],
                category: Some(7),
                ..AssetDetails::default()
            },
            cover: None,
            job: JobId::from_bytes([2; 16]),
            origin: None,
            // 2026-01-02T03:04:05Z
            created_at: Timestamp::from_millis(1_767_323_045_000),
            modified_at: Timestamp::from_millis(1_767_323_045_000),
        }
    }

    #[test]
    fn conditions_hold_or_do_not() {
        for (text, holds) in [
            ("Title = 'film'", true),
            ("Title = 'ships'", false),
            ("Title != 'ships'", true),
            ("Tags = 'trains'", true),
            ("Tags = 'train'", false),
            ("Tags in ('new', \"old\")", true),
            ("Description != 'x'", true),
            ("Description = 'x'", false),
            ("CateId = 7", true),
            ("CateId in (1,2)", false),
            ("CateId >= 7 and CateId <= 7", true),
            ("Status = 'Normal'", true),
            ("Status in ('UploadFail')", false),
            ("CreationTime >= '2026-01-02T03:04:05Z'", true),
            (
                "CreationTime = ('2026-01-02T03:04:05Z', '2027-01-01T00:00:00Z')",
                false,
            ),
            (
                "CreationTime = ['2026-01-02T03:04:05Z', '2027-01-01T00:00:00Z')",
                true,
            ),
            ("Title = 'ships' or Tags = 'old' and CateId = 7", true),
            ("(Title = 'ships' or Tags = 'old') AND CateId = 8", false),
            ("MediaId = '01010101010101010101010101010101'", true),
        ] {
            let condition = Condition::parse(text).unwrap();
            assert_eq!(condition.holds(&video(), "Normal"), holds, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in [
            "Title",
            "Title =",
            "Title = 'a",
            "Title = 'a' and",
            "Title = 'a' Tags = 'b'",
            "Title >= 'a'",
            "Title = ('a','b')",
            "Size = 5",
            "CateId = 'x'",
            "CreationTime >= '2026'",
            "(Title = 'a'",
            "Title in ()",
            "Title like 'a'",
            "; drop",
            "'a' = Title",
            &"(".repeat(100),
        ] {
            let refused = Condition::parse(text).unwrap_err();
            assert_eq!(refused.code, Code::MatchSyntax, "{text}");
        }
    }
}
