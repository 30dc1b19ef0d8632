//! The identity of a signed call, by which a replay of it is known.

use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::access::Once;
use ring::digest;

/// How long after it was signed a request may arrive, and how far ahead of this clock it may be signed.
pub const SIGNATURE_HOLDS: Duration = Duration::from_mins(15);

// Told apart by more than any signature holds.
const _: () = assert!(Once::KEPT.as_secs() > SIGNATURE_HOLDS.as_secs());

/// The identity of a call that was signed with this key, nonce and time.
pub fn signed_call(key_id: &str, nonce: &str, signed_at: Timestamp) -> Once {
    let mut context = digest::Context::new(&digest::SHA256);
    // Its length keeps apart what could run together.
    context.update(&(key_id.len() as u64).to_be_bytes());
    context.update(key_id.as_bytes());
    context.update(nonce.as_bytes());
    let digest = context.finish();
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest.as_ref()[..16]);
    let until = signed_at.after(Once::KEPT);
    Once { hash, until }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_other_keys_or_nonces_are_other_calls() {
        let at = Timestamp::from_millis(1_767_323_045_000);
        let hash = |key, nonce| signed_call(key, nonce, at).hash;
        assert_eq!(hash("ab", "c"), hash("ab", "c"));
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
        assert_ne!(hash("ab", "c"), hash("ab", "d"));
        assert_eq!(signed_call("a", "b", at).until.since(at).as_secs(), 16 * 60);
    }
}
