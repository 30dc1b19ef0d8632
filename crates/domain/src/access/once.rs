//! What makes a call count once: of a signed one, and of one with a key that its caller chose.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::time::Timestamp;

/// The identity of a call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Once {
    /// Of the key's id and the nonce, by a cryptographic hash: a store may keep half of it, which is
    /// enough to tell any two calls of its lifetime apart.
    pub hash: [u8; 16],
    /// It has to be remembered until this time: a call with this signature is too old afterwards.
    pub until: Timestamp,
    /// Of a call that is answered again when it comes again: what that takes. A replay of any other is
    /// refused.
    pub note: Option<Note>,
}

/// What is kept of a call so that it can be answered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// Of all that was asked, by a cryptographic hash: another request with the same key is none of its
    /// repeats.
    pub request: [u8; 16],
    pub made: Made,
}

/// The id or name of what a call has made.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Made {
    length: u8,
    bytes: [u8; Self::MOST_BYTES],
}

impl Once {
    /// How long after it was signed a call is remembered: for the 15 minutes that a signature holds, and
    /// one more.
    pub const KEPT: Duration = Duration::from_mins(16);

    /// How long a call is remembered that is answered again.
    pub const ANSWERED: Duration = Duration::from_hours(24);

    /// The same call, which makes this.
    #[must_use]
    pub fn makes(mut self, what: impl fmt::Display) -> Self {
        if let Some(note) = &mut self.note {
            note.made = Made::new(what);
        }
        self
    }
}

impl Made {
    /// As long as the longest name.
    pub const MOST_BYTES: usize = 64;

    pub const NOTHING: Self = Self {
        length: 0,
        bytes: [0; Self::MOST_BYTES],
    };

    /// What is longer than any id or name is cut off.
    pub fn new(what: impl fmt::Display) -> Self {
        let mut made = Self::NOTHING;
        let _ = write!(made, "{what}");
        made
    }

    pub fn as_str(&self) -> &str {
        let text = &self.bytes[..usize::from(self.length)];
        std::str::from_utf8(text).expect("only whole characters are taken")
    }
}

impl fmt::Write for Made {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let begin = usize::from(self.length);
        let taken = text.floor_char_boundary(Self::MOST_BYTES - begin);
        let end = begin + taken;
        self.bytes[begin..end].copy_from_slice(&text.as_bytes()[..taken]);
        self.length = u8::try_from(end).expect("the most bytes fit");
        match taken == text.len() {
            true => Ok(()),
            false => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_goes_by_its_name() {
        let longest = "x".repeat(64);
        for name in ["", "films", "Bär", longest.as_str()] {
            assert_eq!(Made::new(name).as_str(), name);
        }
        assert_eq!(Made::new(format_args!("{}-{}", 1, 2)).as_str(), "1-2");
        assert_eq!(Made::new("x".repeat(63) + "ä").as_str(), "x".repeat(63));
    }

    #[test]
    fn only_calls_that_are_answered_again_keep_what_they_make() {
        let signed = Once {
            hash: [1; 16],
            until: Timestamp::from_millis(0),
            note: None,
        };
        assert_eq!(signed.makes("a"), signed);
        let note = Note {
            request: [2; 16],
            made: Made::NOTHING,
        };
        let keyed = Once {
            note: Some(note),
            ..signed
        };
        let made = keyed.makes("a").note.map(|note| note.made);
        assert_eq!(made, Some(Made::new("a")));
    }
}
