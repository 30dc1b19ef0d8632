//! Making, listing and deleting libraries.

use std::collections::HashMap;

use reelgate_domain::dna::{Library, LibraryId};
use reelgate_domain::{AccountId, Timestamp};

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::account_key;
use super::super::sql::access::LOCK_ACCOUNT;
use super::super::sql::dna as sql;
use super::rows::{library, library_id, lock_of};
use crate::assets::Unread;
use crate::contract::CreateLibrary;
use crate::dna::model_code;

pub(super) async fn create(
    session: &Session,
    library: &Library,
    most: u32,
) -> Answer<CreateLibrary> {
    let account = account_key(library.account);
    session.holds(LOCK_ACCOUNT, &[&account]).await?;
    let count = session.one(sql::COUNT_LIBRARIES, &[&account]).await?;
    let count: i64 = count.map_or(0, |row| row.get(0));
    if count >= i64::from(most) {
        return Ok(CreateLibrary::Full);
    }
    let row: [Param<'_>; 6] = [
        &library.id.as_bytes().as_slice(),
        &account,
        &library.name.as_str(),
        &model_code(library.model),
        &library.description,
        &library.created_at.as_millis(),
    ];
    session.execute(sql::INSERT_LIBRARY, &row).await?;
    Ok(CreateLibrary::Created)
}

pub(super) async fn get_many(
    session: &Session,
    account: AccountId,
    ids: &[LibraryId],
) -> Answer<Vec<Library>> {
    let wanted: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
    let wanted: [Param<'_>; 2] = [&account_key(account), &wanted];
    let mut rows = HashMap::new();
    for row in session.all(sql::LIBRARIES, &wanted).await? {
        rows.insert(library_id(&row)?, row);
    }
    let mut unread = Unread::of("libraries");
    let mut found = Vec::new();
    for row in ids.iter().filter_map(|id| rows.remove(id)) {
        found.extend(unread.sift(library(&row))?);
    }
    Ok(unread.named(found)?)
}

pub(super) async fn of_account(session: &Session, account: AccountId) -> Answer<Vec<Library>> {
    let mut unread = Unread::of("libraries");
    let mut found = Vec::new();
    let owner = account_key(account);
    for row in &session.all(sql::ALL_LIBRARIES, &[&owner]).await? {
        found.extend(unread.sift(library(row))?);
    }
    unread.log();
    Ok(found)
}

pub(super) async fn delete(
    session: &Session,
    (account, id): (AccountId, LibraryId),
    forget: bool,
    now: Timestamp,
) -> Answer<bool> {
    if lock_of(session, (account, id)).await?.is_none() {
        return Ok(false);
    }
    let id = id.as_bytes().as_slice();
    session.execute(sql::EMPTY_LIBRARY, &[&id]).await?;
    if forget {
        let at: [Param<'_>; 2] = [&id, &now.as_millis()];
        session.execute(sql::FORGET_LIBRARY, &at).await?;
    }
    Ok(true)
}
