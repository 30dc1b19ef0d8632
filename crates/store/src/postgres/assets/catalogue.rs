//! Looking assets up, page by page too, changing and deleting them.

use std::collections::HashMap;
use std::hash::Hash;

use reelgate_domain::asset::{Asset, AssetChange, AssetId};
use reelgate_domain::{AccountId, ObjectRef, Timestamp};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{Cells, account_key, storable};
use super::super::sql::access::LOCK_ACCOUNT;
use super::super::sql::assets as sql;
use super::rows::{asset, replace};
use crate::assets::{AssetRange, Unread, as_stored};
use crate::contract::{AssetFilter, ChangeAsset, Result};

pub(super) async fn get_many(
    session: &Session,
    account: AccountId,
    ids: &[AssetId],
) -> Answer<Vec<Asset>> {
    let wanted: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
    let wanted: [Param<'_>; 2] = [&account_key(account), &wanted];
    let rows = session.all(sql::ASSETS, &wanted).await?;
    Ok(in_order(&rows, ids.iter().copied(), |asset| {
        Some(asset.id)
    })?)
}

pub(super) async fn referred(
    session: &Session,
    account: AccountId,
    references: &[String],
) -> Answer<Vec<Asset>> {
    let references: Vec<String> = references
        .iter()
        .map(|it| storable(it).into_owned())
        .collect();
    let wanted: [Param<'_>; 2] = [&account_key(account), &references];
    let rows = session.all(sql::ASSETS_REFERRED, &wanted).await?;
    let named = |asset: &Asset| asset.details.reference.clone();
    Ok(in_order(&rows, references.iter().cloned(), named)?)
}

/// What was found, in the order in which it was asked for.
fn in_order<K: Eq + Hash>(
    rows: &[Row],
    wanted: impl Iterator<Item = K>,
    named: impl Fn(&Asset) -> Option<K>,
) -> Result<Vec<Asset>> {
    let mut found = HashMap::new();
    let mut unread = Unread::of("assets");
    for row in rows {
        if let Some(asset) = unread.sift(asset(row))?
            && let Some(name) = named(&asset)
        {
            found.insert(name, asset);
        }
    }
    unread.named(wanted.filter_map(|name| found.remove(&name)).collect())
}

pub(super) async fn of_file(
    session: &Session,
    account: AccountId,
    file: &ObjectRef,
) -> Answer<Option<Asset>> {
    let (bucket, key) = (file.bucket.as_str(), file.key.as_str());
    let file: [Param<'_>; 3] = [&account_key(account), &bucket, &key];
    let row = session.one(sql::ASSET_OF_FILE, &file).await?;
    Ok(row.as_ref().map(asset).transpose()?)
}

pub(super) async fn list(
    session: &Session,
    account: AccountId,
    filter: &AssetFilter,
    limit: u32,
) -> Answer<Vec<Asset>> {
    let most = limit as usize;
    let mut assets = Vec::new();
    let mut unread = Unread::of("assets");
    let mut rest = AssetRange::of(filter);
    // Once, unless some of what is found cannot be read: a page that is not full would say that there is
    // nothing after it.
    while let Some(range) = rest {
        let rows = page(session, account, filter, (range, limit)).await?;
        rest = match rows.last() {
            Some(last) if rows.len() == most => {
                let last = Cells::of(last, "assets", "?").bytes(1, "id")?;
                range.after(last, filter.oldest_first)
            }
            _ => None,
        };
        for row in &rows {
            if assets.len() < most {
                assets.extend(unread.sift(asset(row))?);
            }
        }
        if assets.len() >= most {
            break;
        }
    }
    unread.log();
    Ok(assets)
}

async fn page(
    session: &Session,
    account: AccountId,
    filter: &AssetFilter,
    (range, limit): (AssetRange, u32),
) -> Answer<Vec<Row>> {
    let (account, first, last) = (account_key(account), range.first(), range.last());
    let (first, last, limit) = (first.as_slice(), last.as_slice(), i64::from(limit));
    let Some(category) = filter.category else {
        let statement = match filter.oldest_first {
            true => sql::LIST_OLDEST_ASSETS,
            false => sql::LIST_ASSETS,
        };
        let range: [Param<'_>; 4] = [&account, &first, &last, &limit];
        return session.all(statement, &range).await;
    };
    let statement = match filter.oldest_first {
        true => sql::LIST_OLDEST_OF_CATEGORY,
        false => sql::LIST_CATEGORY,
    };
    let category = category.cast_signed();
    let range: [Param<'_>; 5] = [&account, &first, &last, &limit, &category];
    session.all(statement, &range).await
}

pub(super) async fn change(
    session: &Session,
    account: AccountId,
    id: AssetId,
    change: &AssetChange,
    now: Timestamp,
) -> Answer<ChangeAsset> {
    let key = account_key(account);
    session.holds(LOCK_ACCOUNT, &[&key]).await?;
    let by_id: [Param<'_>; 2] = [&key, &id.as_bytes().as_slice()];
    let Some(row) = session.one(sql::ASSET, &by_id).await? else {
        return Ok(ChangeAsset::Missing);
    };
    let asset = asset(&row)?;
    let details = as_stored(&change.clone().applied_to(&asset.details));
    if let Some(reference) = &details.reference {
        let other = session.one(sql::ID_REFERRED, &[&key, reference]).await?;
        let other = other.map(|row| Cells::of(&row, "assets", "?").bytes(0, "id"));
        let other = other.transpose()?.map(AssetId::from_bytes);
        if let Some(other) = other.filter(|other| *other != id) {
            return Ok(ChangeAsset::ReferenceTaken(other));
        }
    }
    let asset = Asset {
        details,
        modified_at: now,
        ..asset
    };
    replace(session, &asset).await?;
    Ok(ChangeAsset::Changed(Box::new(asset)))
}

pub(super) async fn delete(session: &Session, account: AccountId, id: AssetId) -> Answer<bool> {
    let key = account_key(account);
    session.holds(LOCK_ACCOUNT, &[&key]).await?;
    let by_id: [Param<'_>; 2] = [&key, &id.as_bytes().as_slice()];
    Ok(session.execute(sql::DELETE_ASSET, &by_id).await? > 0)
}
