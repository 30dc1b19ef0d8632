//! Looking assets up, page by page too, changing and deleting them.

use std::collections::HashSet;

use reelgate_domain::asset::{Asset, AssetChange, AssetId};
use reelgate_domain::{AccountId, ObjectRef, Timestamp};
use rusqlite::{Connection, Params, Row, params};

use super::super::rows::{account_key, all, cell, execute, one};
use super::super::sql::assets as sql;
use super::super::writer::Tx;
use super::rows::{asset, replace};
use crate::assets::{AssetRange, Unread, as_stored};
use crate::contract::{AssetFilter, ChangeAsset, Result};
use crate::stored::storable;

pub(super) fn get_many(
    connection: &Connection,
    account: AccountId,
    ids: &[AssetId],
) -> Result<Vec<Asset>> {
    let account = account_key(account);
    let mut seen = HashSet::new();
    let ids = ids.iter().filter(|id| seen.insert(**id));
    named(ids.map(|id| get(connection, sql::ASSET, params![account, id.as_bytes()])))
}

pub(super) fn referred(
    connection: &Connection,
    account: AccountId,
    references: &[String],
) -> Result<Vec<Asset>> {
    let account = account_key(account);
    let mut seen = HashSet::new();
    let references = references.iter().map(|it| storable(it));
    let references = references.filter(|it| seen.insert(it.clone()));
    named(references.map(|it| get(connection, sql::ASSET_REFERRED, params![account, it])))
}

pub(super) fn of_file(
    connection: &Connection,
    account: AccountId,
    file: &ObjectRef,
) -> Result<Option<Asset>> {
    let (bucket, key) = (file.bucket.as_str(), file.key.as_str());
    let file = params![account_key(account), bucket, key];
    get(connection, sql::ASSET_OF_FILE, file)
}

fn get(connection: &Connection, statement: &str, key: impl Params) -> Result<Option<Asset>> {
    one(connection, statement, key, asset)
}

fn named(assets: impl Iterator<Item = Result<Option<Asset>>>) -> Result<Vec<Asset>> {
    let mut found = Vec::new();
    let mut unread = Unread::of("assets");
    for asset in assets {
        found.extend(unread.sift(asset)?.flatten());
    }
    unread.named(found)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &AssetFilter,
    limit: u32,
) -> Result<Vec<Asset>> {
    let most = limit as usize;
    let mut assets = Vec::new();
    let mut unread = Unread::of("assets");
    let mut rest = AssetRange::of(filter);
    // Once, unless some of what is found cannot be read: a page that is not full would say that there is
    // nothing after it.
    while let Some(range) = rest {
        let rows = page(connection, account, filter, (range, limit))?;
        rest = match rows.last() {
            Some((last, _)) if rows.len() == most => range.after(*last, filter.oldest_first),
            _ => None,
        };
        for (_, asset) in rows {
            if assets.len() < most {
                assets.extend(unread.sift(asset)?);
            }
        }
        if assets.len() >= most {
            break;
        }
    }
    unread.log();
    Ok(assets)
}

/// Assets by their ids, as far as they can be read.
type Page = Vec<([u8; 16], Result<Asset>)>;

fn page(
    connection: &Connection,
    account: AccountId,
    filter: &AssetFilter,
    (range, limit): (AssetRange, u32),
) -> Result<Page> {
    let (account, first, last) = (account_key(account), range.first(), range.last());
    let read = |row: &Row<'_>| Ok((row.get(1)?, asset(row)));
    let Some(category) = filter.category else {
        let statement = match filter.oldest_first {
            true => sql::LIST_OLDEST_ASSETS,
            false => sql::LIST_ASSETS,
        };
        return all(
            connection,
            statement,
            params![account, first, last, limit],
            read,
        );
    };
    let statement = match filter.oldest_first {
        true => sql::LIST_OLDEST_OF_CATEGORY,
        false => sql::LIST_CATEGORY,
    };
    let range = params![account, first, last, limit, category.cast_signed()];
    all(connection, statement, range, read)
}

pub(super) fn change(
    tx: &Tx<'_>,
    account: AccountId,
    id: AssetId,
    change: &AssetChange,
    now: Timestamp,
) -> Result<ChangeAsset> {
    let connection = tx.connection();
    let key = account_key(account);
    let Some(asset) = get(connection, sql::ASSET, params![key, id.as_bytes()])? else {
        return Ok(ChangeAsset::Missing);
    };
    let details = as_stored(&change.clone().applied_to(&asset.details));
    if let Some(reference) = &details.reference {
        let other = cell(connection, sql::ID_REFERRED, params![key, reference])?;
        if let Some(other) = other.map(AssetId::from_bytes).filter(|other| *other != id) {
            return Ok(ChangeAsset::ReferenceTaken(other));
        }
    }
    let asset = Asset {
        details,
        modified_at: now,
        ..asset
    };
    replace(connection, &asset)?;
    Ok(ChangeAsset::Changed(Box::new(asset)))
}

pub(super) fn delete(tx: &Tx<'_>, account: AccountId, id: AssetId) -> Result<bool> {
    let key = params![account_key(account), id.as_bytes()];
    Ok(execute(tx.connection(), sql::DELETE_ASSET, key)? > 0)
}
