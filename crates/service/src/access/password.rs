//! Passwords: hashed with argon2id, off the threads that serve calls, a few at a time.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use super::secret::Secret;
use crate::{Ids, ServiceError};

/// 19 MiB, two passes, one lane: what OWASP recommends for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Hashes that are computed at once. More would let a flood of logins take the machine.
const AT_ONCE: usize = 2;

/// Calls that may wait for their turn; the next one is told to come later.
const MOST_WAITING: usize = 64;

const SALT_LEN: usize = 16;

/// What a password may look like, in bytes.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// Stands in for the hash of whoever has none, so that they take as long as the others. It is of no
/// password.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$cmVlbGdhdGVyZWVsZ2F0ZQ$\
                       bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm8";

/// Hashes and verifies.
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// Too many wait for their password to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + MOST_WAITING)),
        }
    }
}

impl Passwords {
    /// The hash to store, in PHC's form.
    pub(super) async fn hash(
        &self,
        ids: &dyn Ids,
        password: Secret,
    ) -> Result<String, ServiceError> {
        let mut salt = [0; SALT_LEN];
        ids.secret(&mut salt);
        let hashed = self.in_turn(move || hash(&password, salt)).await;
        hashed?.map_err(ServiceError::internal)
    }

    /// Whether the password is the one that was hashed; of nobody's hash it is not, after the same time.
    pub(super) async fn verify(
        &self,
        hash: Option<String>,
        password: Secret,
    ) -> Result<Result<bool, TooMany>, ServiceError> {
        let Ok(_place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Ok(Err(TooMany));
        };
        let verified = self.in_turn(move || {
            let is_right = is_of(hash.as_deref().unwrap_or(NOBODYS), &password);
            is_right && hash.is_some()
        });
        verified.await.map(Ok)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(ServiceError::internal)?;
        // The turn ends with the work: a call that is given up does not make room for another before.
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        work.await.map_err(ServiceError::internal)
    }
}

/// Refuses what is no password, without repeating it.
pub(super) fn check(password: &Secret) -> Result<(), ServiceError> {
    let text = password.expose();
    if !LENGTH.contains(&text.len()) || text.chars().any(char::is_control) {
        let (least, most) = (LENGTH.start(), LENGTH.end());
        let message = format!("a password has {least} to {most} bytes and no control characters");
        return Err(ServiceError::invalid("password", message));
    }
    Ok(())
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None);
    let params = params.expect("the parameters are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &Secret, salt: [u8; SALT_LEN]) -> Result<String, String> {
    let hashed = argon2id().hash_password_with_salt(password.expose().as_bytes(), &salt);
    // The error says nothing of the password, but it is no `std::error::Error` everywhere.
    hashed
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

fn is_of(hash: &str, password: &Secret) -> bool {
    // The parameters are those written in the hash. Compared in constant time.
    argon2id()
        .verify_password(password.expose().as_bytes(), hash)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::RandomIds;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let passwords = Passwords::default();
        let right = Secret::new("correct horse");
        let hash = passwords
            .hash(&RandomIds::default(), right.clone())
            .await
            .unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let of = async |hash: Option<&String>, password: &str| {
            let verified = passwords.verify(hash.cloned(), Secret::new(password)).await;
            verified.unwrap().unwrap()
        };
        assert!(of(Some(&hash), "correct horse").await);
        assert!(!of(Some(&hash), "correct horsf").await);
        assert!(!of(Some(&hash), "").await);
        assert!(!of(None, "correct horse").await);
        assert!(!of(None, "").await);
    }

    #[tokio::test]
    async fn nobodys_password_takes_as_long_as_somebodys() {
        let passwords = Passwords::default();
        let hash = passwords
            .hash(&RandomIds::default(), Secret::new("right one"))
            .await
            .unwrap();
        let parameters =
            |hash: &str| -> Vec<_> { hash.split('$').take(4).map(str::to_owned).collect() };
        assert_eq!(parameters(NOBODYS), parameters(&hash));
        let time = async |hash: Option<String>| {
            let start = Instant::now();
            let verified = passwords.verify(hash, Secret::new("wrong")).await;
            verified.unwrap().unwrap();
            start.elapsed()
        };
        // Other programs slow single ones down, so the fastest of each count.
        let (mut somebodys, mut nobodys) = (Duration::MAX, Duration::MAX);
        for _ in 0..50 {
            somebodys = somebodys.min(time(Some(hash.clone())).await);
            nobodys = nobodys.min(time(None).await);
            let ratio = somebodys.as_secs_f64() / nobodys.as_secs_f64();
            if (0.8..1.25).contains(&ratio) {
                return;
            }
        }
        panic!("{somebodys:?} and {nobodys:?}");
    }

    #[tokio::test]
    async fn a_flood_of_passwords_is_turned_away_instead_of_queued() {
        let passwords = Passwords::default();
        let most = u32::try_from(AT_ONCE + MOST_WAITING).unwrap();
        let taken = Arc::clone(&passwords.places)
            .acquire_many_owned(most)
            .await
            .unwrap();
        let refused = passwords.verify(None, Secret::new("x")).await.unwrap();
        assert_eq!(refused, Err(TooMany));
        drop(taken);
        assert_eq!(
            passwords.verify(None, Secret::new("x")).await.unwrap(),
            Ok(false)
        );
    }

    #[test]
    fn a_refused_password_is_not_repeated() {
        let short = check(&Secret::new("s3cret!")).unwrap_err();
        assert!(!format!("{short} {short:?}").contains("s3cret"));
        assert!(check(&Secret::new("eight123")).is_ok());
        assert!(check(&Secret::new("x".repeat(129))).is_err());
        assert!(check(&Secret::new("with\nlines")).is_err());
    }
}
