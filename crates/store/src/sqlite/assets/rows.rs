//! From rows to assets and back, and the jobs that belong to them.

use reelgate_domain::asset::{Asset, AssetId};
use reelgate_domain::{JobId, ObjectRef};
use rusqlite::{Connection, Row, params};

use super::super::rows::{Cells, execute};
use super::super::sql::assets as sql;
use crate::assets::{AssetHead, AssetRow};
use crate::contract::Result;

pub(super) fn insert(connection: &Connection, row: &AssetRow) -> Result<()> {
    let row = params![
        row.account,
        row.id,
        row.bucket,
        row.key,
        row.category,
        row.reference,
        row.created_at,
        row.modified_at,
        row.body,
    ];
    execute(connection, sql::INSERT_ASSET, row).map(drop)
}

pub(super) fn replace(connection: &Connection, asset: &Asset) -> Result<()> {
    let row = AssetRow::encode(asset)?;
    let row = params![
        row.account,
        row.id,
        row.category,
        row.reference,
        row.modified_at,
        row.body,
    ];
    execute(connection, sql::SET_ASSET, row).map(drop)
}

/// Reads `asset_query!`.
pub(super) fn asset(row: &Row<'_>) -> Result<Asset> {
    let id = AssetId::from_bytes(Cells::of(row, "assets", "?").get(1, "id")?);
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
    head.with(&cells.get::<String>(6, "body")?)
}

/// Two ids.
pub(super) fn pair(row: &Row<'_>) -> Result<([u8; 16], JobId)> {
    Ok((row.get(0)?, JobId::from_bytes(row.get(1)?)))
}
