//! The statements about live streams.

// What `rows::course` reads.
macro_rules! course_columns {
    () => {
        "id, run, wanted, attempt, worker, until, held_run, runs, ready_at, due_at, last_start_at, \
         last_stop_at, ended, revision, touched_at, deleted"
    };
}

// What `rows::kept` reads.
macro_rules! stream_query {
    ($rest:expr) => {
        concat!(
            "SELECT ",
            course_columns!(),
            ", account, cluster, name, spec, plan, created_at, health FROM streams ",
            $rest
        )
    };
}

macro_rules! course_query {
    ($rest:expr) => {
        concat!("SELECT ", course_columns!(), " FROM streams ", $rest)
    };
}

// Of those of an account, from ?2 on, or of a cluster of it.
macro_rules! matches {
    () => {
        "account = ?1 AND deleted = 0 AND (?2 IS NULL OR wanted = ?2) \
         AND (?3 IS NULL OR id = ?4 OR instr(name, ?3) > 0) \
         AND (?5 IS NULL OR (created_at >= ?5 AND touched_at >= ?5))"
    };
}

statements! {
    INSERT_STREAM = "INSERT INTO streams (id, account, cluster, name, run, wanted, attempt, runs, \
        revision, created_at, touched_at, deleted, spec) \
        VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, ?5, ?5, 0, ?6)";
    /// Nothing, if the account has ?2 already.
    COUNT_IN = "INSERT INTO stream_counts (account, streams) VALUES (?1, 1) \
        ON CONFLICT (account) DO UPDATE SET streams = streams + 1 WHERE streams < ?2";
    COUNT_OUT = "UPDATE stream_counts SET streams = streams - 1 WHERE account = ?1";
    KNOWS_CLUSTER = "SELECT 1 FROM clusters WHERE name = ?1";
    HAS_STREAMS = "SELECT 1 FROM streams WHERE cluster = ?1 AND deleted = 0 LIMIT 1";
    STREAM = stream_query!("WHERE id = ?2 AND account = ?1 AND deleted = 0");
    /// Also of one that was deleted: whoever holds it still needs to know it.
    HELD_STREAM = stream_query!("WHERE id = ?1");
    COURSE = course_query!("WHERE id = ?1");
    SET_COURSE = "UPDATE streams SET run = ?2, wanted = ?3, attempt = ?4, worker = ?5, until = ?6, \
        held_run = ?7, runs = ?8, ready_at = ?9, due_at = ?10, last_start_at = ?11, \
        last_stop_at = ?12, ended = ?13, revision = ?14, touched_at = ?15, deleted = ?16 \
        WHERE id = ?1";
    SET_BEAT = "UPDATE streams SET until = ?2, runs = ?3, health = coalesce(?4, health) WHERE id = ?1";
    /// What was seen of the start before is no more said of it.
    SET_PLAN_AT_START = "UPDATE streams SET plan = ?2, health = NULL WHERE id = ?1";
    SET_SPEC = "UPDATE streams SET name = ?2, spec = ?3, plan = ?4 WHERE id = ?1";
    DELETE_STREAM = "DELETE FROM streams WHERE id = ?1";
    SET_BACK = "UPDATE streams SET due_at = ?2 WHERE id = ?1";
    DROP_HOLD = "UPDATE streams SET worker = NULL, until = NULL, held_run = NULL WHERE id = ?1";

    PLACE_TAKEN = "SELECT 1 FROM stream_places WHERE place = ?1 AND stream <> ?2";
    TAKE_PLACE = "INSERT INTO stream_places (place, stream, revision) VALUES (?1, ?2, ?3) \
        ON CONFLICT (place) DO UPDATE SET revision = excluded.revision";
    FREE_PLACES = "DELETE FROM stream_places WHERE stream = ?1 AND revision < ?2";

    ADD_NOTE = "INSERT INTO stream_notes (stream, seq, at, what, run, attempt, message) \
        SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM stream_notes WHERE stream = ?1";
    TRIM_NOTES = "DELETE FROM stream_notes WHERE stream = ?1 \
        AND seq <= (SELECT max(seq) FROM stream_notes WHERE stream = ?1) - ?2";
    NOTES = "SELECT at, what, run, attempt, message FROM stream_notes WHERE stream = ?1 AND at < ?2 \
        ORDER BY seq DESC";
    DELETE_NOTES = "DELETE FROM stream_notes WHERE stream = ?1";

    ADD_SAMPLE = "INSERT INTO stream_health (stream, at, body) VALUES (?1, ?2, ?3) \
        ON CONFLICT DO NOTHING";
    SAMPLES = "SELECT body, at FROM stream_health WHERE stream = ?1 AND at > ?2 ORDER BY at LIMIT ?3";
    PRUNE_SAMPLES = "DELETE FROM stream_health WHERE (stream, at) IN \
        (SELECT stream, at FROM stream_health WHERE at < ?1 ORDER BY at LIMIT ?2)";

    /// Those that have waited longest first.
    CLAIMABLE = stream_query!(
        "WHERE cluster = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?3"
    );
    ENDED = course_query!("INDEXED BY streams_held WHERE worker IS NOT NULL AND until <= ?1");
    NEXT_END = "SELECT min(until) FROM streams INDEXED BY streams_held WHERE worker IS NOT NULL";
    NEXT_DUE = "SELECT min(due_at) FROM streams WHERE cluster = ?1 AND due_at IS NOT NULL";

    LIST = stream_query!(concat!(
        "WHERE ", matches!(), " ORDER BY id DESC LIMIT ?6 OFFSET ?7"
    ));
    LIST_OLDEST = stream_query!(concat!("WHERE ", matches!(), " ORDER BY id LIMIT ?6 OFFSET ?7"));
    COUNT_MATCHES = concat!("SELECT count(*) FROM streams WHERE ", matches!());
    LIST_CLUSTER = stream_query!(concat!(
        "WHERE cluster = ?8 AND ", matches!(), " ORDER BY id DESC LIMIT ?6 OFFSET ?7"
    ));
    LIST_OLDEST_OF_CLUSTER = stream_query!(concat!(
        "WHERE cluster = ?8 AND ", matches!(), " ORDER BY id LIMIT ?6 OFFSET ?7"
    ));
    COUNT_MATCHES_OF_CLUSTER =
        concat!("SELECT count(*) FROM streams WHERE cluster = ?6 AND ", matches!());

    COUNT_WANTED = "SELECT count(*) FROM streams INDEXED BY streams_wanted WHERE wanted = 1";
    COUNT_KEPT = "SELECT count(*) FROM streams INDEXED BY streams_account WHERE deleted = 0";
    COUNT_HELD = "SELECT count(*) FROM streams INDEXED BY streams_held \
        WHERE worker IS NOT NULL AND wanted = 1";
}
