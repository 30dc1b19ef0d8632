//! Every statement is prepared, and none may scan or sort what grows with the number of jobs.

use rusqlite::Connection;

use super::{connect, migrate, sql};

/// Steps of a plan that may walk a whole table, because it is small whatever the backlog: how many
/// accounts and pipelines there are does not depend on how many jobs there are.
const SMALL: &[(&str, &str)] = &[
    (
        "HAS_ACCOUNTS",
        "SCAN accounts USING COVERING INDEX accounts_name",
    ),
    // The index holds only pipelines whose turn it may be, in the order of turns: the first entry
    // is the answer.
    ("NEXT_QUEUE", "SCAN queues USING INDEX queues_turn"),
    // The same, past those that have no job of these kinds.
    ("NEXT_QUEUE_OF_KINDS", "SCAN q USING INDEX queues_turn"),
    // One row of each kind, which the index gives, and these in their order.
    ("NEXT_JOB", "SCAN (subquery-1)"),
    ("NEXT_JOB", "SCAN (subquery-3)"),
    ("NEXT_JOB", "SCAN (subquery-5)"),
    ("NEXT_JOB", "SCAN (subquery-7)"),
    ("NEXT_JOB", "SCAN (subquery-9)"),
    ("NEXT_JOB", "SCAN (subquery-11)"),
    ("NEXT_JOB", "SCAN (subquery-12)"),
    ("NEXT_JOB", "USE TEMP B-TREE FOR ORDER BY"),
    // What the limit has left of an index range.
    ("COUNT_LANE", "SCAN (subquery-1)"),
    ("COUNT_ACCOUNT", "SCAN (subquery-1)"),
    // Once, when the store is opened.
    ("LAST_SERVED", "SCAN queues"),
    // For workers that clean up, now and then; the number of buckets does not depend on jobs.
    ("ALL_BUCKETS", "SCAN b"),
    // As many as jobs run at once; asked for by people.
    ("HOLDERS", "SCAN leases"),
    ("HOLDERS", "SCAN streams USING INDEX streams_held"),
    // As many as are held at once.
    ("ENDED", "SCAN streams USING INDEX streams_held"),
    ("NEXT_END", "SCAN streams USING INDEX streams_held"),
    ("COUNT_HELD", "SCAN streams USING INDEX streams_held"),
    // For who watches, now and then, and no further than an index.
    (
        "COUNT_WANTED",
        "SCAN streams USING COVERING INDEX streams_wanted",
    ),
    (
        "COUNT_KEPT",
        "SCAN streams USING COVERING INDEX streams_account",
    ),
    // By name, which is their key; there are few.
    ("CLUSTERS", "SCAN clusters"),
    // Of the jobs of one submission, the newest ones first.
    ("ASSET_JOBS", "USE TEMP B-TREE FOR LAST TERM OF ORDER BY"),
    // What was removed and not yet taken away, and libraries that were emptied: some of them at once.
    (
        "HELD_FINGERPRINTS",
        "SCAN r USING COVERING INDEX dna_removals_held",
    ),
    (
        "EMPTYING",
        "SCAN dna_libraries USING INDEX dna_libraries_emptying",
    ),
    // A few rows for each account that has times of its own; once in each round of the cleaner.
    ("RETENTIONS", "SCAN retention"),
];

/// Statements that have no plan.
const TRANSACTIONS: &[&str] = &[
    "BEGIN",
    "SNAPSHOT",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK_TO",
];

fn all() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    sql::ALL
        .iter()
        .chain(sql::access::ALL)
        .chain(sql::assets::ALL)
        .chain(sql::dna::ALL)
        .chain(sql::events::ALL)
        .chain(sql::nodes::ALL)
        .chain(sql::keeping::ALL)
        .chain(sql::streams::ALL)
}

fn schema() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    connect::prepare(&connection).unwrap();
    migrate::migrate(&mut connection, migrate::MIGRATIONS).unwrap();
    connection
}

fn plan(connection: &Connection, statement: &str) -> Vec<String> {
    let mut explain = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
        .unwrap();
    let unbound = explain.parameter_count();
    let nulls = vec![rusqlite::types::Null; unbound];
    explain
        .query_map(rusqlite::params_from_iter(nulls), |row| row.get(3))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn every_statement_can_be_prepared() {
    let connection = schema();
    for (name, statement) in all() {
        if let Err(error) = connection.prepare(statement) {
            panic!("{name}: {error}");
        }
    }
    assert!(sql::ALL.len() > 40 && sql::access::ALL.len() > 70);
}

#[test]
fn no_statement_scans_or_sorts() {
    let connection = schema();
    let mut walks = Vec::new();
    for (name, statement) in all() {
        if TRANSACTIONS.contains(name) {
            continue;
        }
        for step in plan(&connection, statement) {
            // What asks whether something exists answers with one row, whose plan has steps of its own.
            let small =
                step == "SCAN CONSTANT ROW" || SMALL.iter().any(|(n, s)| n == name && *s == step);
            if !small && (step.contains("SCAN") || step.contains("TEMP B-TREE")) {
                walks.push(format!("{name}: {step}"));
            }
        }
    }
    assert!(walks.is_empty(), "{walks:#?}");
}

#[test]
fn all_statements_stay_prepared() {
    assert!(all().count() <= connect::STATEMENTS);
}

/// Through `jobs_account` or `jobs_lane` it would be a probe too, and walk the whole backlog.
#[test]
fn hot_statements_use_the_index_made_for_them() {
    let connection = schema();
    for (statement, index) in [
        (sql::SIBLINGS, "jobs_kin (submission=? AND kin=?)"),
        (
            sql::NEXT_JOB,
            "jobs_lane (pipeline=? AND kind=? AND lane<?)",
        ),
        (
            sql::LIST_LANE,
            "jobs_lane (pipeline=? AND kind=? AND lane=? AND id>? AND id<?)",
        ),
        (
            sql::COUNT_LANE,
            "jobs_lane (pipeline=? AND kind=? AND lane=? AND id>? AND id<?)",
        ),
        (
            sql::COUNT_ACCOUNT,
            "jobs_account (account=? AND id>? AND id<?)",
        ),
        (sql::FETCHING, "job_sources_open (account=? AND hash=?)"),
        (sql::HAVE_FETCHED, "job_sources_hash (account=? AND hash=?)"),
        (sql::HELD_BY_ID, "jobs_account (account=? AND id=?)"),
        (sql::DUE_RETRIES, "jobs_delayed (ready_at<?)"),
        (
            sql::keeping::ENDED_JOBS,
            "jobs_lane (pipeline=? AND kind=? AND lane=? AND id>? AND id<?)",
        ),
        (sql::keeping::NEXT_PIPELINE, "PRIMARY KEY (rowid>?)"),
        (sql::keeping::DELETE_JOB, "PRIMARY KEY (rowid=?)"),
        (sql::keeping::BURY_JOB, "PRIMARY KEY (rowid=?)"),
        (sql::keeping::DELETE_BURIED, "jobs_account (account=?"),
        (
            sql::keeping::OLD_RECORDS,
            "PRIMARY KEY (rowid>? AND rowid<?)",
        ),
        (
            sql::keeping::OLD_EVENTS,
            "PRIMARY KEY (rowid>? AND rowid<?)",
        ),
        (
            sql::keeping::OLD_DELIVERIES,
            "PRIMARY KEY (rowid>? AND rowid<?)",
        ),
        (sql::ENDED_LEASES, "leases_until (publishing=? AND until<?)"),
        (sql::events::EVENTS, "PRIMARY KEY (rowid>?)"),
        (
            sql::events::NEXT_DUE_DESTINATION,
            "deliveries_due (destination>?)",
        ),
        (
            sql::events::DUE_DELIVERIES,
            "deliveries_due (destination=? AND due_at>? AND due_at<?)",
        ),
        (
            sql::events::NEXT_WAITING,
            "deliveries_lane (<expr>=? AND destination=?)",
        ),
        (
            sql::events::IS_ON_ITS_WAY,
            "deliveries_lane (<expr>=? AND destination=?)",
        ),
        (
            sql::events::DELIVERIES,
            "deliveries_account (account=? AND number<?)",
        ),
        (
            sql::events::DELIVERIES_IN_STATE,
            "deliveries_state (account=? AND state=? AND number<?)",
        ),
        (
            sql::events::DELIVERIES_OF_DESTINATION,
            "deliveries_destination (destination=? AND number<?)",
        ),
        (
            sql::events::DELIVERIES_OF_JOB,
            "deliveries_job (job=? AND number<?)",
        ),
        (
            sql::assets::LIST_ASSETS,
            "sqlite_autoindex_assets_1 (account=? AND id>? AND id<?)",
        ),
        (
            sql::assets::LIST_OLDEST_ASSETS,
            "sqlite_autoindex_assets_1 (account=? AND id>? AND id<?)",
        ),
        (
            sql::assets::LIST_CATEGORY,
            "assets_category (account=? AND category=? AND id>? AND id<?)",
        ),
        (
            sql::assets::LIST_OLDEST_OF_CATEGORY,
            "assets_category (account=? AND category=? AND id>? AND id<?)",
        ),
        (
            sql::assets::ASSET_OF_FILE,
            "assets_file (account=? AND bucket=? AND key=?)",
        ),
        (
            sql::assets::ASSET_REFERRED,
            "assets_reference (account=? AND reference=?)",
        ),
        (
            sql::assets::ASSET_JOBS,
            "asset_jobs_asset (account=? AND asset=? AND submission<?)",
        ),
        (
            sql::assets::ASSET_STANDINGS,
            "asset_jobs_asset (account=? AND asset=?)",
        ),
        (
            sql::assets::SUBMISSION_JOBS,
            "asset_jobs_submission (account=? AND submission=?)",
        ),
        (
            sql::assets::JOBS_OF_SOURCE,
            "job_sources_hash (account=? AND hash=? AND number<?)",
        ),
        (
            sql::assets::DOCUMENTS,
            "sqlite_autoindex_documents_1 (account=? AND kind=?)",
        ),
        (
            sql::assets::DOCUMENTS_BELOW,
            "sqlite_autoindex_documents_1 (account=? AND kind=? AND id>? AND id<?)",
        ),
        (
            sql::assets::COUNT_DOCUMENTS_BELOW,
            "COVERING INDEX sqlite_autoindex_documents_1 (account=? AND kind=? AND id>? AND id<?)",
        ),
        (sql::streams::STREAM, "sqlite_autoindex_streams_1 (id=?)"),
        (
            sql::streams::SET_COURSE,
            "sqlite_autoindex_streams_1 (id=?)",
        ),
        (
            sql::streams::CLAIMABLE,
            "streams_due (cluster=? AND due_at<?)",
        ),
        (sql::streams::NEXT_DUE, "streams_due (cluster=?"),
        (sql::streams::LIST, "streams_account (account=?)"),
        (sql::streams::LIST_OLDEST, "streams_account (account=?)"),
        (
            sql::streams::LIST_CLUSTER,
            "streams_cluster (cluster=? AND account=?)",
        ),
        (
            sql::streams::LIST_OLDEST_OF_CLUSTER,
            "streams_cluster (cluster=? AND account=?)",
        ),
        (sql::streams::COUNT_OUT, "INTEGER PRIMARY KEY (rowid=?)"),
        (
            sql::streams::HAS_STREAMS,
            "COVERING INDEX streams_cluster (cluster=?)",
        ),
        (
            sql::streams::FREE_PLACES,
            "stream_places_stream (stream=? AND revision<?)",
        ),
        (sql::streams::TRIM_NOTES, "PRIMARY KEY (stream=? AND seq<?)"),
        (sql::streams::SAMPLES, "PRIMARY KEY (stream=? AND at>?)"),
        (sql::streams::PRUNE_SAMPLES, "stream_health_at (at<?)"),
        (sql::dna::LIBRARY, "sqlite_autoindex_dna_libraries_1 (id=?)"),
        (sql::dna::ALL_LIBRARIES, "dna_libraries_account (account=?)"),
        (
            sql::dna::COUNT_LIBRARIES,
            "dna_libraries_account (account=?)",
        ),
        (
            sql::dna::ENTRIES,
            "dna_entries_key (library=? AND era=? AND key>?)",
        ),
        (
            sql::dna::ENTRY_OF_KEY,
            "dna_entries_key (library=? AND era=? AND key=?)",
        ),
        (
            sql::dna::ENTRIES_OF_JOB,
            "dna_entries_job (library=? AND era=? AND job=?)",
        ),
        (sql::dna::ADDED, "PRIMARY KEY (library=? AND number>?)"),
        (
            sql::dna::REMOVED,
            "PRIMARY KEY (library=? AND removed_at>? AND removed_at<?)",
        ),
        (sql::dna::OUTDATED, "PRIMARY KEY (library=? AND number<?)"),
        (
            sql::dna::OLD_ENTRIES,
            "PRIMARY KEY (library=? AND number<?)",
        ),
        (sql::dna::FORGET, "dna_libraries_deleted (deleted_at<?)"),
        (sql::access::ACCESS_KEY, "PRIMARY KEY (id=?)"),
        (sql::access::API_KEY, "PRIMARY KEY (digest=?)"),
        (sql::access::NONCE_AHEAD, "PRIMARY KEY (rowid>?)"),
        (
            sql::access::PRUNE_NONCES,
            "PRIMARY KEY (rowid>? AND rowid<?)",
        ),
        (sql::access::PRUNE_LAST_NONCES, "PRIMARY KEY (rowid>?)"),
        (sql::access::PRUNE_TOKENS, "tokens_expires (expires_at<?)"),
        (sql::access::PRUNE_AUDIT, "PRIMARY KEY (rowid<?)"),
        (
            sql::access::DELETE_ACCESS_KEYS_OF,
            "access_keys_user (account=? AND user=?)",
        ),
        (
            sql::access::DELETE_API_KEYS_OF,
            "api_keys_user (account=? AND user=?)",
        ),
        (
            sql::access::DELETE_TOKENS_OF,
            "tokens_user (account=? AND user=?)",
        ),
        (
            sql::access::ATTACHED_TO,
            "attachments_policy (account=? AND custom=? AND policy=?)",
        ),
        (sql::access::AUDIT, "PRIMARY KEY (rowid>? AND rowid<?)"),
        (
            sql::access::AUDIT_OF_ACCOUNT,
            "audit_account (account=? AND rowid>? AND rowid<?)",
        ),
        (
            sql::access::AUDIT_OF_PRINCIPAL,
            "audit_principal (account=? AND principal=? AND rowid>? AND rowid<?)",
        ),
        (
            sql::access::AUDIT_OF_ACTION,
            "audit_action (account=? AND action=? AND rowid>? AND rowid<?)",
        ),
        (
            sql::access::AUDIT_OF_RESOURCE,
            "audit_resource (account=? AND resource=? AND rowid>? AND rowid<?)",
        ),
        (
            sql::access::AUDIT_OF_REQUEST,
            "audit_request (request_id=? AND rowid>? AND rowid<?)",
        ),
        (
            sql::access::AUDIT_REFUSED,
            "audit_refused (account=? AND rowid>? AND rowid<?)",
        ),
    ] {
        let steps = plan(&connection, statement);
        assert!(
            steps.iter().any(|it| it.contains(index)),
            "{index}: {steps:?}"
        );
    }
}

#[test]
fn a_plan_that_scans_is_recognised() {
    let connection = schema();
    let steps = plan(
        &connection,
        "SELECT * FROM jobs WHERE submission = ?1 ORDER BY priority",
    );
    assert!(steps.iter().any(|step| step.contains("SCAN")), "{steps:?}");
    assert!(
        steps.iter().any(|step| step.contains("TEMP B-TREE")),
        "{steps:?}"
    );
}
