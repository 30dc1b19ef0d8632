//! Key pairs and bearer keys.

use reelgate_domain::access::{AccessKey, ApiKey, Owner, UserName};
use reelgate_domain::{AccountId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::super::rows::{Cells, account_key, all, cell, execute, one};
use super::super::sql::access as sql;
use super::{accounts, users};
use crate::contract::{Create, Result, Rotate};

/// Whether whoever the key is for exists.
fn owner_exists(connection: &Connection, account: AccountId, owner: &Owner) -> Result<bool> {
    match owner {
        Owner::Account => accounts::exists(connection, account),
        Owner::User(name) => users::exists(connection, account, name),
    }
}

fn user(owner: &Owner) -> Option<&str> {
    match owner {
        Owner::Account => None,
        Owner::User(name) => Some(name.as_str()),
    }
}

fn owner(cells: &Cells<'_>, index: usize) -> Result<Owner> {
    let user: Option<UserName> = cells.maybe_word(index, "user")?;
    Ok(user.map_or(Owner::Account, Owner::User))
}

/// Switches one key of an account on or off; false if the account has no such key.
pub(super) fn switch(
    connection: &Connection,
    statement: &str,
    account: AccountId,
    id: &str,
    active: bool,
) -> Result<bool> {
    let key = params![account_key(account), id, active];
    Ok(execute(connection, statement, key)? == 1)
}

/// Deletes one key of an account; false if the account has no such key.
pub(super) fn delete(
    connection: &Connection,
    statement: &str,
    account: AccountId,
    id: &str,
) -> Result<bool> {
    Ok(execute(connection, statement, params![account_key(account), id])? == 1)
}

fn is_full(connection: &Connection, count: &str, account: AccountId, most: u32) -> Result<bool> {
    let count: Option<u32> = cell(connection, count, [account_key(account)])?;
    Ok(count >= Some(most))
}

pub(super) fn create_access_key(connection: &Connection, key: &AccessKey) -> Result<Create> {
    if !owner_exists(connection, key.account, &key.owner)? {
        return Ok(Create::OwnerMissing);
    }
    if is_full(
        connection,
        sql::COUNT_ACCESS_KEYS,
        key.account,
        AccessKey::MOST,
    )? {
        return Ok(Create::TooMany);
    }
    Ok(match insert_access_key(connection, key)? {
        true => Create::Created,
        false => Create::Taken,
    })
}

/// False if the id is taken.
pub(super) fn insert_access_key(connection: &Connection, key: &AccessKey) -> Result<bool> {
    let stored = execute(
        connection,
        sql::INSERT_ACCESS_KEY,
        params![
            key.id,
            account_key(key.account),
            user(&key.owner),
            key.sealed,
            key.active,
            key.expires_at.map(Timestamp::as_millis),
            key.created_at.as_millis(),
        ],
    )?;
    Ok(stored == 1)
}

pub(super) fn access_key(connection: &Connection, id: &str) -> Result<Option<AccessKey>> {
    one(connection, sql::ACCESS_KEY, [id], read_access_key)
}

pub(super) fn access_keys(connection: &Connection, account: AccountId) -> Result<Vec<AccessKey>> {
    all(
        connection,
        sql::ACCESS_KEYS,
        [account_key(account)],
        read_access_key,
    )
}

fn read_access_key(row: &Row<'_>) -> Result<AccessKey> {
    let id: String = row.get(0)?;
    let cells = Cells::of(row, "access_keys", &id);
    Ok(AccessKey {
        account: cells.account(1)?,
        owner: owner(&cells, 2)?,
        sealed: cells.get(3, "sealed")?,
        active: cells.get(4, "active")?,
        expires_at: cells.maybe_time(5, "expires_at")?,
        created_at: cells.time(6, "created_at")?,
        id,
    })
}

pub(super) fn rotate_access_key(
    connection: &Connection,
    account: AccountId,
    old: &str,
    new: &AccessKey,
    old_until: Timestamp,
) -> Result<Rotate> {
    let is_same = |it: AccessKey| it.account == account && it.owner == new.owner;
    let found = access_key(connection, old)?;
    if new.account != account || !found.is_some_and(is_same) {
        return Ok(Rotate::Missing);
    }
    let created = create_access_key(connection, new)?;
    if created == Create::Created {
        expire(connection, sql::EXPIRE_ACCESS_KEY, account, old, old_until)?;
    }
    Ok(rotated(created))
}

fn expire(
    connection: &Connection,
    statement: &str,
    account: AccountId,
    id: &str,
    until: Timestamp,
) -> Result<usize> {
    let key = params![account_key(account), id, until.as_millis()];
    execute(connection, statement, key)
}

fn rotated(created: Create) -> Rotate {
    match created {
        Create::Created => Rotate::Rotated,
        Create::Taken => Rotate::Taken,
        Create::OwnerMissing => Rotate::Missing,
        Create::TooMany => Rotate::TooMany,
    }
}

pub(super) fn create_api_key(connection: &Connection, key: &ApiKey) -> Result<Create> {
    if !owner_exists(connection, key.account, &key.owner)? {
        return Ok(Create::OwnerMissing);
    }
    if is_full(connection, sql::COUNT_API_KEYS, key.account, ApiKey::MOST)? {
        return Ok(Create::TooMany);
    }
    Ok(match insert_api_key(connection, key)? {
        true => Create::Created,
        false => Create::Taken,
    })
}

/// False if the id or the digest is taken.
pub(super) fn insert_api_key(connection: &Connection, key: &ApiKey) -> Result<bool> {
    let stored = execute(
        connection,
        sql::INSERT_API_KEY,
        params![
            key.id,
            key.digest,
            account_key(key.account),
            user(&key.owner),
            key.operator,
            key.active,
            key.expires_at.map(Timestamp::as_millis),
            key.created_at.as_millis(),
        ],
    )?;
    Ok(stored == 1)
}

pub(super) fn api_key(connection: &Connection, digest: &[u8; 32]) -> Result<Option<ApiKey>> {
    one(connection, sql::API_KEY, [digest], read_api_key)
}

pub(super) fn api_keys(connection: &Connection, account: AccountId) -> Result<Vec<ApiKey>> {
    all(
        connection,
        sql::API_KEYS,
        [account_key(account)],
        read_api_key,
    )
}

fn read_api_key(row: &Row<'_>) -> Result<ApiKey> {
    let id: String = row.get(0)?;
    let cells = Cells::of(row, "api_keys", &id);
    Ok(ApiKey {
        digest: cells.get(1, "digest")?,
        account: cells.account(2)?,
        owner: owner(&cells, 3)?,
        operator: cells.get(4, "operator")?,
        active: cells.get(5, "active")?,
        expires_at: cells.maybe_time(6, "expires_at")?,
        created_at: cells.time(7, "created_at")?,
        id,
    })
}

pub(super) fn rotate_api_key(
    connection: &Connection,
    account: AccountId,
    old: &str,
    new: &ApiKey,
    old_until: Timestamp,
) -> Result<Rotate> {
    let key = params![account_key(account), old];
    let found = one(connection, sql::API_KEY_BY_ID, key, read_api_key)?;
    let Some(found) = found.filter(|it| it.owner == new.owner && new.account == account) else {
        return Ok(Rotate::Missing);
    };
    let operator = new.operator && found.operator;
    let new = ApiKey {
        operator,
        ..new.clone()
    };
    let created = create_api_key(connection, &new)?;
    if created == Create::Created {
        expire(connection, sql::EXPIRE_API_KEY, account, old, old_until)?;
    }
    Ok(rotated(created))
}
