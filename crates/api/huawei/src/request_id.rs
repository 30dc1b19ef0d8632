//! Request ids as this vendor spells them.

use std::fmt;

use http::HeaderValue;

/// 32 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId(reelgate_api_kit::RequestId);

impl RequestId {
    pub(crate) fn random() -> Self {
        Self(reelgate_api_kit::RequestId::random())
    }

    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("hex digits can stand in a header")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        text.retain(|character| character != '-');
        text.make_ascii_lowercase();
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_32_lower_case_hex_digits() {
        let id = RequestId::random().to_string();
        assert_eq!(id.len(), 32);
        assert!(
            id.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            "{id}"
        );
        assert_ne!(RequestId::random().to_string(), id);
    }
}
