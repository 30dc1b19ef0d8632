//! A PostgreSQL database of schema 2, row by row as its release wrote it, knows kinds of jobs, assets and
//! documents.

use reelgate_store::{PostgresOptions, PostgresStore};
use reelgate_testkit::Postgres;
use tokio_postgres::NoTls;

use crate::upgrade_5::{SPEC, T, are_transcodes_in_their_order, id, owner, takes_all_that_is_new};

const SCHEMA: [&str; 2] = [
    include_str!("../../src/postgres/migrations/0001_everything.sql"),
    include_str!("../../src/postgres/migrations/0002_keyed_calls.sql"),
];

/// What the release with schema 2 noted of its steps. Others would not be its database.
const CHECKSUMS: [&str; 2] = ["60ff1a1575ac667f", "a8e120189f386abe"];

/// Where its migrations are noted.
const GROUND: &str = "\
    CREATE TABLE schema (only_row boolean PRIMARY KEY CHECK (only_row), version integer NOT NULL, \
      oldest_reader integer NOT NULL); \
    CREATE TABLE migrations (version integer PRIMARY KEY, checksum text NOT NULL); \
    INSERT INTO schema VALUES (true, 2, 1)";

async fn upgraded() -> PostgresStore {
    let url = Postgres::shared().database();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(GROUND).await.unwrap();
    for (version, (step, checksum)) in (1..).zip(SCHEMA.into_iter().zip(CHECKSUMS)) {
        client.batch_execute(step).await.unwrap();
        let applied = "INSERT INTO migrations VALUES ($1, $2)";
        let version: i32 = version;
        client
            .execute(applied, &[&version, &checksum])
            .await
            .unwrap();
    }
    let account = owner().number().cast_signed();
    let before = "INSERT INTO accounts (id, name, created_at) VALUES ($1, 'main', 0)";
    client.execute(before, &[&account]).await.unwrap();
    let pipeline = "INSERT INTO pipelines (key, id, account, name, created_at) \
        VALUES (1, decode(repeat('00', 16), 'hex'), $1, 'default', 0)";
    client.execute(pipeline, &[&account]).await.unwrap();
    // Two that wait, the second more urgent, and one that has succeeded.
    for (number, priority, state) in [(1, 6_i16, 0_i16), (2, 9, 0), (3, 6, 4)] {
        let ended = (state == 4).then_some(T);
        let attempt = i32::from(state == 4);
        let job = "INSERT INTO jobs (id, submission, account, pipeline, priority, state, attempt, \
            losses, progress, created_at, started_at, finished_at) \
            VALUES ($1, $1, $2, 1, $3, $4, $5, 0, 0, $6, $7, $7)";
        let id = id(number);
        let id = id.as_bytes().as_slice();
        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&id, &account, &priority, &state, &attempt, &T, &ended];
        client.execute(job, &row).await.unwrap();
    }
    let payload = "INSERT INTO job_payloads (number, spec) SELECT number, $1 FROM jobs";
    client.execute(payload, &[&SPEC]).await.unwrap();
    let queue = "INSERT INTO queues (pipeline, paused, queued, ready) VALUES (1, false, 2, 2)";
    client.batch_execute(queue).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    PostgresStore::open(PostgresOptions::new(url))
        .await
        .unwrap()
}

#[tokio::test]
async fn jobs_of_schema_2_are_transcodes_and_keep_their_order() {
    are_transcodes_in_their_order(&upgraded().await).await;
}

#[tokio::test]
async fn a_database_of_schema_2_takes_all_that_is_new() {
    takes_all_that_is_new(&upgraded().await).await;
}
