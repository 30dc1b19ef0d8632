//! Users, their passwords and their tokens.

use reelgate_domain::AccountId;
use reelgate_domain::access::{Grantee, Token, User, UserId, UserName};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{Cells, account_key};
use super::super::sql::access as sql;
use super::{count, policies};
use crate::contract::{Create, Result};

pub(super) async fn create(
    session: &Session,
    user: &User,
    password_hash: Option<&str>,
) -> Answer<Create> {
    if !super::lock(session, user.account).await? {
        return Ok(Create::OwnerMissing);
    }
    let account = account_key(user.account);
    if count(session, sql::COUNT_USERS, &[&account]).await? >= User::MOST {
        return Ok(Create::TooMany);
    }
    Ok(match insert(session, user, password_hash).await? {
        true => Create::Created,
        false => Create::Taken,
    })
}

/// False if the name is taken.
pub(super) async fn insert(
    session: &Session,
    user: &User,
    password_hash: Option<&str>,
) -> Answer<bool> {
    let stored: [Param<'_>; 5] = [
        &account_key(user.account),
        &user.name.as_str(),
        &&user.id.as_bytes()[..],
        &password_hash,
        &user.created_at.as_millis(),
    ];
    Ok(session.execute(sql::INSERT_USER, &stored).await? == 1)
}

pub(super) async fn exists(session: &Session, account: AccountId, name: &UserName) -> Answer<bool> {
    let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
    session.holds(sql::USER_EXISTS, &key).await
}

pub(super) async fn get(
    session: &Session,
    account: AccountId,
    name: &UserName,
) -> Answer<Option<User>> {
    let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
    super::one(session, sql::USER, &key, read).await
}

pub(super) async fn list(session: &Session, account: AccountId) -> Answer<Vec<User>> {
    super::list(session, sql::USERS, &[&account_key(account)], read).await
}

fn read(row: &Row) -> Result<User> {
    let cells = Cells::of(row, "users", row.get::<_, &str>(1));
    Ok(User {
        account: cells.account(0)?,
        name: cells.word(1, "name")?,
        id: UserId::from_bytes(cells.bytes(2, "id")?),
        has_password: cells.get(3, "password")?,
        created_at: cells.time(4, "created_at")?,
    })
}

pub(super) async fn password_hash(
    session: &Session,
    account: AccountId,
    name: &UserName,
) -> Answer<Option<String>> {
    let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
    let row = session.one(sql::PASSWORD, &key).await?;
    Ok(row.and_then(|row| row.get(0)))
}

pub(super) async fn set_password(
    session: &Session,
    account: AccountId,
    name: &UserName,
    hash: Option<&str>,
) -> Answer<bool> {
    super::lock(session, account).await?;
    let (account, name) = (account_key(account), name.as_str());
    let set: [Param<'_>; 3] = [&account, &name, &hash];
    let found = session.execute(sql::SET_PASSWORD, &set).await? == 1;
    if found {
        let theirs: [Param<'_>; 2] = [&account, &name];
        session.execute(sql::DELETE_TOKENS_OF, &theirs).await?;
    }
    Ok(found)
}

pub(super) async fn delete(session: &Session, account: AccountId, name: &UserName) -> Answer<bool> {
    super::lock(session, account).await?;
    let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
    if session.execute(sql::DELETE_USER, &key).await? == 0 {
        return Ok(false);
    }
    for theirs in [
        sql::DELETE_ACCESS_KEYS_OF,
        sql::DELETE_API_KEYS_OF,
        sql::DELETE_TOKENS_OF,
    ] {
        session.execute(theirs, &key).await?;
    }
    policies::detach_all(session, account, &Grantee::User(name.clone())).await?;
    Ok(true)
}

pub(super) async fn create_token(session: &Session, token: &Token) -> Answer<bool> {
    super::lock(session, token.account).await?;
    if !exists(session, token.account, &token.user).await? {
        return Ok(false);
    }
    let stored: [Param<'_>; 6] = [
        &&token.digest[..],
        &account_key(token.account),
        &token.user.as_str(),
        &token.project.map(|project| project.to_string()),
        &token.issued_at.as_millis(),
        &token.expires_at.as_millis(),
    ];
    session.execute(sql::INSERT_TOKEN, &stored).await?;
    Ok(true)
}

pub(super) async fn token(session: &Session, digest: &[u8; 32]) -> Answer<Option<Token>> {
    super::one(session, sql::TOKEN, &[&&digest[..]], |row| {
        let cells = Cells::of(row, "tokens", "of a digest");
        Ok(Token {
            digest: cells.bytes(0, "digest")?,
            account: cells.account(1)?,
            user: cells.word(2, "user_name")?,
            project: cells.maybe_word(3, "project")?,
            issued_at: cells.time(4, "issued_at")?,
            expires_at: cells.time(5, "expires_at")?,
        })
    })
    .await
}
