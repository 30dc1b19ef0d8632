//! The statements that take away what has been kept for long enough.

statements! {
    PUT_RETENTION = "INSERT INTO retention (account, what, days) VALUES ($1, $2, $3) \
        ON CONFLICT (account, what) DO UPDATE SET days = excluded.days";
    DELETE_RETENTION = "DELETE FROM retention WHERE account = $1 AND what = $2";
    RETENTION = "SELECT account, what, days FROM retention WHERE account = $1";
    RETENTIONS = "SELECT account, what, days FROM retention";
    HOLD_ACCOUNT = "SELECT true FROM accounts WHERE id = $1 FOR KEY SHARE";
    SIGNED_AFTER = "SELECT signed_after FROM restored WHERE only_row";

    LOCK_JOB = "SELECT number, state FROM jobs WHERE account = $1 AND id = $2 FOR UPDATE";
    /// Those that ended before a time of their own; waits for nobody.
    DELETE_JOBS = "WITH wanted AS MATERIALIZED ( \
          SELECT j.number, j.id FROM unnest($1::bigint[], $2::bigint[]) AS w (number, cutoff) \
          JOIN jobs j ON j.number = w.number \
          WHERE j.state IN (4, 5, 6) AND j.finished_at < w.cutoff \
          ORDER BY j.number FOR UPDATE OF j SKIP LOCKED \
        ), payloads AS ( \
          DELETE FROM job_payloads y USING wanted w WHERE y.number = w.number \
        ), results AS ( \
          DELETE FROM job_results r USING wanted w WHERE r.number = w.number \
        ), held AS ( \
          DELETE FROM leases l USING wanted w WHERE l.id = w.id \
        ) \
        DELETE FROM jobs j USING wanted w WHERE j.number = w.number RETURNING j.number";

    NEXT_PIPELINE = "SELECT key, account FROM pipelines WHERE key >= $1 ORDER BY key LIMIT 1";
    ENDED_JOBS = "SELECT j.id, j.number, j.finished_at, \
        (coalesce(octet_length(y.spec), 0) + coalesce(octet_length(y.origin), 0) \
        + coalesce(octet_length(y.user_data), 0))::bigint, \
        (coalesce(octet_length(r.outputs), 0) + coalesce(octet_length(r.fault), 0) \
        + coalesce(octet_length(r.history), 0))::bigint \
        FROM jobs j LEFT JOIN job_payloads y ON y.number = j.number \
        LEFT JOIN job_results r ON r.number = j.number \
        WHERE j.pipeline = $1 AND j.lane = $2 AND j.id > $3 AND j.id < $4 ORDER BY j.id LIMIT $5";

    OLD_RECORDS = "SELECT number, account, at, (octet_length(principal) + octet_length(action) \
        + coalesce(octet_length(resource), 0) + coalesce(octet_length(reason), 0))::bigint \
        FROM audit WHERE number >= $1 AND number < $2 ORDER BY number LIMIT $3";
    DELETE_RECORDS = "DELETE FROM audit WHERE number = ANY($1::bigint[]) RETURNING number";
}
