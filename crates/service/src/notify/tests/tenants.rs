//! What webhooks have to do with accounts and master keys.

use reelgate_domain::event::EventCursor;
use serde_json::Value;

use super::super::EventQuery;
use super::World;
use crate::{Caller, ErrorKind};

#[tokio::test]
async fn webhooks_of_another_account_do_not_exist() {
    let world = World::new().await;
    let (id, _) = world.webhook("/hook").await;
    let stranger = Caller::root(reelgate_testkit::account(7));
    let found = world.service.webhook(&stranger, id).await;
    assert_eq!(found.unwrap_err().kind, ErrorKind::NotFound);
    let deleted = world.service.delete_destination(&stranger, id).await;
    assert_eq!(deleted.unwrap_err().kind, ErrorKind::NotFound);
    assert!(world.service.webhooks(&stranger).await.unwrap().is_empty());
    world.submit().await;
    let query = EventQuery::default();
    let start = EventCursor::START;
    let theirs = world.service.events(&stranger, &query, start, 10).await;
    assert!(theirs.unwrap().events.is_empty());
    let own = world.service.events(&world.caller, &query, start, 10).await;
    assert_eq!(own.unwrap().events.len(), 1);
}

#[tokio::test]
async fn the_master_key_can_change_under_webhooks() {
    let world = World::new().await;
    let (_, secret) = world.webhook("/hook").await;
    let operator = world.caller.clone();
    let rotated = world.service.rotate_master_key(&operator).await.unwrap();
    assert!(rotated.resealed >= 2, "{rotated:?}");
    let node = world.node();
    world.submit().await;
    let got = world.receiver.wait_for("/hook", 1).await.remove(0);
    let seconds = got.headers["webhook-timestamp"].parse().unwrap();
    let signed = super::signature(&secret, got.id(), seconds, &got.body).unwrap();
    assert_eq!(got.headers["webhook-signature"], signed);
    node.stop().await;
    let _: Value = got.json();
}
