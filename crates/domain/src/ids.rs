//! Identifiers: 128-bit ids shown as 32 hex digits, small job numbers, worker names.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The text is not 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hex digits, 0-9 and a-f")]
pub struct InvalidId;

// A macro because the id types share every line but must not be mixed up.
macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// From the 16 bytes of a UUID.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes, which sort by the time of creation (UUIDv7).
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ids::InvalidId;

            fn from_str(text: &str) -> Result<Self, $crate::ids::InvalidId> {
                $crate::ids::parse_hex(text).map(Self).ok_or($crate::ids::InvalidId)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use hex_id;

hex_id! {
    /// A job: a UUIDv7, so ids sort by creation.
    JobId
}
hex_id! {
    /// A pipeline.
    PipelineId
}
hex_id! {
    /// What one submit call made: jobs of one submission are siblings.
    SubmissionId
}

impl JobId {
    /// The smallest id a job created at `at` can have.
    pub fn first_at(at: Timestamp) -> Self {
        Self::bound(at, 0x00)
    }

    /// The largest id a job created at `at` can have.
    pub fn last_at(at: Timestamp) -> Self {
        Self::bound(at, 0xff)
    }

    /// A UUIDv7 starts with 48 bits of milliseconds since the epoch (RFC 9562 §5.7).
    fn bound(at: Timestamp, fill: u8) -> Self {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0).to_be_bytes();
        let mut bytes = [fill; 16];
        bytes[..6].copy_from_slice(&millis[2..]);
        Self(bytes)
    }
}

pub(crate) fn parse_hex(text: &str) -> Option<[u8; 16]> {
    let digits: &[u8; 32] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
    }
    Some(bytes)
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// A job's number: unique, for dialects whose ids are integers below 2^31. Numbers may have gaps
/// and nothing sorts by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobNumber(pub i64);

/// The name of a process that runs jobs, unique per start of the process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub String);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_printed() {
        let id = JobId::from_bytes(*b"0123456789abcdef");
        assert_eq!(id.to_string(), "30313233343536373839616263646566");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_of_another_form_is_refused() {
        for text in [
            "",
            "3031",
            "3031323334353637383961626364656G",
            "3031323334353637383961626364656F",
        ] {
            assert_eq!(text.parse::<JobId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn id_bounds_enclose_the_ids_of_their_millisecond() {
        let at = Timestamp::from_millis(1_763_712_000_123);
        assert!(JobId::first_at(at) < JobId::last_at(at));
        assert!(JobId::last_at(at) < JobId::first_at(Timestamp::from_millis(1_763_712_000_124)));
    }
}
