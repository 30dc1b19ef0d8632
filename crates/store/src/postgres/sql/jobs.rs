//! Statements about jobs, pipelines and buckets.
//!
//! What a batch writes goes by arrays, one row of parameters for each row of a table, so that a batch
//! of any size is a handful of statements. Rows are locked in the order of their keys, jobs before
//! queues, and read by a statement of their own after that: a statement that waits for a lock sees
//! the locked row as it has become and everything else as it was before.

// What `rows::held` reads. The fault is looked up for failed jobs only.
macro_rules! held_columns {
    () => {
        "j.number, j.id, j.pipeline, j.state, j.attempt, j.losses, j.progress, j.ready_at, \
         j.started_at, j.finished_at, l.worker, l.until, \
         CASE WHEN j.state = 5 THEN (SELECT r.fault FROM job_results r WHERE r.number = j.number) \
         END, j.forgiven, l.hurry, j.account"
    };
}

// What `rows::job` reads beyond that. Outputs of a job that has not ended are for workers only.
macro_rules! job_columns {
    () => {
        concat!(
            held_columns!(),
            ", j.submission, p.id, j.priority, j.created_at, y.spec, y.origin, y.user_data, \
             CASE WHEN j.state >= 2 THEN (SELECT r.outputs FROM job_results r \
             WHERE r.number = j.number) END, j.kin"
        )
    };
}

macro_rules! job_tables {
    () => {
        " FROM jobs j LEFT JOIN leases l ON l.id = j.id \
          LEFT JOIN pipelines p ON p.key = j.pipeline \
          LEFT JOIN job_payloads y ON y.number = j.number "
    };
}

// As `job_columns!`, of queued jobs that `picked` has locked: they have no lease.
macro_rules! picked_columns {
    () => {
        "SELECT j.number, j.id, j.pipeline, j.state, j.attempt, j.losses, j.progress, j.ready_at, \
         j.started_at, j.finished_at, NULL::text, NULL::bigint, NULL::text, j.forgiven, \
         NULL::boolean, j.account, j.submission, p.id, j.priority, j.created_at, y.spec, y.origin, \
         y.user_data, NULL::text, j.kin, j.lane FROM picked j \
         LEFT JOIN pipelines p ON p.key = j.pipeline \
         LEFT JOIN job_payloads y ON y.number = j.number"
    };
}

// The numbers of the jobs that intentions name: by account and id, by the id of the lease, or as
// they are.
macro_rules! named_jobs {
    () => {
        "ARRAY(SELECT j.number FROM unnest($1::bigint[], $2::bytea[]) AS k(account, id) \
         JOIN jobs j ON j.account = k.account AND j.id = k.id \
         UNION ALL SELECT l.number FROM unnest($3::bytea[]) AS k(id) JOIN leases l ON l.id = k.id \
         UNION ALL SELECT unnest($4::bigint[]))"
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

// Changes rows and fails unless it has changed as many as it was given: with a commit right behind it, it
// is too late to count them here.
macro_rules! all_of {
    ($statement:expr) => {
        concat!(
            "WITH changed AS (",
            $statement,
            " RETURNING 1) \
             SELECT 1 / (count(*) = cardinality($1))::integer FROM changed"
        )
    };
}

macro_rules! count_jobs {
    () => {
        "UPDATE queues q SET queued = q.queued + n.queued, ready = q.ready + n.ready, \
         running = q.running + n.running, served = coalesce(n.served, q.served) \
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
         AS n(pipeline, queued, ready, running, served) \
         WHERE q.pipeline = n.pipeline AND NOT (q.closed AND n.queued > 0)"
    };
}

statements! {
    NOTIFY = "SELECT pg_notify('reelgate', $1)";
    SPEND = "INSERT INTO nonces (hash, until) \
        SELECT k.hash, k.until FROM unnest($1::bytea[], $2::bigint[]) AS k(hash, until) \
        ORDER BY k.hash ON CONFLICT DO NOTHING RETURNING hash";
    GIVE_BACK = "DELETE FROM nonces WHERE hash = ANY($1::bytea[])";
    SPEND_KEYED = "INSERT INTO keyed_calls (hash, until, request, made) \
        SELECT k.hash, k.until, k.request, k.made \
        FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::text[]) \
        AS k(hash, until, request, made) \
        ORDER BY k.hash ON CONFLICT DO NOTHING RETURNING hash";
    GIVE_BACK_KEYED = "DELETE FROM keyed_calls WHERE hash = ANY($1::bytea[])";

    LOCK_JOBS = concat!(
        "SELECT number FROM jobs WHERE number = ANY(", named_jobs!(),
        ") ORDER BY number FOR NO KEY UPDATE"
    );
    LOCK_FREE_JOBS = "SELECT number FROM jobs WHERE number = ANY($1::bigint[]) ORDER BY number \
        FOR NO KEY UPDATE SKIP LOCKED";
    LOAD_JOBS = concat!(
        "SELECT ", held_columns!(), ", j.kind",
        " FROM jobs j LEFT JOIN leases l ON l.id = j.id WHERE j.number = ANY(", named_jobs!(), ")"
    );
    /// The jobs that fetch addresses of these hashes and have not ended; of each hash also some of the
    /// newest, nearly always of one address.
    FETCHING = "SELECT k.account, k.hash, s.number, y.spec \
        FROM unnest($1::bigint[], $2::bigint[]) AS k(account, hash) CROSS JOIN LATERAL ( \
        (SELECT s.number FROM job_sources s \
        WHERE s.account = k.account AND s.hash = k.hash AND s.open) \
        UNION ALL (SELECT s.number FROM job_sources s \
        WHERE s.account = k.account AND s.hash = k.hash ORDER BY s.number DESC LIMIT 16)) s \
        JOIN job_payloads y ON y.number = s.number";
    STAGED = "SELECT number, outputs FROM job_results WHERE number = ANY($1::bigint[])";
    NUMBERS = "SELECT nextval('jobs_number_seq') FROM generate_series(1, $1::bigint)";
    PIPELINES_BY_ID = "SELECT id, account, key FROM pipelines \
        WHERE id = ANY($1::bytea[]) AND NOT deleted";
    PIPELINES_BY_KEY = "SELECT key, id, deleted FROM pipelines WHERE key = ANY($1::bigint[])";

    INSERT_JOBS = "INSERT INTO jobs (number, id, submission, account, pipeline, priority, \
        created_at, kin, kind, state, attempt, losses, progress) \
        SELECT n.number, n.id, n.submission, n.account, n.pipeline, n.priority, n.created_at, \
        n.kin, n.kind, 0, 0, 0, 0 FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], \
        $5::bigint[], $6::smallint[], $7::bigint[], $8::bigint[], $9::smallint[]) \
        AS n(number, id, submission, account, pipeline, priority, created_at, kin, kind)";
    INSERT_PAYLOADS = "INSERT INTO job_payloads (number, spec, origin, user_data) \
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])";
    /// The rows must still be in the states and attempts that were read.
    MOVE_JOBS = all_of!(
        "UPDATE jobs j SET state = n.state, attempt = n.attempt, losses = n.losses, \
        progress = n.progress, ready_at = n.ready_at, started_at = n.started_at, \
        finished_at = n.finished_at, forgiven = n.forgiven \
        FROM unnest($1::bigint[], $2::smallint[], $3::integer[], $4::smallint[], $5::integer[], \
        $6::integer[], $7::smallint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::integer[]) \
        AS n(number, was_state, was_attempt, state, attempt, losses, progress, ready_at, \
        started_at, finished_at, forgiven) \
        WHERE j.number = n.number AND j.state = n.was_state AND j.attempt = n.was_attempt"
    );
    /// Jobs of which not even the row makes sense.
    SET_ASIDE = "UPDATE jobs j SET state = 5, ready_at = NULL, finished_at = n.at \
        FROM unnest($1::bigint[], $2::bigint[]) AS n(number, at) \
        WHERE j.number = n.number AND j.state NOT IN (4, 5, 6)";
    LOSE_TIME = "UPDATE jobs SET ready_at = NULL WHERE number = ANY($1::bigint[])";

    INSERT_LEASES = "INSERT INTO leases (id, number, attempt, publishing, hurry, worker, until) \
        SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::integer[], $4::boolean[], \
        $5::boolean[], $6::text[], $7::bigint[])";
    MOVE_LEASES = all_of!(
        "UPDATE leases l SET attempt = n.attempt, publishing = n.publishing, \
        hurry = n.hurry, worker = n.worker, until = n.until \
        FROM unnest($1::bytea[], $2::integer[], $3::integer[], $4::boolean[], $5::boolean[], \
        $6::text[], $7::bigint[]) \
        AS n(id, was_attempt, attempt, publishing, hurry, worker, until) \
        WHERE l.id = n.id AND l.attempt = n.was_attempt"
    );
    DELETE_LEASES = all_of!(
        "DELETE FROM leases l USING unnest($1::bytea[], $2::integer[]) \
        AS n(id, attempt) WHERE l.id = n.id AND l.attempt = n.attempt"
    );
    DROP_LEASES = "DELETE FROM leases WHERE id = ANY($1::bytea[])";
    DROP_ORPHANED_LEASES = "DELETE FROM leases l WHERE l.number = ANY($1::bigint[]) \
        AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.number = l.number)";

    /// Also adds a line to the history.
    SET_OUTPUTS = "INSERT INTO job_results AS r (number, outputs, fault, history) \
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) \
        ON CONFLICT (number) DO UPDATE SET outputs = excluded.outputs, fault = excluded.fault, \
        history = coalesce(r.history || chr(10), '') || excluded.history";
    ADD_HISTORY = "INSERT INTO job_results AS r (number, history) \
        SELECT * FROM unnest($1::bigint[], $2::text[]) ON CONFLICT (number) DO UPDATE SET \
        history = coalesce(r.history || chr(10), '') || excluded.history";

    LOCK_QUEUES = "SELECT pipeline FROM queues WHERE pipeline = ANY($1::bigint[]) \
        ORDER BY pipeline FOR NO KEY UPDATE";
    /// These queues, and those whose turn may come in so many turns.
    LOCK_TURNS = "SELECT pipeline, paused, concurrency, ready, running, served FROM queues \
        WHERE pipeline = ANY($1::bigint[] || ARRAY(SELECT t.pipeline FROM queues t \
        WHERE NOT t.paused AND t.ready > 0 \
        AND (t.concurrency IS NULL OR t.running < t.concurrency) \
        ORDER BY t.running, t.served LIMIT $2::bigint)) ORDER BY pipeline FOR NO KEY UPDATE";
    /// The same, of those that have a job of some kinds. It walks over those that have none.
    LOCK_TURNS_OF_KINDS = "SELECT pipeline, paused, concurrency, ready, running, served FROM queues \
        WHERE pipeline = ANY($1::bigint[] || ARRAY(SELECT t.pipeline FROM queues t \
        WHERE NOT t.paused AND t.ready > 0 \
        AND (t.concurrency IS NULL OR t.running < t.concurrency) \
        AND EXISTS (SELECT 1 FROM unnest($3::smallint[]) AS k(kind) CROSS JOIN LATERAL \
        (SELECT 1 FROM jobs j WHERE j.pipeline = t.pipeline AND j.kind = k.kind AND j.lane < 20 \
        ORDER BY j.lane, j.id LIMIT 1) j) \
        ORDER BY t.running, t.served LIMIT $2::bigint)) ORDER BY pipeline FOR NO KEY UPDATE";
    /// A deleted pipeline takes nothing more.
    COUNT_JOBS = all_of!(count_jobs!());
    /// The same, and how the queues stand after that.
    COUNT_AND_TELL = concat!(
        count_jobs!(),
        " RETURNING q.pipeline, q.paused, q.concurrency, q.ready, q.running, q.served"
    );
    TICKS = "SELECT nextval('turns') FROM generate_series(1, $1::bigint)";
    NOTHING_READY = "UPDATE queues SET ready = 0 WHERE pipeline = ANY($1::bigint[])";
    /// Which of these pipelines have a job that is ready, locked or not.
    WITH_READY_JOBS = "SELECT k.pipeline FROM unnest($1::bigint[]) AS k(pipeline) \
        WHERE EXISTS (SELECT 1 FROM unnest($2::smallint[]) AS n(kind) CROSS JOIN LATERAL \
        (SELECT 1 FROM jobs j WHERE j.pipeline = k.pipeline AND j.kind = n.kind AND j.lane < 20 \
        ORDER BY j.lane, j.id LIMIT 1) j)";
    /// So many of each pipeline's jobs that come next. The jobs are picked once, because the
    /// expression is materialised: a limit in a query that runs again locks as many again.
    NEXT_JOBS = concat!(
        "WITH picked AS MATERIALIZED (SELECT j.* \
         FROM unnest($1::bigint[], $2::bigint[]) AS t(pipeline, most) CROSS JOIN LATERAL \
         (SELECT i.* FROM unnest($3::smallint[]) AS k(kind) CROSS JOIN LATERAL \
         (SELECT * FROM jobs WHERE pipeline = t.pipeline AND kind = k.kind AND lane < 20 \
         ORDER BY lane, id LIMIT t.most FOR NO KEY UPDATE SKIP LOCKED) i \
         ORDER BY i.lane, i.id LIMIT t.most) j) ",
        picked_columns!()
    );
    SIBLINGS = concat!(
        "WITH picked AS MATERIALIZED (SELECT j.* \
         FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[]) \
         AS f(submission, kin, pipeline, most) CROSS JOIN LATERAL \
         (SELECT * FROM jobs WHERE submission = f.submission AND kin = f.kin \
         AND kin IS NOT NULL AND state = 0 AND ready_at IS NULL AND pipeline = f.pipeline \
         ORDER BY number LIMIT f.most FOR NO KEY UPDATE SKIP LOCKED) j) ",
        picked_columns!()
    );
    /// Winners whose worker was lost before their outputs had their names.
    LOST_PUBLISHERS = "SELECT number FROM leases WHERE publishing AND until <= $1 \
        ORDER BY until LIMIT $2::bigint";
    JOBS_BY_NUMBER = concat!(
        "SELECT ", job_columns!(), job_tables!(), "WHERE j.number = ANY($1::bigint[])"
    );
    ENDED_LEASES = "SELECT number FROM leases WHERE NOT publishing AND until <= $1";
    ALL_LEASES = "SELECT number FROM leases";
    /// No more than a statement has the time for; whoever sweeps comes again as long as it finds some.
    DUE_RETRIES = "SELECT number FROM jobs WHERE ready_at <= $1 ORDER BY ready_at LIMIT 5000";

    JOBS_BY_ID = concat!(
        "SELECT ", job_columns!(), job_tables!(),
        "WHERE j.account = $1 AND j.id = ANY($2::bytea[])"
    );
    IDS_OF_NUMBERS = "SELECT id FROM jobs WHERE number = ANY($2::bigint[]) AND account = $1";
    LIST_ACCOUNT = concat!(
        "WITH found AS MATERIALIZED (SELECT number FROM jobs WHERE account = $1 \
         AND id BETWEEN $2 AND $3 ORDER BY id DESC LIMIT $4::bigint) SELECT ", job_columns!(),
        " FROM found f JOIN jobs j ON j.number = f.number LEFT JOIN leases l ON l.id = j.id \
         LEFT JOIN pipelines p ON p.key = j.pipeline \
         LEFT JOIN job_payloads y ON y.number = j.number"
    );
    /// Merges one index range for each pipeline and lane.
    LIST_LANES = concat!(
        "WITH found AS MATERIALIZED (SELECT r.number FROM unnest($1::bigint[]) AS k(pipeline) \
         CROSS JOIN unnest($2::smallint[]) AS n(lane) CROSS JOIN unnest($6::smallint[]) AS m(kind) \
         CROSS JOIN LATERAL (SELECT number, id FROM jobs \
         WHERE pipeline = k.pipeline AND kind = m.kind AND lane = n.lane AND id BETWEEN $3 AND $4 ORDER BY id DESC LIMIT $5::bigint) r \
         ORDER BY r.id DESC LIMIT $5::bigint) SELECT ", job_columns!(),
        " FROM found f JOIN jobs j ON j.number = f.number LEFT JOIN leases l ON l.id = j.id \
         LEFT JOIN pipelines p ON p.key = j.pipeline \
         LEFT JOIN job_payloads y ON y.number = j.number"
    );
    /// The last of so many of the newest; none if there are fewer.
    NTH_OF_ACCOUNT = "SELECT id FROM jobs WHERE account = $1 AND id BETWEEN $2 AND $3 \
        ORDER BY id DESC OFFSET $4::bigint LIMIT 1";
    /// The same of a pipeline's jobs of some kinds and lanes, so many at most from each range.
    NTH_OF_LANES = "SELECT r.id FROM unnest($1::bigint[]) AS k(pipeline) \
        CROSS JOIN unnest($2::smallint[]) AS n(lane) CROSS JOIN unnest($6::smallint[]) AS m(kind) \
        CROSS JOIN LATERAL (SELECT id FROM jobs \
        WHERE pipeline = k.pipeline AND kind = m.kind AND lane = n.lane AND id BETWEEN $3 AND $4 \
        ORDER BY id DESC LIMIT $5::bigint) r ORDER BY r.id DESC OFFSET $5::bigint - 1 LIMIT 1";
    COUNT_ACCOUNT = "SELECT count(*) FROM (SELECT 1 FROM jobs WHERE account = $1 \
        AND id BETWEEN $2 AND $3 LIMIT $4::bigint) r";
    COUNT_LANES = "SELECT count(*) FROM (SELECT 1 FROM unnest($1::bigint[]) AS k(pipeline) \
        CROSS JOIN unnest($2::smallint[]) AS n(lane) CROSS JOIN unnest($6::smallint[]) AS m(kind) \
        CROSS JOIN LATERAL (SELECT 1 FROM jobs \
        WHERE pipeline = k.pipeline AND kind = m.kind AND lane = n.lane AND id BETWEEN $3 AND $4 \
        ORDER BY id DESC LIMIT $5::bigint) r LIMIT $5::bigint) r";
    HISTORY = concat!(
        "SELECT ", held_columns!(), ", j.created_at, \
         (SELECT r.history FROM job_results r WHERE r.number = j.number) \
         FROM jobs j LEFT JOIN leases l ON l.id = j.id WHERE j.account = $1 AND j.id = $2"
    );
    UNHELD = "SELECT j.id FROM jobs j WHERE j.account = $1 AND j.id = ANY($2::bytea[]) \
        AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.id = j.id)";
    NEXT_DEADLINE = "SELECT least((SELECT min(until) FROM leases WHERE NOT publishing), \
        (SELECT min(until) FROM leases WHERE publishing), \
        (SELECT min(ready_at) FROM jobs WHERE ready_at IS NOT NULL))";

    INSERT_PIPELINE = "INSERT INTO pipelines (id, account, name, origin, created_at) \
        VALUES ($1, $2, $3, $4, $5) RETURNING key";
    INSERT_QUEUE = "INSERT INTO queues (pipeline, paused, concurrency) VALUES ($1, $2, $3)";
    PIPELINE = pipeline_query!("WHERE p.id = $1 AND p.account = $2 AND NOT p.deleted");
    PIPELINES = pipeline_query!(
        "WHERE p.id = ANY($1::bytea[]) AND p.account = $2 AND NOT p.deleted"
    );
    PIPELINE_NAMED = pipeline_query!(
        "WHERE p.account = $1 AND p.name = $2 AND NOT p.deleted ORDER BY p.key LIMIT 1"
    );
    LIST_PIPELINES = pipeline_query!(
        "WHERE p.account = $1 AND NOT p.deleted AND ($2::boolean IS NULL OR q.paused = $2) \
         ORDER BY p.key LIMIT $3::bigint OFFSET $4::bigint"
    );
    COUNT_PIPELINES = "SELECT count(*) FROM pipelines p JOIN queues q ON q.pipeline = p.key \
        WHERE p.account = $1 AND NOT p.deleted AND ($2::boolean IS NULL OR q.paused = $2)";
    /// Deleted ones too.
    PIPELINE_KEYS = "SELECT key FROM pipelines WHERE account = $1";
    ANY_PIPELINE_KEY = "SELECT key FROM pipelines WHERE id = $1 AND account = $2";
    PIPELINE_KEY = "SELECT key FROM pipelines WHERE id = $1 AND account = $2 AND NOT deleted";
    /// Claims and everything else that counts a pipeline's jobs wait for this, and this for them.
    LOCK_QUEUE = "SELECT queued, running, closed FROM queues WHERE pipeline = $1 \
        FOR NO KEY UPDATE";
    SET_PIPELINE_NAME = "UPDATE pipelines SET name = $2 WHERE key = $1";
    SET_PIPELINE_ORIGIN = "UPDATE pipelines SET origin = $2 WHERE key = $1";
    SET_QUEUE_PAUSED = "UPDATE queues SET paused = $2 WHERE pipeline = $1";
    SET_QUEUE_CONCURRENCY = "UPDATE queues SET concurrency = $2 WHERE pipeline = $1";
    DELETE_PIPELINE = "UPDATE pipelines SET deleted = true WHERE key = $1";
    CLOSE_QUEUE = "UPDATE queues SET closed = true WHERE pipeline = $1";

    INSERT_BUCKET = "INSERT INTO buckets (account, name, path, place, secret, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    BUCKET = bucket_query!("WHERE b.account = $1 AND b.name = $2");
    BUCKETS = bucket_query!("WHERE b.account = $1 ORDER BY b.name");
    ALL_BUCKETS = bucket_query!("");
    INSERT_SECRET = "INSERT INTO secrets (id, sealed) VALUES ($1, $2) \
        ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed";
}

/// What batches are made of, but for events.
pub(in crate::postgres) const IN_BATCHES: [&str; 39] = [
    SPEND,
    GIVE_BACK,
    SPEND_KEYED,
    GIVE_BACK_KEYED,
    LOCK_JOBS,
    LOCK_FREE_JOBS,
    LOAD_JOBS,
    STAGED,
    NUMBERS,
    PIPELINES_BY_ID,
    PIPELINES_BY_KEY,
    INSERT_JOBS,
    INSERT_PAYLOADS,
    MOVE_JOBS,
    SET_ASIDE,
    LOSE_TIME,
    INSERT_LEASES,
    MOVE_LEASES,
    DELETE_LEASES,
    DROP_LEASES,
    DROP_ORPHANED_LEASES,
    SET_OUTPUTS,
    ADD_HISTORY,
    LOCK_QUEUES,
    LOCK_TURNS,
    LOCK_TURNS_OF_KINDS,
    FETCHING,
    COUNT_JOBS,
    COUNT_AND_TELL,
    TICKS,
    NOTHING_READY,
    WITH_READY_JOBS,
    NEXT_JOBS,
    SIBLINGS,
    LOST_PUBLISHERS,
    JOBS_BY_NUMBER,
    ENDED_LEASES,
    ALL_LEASES,
    DUE_RETRIES,
];
