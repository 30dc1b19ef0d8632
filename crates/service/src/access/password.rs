//! Passwords: hashed with argon2id, off the threads that serve calls, a few at a time.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use super::places::{Claimant, Place, Places, TooMany};
use super::secret::Secret;
use crate::{ErrorKind, Ids, ServiceError};

/// 19 MiB, two passes, one lane: what OWASP recommends for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Hashes that are computed at once. More would let a flood of logins take the machine.
const AT_ONCE: usize = 2;

/// Calls that may wait for their turn; the next one is told to come later.
const MOST_WAITING: usize = 64;

/// Of these places one address, or one account, holds so many at once: the queue is there for the others, too.
const SHARE: usize = 8;

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
    pub(super) places: Arc<Places>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Places::new(AT_ONCE + MOST_WAITING, SHARE),
        }
    }
}

impl Passwords {
    /// The hash to store, in PHC's form.
    pub(super) async fn hash(
        &self,
        claimant: Claimant,
        ids: &dyn Ids,
        password: Secret,
    ) -> Result<String, ServiceError> {
        let place = self.places.take(claimant).map_err(|TooMany| {
            let message = "too many passwords are being set: try again";
            ServiceError::new(ErrorKind::Unavailable, "password", message)
        })?;
        let mut salt = [0; SALT_LEN];
        ids.secret(&mut salt);
        let hashed = self.in_turn(place, move || hash(&password, salt)).await;
        hashed?.map_err(ServiceError::internal)
    }

    /// Whether the password is the one that was hashed; of nobody's hash it is not, after the same time.
    pub(super) async fn verify(
        &self,
        claimant: Claimant,
        hash: Option<String>,
        password: Secret,
    ) -> Result<Result<bool, TooMany>, ServiceError> {
        let place = match self.places.take(claimant) {
            Ok(place) => place,
            Err(refused) => return Ok(Err(refused)),
        };
        let verified = self.in_turn(place, move || {
            let is_right = is_of(hash.as_deref().unwrap_or(NOBODYS), &password);
            is_right && hash.is_some()
        });
        verified.await.map(Ok)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(ServiceError::internal)?;
        // Both end with the work: a call that is given up does not make room for another before.
        let work = tokio::task::spawn_blocking(move || {
            let _held = (turn, place);
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

    use futures_util::FutureExt;

    use super::*;
    use crate::RandomIds;

    fn somebody() -> Claimant {
        Claimant::Address(None.into())
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let passwords = Passwords::default();
        let right = Secret::new("correct horse");
        let hash = passwords
            .hash(somebody(), &RandomIds::default(), right.clone())
            .await
            .unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let of = async |hash: Option<&String>, password: &str| {
            let verified = passwords
                .verify(somebody(), hash.cloned(), Secret::new(password))
                .await;
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
            .hash(somebody(), &RandomIds::default(), Secret::new("right one"))
            .await
            .unwrap();
        let parameters =
            |hash: &str| -> Vec<_> { hash.split('$').take(4).map(str::to_owned).collect() };
        assert_eq!(parameters(NOBODYS), parameters(&hash));
        let time = async |hash: Option<String>| {
            let start = Instant::now();
            let verified = passwords
                .verify(somebody(), hash, Secret::new("wrong"))
                .await;
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
        let place = |number: u32| {
            let address = std::net::Ipv4Addr::from_bits(number);
            let claimant = Claimant::Address(Some(address.into()).into());
            passwords.places.take(claimant).unwrap()
        };
        let most = u32::try_from(AT_ONCE + MOST_WAITING).unwrap();
        let taken: Vec<_> = (0..most).map(place).collect();
        let refused = passwords.verify(somebody(), None, Secret::new("x")).await;
        assert_eq!(refused.unwrap(), Err(TooMany));
        let ids = RandomIds::default();
        let refused = passwords.hash(somebody(), &ids, Secret::new("x")).await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Unavailable);
        drop(taken);
        let verified = passwords.verify(somebody(), None, Secret::new("x")).await;
        assert_eq!(verified.unwrap(), Ok(false));
        passwords
            .hash(somebody(), &ids, Secret::new("x"))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn whoever_waits_holds_a_place_and_leaves_it_on_giving_up() {
        let passwords = Passwords::default();
        let turns = Arc::clone(&passwords.turns);
        let turns = turns.acquire_many_owned(2).await.unwrap();
        {
            let mut waiting: Vec<_> = (0..SHARE)
                .map(|_| Box::pin(passwords.verify(somebody(), None, Secret::new("x"))))
                .collect();
            for one in &mut waiting {
                assert!(one.now_or_never().is_none());
            }
            let refused = passwords.verify(somebody(), None, Secret::new("x")).await;
            assert_eq!(refused.unwrap(), Err(TooMany));
        }
        // Whoever gave up waiting has left its place.
        drop(turns);
        let verified = passwords.verify(somebody(), None, Secret::new("x")).await;
        assert_eq!(verified.unwrap(), Ok(false));
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
