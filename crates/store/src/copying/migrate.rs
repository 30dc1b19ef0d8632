//! Moving a store to another engine.
//!
//! Rows are written in the order of their keys, a page in one transaction, so what a target holds says
//! how far an earlier run came: it goes on behind the last key of each table. At the end both stores are
//! read whole and compared.

use async_trait::async_trait;

use super::restore::{compare, sums_of};
use super::{CopyError, Progress, Result, Source, Sum, Sums, Table, Target, Tell, Value};

/// What a migration has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    pub sums: Sums,
    /// Rows that an earlier run had brought.
    pub resumed: u64,
}

/// A store into which another one is moved.
#[async_trait]
pub(crate) trait MigrationTarget: Target {
    /// Which store is being moved into this one by a run that has not ended, if any is.
    async fn unfinished(&mut self) -> Result<Option<Sum>>;

    /// Notes that this store is being moved here; nobody may use the target until that has ended.
    async fn begin(&mut self, identity: Sum) -> Result<()>;

    /// Whether a table has no rows but those that the schema itself makes.
    async fn is_empty(&mut self, table: &Table) -> Result<bool>;

    /// The key of the last row.
    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>>;

    /// Makes everything follow that rows alone do not say, such as which numbers come next, and lets the
    /// target be used: both or neither, because what is changed here would not compare any more.
    async fn end(&mut self) -> Result<()>;
}

/// What is told apart by: the accounts of a store have random numbers.
const IDENTITY: &str = "accounts";

/// What engines store each in their own way, and what only lasts for minutes.
const NOT_MOVED: [&str; 2] = ["nonces", "restored"];

/// Moves all that a store holds to an empty one, or goes on with that. Nobody may use either meanwhile.
pub(crate) async fn migrate_into(
    source: &mut dyn Source,
    target: &mut dyn MigrationTarget,
    tell: Tell<'_>,
) -> Result<Migration> {
    let (sources, targets) = (moved(source.tables()), moved(target.tables().await?));
    if let Some(other) = differing(&sources, &targets) {
        let why = format!("the two stores have different tables {other}: use one release for both");
        return Err(CopyError::Refused(why));
    }
    let accounts = sources.iter().find(|table| table.name == IDENTITY);
    let accounts =
        accounts.ok_or_else(|| CopyError::Refused("there are no accounts".to_owned()))?;
    let identity = sum_of(source, accounts).await?;
    match target.unfinished().await? {
        Some(begun) if begun == identity => {}
        Some(_) => {
            let why = "another store is being moved to the target, or the accounts of this one have changed \
                       since: finish that, or empty the target";
            return Err(CopyError::Refused(why.to_owned()));
        }
        None => {
            for table in &targets {
                if !target.is_empty(table).await? {
                    let why = format!("the target is not empty: its table {} has rows", table.name);
                    return Err(CopyError::Refused(why));
                }
            }
            target.begin(identity).await?;
        }
    }
    let mut resumed = 0;
    for table in &sources {
        let mut after = target.last_key(table).await?;
        let mut rows_here = 0;
        if after.is_some() {
            let here = count(target, table).await?;
            resumed += here;
            rows_here = here;
        }
        loop {
            let rows = source.rows(table, after.as_deref(), table.page()).await?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key_of(last));
            target.put(table, &rows).await?;
            rows_here += rows.len() as u64;
            tell(Progress {
                table: table.name.clone(),
                rows: rows_here,
                is_check: false,
            });
        }
    }
    let mut wanted = Sums::default();
    for table in &sources {
        let mut after = None;
        loop {
            let rows = source.rows(table, after.as_deref(), table.page()).await?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key_of(last));
            wanted.add(table, &rows);
        }
    }
    let found = sums_of(target, &sources, tell).await?;
    compare(&sources, &wanted, &found)?;
    target.end().await?;
    Ok(Migration {
        sums: wanted,
        resumed,
    })
}

fn moved(tables: Vec<Table>) -> Vec<Table> {
    let moved = tables.into_iter();
    moved
        .filter(|table| !NOT_MOVED.contains(&table.name.as_str()))
        .collect()
}

/// The first table that only one of them has, or has with other columns.
fn differing(some: &[Table], others: &[Table]) -> Option<String> {
    let alone = |these: &[Table], those: &[Table]| {
        let found = these.iter().find(|table| !those.contains(table));
        found.map(|table| table.name.clone())
    };
    alone(some, others).or_else(|| alone(others, some))
}

async fn sum_of(source: &mut dyn Source, table: &Table) -> Result<Sum> {
    let (mut sums, mut after) = (Sums::default(), None);
    loop {
        let rows = source.rows(table, after.as_deref(), table.page()).await?;
        let Some(last) = rows.last() else {
            return Ok(sums.of(&table.name));
        };
        after = Some(table.key_of(last));
        sums.add(table, &rows);
    }
}

async fn count(target: &mut dyn MigrationTarget, table: &Table) -> Result<u64> {
    let (mut rows, mut after) = (0, None);
    loop {
        let page = target.rows(table, after.as_deref(), table.page()).await?;
        let Some(last) = page.last() else {
            return Ok(rows);
        };
        after = Some(table.key_of(last));
        rows += page.len() as u64;
    }
}
