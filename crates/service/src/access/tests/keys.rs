//! Keys: whose they are, and that what happens to them holds for the next call.

use std::time::Duration;

use futures_util::FutureExt;
use reelgate_domain::AccountId;
use reelgate_store::Resealed;

use super::*;
use crate::access::{KeyKind, PrincipalKind};
use crate::{ErrorKind, ServiceError};

fn refusal<T>(outcome: Result<T, CredentialError>) -> String {
    outcome.map(drop).unwrap_err().to_string()
}

fn kind<T>(outcome: Result<T, ServiceError>) -> ErrorKind {
    outcome.map(drop).unwrap_err().kind
}

const DISABLED: &str = "the key is not active";
const UNKNOWN: &str = "there is no such key";

#[tokio::test]
async fn a_key_is_its_owners() {
    let house = House::new().await;
    let root = house.credential(&house.made.access_key_id).await.unwrap();
    assert_eq!(root.secret.expose(), house.made.access_key_secret);
    assert_eq!(
        root.principal.arn(),
        format!("acs:ram::{}:root", house.account)
    );
    assert!(!root.principal.operator && house.operator.operator);

    let ada = house.user("ada", &allow("mts:Query*")).await;
    let found = house.credential(&ada.view.id).await.unwrap();
    assert_eq!(found.secret.expose(), ada.secret.expose());
    assert_eq!(found.principal.kind, PrincipalKind::User(user_name("ada")));
    assert_eq!(
        found.principal.arn(),
        format!("acs:ram::{}:user/ada", house.account)
    );

    assert_eq!(refusal(house.credential("RGAKnobody").await), UNKNOWN);
    let nobody = house.service.api_key_caller("rgk_nobody").await.unwrap();
    assert!(nobody.is_none());
}

#[tokio::test]
async fn a_key_that_is_switched_off_deleted_or_replaced_is_refused_at_the_next_call() {
    let house = House::new().await;
    let (service, root) = (&house.service, house.root());
    let id = &*house.made.access_key_id;
    house.credential(id).await.unwrap();
    service.set_key_active(root, None, id, false).await.unwrap();
    assert_eq!(refusal(house.credential(id).await), DISABLED);
    service.set_key_active(root, None, id, true).await.unwrap();
    house.credential(id).await.unwrap();

    let new = service
        .rotate_key(root, None, id, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(
        house.caller(&new).await.principal.arn(),
        root.principal.arn()
    );
    house.clock.advance(Duration::from_secs(59));
    house.credential(id).await.unwrap();
    // Nothing is looked up between these two.
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(refusal(house.credential(id).await), DISABLED);

    service.delete_key(root, None, &new.view.id).await.unwrap();
    assert_eq!(refusal(house.credential(&new.view.id).await), UNKNOWN);
}

#[tokio::test]
async fn a_bearer_key_goes_the_same_ways() {
    let house = House::new().await;
    let (service, root) = (&house.service, house.root());
    let made = service
        .create_api_key(root, None, None, false)
        .await
        .unwrap();
    let caller = async |key: &NewKey| service.api_key_caller(key.secret.expose()).await.unwrap();
    let found = caller(&made).await.unwrap();
    assert!(!found.operator && found.principal.key_id == made.view.id);
    assert!(made.secret.expose().starts_with("rgk_") && made.view.id.starts_with("rgk-"));

    service
        .set_key_active(root, None, &made.view.id, false)
        .await
        .unwrap();
    assert!(caller(&made).await.is_none());
    service
        .set_key_active(root, None, &made.view.id, true)
        .await
        .unwrap();
    let new = service
        .rotate_key(root, None, &made.view.id, Duration::ZERO)
        .await
        .unwrap();
    assert!(caller(&made).await.is_none());
    assert!(caller(&new).await.is_some());
    service.delete_key(root, None, &new.view.id).await.unwrap();
    assert!(caller(&new).await.is_none());
    let ids: Vec<_> = service.keys(root, None).await.unwrap();
    assert!(ids.iter().all(|key| key.id != new.view.id));
    assert!(
        ids.iter()
            .any(|key| key.kind == KeyKind::Api && key.operator)
    );
}

#[tokio::test]
async fn the_keys_of_a_deleted_user_are_gone_at_the_next_call() {
    let house = House::new().await;
    let (service, root) = (&house.service, house.root());
    let ada = house.user("ada", &allow("*")).await;
    let name = user_name("ada");
    let bearer = service
        .create_api_key(root, None, Some(name.clone()), false)
        .await
        .unwrap();
    house.credential(&ada.view.id).await.unwrap();
    assert!(
        service
            .api_key_caller(bearer.secret.expose())
            .await
            .unwrap()
            .is_some()
    );
    service.delete_user(root, None, &name).await.unwrap();
    assert_eq!(refusal(house.credential(&ada.view.id).await), UNKNOWN);
    assert!(
        service
            .api_key_caller(bearer.secret.expose())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn users_get_hold_of_no_key_of_the_account_itself() {
    let house = House::new().await;
    let service = &house.service;
    let ada = house.user("ada", &allow("*")).await;
    let ada = house.caller(&ada).await;
    let root_key = &*house.made.access_key_id;
    assert_eq!(
        kind(service.create_access_key(&ada, None, None).await),
        ErrorKind::Denied
    );
    assert_eq!(
        kind(service.create_api_key(&ada, None, None, false).await),
        ErrorKind::Denied
    );
    let own = Some(user_name("ada"));
    assert_eq!(
        kind(service.create_api_key(&ada, None, own, true).await),
        ErrorKind::Denied
    );
    let rotated = service
        .rotate_key(&ada, None, root_key, Duration::ZERO)
        .await;
    assert_eq!(kind(rotated), ErrorKind::Denied);
    let disabled = service.set_key_active(&ada, None, root_key, false).await;
    assert_eq!(kind(disabled), ErrorKind::Denied);
    assert_eq!(
        kind(service.delete_key(&ada, None, root_key).await),
        ErrorKind::Denied
    );
    // An account's own key is no operator, and makes none.
    let root = house.root();
    let operator = service.keys(root, None).await.unwrap();
    let operator = operator.iter().find(|key| key.operator).unwrap();
    assert_eq!(
        kind(service.create_api_key(root, None, None, true).await),
        ErrorKind::Denied
    );
    assert_eq!(
        kind(service.delete_key(root, None, &operator.id).await),
        ErrorKind::Denied
    );
}

#[tokio::test]
async fn nobody_takes_away_the_key_they_call_with() {
    let house = House::new().await;
    let operator = &house.operator;
    let id = &operator.principal.key_id;
    let service = &house.service;
    let disabled = service.set_key_active(operator, None, id, false).await;
    assert_eq!(kind(disabled), ErrorKind::Conflict);
    assert_eq!(
        kind(service.delete_key(operator, None, id).await),
        ErrorKind::Conflict
    );
}

#[tokio::test]
async fn keys_of_another_account_do_not_exist() {
    let house = House::new().await;
    let stranger = Caller::root(AccountId::from_random(7));
    let id = &*house.made.access_key_id;
    let (service, there) = (&house.service, Some(house.account));
    let deleted = service.delete_key(&stranger, None, id).await;
    assert_eq!(kind(deleted), ErrorKind::NotFound);
    assert_eq!(
        kind(service.keys(&stranger, there).await),
        ErrorKind::NotFound
    );
    let made = service.create_access_key(&stranger, there, None).await;
    assert_eq!(kind(made), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_secret_that_was_stored_before_there_were_master_keys_is_sealed_at_the_start() {
    let house = House::new().await;
    let id = &*house.made.access_key_id;
    let sealed = house.store.access_key(id).await.unwrap().unwrap().sealed;
    let plain = [b"\0", house.made.access_key_secret.as_bytes()].concat();
    let older = Resealed {
        id: id.to_owned(),
        old: sealed,
        new: plain,
    };
    house.store.reseal(vec![older]).await.unwrap();
    assert!(!Service::needs_master_key(&*house.store).await.unwrap());

    let next = house.started_again();
    let unsealed = next.credential(id, None).await.unwrap();
    assert_eq!(unsealed.secret.expose(), house.made.access_key_secret);
    assert_eq!(next.unlock().await.unwrap(), 1);
    assert!(Service::needs_master_key(&*house.store).await.unwrap());
    assert_eq!(next.unlock().await.unwrap(), 0);
    let next = house.started_again();
    let found = next.credential(id, None).await.unwrap();
    assert_eq!(found.secret.expose(), house.made.access_key_secret);
}

#[tokio::test]
async fn a_change_holds_for_the_next_call_also_when_its_caller_does_not_wait() {
    let house = House::new().await;
    let (service, root) = (&house.service, house.root());
    let made = service.create_access_key(root, None, None).await.unwrap();
    let id = &*made.view.id;
    house.credential(id).await.unwrap();
    {
        let mut changing = std::pin::pin!(service.set_key_active(root, None, id, false));
        // Until the change is on its way.
        while house.store.access_key(id).await.unwrap().unwrap().active {
            if changing.as_mut().now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    // The key is dropped from memory right after the change; only looking tells when.
    while house.credential(id).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
