//! Users, their passwords and their tokens.

use reelgate_domain::AccountId;
use reelgate_domain::access::{Grantee, Token, User, UserId, UserName};
use rusqlite::{Connection, Row, params};

use super::super::rows::{Cells, account_key, all, cell, execute, one};
use super::super::sql::access as sql;
use super::{accounts, holds, policies};
use crate::contract::{Create, Result};

pub(super) fn create(
    connection: &Connection,
    user: &User,
    password_hash: Option<&str>,
) -> Result<Create> {
    if !accounts::exists(connection, user.account)? {
        return Ok(Create::OwnerMissing);
    }
    let count: Option<u32> = cell(connection, sql::COUNT_USERS, [account_key(user.account)])?;
    if count >= Some(User::MOST) {
        return Ok(Create::TooMany);
    }
    Ok(match insert(connection, user, password_hash)? {
        true => Create::Created,
        false => Create::Taken,
    })
}

/// False if the name is taken.
pub(super) fn insert(
    connection: &Connection,
    user: &User,
    password_hash: Option<&str>,
) -> Result<bool> {
    let stored = execute(
        connection,
        sql::INSERT_USER,
        params![
            account_key(user.account),
            user.name.as_str(),
            user.id.as_bytes(),
            password_hash,
            user.created_at.as_millis(),
        ],
    )?;
    Ok(stored == 1)
}

pub(super) fn exists(connection: &Connection, account: AccountId, name: &UserName) -> Result<bool> {
    let key = params![account_key(account), name.as_str()];
    holds(connection, sql::USER_EXISTS, key)
}

pub(super) fn get(
    connection: &Connection,
    account: AccountId,
    name: &UserName,
) -> Result<Option<User>> {
    let key = params![account_key(account), name.as_str()];
    one(connection, sql::USER, key, read)
}

pub(super) fn list(connection: &Connection, account: AccountId) -> Result<Vec<User>> {
    all(connection, sql::USERS, [account_key(account)], read)
}

fn read(row: &Row<'_>) -> Result<User> {
    let cells = Cells::of(row, "users", row.get::<_, String>(1)?);
    Ok(User {
        account: cells.account(0)?,
        name: cells.word(1, "name")?,
        id: UserId::from_bytes(cells.get(2, "id")?),
        has_password: cells.get(3, "password")?,
        created_at: cells.time(4, "created_at")?,
    })
}

pub(super) fn password_hash(
    connection: &Connection,
    account: AccountId,
    name: &UserName,
) -> Result<Option<String>> {
    let key = params![account_key(account), name.as_str()];
    Ok(cell::<Option<String>>(connection, sql::PASSWORD, key)?.flatten())
}

pub(super) fn set_password(
    connection: &Connection,
    account: AccountId,
    name: &UserName,
    hash: Option<&str>,
) -> Result<bool> {
    let (account, name) = (account_key(account), name.as_str());
    let found = execute(connection, sql::SET_PASSWORD, params![account, name, hash])? == 1;
    if found {
        execute(connection, sql::DELETE_TOKENS_OF, params![account, name])?;
    }
    Ok(found)
}

pub(super) fn delete(connection: &Connection, account: AccountId, name: &UserName) -> Result<bool> {
    let key = params![account_key(account), name.as_str()];
    if execute(connection, sql::DELETE_USER, key)? == 0 {
        return Ok(false);
    }
    for theirs in [
        sql::DELETE_ACCESS_KEYS_OF,
        sql::DELETE_API_KEYS_OF,
        sql::DELETE_TOKENS_OF,
    ] {
        execute(connection, theirs, key)?;
    }
    policies::detach_all(connection, account, &Grantee::User(name.clone()))?;
    Ok(true)
}

pub(super) fn create_token(connection: &Connection, token: &Token) -> Result<bool> {
    if !exists(connection, token.account, &token.user)? {
        return Ok(false);
    }
    execute(
        connection,
        sql::INSERT_TOKEN,
        params![
            token.digest,
            account_key(token.account),
            token.user.as_str(),
            token.project.map(|project| project.to_string()),
            token.issued_at.as_millis(),
            token.expires_at.as_millis(),
        ],
    )?;
    Ok(true)
}

pub(super) fn token(connection: &Connection, digest: &[u8; 32]) -> Result<Option<Token>> {
    one(connection, sql::TOKEN, [digest], |row| {
        let cells = Cells::of(row, "tokens", "of a digest");
        Ok(Token {
            digest: cells.get(0, "digest")?,
            account: cells.account(1)?,
            user: cells.word(2, "user")?,
            project: cells.maybe_word(3, "project")?,
            issued_at: cells.time(4, "issued_at")?,
            expires_at: cells.time(5, "expires_at")?,
        })
    })
}
