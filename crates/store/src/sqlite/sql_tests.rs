//! Every statement is prepared, and none may scan or sort what grows with the number of jobs.

use rusqlite::Connection;

use super::{connect, migrate, sql};

/// Steps of a plan that may walk a whole table, because it is small whatever the backlog: how many
/// accounts and pipelines there are does not depend on how many jobs there are.
const SMALL: &[(&str, &str)] = &[
    ("HAS_ACCOUNTS", "SCAN accounts"),
    ("HAS_ACCOUNTS", "SCAN CONSTANT ROW"),
    // The index holds only pipelines whose turn it may be, in the order of turns: the first entry
    // is the answer.
    ("NEXT_QUEUE", "SCAN queues USING INDEX queues_turn"),
    // Once, when the store is opened.
    ("LAST_SERVED", "SCAN queues"),
    // For workers that clean up, now and then; the number of buckets does not depend on jobs.
    ("ALL_BUCKETS", "SCAN buckets"),
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
    for (name, statement) in sql::ALL {
        if let Err(error) = connection.prepare(statement) {
            panic!("{name}: {error}");
        }
    }
    assert!(sql::ALL.len() > 40, "the list is complete");
}

#[test]
fn no_statement_scans_or_sorts() {
    let connection = schema();
    let mut walks = Vec::new();
    for (name, statement) in sql::ALL {
        if TRANSACTIONS.contains(name) {
            continue;
        }
        for step in plan(&connection, statement) {
            let small = SMALL.iter().any(|(n, s)| n == name && *s == step);
            if !small && (step.contains("SCAN") || step.contains("TEMP B-TREE")) {
                walks.push(format!("{name}: {step}"));
            }
        }
    }
    assert!(walks.is_empty(), "{walks:#?}");
}

/// Through `jobs_account` or `jobs_lane` it would be a probe too, and walk the whole backlog.
#[test]
fn hot_statements_use_the_index_made_for_them() {
    let connection = schema();
    for (statement, index) in [
        (sql::SIBLINGS, "jobs_kin (submission=? AND kin=?)"),
        (sql::NEXT_JOB, "jobs_lane (pipeline=? AND lane<?)"),
        (sql::HELD_BY_ID, "jobs_account (account=? AND id=?)"),
        (sql::DUE_RETRIES, "jobs_delayed (ready_at<?)"),
        (sql::ENDED_LEASES, "leases_until (publishing=? AND until<?)"),
    ] {
        let steps = plan(&connection, statement);
        assert!(steps.iter().any(|it| it.contains(index)), "{steps:?}");
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
