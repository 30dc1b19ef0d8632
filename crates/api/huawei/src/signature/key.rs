//! The key of the HMAC: the secret, or one derived from it for a day, a region and a service.

use ring::{digest, hkdf, hmac};

use super::authorization::Scheme;

pub(super) fn of(scheme: Scheme<'_>, key_id: &str, secret: &str) -> hmac::Key {
    match scheme {
        Scheme::Direct => hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        // The key is the hex text of what is derived, not its bytes.
        Scheme::Derived { scope } => {
            hmac::Key::new(hmac::HMAC_SHA256, &derived(key_id, secret, scope))
        }
    }
}

/// HKDF-SHA256 with the key id as salt, the secret as input and the scope as info; 32 bytes in lower-case hex.
pub(super) fn derived(
    key_id: &str,
    secret: &str,
    scope: &str,
) -> [u8; 2 * digest::SHA256_OUTPUT_LEN] {
    let mut bytes = [0; digest::SHA256_OUTPUT_LEN];
    hkdf::Salt::new(hkdf::HKDF_SHA256, key_id.as_bytes())
        .extract(secret.as_bytes())
        .expand(&[scope.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|derived| derived.fill(&mut bytes))
        .expect("one block of output can always be had");
    let mut digits = [0; 2 * digest::SHA256_OUTPUT_LEN];
    hex::encode_to_slice(bytes, &mut digits).expect("a byte has two digits");
    digits
}
