//! The id that one request carries through its answer and the log.

use std::fmt;

use uuid::Uuid;

/// A UUIDv7, printed in upper-case hex with dashes: ids that sort by time go to neighbouring places of
/// the audit's index, and random ones each to a page of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Draws a new id. It names one HTTP exchange and nothing that is acted on, so it needs no injected source.
    #[expect(
        clippy::disallowed_methods,
        reason = "its time is never read, so no test has to set it"
    )]
    pub fn random() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = Uuid::encode_buffer();
        f.write_str(self.0.hyphenated().encode_upper(&mut buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_upper_case_hex_in_five_groups() {
        let id = RequestId(Uuid::from_u128(0xabcd_ef01_2345_4678_9abc_def0_1234_5678));
        assert_eq!(id.to_string(), "ABCDEF01-2345-4678-9ABC-DEF012345678");
    }

    #[test]
    fn two_ids_differ() {
        assert_ne!(RequestId::random(), RequestId::random());
    }
}
