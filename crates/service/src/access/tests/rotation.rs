//! The master key is rotated, and the process may die at any step.

use super::*;
use crate::ErrorKind;

impl House {
    /// Whether a process that starts now reads every secret, before it has done anything about them and
    /// after.
    async fn reads_all(&self, keys: &[(String, String)]) {
        for unlocked in [false, true] {
            let started = self.started_again();
            if unlocked {
                started.unlock().await.unwrap();
            }
            for (id, secret) in keys {
                let found = started.credential(id, None).await.unwrap();
                assert_eq!(found.secret.expose(), secret);
            }
        }
    }

    /// Some keys, with their secrets.
    async fn some_keys(&self) -> Vec<(String, String)> {
        let first = (
            self.made.access_key_id.clone(),
            self.made.access_key_secret.clone(),
        );
        let mut keys = vec![first];
        for _ in 0..3 {
            let made = self
                .service
                .create_access_key(self.root(), None, None)
                .await
                .unwrap();
            keys.push((made.view.id, made.secret.expose().to_owned()));
        }
        keys
    }

    fn file_keys(&self) -> usize {
        let text = std::fs::read_to_string(key_file(self.dir.path())).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).count()
    }
}

#[tokio::test]
async fn every_secret_is_readable_after_each_step_of_a_rotation() {
    let house = House::new().await;
    let keys = house.some_keys().await;
    house.reads_all(&keys).await;

    let service = &house.service;
    service.add_master_key().unwrap();
    house.reads_all(&keys).await;

    // Between two pages: one secret is sealed anew, the others are not.
    let service = house.started_again();
    service.add_master_key().unwrap();
    let mut some = house.store.sealed_secrets(None, 2).await.unwrap();
    some.truncate(1);
    for secret in some {
        let resealed = service.sealed_anew(secret).unwrap().unwrap();
        assert_eq!(house.store.reseal(vec![resealed]).await.unwrap(), 1);
    }
    house.reads_all(&keys).await;

    let service = house.started_again();
    service.add_master_key().unwrap();
    assert_eq!(service.reseal_all().await.unwrap(), 4);
    house.reads_all(&keys).await;
    service.retire_older_master_keys().unwrap();
    house.reads_all(&keys).await;
    assert_eq!(house.file_keys(), 4);

    // Tokens are good for a day; then the older keys are gone.
    let service = house.started_again();
    house.clock.advance(hours(25));
    service.drop_retired_master_keys().await.unwrap();
    assert_eq!(house.file_keys(), 4);
    house.clock.advance(Duration::from_millis(1));
    service.drop_retired_master_keys().await.unwrap();
    assert_eq!(house.file_keys(), 1);
    house.reads_all(&keys).await;
}

#[tokio::test]
async fn a_rotation_goes_unnoticed_by_keys_and_sessions_under_way() {
    let house = House::new().await;
    let keys = house.some_keys().await;
    let temporary = house
        .service
        .temporary_key(house.root(), hours(24))
        .await
        .unwrap();
    for _ in 0..2 {
        let rotated = house
            .service
            .rotate_master_key(&house.operator)
            .await
            .unwrap();
        assert_eq!(rotated.resealed, 4);
        assert_eq!(rotated.older_until.since(house.clock.now()), hours(25));
    }
    assert_eq!(house.file_keys(), 3);
    house.session(&temporary).await.unwrap();
    house.clock.advance(hours(24) - Duration::from_millis(1));
    house.service.drop_retired_master_keys().await.unwrap();
    house.session(&temporary).await.unwrap();
    house.reads_all(&keys).await;
}

#[tokio::test]
async fn what_was_sealed_while_the_key_was_replaced_is_not_lost_with_it() {
    let house = House::new().await;
    let id = &*house.made.access_key_id;
    let old = house.store.access_key(id).await.unwrap().unwrap().sealed;
    house
        .service
        .rotate_master_key(&house.operator)
        .await
        .unwrap();
    // As if a slow writer had stored it only now.
    let new = house.store.access_key(id).await.unwrap().unwrap().sealed;
    let late = reelgate_store::Resealed {
        id: id.to_owned(),
        old: new,
        new: old,
    };
    house.store.reseal(vec![late]).await.unwrap();
    house.clock.advance(hours(26));
    house.service.drop_retired_master_keys().await.unwrap();
    assert_eq!(house.file_keys(), 1);
    let secret = house.made.access_key_secret.clone();
    house.reads_all(&[(id.to_owned(), secret)]).await;
}

#[tokio::test]
async fn a_start_without_the_key_that_is_needed_fails_and_says_what_to_do() {
    let house = House::new().await;
    let other = Keyring::passing(&RandomIds::default());
    let started = service(&house.store, &house.clock, house.dir.path(), other);
    let refused = started.unlock().await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert!(
        refused
            .to_string()
            .contains("bring back the master key file"),
        "{refused}"
    );
}

#[tokio::test]
async fn keys_from_the_environment_are_rotated_by_a_start_with_a_new_one_in_front() {
    const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=";
    let keyring = |text: &str| Keyring::from_text(text).unwrap();
    let house = House::with(tempfile::tempdir().unwrap(), keyring(OLD)).await;
    let refused = house
        .service
        .rotate_master_key(&house.operator)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    let start = |text: &str| service(&house.store, &house.clock, house.dir.path(), keyring(text));
    assert_eq!(start(&format!("{NEW},{OLD}")).unlock().await.unwrap(), 1);
    let alone = start(NEW);
    assert_eq!(alone.unlock().await.unwrap(), 0);
    let found = alone
        .credential(&house.made.access_key_id, None)
        .await
        .unwrap();
    assert_eq!(found.secret.expose(), house.made.access_key_secret);
}

#[tokio::test]
async fn a_damaged_secret_stops_no_other() {
    let house = House::new().await;
    let keys = house.some_keys().await;
    let mut damaged = house
        .store
        .access_key(&keys[0].0)
        .await
        .unwrap()
        .unwrap()
        .sealed;
    let old = damaged.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let id = keys[0].0.clone();
    let new = damaged;
    let damage = reelgate_store::Resealed { id, old, new };
    house.store.reseal(vec![damage]).await.unwrap();
    assert_eq!(
        house
            .service
            .rotate_master_key(&house.operator)
            .await
            .unwrap()
            .resealed,
        3
    );
    house.reads_all(&keys[1..]).await;
    let refused = house.started_again().credential(&keys[0].0, None).await;
    assert!(matches!(refused, Err(CredentialError::Failed(_))));
}

#[tokio::test]
async fn what_a_caller_who_went_away_left_of_a_rotation_is_finished() {
    let house = House::new().await;
    let keys = house.some_keys().await;
    let service = house.started_again();
    service.add_master_key().unwrap();
    service.finish_rotation().await.unwrap();
    assert_eq!(service.reseal_all().await.unwrap(), 0);
    house.clock.advance(hours(26));
    service.drop_retired_master_keys().await.unwrap();
    assert_eq!(house.file_keys(), 1);
    house.reads_all(&keys).await;
}
