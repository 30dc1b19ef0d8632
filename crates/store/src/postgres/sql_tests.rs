//! Every statement is prepared by the real server, and none walks over a table that grows with what is
//! stored.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use reelgate_testkit::Postgres;

use super::connect::{Connector, Session};
use super::{migrate, sql};

/// Several commands in one text, or a command that has no plan.
const UNPLANNED: &[&str] = &["BEGIN", "COMMIT", "ROLLBACK", "VACUUM_SECRETS"];

/// Tables that grow with what is stored, however few accounts and pipelines there are.
const LARGE: &[&str] = &[
    "jobs",
    "job_payloads",
    "job_results",
    "nonces",
    "keyed_calls",
    "audit",
    "tokens",
    "events",
    "deliveries",
    "assets",
    "asset_jobs",
    "asset_arrivals",
    "job_sources",
    "documents",
    "streams",
    "stream_places",
    "stream_notes",
    "stream_health",
    "dna_entries",
    "dna_fingerprints",
    "dna_removals",
];

fn lists() -> [&'static [(&'static str, &'static str)]; 9] {
    [
        sql::ALL,
        sql::access::ALL,
        sql::assets::ALL,
        sql::dna::ALL,
        sql::events::ALL,
        sql::jobs::ALL,
        sql::keeping::ALL,
        sql::nodes::ALL,
        sql::streams::ALL,
    ]
}

fn all() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    lists().into_iter().flatten()
}

async fn schema() -> Session {
    let url = Postgres::shared().database();
    let connector = Connector::new(&url, Duration::from_secs(30)).unwrap();
    let session = connector.connect().await.unwrap();
    migrate::migrate(&session, migrate::MIGRATIONS)
        .await
        .unwrap();
    session
}

#[test]
fn no_list_of_statements_is_left_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/postgres/sql");
    let files = fs::read_dir(folder).unwrap().count();
    // The list beside the folder, and one in each of its files.
    assert_eq!(lists().len(), files + 1);
    let names: BTreeSet<_> = all().map(|(name, _)| name).collect();
    assert!(names.len() > 120, "{} statements", names.len());
}

#[tokio::test]
async fn every_statement_is_prepared() {
    let session = schema().await;
    for (name, statement) in all().filter(|(name, _)| !UNPLANNED.contains(name)) {
        if let Err(error) = session.prepared(statement).await {
            panic!("{name}: {error:?}");
        }
    }
    for (name, statement) in all().filter(|(name, _)| UNPLANNED.contains(name)) {
        let ran = session.batch(statement).await;
        assert!(ran.is_ok(), "{name}: {ran:?}");
    }
}

/// Enough of everything that walking over it is what no planner chooses.
const FILL: &str = "\
    INSERT INTO accounts SELECT 1000000000000000 + n, 'account-' || n, 0 \
      FROM generate_series(1, 20) n; \
    INSERT INTO pipelines (key, id, account, name, created_at) \
      SELECT n, decode(md5('p' || n), 'hex'), 1000000000000000 + n, 'main', 0 \
      FROM generate_series(1, 20) n; \
    INSERT INTO queues (pipeline, paused, queued, ready) \
      SELECT n, false, 1000, 1000 FROM generate_series(1, 20) n; \
    INSERT INTO jobs (id, submission, account, pipeline, priority, state, attempt, losses, \
      progress, created_at, kin, ready_at) \
      SELECT decode(md5('j' || n), 'hex'), decode(md5('s' || n / 2), 'hex'), \
      1000000000000000 + n % 20 + 1, n % 20 + 1, n % 10 + 1, \
      CASE WHEN n % 3 = 0 THEN 0 ELSE 4 END, 0, 0, 0, n, \
      CASE WHEN n % 50 = 0 THEN 0 END, CASE WHEN n % 1000 = 0 THEN n END \
      FROM generate_series(1, 40000) n; \
    INSERT INTO job_payloads SELECT number, '{}' FROM jobs; \
    INSERT INTO job_results SELECT number, '{}' FROM jobs; \
    INSERT INTO leases SELECT id, number, number, 1, false, false, 'w' FROM jobs LIMIT 500; \
    INSERT INTO nonces SELECT decode(md5('n' || n), 'hex'), n FROM generate_series(1, 40000) n; \
    INSERT INTO keyed_calls SELECT decode(md5('n' || n), 'hex'), n, decode(md5('r' || n), 'hex'), 'm' \
      FROM generate_series(1, 40000) n; \
    INSERT INTO tokens SELECT decode(md5('t' || n), 'hex'), 1000000000000000 + n % 20, \
      'user' || n % 500, NULL, n, n FROM generate_series(1, 20000) n; \
    INSERT INTO audit SELECT n * 2048::bigint, n, 1000000000000000 + n % 20, \
      'user' || n % 100, 'key', 'mts', 'mts:Action' || n % 40, 'job/' || n % 1000, NULL, \
      n % 20 > 0, NULL, 200, NULL, 'R' || n FROM generate_series(1, 40000) n; \
    INSERT INTO events (position, account, job, pipeline, name, attempt, at) \
      SELECT CASE WHEN n < 39900 THEN n END, 1000000000000000 + n % 20, decode(md5('j' || n), 'hex'), \
      n % 20 + 1, 0, 0, n FROM generate_series(1, 40000) n; \
    INSERT INTO destinations (id, account, topic, url, names, secret, enabled, since, created_at) \
      SELECT decode(md5('d' || n), 'hex'), 1000000000000000 + n % 20, 't' || n, 'u', 255, 's' || n, \
      true, 0, 0 FROM generate_series(1, 200) n; \
    INSERT INTO deliveries (id, account, destination, position, job, pipeline, name, attempt, at, \
      state, due_at, began_at, created_at) SELECT decode(md5('v' || n), 'hex'), \
      1000000000000000 + n % 20, n % 200 + 1, n, decode(md5('j' || n), 'hex'), n % 20 + 1, 0, 0, n, \
      n % 5, CASE WHEN n % 5 = 1 THEN n END, n, n FROM generate_series(1, 40000) n; \
    INSERT INTO assets SELECT 1000000000000000 + n % 20, decode(md5('a' || n), 'hex'), 'media', \
      'k' || n, CASE WHEN n % 2 = 0 THEN n % 7 END, CASE WHEN n % 3 = 0 THEN 'r' || n END, n, n, '{}' \
      FROM generate_series(1, 40000) n; \
    INSERT INTO asset_jobs SELECT number, account, decode(md5('a' || number / 4), 'hex'), submission, id \
      FROM jobs; \
    INSERT INTO asset_arrivals SELECT number, number % 2 = 0 FROM jobs; \
    INSERT INTO job_sources SELECT number, account, number / 3, state < 4 FROM jobs; \
    INSERT INTO documents SELECT 1000000000000000 + n % 20, 'k' || n % 5, 'd' || n, 1, '{}', n, n \
      FROM generate_series(1, 40000) n; \
    INSERT INTO streams SELECT decode(md5('x' || n), 'hex'), 1000000000000000 + n % 20, 'c' || n % 5, \
      'n' || n, 1, n % 100 = 0, 1, CASE WHEN n % 200 = 0 THEN 'w' || n % 7 END, \
      CASE WHEN n % 200 = 0 THEN n END, CASE WHEN n % 200 = 0 THEN 1 END, 1, NULL, \
      CASE WHEN n % 200 = 100 THEN n END, n, n, NULL, 1, n, n, n % 1000 = 1, '{}', '{}', NULL \
      FROM generate_series(1, 40000) n; \
    INSERT INTO stream_places SELECT sha256(id), id, 1 FROM streams; \
    INSERT INTO stream_notes SELECT id, 1, 1, 1, 1, 1, '' FROM streams; \
    INSERT INTO stream_health SELECT id, touched_at, '{}' FROM streams; \
    INSERT INTO dna_libraries SELECT decode(md5('l' || n), 'hex'), 1000000000000000 + n % 20, 'l', 0, \
      '', 2000, 2000, 0, 2000, n % 50 = 0, n, CASE WHEN n % 10 = 0 THEN n END \
      FROM generate_series(1, 200) n; \
    INSERT INTO dna_entries SELECT decode(md5('l' || n % 200), 'hex'), n, 0, 'k' || n, 'media', 'o', \
      decode(md5('j' || n), 'hex'), 1, 1, n FROM generate_series(1, 20000) n; \
    INSERT INTO dna_fingerprints SELECT library, number, 0, 'x' FROM dna_entries; \
    INSERT INTO dna_removals SELECT library, number, number - 1, number % 1000 = 0 FROM dna_entries; \
    ANALYZE";

/// The plan that serves whatever the parameters are.
async fn plan(session: &Session, name: &str, statement: &'static str) -> Vec<String> {
    let parameters = session.prepared(statement).await.unwrap().params().len();
    let nulls = vec!["NULL"; parameters].join(", ");
    let nulls = match parameters {
        0 => String::new(),
        _ => format!("({nulls})"),
    };
    session
        .batch(&format!("PREPARE s AS {statement}"))
        .await
        .unwrap();
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE s{nulls}");
    let rows = session.all(explain.leak(), &[]).await;
    let rows = rows.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    session.batch("DEALLOCATE s").await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0)).collect()
}

/// Statements with such a step that ends at the first row: that of an index which holds only what is
/// looked for.
const ENDS: &[&str] = &["NEXT_DEADLINE", "HAS_NEW_EVENTS", "PLACE_EVENTS"];

/// Statements that walk along an index which has only what they are about: what processes hold, of which there is
/// as much as runs at once, and what is counted, now and then, for who watches.
const ALONG: &[(&str, &str)] = &[
    ("HAS_ENDED", "streams_held"),
    ("ENDED", "streams_held"),
    ("NEXT_END", "streams_held"),
    ("NODES", "streams_held"),
    ("COUNT_HELD", "streams_held"),
    ("COUNT_WANTED", "streams_wanted"),
    ("COUNT_KEPT", "streams_account"),
    // What was removed and not yet taken away.
    ("HELD_FINGERPRINTS", "dna_removals_held"),
];

/// Steps that look at every row of a large table: without an index, or along one with nothing to look
/// for in it.
fn walks(steps: &[String]) -> Vec<&str> {
    let mut found = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let Some((how, rest)) = step.split_once(" on ") else {
            continue;
        };
        let table = rest.split(' ').next().unwrap_or_default();
        let looks = |next: &String| next.trim_start().starts_with("Index Cond:");
        let is_probe = how.contains("Index") && steps.get(place + 1).is_some_and(looks);
        if how.contains("Scan") && LARGE.contains(&table) && !is_probe {
            found.push(step.trim());
        }
    }
    found
}

/// One statement at a time: an answer has to come within the session's patience, also on a slow disk.
async fn fill(session: &Session) {
    for statement in FILL.split(';') {
        session.batch(statement).await.unwrap();
    }
}

#[tokio::test]
async fn no_statement_walks_over_what_grows() {
    let session = schema().await;
    fill(&session).await;
    let mut found = Vec::new();
    for (name, statement) in all().filter(|(name, _)| !UNPLANNED.contains(name)) {
        let steps = plan(&session, name, statement).await;
        let walks = walks(&steps);
        let along = ALONG.iter().find(|(allowed, _)| allowed == name);
        let along = along.is_some_and(|(_, index)| walks.iter().all(|it| it.contains(index)));
        if !walks.is_empty() && !ENDS.contains(name) && !along {
            found.push(format!("{name}: {walks:?}\n{}", steps.join("\n")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[tokio::test]
async fn a_plan_that_walks_is_recognised() {
    let session = schema().await;
    fill(&session).await;
    for statement in [
        "SELECT * FROM jobs WHERE submission = $1",
        "SELECT * FROM jobs WHERE finished_at = $1 ORDER BY number LIMIT 1",
    ] {
        let steps = plan(&session, "it", statement).await;
        assert_eq!(walks(&steps).len(), 1, "{steps:?}");
    }
}

#[tokio::test]
async fn hot_statements_use_the_index_made_for_them() {
    let session = schema().await;
    fill(&session).await;
    for (name, statement, index) in [
        ("NEXT_JOBS", sql::jobs::NEXT_JOBS, "jobs_lane"),
        ("SIBLINGS", sql::jobs::SIBLINGS, "jobs_kin"),
        ("FETCHING", sql::jobs::FETCHING, "job_sources_open"),
        ("DUE_RETRIES", sql::jobs::DUE_RETRIES, "jobs_delayed"),
        ("ENDED_LEASES", sql::jobs::ENDED_LEASES, "leases_until"),
        ("LIST_ACCOUNT", sql::jobs::LIST_ACCOUNT, "jobs_account"),
        ("LIST_LANES", sql::jobs::LIST_LANES, "jobs_lane"),
        ("NTH_OF_LANES", sql::jobs::NTH_OF_LANES, "jobs_lane"),
        ("NTH_OF_ACCOUNT", sql::jobs::NTH_OF_ACCOUNT, "jobs_account"),
        ("COUNT_LANES", sql::jobs::COUNT_LANES, "jobs_lane"),
        ("COUNT_ACCOUNT", sql::jobs::COUNT_ACCOUNT, "jobs_account"),
        ("LIST_ASSETS", sql::assets::LIST_ASSETS, "assets_pkey"),
        (
            "LIST_OLDEST_ASSETS",
            sql::assets::LIST_OLDEST_ASSETS,
            "assets_pkey",
        ),
        (
            "LIST_CATEGORY",
            sql::assets::LIST_CATEGORY,
            "assets_category",
        ),
        (
            "LIST_OLDEST_OF_CATEGORY",
            sql::assets::LIST_OLDEST_OF_CATEGORY,
            "assets_category",
        ),
        (
            "ASSETS_REFERRED",
            sql::assets::ASSETS_REFERRED,
            "assets_reference",
        ),
        (
            "REFERENCES_TAKEN",
            sql::assets::REFERENCES_TAKEN,
            "assets_reference",
        ),
        ("ASSET_OF_FILE", sql::assets::ASSET_OF_FILE, "assets_file"),
        ("IDS_OF_FILES", sql::assets::IDS_OF_FILES, "assets_file"),
        ("ASSET_JOBS", sql::assets::ASSET_JOBS, "asset_jobs_asset"),
        (
            "ASSET_STANDINGS",
            sql::assets::ASSET_STANDINGS,
            "asset_jobs_asset",
        ),
        (
            "SUBMISSION_JOBS",
            sql::assets::SUBMISSION_JOBS,
            "asset_jobs_submission",
        ),
        (
            "JOBS_OF_SOURCE",
            sql::assets::JOBS_OF_SOURCE,
            "job_sources_hash",
        ),
        ("STREAM", sql::streams::STREAM, "id = $2"),
        ("SET_COURSE", sql::streams::SET_COURSE, "streams_pkey"),
        ("CLAIMABLE", sql::streams::CLAIMABLE, "streams_due"),
        ("NEXT_DUE", sql::streams::NEXT_DUE, "streams_due"),
        ("LIST", sql::streams::LIST, "streams_account"),
        (
            "LIST_CLUSTER",
            sql::streams::LIST_CLUSTER,
            "streams_cluster",
        ),
        ("HAS_STREAMS", sql::streams::HAS_STREAMS, "streams_cluster"),
        (
            "FREE_PLACES",
            sql::streams::FREE_PLACES,
            "stream_places_stream",
        ),
        ("OWNERS", sql::streams::OWNERS, "stream_places_pkey"),
        ("TRIM_NOTES", sql::streams::TRIM_NOTES, "stream_notes_pkey"),
        (
            "PRUNE_SAMPLES",
            sql::streams::PRUNE_SAMPLES,
            "stream_health_at",
        ),
        (
            "ALL_LIBRARIES",
            sql::dna::ALL_LIBRARIES,
            "dna_libraries_account",
        ),
        ("ENTRIES", sql::dna::ENTRIES, "dna_entries_key"),
        (
            "ENTRIES_OF_KEYS",
            sql::dna::ENTRIES_OF_KEYS,
            "dna_entries_key",
        ),
        (
            "ENTRIES_OF_JOBS",
            sql::dna::ENTRIES_OF_JOBS,
            "dna_entries_job",
        ),
        ("CHANGES", sql::dna::CHANGES, "dna_entries_pkey"),
        ("CHANGES", sql::dna::CHANGES, "dna_removals_pkey"),
        (
            "FINGERPRINTS",
            sql::dna::FINGERPRINTS,
            "dna_fingerprints_pkey",
        ),
        ("ENDED_JOBS", sql::keeping::ENDED_JOBS, "jobs_lane"),
        ("AUDIT", sql::access::AUDIT, "audit_pkey"),
        (
            "AUDIT_OF_ACCOUNT",
            sql::access::AUDIT_OF_ACCOUNT,
            "audit_account",
        ),
        (
            "AUDIT_OF_PRINCIPAL",
            sql::access::AUDIT_OF_PRINCIPAL,
            "audit_principal",
        ),
        (
            "AUDIT_OF_ACTION",
            sql::access::AUDIT_OF_ACTION,
            "audit_action",
        ),
        (
            "AUDIT_OF_RESOURCE",
            sql::access::AUDIT_OF_RESOURCE,
            "audit_resource",
        ),
        (
            "AUDIT_OF_REQUEST",
            sql::access::AUDIT_OF_REQUEST,
            "audit_request",
        ),
        ("AUDIT_REFUSED", sql::access::AUDIT_REFUSED, "audit_refused"),
        ("PRUNE_AUDIT", sql::access::PRUNE_AUDIT, "audit_pkey"),
        ("PRUNE_NONCES", sql::access::PRUNE_NONCES, "nonces_until"),
        (
            "PRUNE_KEYED_CALLS",
            sql::access::PRUNE_KEYED_CALLS,
            "keyed_calls_until",
        ),
        ("PRUNE_TOKENS", sql::access::PRUNE_TOKENS, "tokens_expires"),
        ("LAST_AUDIT", sql::access::LAST_AUDIT, "audit_pkey"),
    ] {
        let steps = plan(&session, name, statement).await;
        let uses = steps.iter().any(|step| step.contains(index));
        assert!(uses, "{name} does not use {index}:\n{}", steps.join("\n"));
    }
}
