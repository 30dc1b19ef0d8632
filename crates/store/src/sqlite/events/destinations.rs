//! Webhooks and the receivers of topics.

use reelgate_domain::AccountId;
use reelgate_domain::event::{Destination, DestinationId, EventCursor, Sealed, TopicName};
use rusqlite::{Connection, params};

use super::super::rows::{account_key, all, cell, execute, one};
use super::super::sql;
use super::super::sql::events as events_sql;
use super::{log, rows};
use crate::contract::{Create, DestinationChange, Result};

pub(super) fn create(connection: &Connection, new: &Destination) -> Result<Create> {
    let account = account_key(new.account);
    if cell::<bool>(connection, sql::access::ACCOUNT_EXISTS, [account])? != Some(true) {
        return Ok(Create::OwnerMissing);
    }
    let count: Option<u32> = cell(connection, events_sql::COUNT_DESTINATIONS, [account])?;
    if count >= Some(Destination::MOST) {
        return Ok(Create::TooMany);
    }
    let stored = execute(
        connection,
        events_sql::INSERT_DESTINATION,
        params![
            new.id.as_bytes(),
            account,
            new.topic.as_ref().map(TopicName::as_str),
            new.url,
            new.names.bits(),
            new.secret.id,
            new.old_secret.as_ref().map(|(secret, _)| &secret.id),
            new.old_secret.as_ref().map(|(_, until)| until.as_millis()),
            new.enabled,
            log::position(log::newest(connection)?),
            new.created_at.as_millis(),
        ],
    )?;
    if stored == 0 {
        return Ok(Create::Taken);
    }
    keep(connection, &new.secret)?;
    if let Some((old, _)) = &new.old_secret {
        keep(connection, old)?;
    }
    Ok(Create::Created)
}

fn keep(connection: &Connection, secret: &Sealed) -> Result<()> {
    let row = params![secret.id, secret.bytes];
    execute(connection, sql::INSERT_SECRET, row).map(drop)
}

pub(super) fn of_account(connection: &Connection, account: AccountId) -> Result<Vec<Destination>> {
    let key = [account_key(account)];
    all(connection, events_sql::DESTINATIONS, key, |row| {
        Ok(rows::destination(row)?.destination)
    })
}

pub(super) fn listening(
    connection: &Connection,
    accounts: &[AccountId],
) -> Result<Vec<(Destination, EventCursor)>> {
    let mut found = Vec::new();
    for account in accounts {
        let key = [account_key(*account)];
        let known = all(connection, events_sql::DESTINATIONS, key, rows::destination)?;
        let enabled = known.into_iter().filter(|it| it.destination.enabled);
        found.extend(enabled.map(|it| (it.destination, it.since)));
    }
    Ok(found)
}

pub(super) fn get(
    connection: &Connection,
    account: AccountId,
    id: DestinationId,
) -> Result<Option<Destination>> {
    Ok(known(connection, account, id)?.map(|it| it.destination))
}

fn known(
    connection: &Connection,
    account: AccountId,
    id: DestinationId,
) -> Result<Option<rows::Known>> {
    let key = params![account_key(account), id.as_bytes()];
    one(connection, events_sql::DESTINATION, key, rows::destination)
}

pub(super) fn topic(
    connection: &Connection,
    account: AccountId,
    name: &TopicName,
) -> Result<Option<Destination>> {
    let key = params![account_key(account), name.as_str()];
    let found = one(connection, events_sql::TOPIC, key, rows::destination)?;
    Ok(found.map(|it| it.destination))
}

pub(super) fn change(
    connection: &Connection,
    account: AccountId,
    id: DestinationId,
    change: &DestinationChange,
) -> Result<Option<Destination>> {
    let Some(rows::Known {
        key, destination, ..
    }) = known(connection, account, id)?
    else {
        return Ok(None);
    };
    let names = change.names.map(|names| names.bits());
    let row = params![key, change.url, names, change.enabled];
    execute(connection, events_sql::SET_DESTINATION, row)?;
    if let Some((secret, until)) = &change.secret {
        keep(connection, secret)?;
        let row = params![key, secret.id, until.as_millis()];
        execute(connection, events_sql::SET_DESTINATION_SECRET, row)?;
        if let Some((older, _)) = destination.old_secret {
            execute(connection, events_sql::DELETE_SECRET, [older.id])?;
        }
    }
    get(connection, account, id)
}

pub(super) fn delete(
    connection: &Connection,
    account: AccountId,
    id: DestinationId,
) -> Result<bool> {
    let Some(found) = known(connection, account, id)? else {
        return Ok(false);
    };
    execute(connection, events_sql::DELETE_DESTINATION, [found.key])?;
    let old = found.destination.old_secret.map(|(secret, _)| secret);
    for secret in [Some(found.destination.secret), old].into_iter().flatten() {
        execute(connection, events_sql::DELETE_SECRET, [secret.id])?;
    }
    Ok(true)
}
