//! Webhooks and the receivers of topics.

use reelgate_domain::AccountId;
use reelgate_domain::event::{Destination, DestinationId, EventCursor, Sealed, TopicName};

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{account_key, storable};
use super::super::sql;
use super::super::sql::events as events_sql;
use super::rows;
use crate::contract::{Create, DestinationChange};

pub(super) async fn create(session: &Session, new: &Destination) -> Answer<Create> {
    let account = account_key(new.account);
    // From here on nobody else adds to what the account has.
    if !session
        .holds(sql::access::LOCK_ACCOUNT, &[&account])
        .await?
    {
        return Ok(Create::OwnerMissing);
    }
    let count = session
        .one(events_sql::COUNT_DESTINATIONS, &[&account])
        .await?;
    let count: i64 = count.map_or(0, |row| row.get(0));
    if count >= i64::from(Destination::MOST) {
        return Ok(Create::TooMany);
    }
    let old = new.old_secret.as_ref();
    let row: [Param<'_>; 10] = [
        &new.id.as_bytes().as_slice(),
        &account,
        &new.topic.as_ref().map(TopicName::as_str),
        &storable(&new.url),
        &i64::from(new.names.bits()),
        &new.secret.id,
        &old.map(|(secret, _)| &*secret.id),
        &old.map(|(_, until)| until.as_millis()),
        &new.enabled,
        &new.created_at.as_millis(),
    ];
    if session
        .execute(events_sql::INSERT_DESTINATION, &row)
        .await?
        == 0
    {
        return Ok(Create::Taken);
    }
    keep(session, &new.secret).await?;
    if let Some((old, _)) = old {
        keep(session, old).await?;
    }
    Ok(Create::Created)
}

async fn keep(session: &Session, secret: &Sealed) -> Answer<()> {
    let row: [Param<'_>; 2] = [&secret.id, &secret.bytes];
    session
        .execute(events_sql::KEEP_SECRET, &row)
        .await
        .map(drop)
}

async fn list(
    session: &Session,
    query: &'static str,
    key: &[Param<'_>],
) -> Answer<Vec<rows::Known>> {
    let found = session.all(query, key).await?;
    Ok(found
        .iter()
        .map(rows::destination)
        .collect::<Result<_, _>>()?)
}

pub(super) async fn of_account(session: &Session, account: AccountId) -> Answer<Vec<Destination>> {
    let key = account_key(account);
    let known = list(session, events_sql::DESTINATIONS, &[&key]).await?;
    Ok(known.into_iter().map(|it| it.destination).collect())
}

pub(super) async fn listening(
    session: &Session,
    accounts: &[AccountId],
) -> Answer<Vec<(Destination, EventCursor)>> {
    let keys: Vec<i64> = accounts.iter().copied().map(account_key).collect();
    let known = list(session, events_sql::LISTENING, &[&keys]).await?;
    Ok(known
        .into_iter()
        .map(|it| (it.destination, it.since))
        .collect())
}

async fn known(
    session: &Session,
    query: &'static str,
    account: AccountId,
    id: DestinationId,
) -> Answer<Option<rows::Known>> {
    let key: [Param<'_>; 2] = [&account_key(account), &id.as_bytes().as_slice()];
    Ok(list(session, query, &key).await?.pop())
}

pub(super) async fn get(
    session: &Session,
    account: AccountId,
    id: DestinationId,
) -> Answer<Option<Destination>> {
    let found = known(session, events_sql::DESTINATION, account, id).await?;
    Ok(found.map(|it| it.destination))
}

pub(super) async fn topic(
    session: &Session,
    account: AccountId,
    name: &TopicName,
) -> Answer<Option<Destination>> {
    let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
    let found = list(session, events_sql::TOPIC, &key).await?.pop();
    Ok(found.map(|it| it.destination))
}

pub(super) async fn change(
    session: &Session,
    account: AccountId,
    id: DestinationId,
    change: &DestinationChange,
) -> Answer<Option<Destination>> {
    let locked = known(session, events_sql::LOCK_DESTINATION, account, id).await?;
    let Some(rows::Known {
        key, destination, ..
    }) = locked
    else {
        return Ok(None);
    };
    let row: [Param<'_>; 4] = [
        &key,
        &change.url.as_deref().map(storable),
        &change.names.map(|names| i64::from(names.bits())),
        &change.enabled,
    ];
    session.execute(events_sql::SET_DESTINATION, &row).await?;
    if let Some((secret, until)) = &change.secret {
        keep(session, secret).await?;
        let row: [Param<'_>; 3] = [&key, &secret.id, &until.as_millis()];
        session
            .execute(events_sql::SET_DESTINATION_SECRET, &row)
            .await?;
        if let Some((older, _)) = destination.old_secret {
            session
                .execute(events_sql::DELETE_SECRET, &[&older.id])
                .await?;
        }
    }
    get(session, account, id).await
}

pub(super) async fn delete(
    session: &Session,
    account: AccountId,
    id: DestinationId,
) -> Answer<bool> {
    let locked = known(session, events_sql::LOCK_DESTINATION, account, id).await?;
    let Some(found) = locked else {
        return Ok(false);
    };
    session
        .execute(events_sql::DELETE_DESTINATION, &[&found.key])
        .await?;
    let old = found.destination.old_secret.map(|(secret, _)| secret);
    for secret in [Some(found.destination.secret), old].into_iter().flatten() {
        session
            .execute(events_sql::DELETE_SECRET, &[&secret.id])
            .await?;
    }
    Ok(true)
}
