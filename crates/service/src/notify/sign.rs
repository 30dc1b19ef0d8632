//! Signatures of what is sent, as the Standard Webhooks specification has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::{Ids, Secret};

/// Texts of secrets begin with this.
const PREFIX: &str = "whsec_";

pub(super) fn new_secret(ids: &dyn Ids) -> Secret {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    ids.secret(bytes.as_mut_slice());
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_slice())))
}

/// One signature of a message; none if the secret is not of the form that [`new_secret`] makes.
pub(super) fn signature(secret: &Secret, id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    let encoded = secret.expose().strip_prefix(PREFIX)?;
    let bytes = zeroize::Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{seconds}.").as_bytes());
    context.update(body);
    Some(format!("v1,{}", STANDARD.encode(context.sign())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's libraries.
    #[test]
    fn the_published_example_comes_out() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed.as_deref(), Some(expected));
    }

    #[test]
    fn new_secrets_differ_and_sign() {
        let ids = crate::RandomIds::default();
        let (one, other) = (new_secret(&ids), new_secret(&ids));
        let sign = |secret: &Secret| signature(secret, "a", 1, b"x").unwrap();
        assert_ne!(sign(&one), sign(&other));
        let bare = Secret::new("MfKQ".to_owned());
        assert_eq!(signature(&bare, "a", 1, b"x"), None);
    }
}
