//! From rows to assets and back, and the jobs that belong to them.

use reelgate_domain::asset::{Asset, AssetId};
use reelgate_domain::{JobId, ObjectRef};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::Cells;
use super::super::sql::assets as sql;
use crate::assets::{AssetHead, AssetRow};
use crate::contract::Result;

pub(super) async fn insert(session: &Session, rows: &[&AssetRow]) -> Answer<()> {
    let column = |of: fn(&AssetRow) -> i64| rows.iter().map(|row| of(row)).collect::<Vec<i64>>();
    let text = |of: fn(&AssetRow) -> &str| rows.iter().map(|row| of(row)).collect::<Vec<&str>>();
    let ids: Vec<&[u8]> = rows.iter().map(|row| row.id.as_slice()).collect();
    let categories: Vec<Option<i64>> = rows.iter().map(|row| row.category).collect();
    let references = rows.iter().map(|row| row.reference.as_deref());
    let references: Vec<Option<&str>> = references.collect();
    let columns: [Param<'_>; 9] = [
        &column(|row| row.account),
        &ids,
        &text(|row| &row.bucket),
        &text(|row| &row.key),
        &categories,
        &references,
        &column(|row| row.created_at),
        &column(|row| row.modified_at),
        &text(|row| &row.body),
    ];
    session.execute(sql::INSERT_ASSETS, &columns).await?;
    Ok(())
}

pub(super) async fn replace(session: &Session, asset: &Asset) -> Answer<()> {
    let row = AssetRow::encode(asset)?;
    let row: [Param<'_>; 6] = [
        &row.account,
        &row.id.as_slice(),
        &row.category,
        &row.reference,
        &row.modified_at,
        &row.body,
    ];
    session.execute(sql::SET_ASSET, &row).await?;
    Ok(())
}

/// Reads `asset_query!`.
pub(super) fn asset(row: &Row) -> Result<Asset> {
    let id = AssetId::from_bytes(Cells::of(row, "assets", "?").bytes(1, "id")?);
    let cells = Cells::of(row, "assets", id);
    let head = AssetHead {
        account: cells.account(0)?,
        id,
        file: ObjectRef {
            bucket: cells.word(2, "bucket")?,
            key: cells.word(3, "key")?,
        },
        created_at: cells.time(4, "created_at")?,
        modified_at: cells.time(5, "modified_at")?,
    };
    head.with(cells.get(6, "body")?)
}

/// Two ids.
pub(super) fn pair(row: &Row) -> Result<([u8; 16], JobId)> {
    let cells = Cells::of(row, "asset_jobs", "?");
    Ok((
        cells.bytes(0, "asset")?,
        JobId::from_bytes(cells.bytes(1, "job")?),
    ))
}
