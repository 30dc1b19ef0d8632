//! Every statement of the engine, so that one test can prepare and explain them all.

// A macro so that no statement can be missing from the list that the tests walk.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(in crate::sqlite) const $name: &str = $sql;)*

        /// Every statement with its name.
        #[cfg(test)]
        pub(in crate::sqlite) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

pub(super) mod access;
pub(super) mod assets;
pub(super) mod dna;
pub(super) mod events;
pub(super) mod keeping;
pub(super) mod nodes;
pub(super) mod streams;

// What `rows::held` reads. The fault is looked up for failed jobs only.
macro_rules! held_columns {
    () => {
        "j.number, j.id, j.pipeline, j.state, j.attempt, j.losses, j.progress, j.ready_at, \
         j.started_at, j.finished_at, l.worker, l.until, \
         CASE WHEN j.state = 5 THEN (SELECT r.fault FROM job_results r WHERE r.number = j.number) \
         END, j.forgiven, l.hurry"
    };
}

// What `rows::job` reads beyond that. Outputs of a job that has not ended are for workers only.
macro_rules! job_columns {
    () => {
        concat!(
            held_columns!(),
            ", j.submission, j.account, p.id, j.priority, j.created_at, y.spec, y.origin, \
             y.user_data, \
             CASE WHEN j.state >= 2 THEN (SELECT r.outputs FROM job_results r \
             WHERE r.number = j.number) END, j.kin"
        )
    };
}

macro_rules! job_tables {
    () => {
        " FROM jobs j LEFT JOIN leases l ON l.id = j.id JOIN pipelines p ON p.key = j.pipeline \
          JOIN job_payloads y ON y.number = j.number "
    };
}

macro_rules! pipeline_query {
    ($rest:expr) => {
        concat!(
            "SELECT p.id, p.account, p.name, q.paused, q.concurrency, p.origin, p.created_at, \
             q.queued, q.running FROM pipelines p JOIN queues q ON q.pipeline = p.key ",
            $rest
        )
    };
}

macro_rules! bucket_query {
    ($rest:expr) => {
        concat!(
            "SELECT b.account, b.name, b.path, b.place, s.sealed, b.created_at \
             FROM buckets b LEFT JOIN secrets s ON s.id = b.secret ",
            $rest
        )
    };
}

// The kinds are spelled out, so that each is a probe of the index and none is walked over. `$kinds` has a bit
// for each that is wanted.
macro_rules! next_of_kind {
    ($kind:literal) => {
        concat!(
            "SELECT number, lane, id FROM (SELECT number, lane, id FROM jobs WHERE pipeline = ?1 AND kind = ",
            $kind,
            " AND lane < 20 AND (?2 >> ",
            $kind,
            ") & 1 ORDER BY lane, id LIMIT 1)"
        )
    };
}

macro_rules! has_ready {
    ($kind:literal, $pipeline:literal, $kinds:literal) => {
        concat!(
            "((",
            $kinds,
            " >> ",
            $kind,
            ") & 1 AND EXISTS (SELECT 1 FROM jobs WHERE pipeline = ",
            $pipeline,
            " AND kind = ",
            $kind,
            " AND lane < 20))"
        )
    };
}

statements! {
    BEGIN = "BEGIN IMMEDIATE";
    SNAPSHOT = "BEGIN DEFERRED";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
    SAVEPOINT = "SAVEPOINT intention";
    RELEASE = "RELEASE intention";
    ROLLBACK_TO = "ROLLBACK TO intention";
    PULSE = "UPDATE pulse SET beats = beats + 1 WHERE only = 1";

    INSERT_BUCKET = "INSERT INTO buckets (account, name, path, place, secret, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    BUCKET = bucket_query!("WHERE b.account = ?1 AND b.name = ?2");
    BUCKETS = bucket_query!("WHERE b.account = ?1 ORDER BY b.name");
    ALL_BUCKETS = bucket_query!("");
    INSERT_SECRET = "INSERT INTO secrets (id, sealed) VALUES (?1, ?2) \
        ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed";

    INSERT_PIPELINE = "INSERT INTO pipelines (id, account, name, origin, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    INSERT_QUEUE = "INSERT INTO queues (pipeline, paused, concurrency) VALUES (?1, ?2, ?3)";
    PIPELINE = pipeline_query!("WHERE p.id = ?1 AND p.account = ?2 AND p.deleted = 0");
    PIPELINE_NAMED = pipeline_query!(
        "WHERE p.account = ?1 AND p.name = ?2 AND p.deleted = 0 ORDER BY p.key LIMIT 1"
    );
    LIST_PIPELINES = pipeline_query!(
        "WHERE p.account = ?1 AND p.deleted = 0 AND (?2 IS NULL OR q.paused = ?2) \
         ORDER BY p.key LIMIT ?3 OFFSET ?4"
    );
    COUNT_PIPELINES = "SELECT count(*) FROM pipelines p JOIN queues q ON q.pipeline = p.key \
        WHERE p.account = ?1 AND p.deleted = 0 AND (?2 IS NULL OR q.paused = ?2)";
    /// Deleted ones too.
    PIPELINE_KEYS = "SELECT key FROM pipelines WHERE account = ?1";
    ANY_PIPELINE_KEY = "SELECT key FROM pipelines WHERE id = ?1 AND account = ?2";
    PIPELINE_BY_KEY = "SELECT id, deleted FROM pipelines WHERE key = ?1";
    PIPELINE_KEY = "SELECT key FROM pipelines WHERE id = ?1 AND account = ?2 AND deleted = 0";
    SET_PIPELINE_NAME = "UPDATE pipelines SET name = ?2 WHERE key = ?1";
    SET_PIPELINE_ORIGIN = "UPDATE pipelines SET origin = ?2 WHERE key = ?1";
    SET_QUEUE_PAUSED = "UPDATE queues SET paused = ?2 WHERE pipeline = ?1";
    SET_QUEUE_CONCURRENCY = "UPDATE queues SET concurrency = ?2 WHERE pipeline = ?1";
    DELETE_PIPELINE = "UPDATE pipelines SET deleted = 1 WHERE key = ?1";
    QUEUE_LOAD = "SELECT queued, running FROM queues WHERE pipeline = ?1";
    LAST_SERVED = "SELECT coalesce(max(served), 0) FROM queues";

    INSERT_JOB = "INSERT INTO jobs (id, submission, account, pipeline, priority, state, attempt, \
        losses, progress, created_at, kin, kind) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, ?6, ?7, ?8)";
    INSERT_PAYLOAD =
        "INSERT INTO job_payloads (number, spec, origin, user_data) VALUES (?1, ?2, ?3, ?4)";
    JOB_BY_ID = concat!(
        "SELECT ", job_columns!(), job_tables!(), "WHERE j.account = ?1 AND j.id = ?2"
    );
    ID_OF_NUMBER = "SELECT id FROM jobs WHERE number = ?1 AND account = ?2";
    JOB_BY_NUMBER = concat!("SELECT ", job_columns!(), job_tables!(), "WHERE j.number = ?1");
    LIST_LANE = "SELECT id, number FROM jobs WHERE pipeline = ?1 AND kind = ?2 AND lane = ?3 \
        AND id BETWEEN ?4 AND ?5 ORDER BY id DESC LIMIT ?6";
    LIST_ACCOUNT = "SELECT id, number FROM jobs WHERE account = ?1 \
        AND id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT ?4";
    /// By an index alone, and no further than to the limit.
    COUNT_LANE = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE pipeline = ?1 AND kind = ?2 \
        AND lane = ?3 AND id BETWEEN ?4 AND ?5 LIMIT ?6)";
    COUNT_ACCOUNT = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE account = ?1 \
        AND id BETWEEN ?2 AND ?3 LIMIT ?4)";

    HELD = concat!(
        "SELECT ", held_columns!(),
        " FROM jobs j LEFT JOIN leases l ON l.id = j.id WHERE j.number = ?1"
    );
    HELD_BY_ID = concat!(
        "SELECT ", held_columns!(),
        " FROM jobs j LEFT JOIN leases l ON l.id = j.id WHERE j.account = ?1 AND j.id = ?2"
    );
    HELD_OF_KINDS = concat!(
        "SELECT ", held_columns!(),
        " FROM jobs j LEFT JOIN leases l ON l.id = j.id WHERE j.account = ?1 AND j.id = ?2 \
         AND (?3 >> j.kind) & 1"
    );
    HELD_BY_NUMBER = concat!(
        "SELECT ", held_columns!(),
        " FROM jobs j LEFT JOIN leases l ON l.id = j.id WHERE j.number = ?2 AND j.account = ?1 \
         AND (?3 >> j.kind) & 1"
    );
    /// Those that have not ended, newest first.
    FETCHING = "SELECT s.number, y.spec FROM job_sources s CROSS JOIN jobs j ON j.number = s.number \
        JOIN job_payloads y ON y.number = s.number \
        WHERE s.account = ?1 AND s.hash = ?2 AND s.open = 1 AND j.state < 4 AND (?3 >> j.kind) & 1 \
        ORDER BY s.number DESC";
    /// Some of the newest: nearly always of one address.
    HAVE_FETCHED = "SELECT s.number, y.spec FROM job_sources s CROSS JOIN jobs j ON j.number = s.number \
        JOIN job_payloads y ON y.number = s.number \
        WHERE s.account = ?1 AND s.hash = ?2 AND (?3 >> j.kind) & 1 ORDER BY s.number DESC LIMIT 16";
    HELD_BY_LEASE = concat!(
        "SELECT ", held_columns!(),
        " FROM leases l JOIN jobs j ON j.number = l.number WHERE l.id = ?1"
    );
    MOVE_JOB = "UPDATE jobs SET state = ?4, attempt = ?5, losses = ?6, progress = ?7, \
        ready_at = ?8, started_at = ?9, finished_at = ?10, forgiven = ?11 \
        WHERE number = ?1 AND state = ?2 AND attempt = ?3";
    /// Unless it has ended.
    SET_ASIDE = "UPDATE jobs SET state = 5, ready_at = NULL, finished_at = ?2 \
        WHERE number = ?1 AND state NOT IN (4, 5, 6) RETURNING pipeline";
    COUNT_JOBS = "UPDATE queues SET queued = queued + ?2, ready = ready + ?3, \
        running = running + ?4 WHERE pipeline = ?1";
    /// Also adds a line to the history.
    SET_OUTPUTS = "INSERT INTO job_results (number, outputs, fault, history) \
        VALUES (?1, ?2, ?3, ?4) ON CONFLICT (number) DO UPDATE SET outputs = excluded.outputs, \
        fault = excluded.fault, \
        history = coalesce(history || char(10), '') || excluded.history";
    ADD_HISTORY = "INSERT INTO job_results (number, history) VALUES (?1, ?2) \
        ON CONFLICT (number) DO UPDATE SET \
        history = coalesce(history || char(10), '') || excluded.history";
    HISTORY = concat!(
        "SELECT ", held_columns!(), ", j.created_at, \
         (SELECT r.history FROM job_results r WHERE r.number = j.number) \
         FROM jobs j LEFT JOIN leases l ON l.id = j.id WHERE j.account = ?1 AND j.id = ?2"
    );
    STAGED = "SELECT outputs FROM job_results WHERE number = ?1";

    INSERT_LEASE = "INSERT INTO leases (id, number, attempt, publishing, worker, until) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    MOVE_LEASE = "UPDATE leases SET attempt = ?3, publishing = ?4, worker = ?5, until = ?6, \
        hurry = ?7 WHERE id = ?1 AND attempt = ?2";
    IS_HELD = "SELECT EXISTS (SELECT 1 FROM leases WHERE id = ?2) FROM jobs \
        WHERE account = ?1 AND id = ?2";
    DELETE_LEASE = "DELETE FROM leases WHERE id = ?1 AND attempt = ?2";
    DROP_LEASE = "DELETE FROM leases WHERE id = ?1";
    SET_PROGRESS = "UPDATE jobs SET progress = ?3 WHERE number = ?1 AND attempt = ?2";

    /// Winners whose worker was lost before their outputs had their names.
    LOST_PUBLISHERS = "SELECT id, number FROM leases WHERE publishing = 1 AND until <= ?1 \
        ORDER BY until LIMIT ?2";
    /// The pipeline whose turn it is, and how many jobs it may start beside the next one; -1 for any
    /// number of them.
    NEXT_QUEUE = "SELECT pipeline, coalesce(concurrency - running - 1, -1) \
        FROM queues INDEXED BY queues_turn \
        WHERE paused = 0 AND ready > 0 AND (concurrency IS NULL OR running < concurrency) \
        ORDER BY running, served LIMIT 1";
    SERVED = "UPDATE queues SET queued = queued - 1, ready = ready - 1, running = running + 1, \
        served = ?2 WHERE pipeline = ?1";
    NOTHING_READY = "UPDATE queues SET ready = 0 WHERE pipeline = ?1";
    /// The same, of those that have a job of some kinds. It walks over those that have none.
    NEXT_QUEUE_OF_KINDS = concat!(
        "SELECT q.pipeline, coalesce(q.concurrency - q.running - 1, -1) \
        FROM queues q INDEXED BY queues_turn \
        WHERE q.paused = 0 AND q.ready > 0 AND (q.concurrency IS NULL OR q.running < q.concurrency) \
        AND (",
        has_ready!("0", "q.pipeline", "?1"), " OR ",
        has_ready!("1", "q.pipeline", "?1"), " OR ",
        has_ready!("2", "q.pipeline", "?1"), " OR ",
        has_ready!("3", "q.pipeline", "?1"), " OR ",
        has_ready!("4", "q.pipeline", "?1"), " OR ",
        has_ready!("5", "q.pipeline", "?1"),
        ") ORDER BY q.running, q.served LIMIT 1"
    );
    /// Its oldest job of the highest priority, of some kinds.
    NEXT_JOB = concat!(
        "SELECT number FROM (",
        next_of_kind!("0"), " UNION ALL ", next_of_kind!("1"), " UNION ALL ", next_of_kind!("2"),
        " UNION ALL ", next_of_kind!("3"), " UNION ALL ", next_of_kind!("4"),
        " UNION ALL ", next_of_kind!("5"),
        ") ORDER BY lane, id LIMIT 1"
    );
    /// Those that are ready; a limit of -1 is none.
    SIBLINGS = "SELECT number FROM jobs WHERE submission = ?1 AND kin = ?2 AND kin IS NOT NULL \
        AND state = 0 AND ready_at IS NULL ORDER BY number LIMIT ?3";

    ENDED_LEASES = "SELECT id, number FROM leases WHERE publishing = 0 AND until <= ?1";
    ALL_LEASES = "SELECT id, number FROM leases WHERE publishing = 0";
    END_PUBLISHING_LEASES =
        "UPDATE leases SET until = ?1 WHERE publishing = 1 AND until > ?1";
    DUE_RETRIES = "SELECT number, pipeline FROM jobs WHERE ready_at <= ?1";
    MAKE_READY = "UPDATE jobs SET ready_at = NULL WHERE number = ?1 RETURNING state = 0";
    NEXT_LEASE_END = "SELECT min(until) FROM leases WHERE publishing = 0";
    NEXT_PUBLISHER_END = "SELECT min(until) FROM leases WHERE publishing = 1";
    NEXT_RETRY = "SELECT min(ready_at) FROM jobs WHERE ready_at IS NOT NULL";
}
