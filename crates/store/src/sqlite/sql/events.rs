//! Statements on events, destinations and deliveries.

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
    INSERT_EVENT = "INSERT INTO events (account, job, pipeline, name, attempt, at, fault) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    /// Of a job that is stored.
    ADD_EVENT = "INSERT INTO events (account, job, pipeline, name, attempt, at, fault) \
        SELECT account, id, pipeline, ?2, coalesce(?3, attempt), ?4, ?5 FROM jobs \
        WHERE number = ?1";
    EVENTS = concat!(
        "SELECT ", event_columns!("e"), " FROM events e JOIN pipelines p ON p.key = e.pipeline \
         WHERE e.position > ?1 ORDER BY e.position LIMIT ?2"
    );
    NEWEST_EVENT = "SELECT max(position) FROM events";
    PRUNED_EVENTS = "SELECT pruned FROM event_log WHERE only = 1";
    FANNED_OUT = "SELECT fanned_out FROM event_log WHERE only = 1";
    MOVE_FANNED_OUT = "UPDATE event_log SET fanned_out = ?2 WHERE only = 1 AND fanned_out = ?1";

    INSERT_DESTINATION = "INSERT INTO destinations (id, account, topic, url, names, secret, \
        old_secret, old_until, enabled, since, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";
    COUNT_DESTINATIONS = "SELECT count(*) FROM destinations WHERE account = ?1 AND deleted = 0";
    DESTINATIONS = destination_query!("WHERE d.account = ?1 AND d.deleted = 0 ORDER BY d.key");
    DESTINATION = destination_query!("WHERE d.id = ?2 AND d.account = ?1 AND d.deleted = 0");
    DESTINATION_BY_KEY = destination_query!("WHERE d.key = ?1");
    TOPIC = destination_query!("WHERE d.account = ?1 AND d.topic = ?2 AND d.deleted = 0");
    DESTINATION_KEY = "SELECT key FROM destinations WHERE id = ?1 AND account = ?2 AND deleted = 0";
    /// What has happened while it was switched off does not concern it.
    SET_DESTINATION = "UPDATE destinations SET url = coalesce(?2, url), \
        names = coalesce(?3, names), enabled = coalesce(?4, enabled), \
        since = CASE WHEN ?4 = 1 AND enabled = 0 \
        THEN coalesce((SELECT max(position) FROM events), since) ELSE since END WHERE key = ?1";
    SET_DESTINATION_SECRET = "UPDATE destinations SET old_secret = secret, old_until = ?3, \
        secret = ?2 WHERE key = ?1";
    DELETE_DESTINATION = "UPDATE destinations SET deleted = 1 WHERE key = ?1";
    DELETE_SECRET = "DELETE FROM secrets WHERE id = ?1";

    INSERT_DELIVERY = "INSERT INTO deliveries (id, account, destination, dialect, position, job, \
        pipeline, name, attempt, at, fault, state, due_at, began_at, created_at, message, lane) \
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, p.key, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, ?15, ?16 \
        FROM pipelines p WHERE p.id = ?7 ON CONFLICT DO NOTHING";
    HAS_DELIVERY = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE id = ?1)";
    IS_ON_ITS_WAY = "SELECT EXISTS (SELECT 1 FROM deliveries INDEXED BY deliveries_lane \
        WHERE coalesce(lane, job) = ?1 AND destination = ?2 AND state < 2)";
    NEXT_DUE_DESTINATION = "SELECT min(destination) FROM deliveries \
        WHERE due_at IS NOT NULL AND destination > ?1";
    DUE_DELIVERIES = "SELECT number FROM deliveries WHERE destination = ?1 AND due_at <= ?2 \
        AND due_at IS NOT NULL ORDER BY due_at LIMIT ?3";
    /// Time in which nobody tried is not counted.
    TRY_DELIVERY = "UPDATE deliveries SET tries = tries + 1, due_at = ?2, \
        began_at = began_at + (?3 - due_at) WHERE number = ?1";
    SETTLE_DELIVERY = "UPDATE deliveries SET state = ?3, due_at = ?4, last_at = ?5, \
        last_status = ?6, last_error = ?7 WHERE id = ?1 AND tries = ?2 AND state = 1 \
        RETURNING coalesce(lane, job), destination";
    // What the index is limited to has to be said as it says it.
    NEXT_WAITING = "SELECT number FROM deliveries INDEXED BY deliveries_lane \
        WHERE coalesce(lane, job) = ?1 AND destination = ?2 AND state < 2 AND state = 0 \
        ORDER BY number LIMIT 1";
    BEGIN_DELIVERY = "UPDATE deliveries SET state = 1, due_at = ?2, began_at = ?2 \
        WHERE number = ?1";
    REPLAY_DELIVERY = "UPDATE deliveries SET state = ?2, due_at = ?3, began_at = ?4, base = tries \
        WHERE number = ?1";
    DELIVERY_STATE = "SELECT v.number, v.state, coalesce(v.lane, v.job), v.destination, d.deleted \
        FROM deliveries v JOIN destinations d ON d.key = v.destination \
        WHERE v.id = ?2 AND v.account = ?1";
    DELIVERY = delivery_query!("WHERE v.id = ?2 AND v.account = ?1");
    DELIVERY_BY_NUMBER = delivery_query!("WHERE v.number = ?1");
    DELIVERIES = delivery_query!(
        "WHERE v.account = ?1 AND v.number < ?2 ORDER BY v.number DESC LIMIT ?3"
    );
    DELIVERIES_IN_STATE = delivery_query!(
        "WHERE v.account = ?1 AND v.number < ?2 AND v.state = ?4 \
         AND (?5 IS NULL OR v.destination = ?5) ORDER BY v.number DESC LIMIT ?3"
    );
    // With the sign the index of all that an account has is not taken for the shorter way.
    DELIVERIES_OF_DESTINATION = delivery_query!(
        "WHERE +v.account = ?1 AND v.number < ?2 AND v.destination = ?4 \
         ORDER BY v.number DESC LIMIT ?3"
    );
    DELIVERIES_OF_JOB = delivery_query!(
        "WHERE +v.account = ?1 AND v.number < ?2 AND v.job = ?4 AND (?5 IS NULL OR v.state = ?5) \
         AND (?6 IS NULL OR v.destination = ?6) ORDER BY v.number DESC LIMIT ?3"
    );
    /// Deleted ones too.
    ANY_DESTINATION_KEY = "SELECT key FROM destinations WHERE id = ?1 AND account = ?2";
}
