//! Key pairs and bearer keys.

use reelgate_domain::access::{AccessKey, ApiKey, Owner, UserName};
use reelgate_domain::{AccountId, Timestamp};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{Cells, account_key};
use super::super::sql::access as sql;
use super::{count, list, one, users};
use crate::contract::{Create, Result, Rotate};

/// Whether whoever the key is for exists. From here on nobody else changes what the account has.
async fn owner_exists(session: &Session, account: AccountId, owner: &Owner) -> Answer<bool> {
    if !super::lock(session, account).await? {
        return Ok(false);
    }
    match owner {
        Owner::Account => Ok(true),
        Owner::User(name) => users::exists(session, account, name).await,
    }
}

fn user(owner: &Owner) -> Option<&str> {
    match owner {
        Owner::Account => None,
        Owner::User(name) => Some(name.as_str()),
    }
}

fn owner(cells: &Cells<'_>, index: usize) -> Result<Owner> {
    let user: Option<UserName> = cells.maybe_word(index, "user_name")?;
    Ok(user.map_or(Owner::Account, Owner::User))
}

/// Switches one key of an account on or off; false if the account has no such key.
pub(super) async fn switch(
    session: &Session,
    statement: &'static str,
    account: AccountId,
    id: &str,
    active: bool,
) -> Answer<bool> {
    let key: [Param<'_>; 3] = [&account_key(account), &id, &active];
    Ok(session.execute(statement, &key).await? == 1)
}

/// Deletes one key of an account; false if the account has no such key.
pub(super) async fn delete(
    session: &Session,
    statement: &'static str,
    account: AccountId,
    id: &str,
) -> Answer<bool> {
    let key: [Param<'_>; 2] = [&account_key(account), &id];
    Ok(session.execute(statement, &key).await? == 1)
}

pub(super) async fn create_access_key(session: &Session, key: &AccessKey) -> Answer<Create> {
    if !owner_exists(session, key.account, &key.owner).await? {
        return Ok(Create::OwnerMissing);
    }
    let account = account_key(key.account);
    if count(session, sql::COUNT_ACCESS_KEYS, &[&account]).await? >= AccessKey::MOST {
        return Ok(Create::TooMany);
    }
    Ok(match insert_access_key(session, key).await? {
        true => Create::Created,
        false => Create::Taken,
    })
}

/// False if the id is taken.
pub(super) async fn insert_access_key(session: &Session, key: &AccessKey) -> Answer<bool> {
    let stored: [Param<'_>; 7] = [
        &key.id,
        &account_key(key.account),
        &user(&key.owner),
        &key.sealed,
        &key.active,
        &key.expires_at.map(Timestamp::as_millis),
        &key.created_at.as_millis(),
    ];
    Ok(session.execute(sql::INSERT_ACCESS_KEY, &stored).await? == 1)
}

pub(super) async fn access_key(session: &Session, id: &str) -> Answer<Option<AccessKey>> {
    one(session, sql::ACCESS_KEY, &[&id], read_access_key).await
}

pub(super) async fn access_keys(session: &Session, account: AccountId) -> Answer<Vec<AccessKey>> {
    let key = account_key(account);
    list(session, sql::ACCESS_KEYS, &[&key], read_access_key).await
}

fn read_access_key(row: &Row) -> Result<AccessKey> {
    let id: String = row.get(0);
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

pub(super) async fn rotate_access_key(
    session: &Session,
    account: AccountId,
    old: &str,
    new: &AccessKey,
    old_until: Timestamp,
) -> Answer<Rotate> {
    // Before it is looked at, so that it is still there afterwards.
    super::lock(session, account).await?;
    let is_same = |it: AccessKey| it.account == account && it.owner == new.owner;
    let found = access_key(session, old).await?;
    if new.account != account || !found.is_some_and(is_same) {
        return Ok(Rotate::Missing);
    }
    let created = create_access_key(session, new).await?;
    if created == Create::Created {
        expire(session, sql::EXPIRE_ACCESS_KEY, account, old, old_until).await?;
    }
    Ok(rotated(created))
}

async fn expire(
    session: &Session,
    statement: &'static str,
    account: AccountId,
    id: &str,
    until: Timestamp,
) -> Answer<u64> {
    let key: [Param<'_>; 3] = [&account_key(account), &id, &until.as_millis()];
    session.execute(statement, &key).await
}

fn rotated(created: Create) -> Rotate {
    match created {
        Create::Created => Rotate::Rotated,
        Create::Taken => Rotate::Taken,
        Create::OwnerMissing => Rotate::Missing,
        Create::TooMany => Rotate::TooMany,
    }
}

pub(super) async fn create_api_key(session: &Session, key: &ApiKey) -> Answer<Create> {
    if !owner_exists(session, key.account, &key.owner).await? {
        return Ok(Create::OwnerMissing);
    }
    let account = account_key(key.account);
    if count(session, sql::COUNT_API_KEYS, &[&account]).await? >= ApiKey::MOST {
        return Ok(Create::TooMany);
    }
    Ok(match insert_api_key(session, key).await? {
        true => Create::Created,
        false => Create::Taken,
    })
}

/// False if the id or the digest is taken.
pub(super) async fn insert_api_key(session: &Session, key: &ApiKey) -> Answer<bool> {
    let stored: [Param<'_>; 8] = [
        &key.id,
        &&key.digest[..],
        &account_key(key.account),
        &user(&key.owner),
        &key.operator,
        &key.active,
        &key.expires_at.map(Timestamp::as_millis),
        &key.created_at.as_millis(),
    ];
    Ok(session.execute(sql::INSERT_API_KEY, &stored).await? == 1)
}

pub(super) async fn api_key(session: &Session, digest: &[u8; 32]) -> Answer<Option<ApiKey>> {
    one(session, sql::API_KEY, &[&&digest[..]], read_api_key).await
}

pub(super) async fn api_keys(session: &Session, account: AccountId) -> Answer<Vec<ApiKey>> {
    let key = account_key(account);
    list(session, sql::API_KEYS, &[&key], read_api_key).await
}

fn read_api_key(row: &Row) -> Result<ApiKey> {
    let id: String = row.get(0);
    let cells = Cells::of(row, "api_keys", &id);
    Ok(ApiKey {
        digest: cells.bytes(1, "digest")?,
        account: cells.account(2)?,
        owner: owner(&cells, 3)?,
        operator: cells.get(4, "operator")?,
        active: cells.get(5, "active")?,
        expires_at: cells.maybe_time(6, "expires_at")?,
        created_at: cells.time(7, "created_at")?,
        id,
    })
}

pub(super) async fn rotate_api_key(
    session: &Session,
    account: AccountId,
    old: &str,
    new: &ApiKey,
    old_until: Timestamp,
) -> Answer<Rotate> {
    super::lock(session, account).await?;
    let key: [Param<'_>; 2] = [&account_key(account), &old];
    let found = one(session, sql::API_KEY_BY_ID, &key, read_api_key).await?;
    let Some(found) = found.filter(|it| it.owner == new.owner && new.account == account) else {
        return Ok(Rotate::Missing);
    };
    let operator = new.operator && found.operator;
    let new = ApiKey {
        operator,
        ..new.clone()
    };
    let created = create_api_key(session, &new).await?;
    if created == Create::Created {
        expire(session, sql::EXPIRE_API_KEY, account, old, old_until).await?;
    }
    Ok(rotated(created))
}
