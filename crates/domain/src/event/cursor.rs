//! Places in the order of events.

use std::fmt;
use std::str::FromStr;

/// A place in the order of events: that of an event, and so of all before it. Its text is opaque to
/// whoever keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventCursor {
    /// What wrote it, where several write at once; else 0.
    pub epoch: u64,
    pub position: u64,
}

impl EventCursor {
    /// Before the first event.
    pub const START: Self = Self {
        epoch: 0,
        position: 0,
    };

    /// A place where one writes after the other.
    pub const fn at(position: u64) -> Self {
        Self { epoch: 0, position }
    }
}

/// The text is no place in the order of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place among the events is what an event's id says, or 0 for the beginning")]
pub struct InvalidCursor;

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            0 => write!(f, "{}", self.position),
            epoch => write!(f, "{epoch}-{}", self.position),
        }
    }
}

impl FromStr for EventCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let number = |digits: &str| -> Result<u64, InvalidCursor> {
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(InvalidCursor);
            }
            // Stores count in signed numbers.
            let number: i64 = digits.parse().map_err(|_| InvalidCursor)?;
            Ok(number.unsigned_abs())
        };
        match text.split_once('-') {
            None => Ok(Self::at(number(text)?)),
            Some((epoch, position)) => Ok(Self {
                epoch: number(epoch)?,
                position: number(position)?,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_from_its_text() {
        for (epoch, position) in [(0, 0), (0, 17), (4711, 3), (1, 0)] {
            let place = EventCursor { epoch, position };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in [
            "",
            "-",
            "1-",
            "-1",
            "+1",
            "1-2-3",
            "x",
            "99999999999999999999",
        ] {
            assert_eq!(text.parse::<EventCursor>(), Err(InvalidCursor), "{text}");
        }
    }

    #[test]
    fn places_are_ordered_by_who_wrote_them_first() {
        let later = EventCursor {
            epoch: 2,
            position: 1,
        };
        assert!(EventCursor::START < EventCursor::at(9) && EventCursor::at(9) < later);
    }
}
