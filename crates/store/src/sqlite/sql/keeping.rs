//! The statements that take away what has been kept for long enough.

statements! {
    PUT_RETENTION = "INSERT INTO retention (account, what, days) VALUES (?1, ?2, ?3) \
        ON CONFLICT DO UPDATE SET days = excluded.days";
    DELETE_RETENTION = "DELETE FROM retention WHERE account = ?1 AND what = ?2";
    RETENTION = "SELECT account, what, days FROM retention WHERE account = ?1";
    RETENTIONS = "SELECT account, what, days FROM retention";
    SIGNED_AFTER = "SELECT signed_after FROM restored WHERE only = 1";
    PUT_SIGNED_AFTER = "INSERT INTO restored (only, signed_after) VALUES (1, ?1) \
        ON CONFLICT DO UPDATE SET signed_after = max(signed_after, excluded.signed_after)";

    JOB_STATE = "SELECT number, state FROM jobs WHERE account = ?1 AND id = ?2";
    LAST_JOB = "SELECT max(number) FROM jobs";
    DELETE_JOB = "DELETE FROM jobs WHERE number = ?1 AND state IN (4, 5, 6) AND finished_at <= ?2 \
        RETURNING id";
    /// What stays of the job with the highest number: nobody's, in no pipeline.
    BURY_JOB = "UPDATE jobs SET account = 0, pipeline = 0, state = 6, ready_at = NULL \
        WHERE number = ?1 AND state IN (4, 5, 6) AND finished_at <= ?2 RETURNING id";
    DELETE_BURIED = "DELETE FROM jobs WHERE account = 0 AND number < ?1";
    DELETE_PAYLOAD = "DELETE FROM job_payloads WHERE number = ?1";
    DELETE_RESULTS = "DELETE FROM job_results WHERE number = ?1";

    NEXT_PIPELINE = "SELECT key, account FROM pipelines WHERE key >= ?1 ORDER BY key LIMIT 1";
    ENDED_JOBS = "SELECT j.id, j.number, j.finished_at, octet_length(y.spec) + \
        coalesce(octet_length(y.origin), 0) + coalesce(octet_length(y.user_data), 0), \
        coalesce(octet_length(r.outputs), 0) + coalesce(octet_length(r.fault), 0) + \
        coalesce(octet_length(r.history), 0), EXISTS (SELECT 1 FROM asset_jobs t \
        JOIN assets a ON a.account = t.account AND a.id = t.asset WHERE t.number = j.number) \
        FROM jobs j LEFT JOIN job_payloads y ON y.number = j.number \
        LEFT JOIN job_results r ON r.number = j.number \
        WHERE j.pipeline = ?1 AND j.kind = ?2 AND j.lane = ?3 AND j.id > ?4 AND j.id < ?5 \
        ORDER BY j.id LIMIT ?6";

    OLD_RECORDS = "SELECT number, account, at, octet_length(principal) + octet_length(action) + \
        coalesce(octet_length(resource), 0) + coalesce(octet_length(reason), 0) \
        FROM audit WHERE number >= ?1 AND number < ?2 ORDER BY number LIMIT ?3";
    DELETE_RECORD = "DELETE FROM audit WHERE number = ?1";

    OLD_EVENTS = "SELECT position, account, at, coalesce(octet_length(fault), 0) FROM events \
        WHERE position >= ?1 AND position <= (SELECT fanned_out FROM event_log WHERE only = 1) \
        AND position < (SELECT max(position) FROM events) ORDER BY position LIMIT ?2";
    DELETE_EVENT = "DELETE FROM events WHERE position = ?1 \
        AND position < (SELECT max(position) FROM events)";
    NOTE_PRUNED = "UPDATE event_log SET pruned = max(pruned, ?1) WHERE only = 1";

    OLD_DELIVERIES = "SELECT number, account, coalesce(last_at, created_at), \
        CASE WHEN state IN (2, 3, 4) THEN coalesce(octet_length(fault), 0) + \
        coalesce(octet_length(last_error), 0) END, created_at FROM deliveries \
        WHERE number >= ?1 AND number < (SELECT max(number) FROM deliveries) \
        ORDER BY number LIMIT ?2";
    DELETE_DELIVERY = "DELETE FROM deliveries WHERE number = ?1 AND state IN (2, 3, 4) \
        AND coalesce(last_at, created_at) < ?2";
}
