//! The id that one request carries through its answer and the log.

use std::fmt;

use uuid::Uuid;

/// A random UUID, printed in upper-case hex with dashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Draws a new id. It names one HTTP exchange and nothing that is stored, so it needs no injected source.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
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
