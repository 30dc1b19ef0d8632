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
        ), asset_jobs AS ( \
          DELETE FROM asset_jobs a USING wanted w WHERE a.number = w.number \
        ), sources AS ( \
          DELETE FROM job_sources s USING wanted w WHERE s.number = w.number \
        ), arrivals AS ( \
          DELETE FROM asset_arrivals a USING wanted w WHERE a.number = w.number \
        ), held AS ( \
          DELETE FROM leases l USING wanted w WHERE l.id = w.id \
        ) \
        DELETE FROM jobs j USING wanted w WHERE j.number = w.number RETURNING j.number";

    NEXT_PIPELINE = "SELECT key, account FROM pipelines WHERE key >= $1 ORDER BY key LIMIT 1";
    ENDED_JOBS = "SELECT j.id, j.number, j.finished_at, \
        (coalesce(octet_length(y.spec), 0) + coalesce(octet_length(y.origin), 0) \
        + coalesce(octet_length(y.user_data), 0))::bigint, \
        (coalesce(octet_length(r.outputs), 0) + coalesce(octet_length(r.fault), 0) \
        + coalesce(octet_length(r.history), 0))::bigint, \
        EXISTS (SELECT FROM asset_jobs t JOIN assets a ON a.account = t.account AND a.id = t.asset \
        WHERE t.number = j.number) \
        FROM jobs j LEFT JOIN job_payloads y ON y.number = j.number \
        LEFT JOIN job_results r ON r.number = j.number \
        WHERE j.pipeline = $1 AND j.kind = $2 AND j.lane = $3 AND j.id > $4 AND j.id < $5 \
        ORDER BY j.id LIMIT $6";

    OLD_RECORDS = "SELECT number, account, at, (octet_length(principal) + octet_length(action) \
        + coalesce(octet_length(resource), 0) + coalesce(octet_length(reason), 0))::bigint \
        FROM audit WHERE number >= $1 AND number < $2 ORDER BY number LIMIT $3";
    OLD_EVENTS = "SELECT position, account, at, coalesce(octet_length(fault), 0)::bigint \
        FROM events WHERE position >= $1 \
        AND position <= (SELECT fanned_out FROM event_log WHERE only_row) \
        ORDER BY position LIMIT $2";
    DELETE_EVENTS = "DELETE FROM events WHERE position = ANY($1::bigint[]) \
        AND position IS NOT NULL RETURNING position";
    NOTE_PRUNED =
        "UPDATE event_log SET pruned = greatest(pruned, $1) WHERE only_row";
    OLD_DELIVERIES = "SELECT number, account, coalesce(last_at, created_at), \
        CASE WHEN state IN (2, 3, 4) THEN (coalesce(octet_length(fault), 0) \
        + coalesce(octet_length(last_error), 0))::bigint END, created_at FROM deliveries \
        WHERE number >= $1 ORDER BY number LIMIT $2";
    DELETE_DELIVERIES = "WITH wanted AS MATERIALIZED ( \
          SELECT d.number FROM unnest($1::bigint[], $2::bigint[]) AS w (number, cutoff) \
          JOIN deliveries d ON d.number = w.number \
          WHERE d.state IN (2, 3, 4) AND coalesce(d.last_at, d.created_at) < w.cutoff \
          ORDER BY d.number FOR UPDATE OF d SKIP LOCKED \
        ) \
        DELETE FROM deliveries d USING wanted w WHERE d.number = w.number RETURNING d.number";

    ARRIVING = "SELECT identity FROM arriving WHERE only_row";
    BEGIN_ARRIVING = "INSERT INTO arriving (only_row, identity) VALUES (true, $1)";
    END_ARRIVING = "DELETE FROM arriving WHERE only_row";
    PUT_SIGNED_AFTER = "INSERT INTO restored (only_row, signed_after) VALUES (true, $1) \
        ON CONFLICT (only_row) DO UPDATE \
        SET signed_after = greatest(restored.signed_after, excluded.signed_after)";
    SCHEMA_TABLE = "SELECT true FROM pg_class \
        WHERE relname = 'schema' AND relnamespace = current_schema()::regnamespace";
    SCHEMA = "SELECT version FROM schema WHERE only_row";
    /// The columns of all tables that are not made from others, and their places in the key.
    COLUMNS = "SELECT c.relname::text, a.attname::text, t.typname::text, \
        array_position(i.indkey::int2[], a.attnum)::integer FROM pg_class c \
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
        AND a.attgenerated = '' JOIN pg_type t ON t.oid = a.atttypid \
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace";
    /// Columns that get the next number by themselves.
    NUMBERED = "SELECT c.relname::text, a.attname::text FROM pg_class c \
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> '' \
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace";
    DELETE_RECORDS = "DELETE FROM audit WHERE number = ANY($1::bigint[]) RETURNING number";
}
