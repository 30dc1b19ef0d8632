//! Secrets in a new seal.

use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::storable;
use super::super::sql::access as sql;
use crate::contract::{Resealed, Result, SealedSecret};

pub(super) async fn list(
    session: &Session,
    after: Option<&str>,
    limit: u32,
) -> Answer<Vec<SealedSecret>> {
    // No id is empty.
    let after = storable(after.unwrap_or_default());
    let key: [Param<'_>; 2] = [&after, &i64::from(limit)];
    super::list(session, sql::SEALED_SECRETS, &key, read).await
}

pub(super) async fn get(session: &Session, id: &str) -> Answer<Option<SealedSecret>> {
    super::one(session, sql::SECRET, &[&storable(id)], read).await
}

fn read(row: &Row) -> Result<SealedSecret> {
    Ok(SealedSecret {
        id: row.get(0),
        sealed: row.get(1),
    })
}

pub(super) async fn reseal(session: &Session, secrets: &[Resealed]) -> Answer<u64> {
    let mut replaced = 0;
    for secret in secrets {
        let key: [Param<'_>; 3] = [&secret.id, &secret.old, &secret.new];
        for statement in [sql::RESEAL, sql::RESEAL_OTHER] {
            replaced += session.execute(statement, &key).await?;
        }
    }
    Ok(replaced)
}
