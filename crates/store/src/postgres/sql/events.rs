//! The statements about events, destinations and deliveries.

// What `events::rows::event` reads, behind the place.
macro_rules! event_columns {
    ($t:literal) => {
        concat!(
            $t,
            ".position, ",
            $t,
            ".account, ",
            $t,
            ".job, p.id, ",
            $t,
            ".name, ",
            $t,
            ".attempt, ",
            $t,
            ".at, ",
            $t,
            ".fault"
        )
    };
}

macro_rules! destination_query {
    ($rest:expr) => {
        concat!(
            "SELECT d.key, d.id, d.account, d.topic, d.url, d.names, d.secret, s.sealed, \
             d.old_secret, o.sealed, d.old_until, d.enabled, d.created_at, d.since, d.deleted \
             FROM destinations d LEFT JOIN secrets s ON s.id = d.secret \
             LEFT JOIN secrets o ON o.id = d.old_secret ",
            $rest
        )
    };
}

macro_rules! delivery_query {
    ($rest:expr) => {
        concat!(
            "SELECT ", event_columns!("v"), ", v.number, v.id, d.id, v.dialect, v.state, v.tries, \
             v.base, v.due_at, v.began_at, v.created_at, v.last_at, v.last_status, v.last_error, \
             v.message FROM deliveries v JOIN destinations d ON d.key = v.destination \
             JOIN pipelines p ON p.key = v.pipeline ",
            $rest
        )
    };
}

statements! {
    INSERT_EVENTS = "INSERT INTO events (account, job, pipeline, name, attempt, at, fault) \
        SELECT account, job, pipeline, name, attempt, at, fault FROM unnest($1::bigint[], \
        $2::bytea[], $3::bigint[], $4::smallint[], $5::integer[], $6::bigint[], $7::text[]) \
        WITH ORDINALITY AS new (account, job, pipeline, name, attempt, at, fault, place) \
        ORDER BY place";
    HAS_NEW_EVENTS = "SELECT EXISTS (SELECT 1 FROM events WHERE position IS NULL)";
    LOCK_EVENT_LOG = "SELECT last FROM event_log WHERE only_row FOR UPDATE";
    /// In a statement after the lock, so that it sees all that was committed before.
    PLACE_EVENTS = "WITH new AS MATERIALIZED (SELECT arrival FROM events WHERE position IS NULL \
        ORDER BY arrival LIMIT $2), \
        placed AS (SELECT arrival, $1 + row_number() OVER (ORDER BY arrival) AS place FROM new) \
        UPDATE events e SET position = placed.place FROM placed WHERE e.arrival = placed.arrival";
    MOVE_LAST_EVENT = "UPDATE event_log SET last = last + $1 WHERE only_row";
    EVENTS = concat!(
        "SELECT ", event_columns!("e"), " FROM events e JOIN pipelines p ON p.key = e.pipeline \
         WHERE e.position > $1 ORDER BY e.position LIMIT $2"
    );
    EVENT_LOG = "SELECT last, fanned_out, pruned FROM event_log WHERE only_row";
    MOVE_FANNED_OUT =
        "UPDATE event_log SET fanned_out = $2 WHERE only_row AND fanned_out = $1";

    INSERT_DESTINATION = "INSERT INTO destinations (id, account, topic, url, names, secret, \
        old_secret, old_until, enabled, since, created_at) \
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, last, $10 FROM event_log \
        ON CONFLICT DO NOTHING";
    COUNT_DESTINATIONS = "SELECT count(*) FROM destinations WHERE account = $1 AND NOT deleted";
    KEEP_SECRET = "INSERT INTO secrets (id, sealed) VALUES ($1, $2) \
        ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed";
    DESTINATIONS = destination_query!("WHERE d.account = $1 AND NOT d.deleted ORDER BY d.key");
    LISTENING =
        destination_query!("WHERE d.account = ANY($1) AND NOT d.deleted AND d.enabled ORDER BY d.key");
    DESTINATION = destination_query!("WHERE d.id = $2 AND d.account = $1 AND NOT d.deleted");
    LOCK_DESTINATION = destination_query!(
        "WHERE d.id = $2 AND d.account = $1 AND NOT d.deleted FOR UPDATE OF d"
    );
    DESTINATION_BY_KEY = destination_query!("WHERE d.key = $1");
    TOPIC = destination_query!("WHERE d.account = $1 AND d.topic = $2 AND NOT d.deleted");
    /// What has happened while it was switched off does not concern it.
    SET_DESTINATION = "UPDATE destinations SET url = coalesce($2, url), \
        names = coalesce($3, names), enabled = coalesce($4, enabled), \
        since = CASE WHEN $4 AND NOT enabled \
        THEN (SELECT last FROM event_log WHERE only_row) ELSE since END WHERE key = $1";
    SET_DESTINATION_SECRET = "UPDATE destinations SET old_secret = secret, old_until = $3, \
        secret = $2 WHERE key = $1";
    DELETE_DESTINATION = "UPDATE destinations SET deleted = true WHERE key = $1";
    DELETE_SECRET = "DELETE FROM secrets WHERE id = $1";

    HOLD_TURNS = "SELECT only_row FROM delivery_turns WHERE only_row FOR UPDATE";
    SHARE_TURNS = "SELECT only_row FROM delivery_turns WHERE only_row FOR SHARE";
    /// Of a destination that has been deleted meanwhile none is made.
    INSERT_DELIVERY = "INSERT INTO deliveries (id, account, destination, dialect, position, job, \
        pipeline, name, attempt, at, fault, state, due_at, began_at, created_at, message, lane) \
        SELECT $1, $2, d.key, $4, $5, $6, p.key, $8, $9, $10, $11, \
        CASE WHEN waits.it THEN 0 ELSE 1 END, CASE WHEN waits.it THEN NULL ELSE $12::bigint END, \
        $12, $12, $13, $14 FROM pipelines p, destinations d, LATERAL (SELECT EXISTS (SELECT 1 \
        FROM deliveries v WHERE coalesce(v.lane, v.job) = coalesce($14::bytea, $6) \
        AND v.destination = d.key AND v.state < 2) AS it) waits \
        WHERE p.id = $7 AND d.id = $3 AND NOT d.deleted ON CONFLICT DO NOTHING";
    IS_ON_ITS_WAY = "SELECT EXISTS (SELECT 1 FROM deliveries \
        WHERE coalesce(lane, job) = $1 AND destination = $2 AND state < 2)";
    /// Three probes of indexes for each of them. Those that are switched off have what is due for as long as that
    /// lasts.
    DUE_DESTINATIONS = "WITH RECURSIVE due (destination) AS ( \
        (SELECT destination FROM deliveries WHERE due_at IS NOT NULL AND destination > $1 \
        ORDER BY destination LIMIT 1) UNION ALL \
        SELECT (SELECT v.destination FROM deliveries v WHERE v.due_at IS NOT NULL \
        AND v.destination > due.destination ORDER BY v.destination LIMIT 1) \
        FROM due WHERE due.destination IS NOT NULL) \
        SELECT destination FROM due WHERE destination IS NOT NULL \
        AND (SELECT d.enabled OR d.deleted FROM destinations d WHERE d.key = due.destination) \
        AND (SELECT v.due_at <= $3 FROM deliveries v WHERE v.destination = due.destination \
        AND v.due_at IS NOT NULL ORDER BY v.due_at LIMIT 1) LIMIT $2";
    /// Time in which nobody tried is not counted.
    TRY_DELIVERIES = "WITH due AS MATERIALIZED (SELECT number FROM deliveries \
        WHERE destination = $1 AND due_at <= $2 AND due_at IS NOT NULL ORDER BY due_at LIMIT $3 \
        FOR UPDATE SKIP LOCKED) \
        UPDATE deliveries v SET tries = v.tries + 1, due_at = $4, \
        began_at = v.began_at + ($2 - v.due_at) FROM due \
        WHERE v.number = due.number RETURNING v.number";
    SETTLE_DELIVERY = "UPDATE deliveries SET state = $3, due_at = $4, last_at = $5, \
        last_status = $6, last_error = $7 WHERE id = $1 AND tries = $2 AND state = 1 \
        RETURNING coalesce(lane, job), destination";
    BEGIN_NEXT = "UPDATE deliveries SET state = 1, due_at = $3, began_at = $3 WHERE number = (SELECT number \
        FROM deliveries WHERE coalesce(lane, job) = $1 AND destination = $2 AND state < 2 AND state = 0 \
        ORDER BY number LIMIT 1)";
    REPLAY_DELIVERY = "UPDATE deliveries SET state = $2, due_at = $3, began_at = $4, base = tries \
        WHERE number = $1";
    LOCK_DELIVERY = "SELECT v.number, v.state, coalesce(v.lane, v.job), v.destination, d.deleted \
        FROM deliveries v JOIN destinations d ON d.key = v.destination \
        WHERE v.id = $2 AND v.account = $1 FOR UPDATE OF v";
    DELIVERY = delivery_query!("WHERE v.id = $2 AND v.account = $1");
    DELIVERY_BY_NUMBER = delivery_query!("WHERE v.number = $1");
    DELIVERIES = delivery_query!(
        "WHERE v.account = $1 AND v.number < $2 ORDER BY v.number DESC LIMIT $3"
    );
    DELIVERIES_IN_STATE = delivery_query!(
        "WHERE v.account = $1 AND v.number < $2 AND v.state = $4 \
         AND ($5::bytea IS NULL OR d.id = $5) ORDER BY v.number DESC LIMIT $3"
    );
    DELIVERIES_OF_DESTINATION = delivery_query!(
        "WHERE v.account = $1 AND v.number < $2 AND v.destination = \
         (SELECT key FROM destinations WHERE id = $4) ORDER BY v.number DESC LIMIT $3"
    );
    DELIVERIES_OF_JOB = delivery_query!(
        "WHERE v.account = $1 AND v.number < $2 AND v.job = $4 \
         AND ($5::smallint IS NULL OR v.state = $5) AND ($6::bytea IS NULL OR d.id = $6) \
         ORDER BY v.number DESC LIMIT $3"
    );
}
