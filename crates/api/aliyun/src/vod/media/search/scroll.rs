//! Where a search goes on: tokens that are good for a while.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reelgate_domain::Timestamp;
use reelgate_domain::asset::AssetId;

/// For how long one is good, in milliseconds.
const LASTS: i64 = 10 * 60 * 1000;

/// A token of 32 characters, as the vendor's: the last video of the page before, and when that was shown.
pub(super) fn token(last: AssetId, now: Timestamp) -> String {
    let mut bytes = last.as_bytes().to_vec();
    bytes.extend(now.as_millis().to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The video that a token names; none of one that is not good any more, or never was.
pub(super) fn read(token: &str, now: Timestamp) -> Option<AssetId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, shown_at) = bytes.split_first_chunk::<16>()?;
    let shown_at = i64::from_be_bytes(shown_at.try_into().ok()?);
    let age = now.as_millis().checked_sub(shown_at)?;
    // Another node's clock may be a little ahead.
    (-LASTS..=LASTS)
        .contains(&age)
        .then_some(AssetId::from_bytes(*id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_ten_minutes() {
        let (id, at) = (AssetId::from_bytes([0xfb; 16]), Timestamp::from_millis);
        let made = token(id, at(5_000));
        assert_eq!(made.len(), 32);
        for (now, expected) in [
            (5_000, Some(id)),
            (605_000, Some(id)),
            (605_001, None),
            (4_000, Some(id)),
            (i64::MIN, None),
        ] {
            assert_eq!(read(&made, at(now)), expected, "{now}");
        }
        for bad in ["", "x", &id.to_string(), &made[1..], &format!("{made}AAAA")] {
            assert_eq!(read(bad, at(5_000)), None, "{bad}");
        }
    }
}
