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

// What of an account a listing shows.
macro_rules! matches {
    () => {
        "account = $1 AND NOT deleted AND ($2::boolean IS NULL OR wanted = $2) \
         AND ($3::text IS NULL OR id = $4::bytea OR strpos(name, $3) > 0) \
         AND ($5::bigint IS NULL OR (created_at >= $5 AND touched_at >= $5))"
    };
}

statements! {
    INSERT_STREAM = "INSERT INTO streams (id, account, cluster, name, run, wanted, attempt, runs, \
        revision, created_at, touched_at, deleted, spec) \
        VALUES ($1, $2, $3, $4, 0, false, 0, 0, 0, $5, $5, false, $6)";
    /// Nothing, if the account has $2 already.
    COUNT_IN = "INSERT INTO stream_counts AS c (account, streams) VALUES ($1, 1) \
        ON CONFLICT (account) DO UPDATE SET streams = c.streams + 1 WHERE c.streams < $2";
    COUNT_OUT = "UPDATE stream_counts SET streams = streams - 1 WHERE account = $1";
    HAS_STREAMS = "SELECT true FROM streams WHERE cluster = $1 AND NOT deleted LIMIT 1";
    STREAM = stream_query!("WHERE id = $2 AND account = $1 AND NOT deleted");
    LOCK_STREAM = stream_query!("WHERE id = $2 AND account = $1 AND NOT deleted FOR UPDATE");
    EXISTS = "SELECT true FROM streams WHERE id = $2 AND account = $1 AND NOT deleted";
    /// Also of one that was deleted: whoever holds it still needs to know it.
    HELD_STREAM = stream_query!("WHERE id = $1");
    LOCK_COURSE = course_query!("WHERE id = $1 FOR UPDATE");
    /// In one order, so that two who renew the same do not wait for each other.
    LOCK_COURSES = course_query!("WHERE id = ANY($1::bytea[]) ORDER BY id FOR UPDATE");
    SET_COURSE = "UPDATE streams SET run = $2, wanted = $3, attempt = $4, worker = $5, until = $6, \
        held_run = $7, runs = $8, ready_at = $9, due_at = $10, last_start_at = $11, \
        last_stop_at = $12, ended = $13, revision = $14, touched_at = $15, deleted = $16 \
        WHERE id = $1";
    SET_BEATS = "UPDATE streams s SET until = n.until, runs = n.runs, \
        health = coalesce(n.health, s.health) \
        FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::text[]) AS n(id, until, runs, health) \
        WHERE s.id = n.id";
    /// What was seen of the start before is no more said of it.
    SET_PLAN_AT_START = "UPDATE streams SET plan = $2, health = NULL WHERE id = $1";
    SET_SPEC = "UPDATE streams SET name = $2, spec = $3, plan = $4 WHERE id = $1";
    DELETE_STREAM = "DELETE FROM streams WHERE id = $1";
    SET_BACK = "UPDATE streams SET due_at = $2 WHERE id = $1";
    DROP_HOLD = "UPDATE streams SET worker = NULL, until = NULL, held_run = NULL WHERE id = $1";

    /// Waits for whoever takes one of them or lets it go at this moment.
    TAKE_PLACES = "INSERT INTO stream_places (place, stream, revision) \
        SELECT k.place, $1::bytea, $2::bigint FROM unnest($3::bytea[]) AS k(place) \
        ON CONFLICT (place) DO NOTHING";
    OWNERS = "SELECT place, stream FROM stream_places WHERE place = ANY($1::bytea[])";
    /// What was taken by this write: no other has its revision.
    UNTAKE_PLACES = "DELETE FROM stream_places WHERE stream = $1 AND revision = $2";
    KEEP_PLACES = "UPDATE stream_places SET revision = $2 \
        WHERE place = ANY($3::bytea[]) AND stream = $1";
    FREE_PLACES = "DELETE FROM stream_places WHERE stream = $1 AND revision < $2";

    ADD_NOTES = "INSERT INTO stream_notes (stream, seq, at, what, run, attempt, message) \
        SELECT $1::bytea, \
        (SELECT coalesce(max(o.seq), 0) FROM stream_notes o WHERE o.stream = $1::bytea) + n.place, \
        n.at, n.what, n.run, n.attempt, n.message \
        FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[]) \
        WITH ORDINALITY AS n(at, what, run, attempt, message, place)";
    TRIM_NOTES = "DELETE FROM stream_notes WHERE stream = $1 \
        AND seq <= (SELECT max(seq) FROM stream_notes WHERE stream = $1) - $2::bigint";
    NOTES = "SELECT at, what, run, attempt, message FROM stream_notes WHERE stream = $1 AND at < $2 \
        ORDER BY seq DESC";
    DELETE_NOTES = "DELETE FROM stream_notes WHERE stream = $1";

    ADD_SAMPLES = "INSERT INTO stream_health (stream, at, body) \
        SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[]) ON CONFLICT DO NOTHING";
    SAMPLES = "SELECT body, at FROM stream_health WHERE stream = $1 AND at > $2 \
        ORDER BY at LIMIT $3::bigint";
    PRUNE_SAMPLES = "WITH old AS MATERIALIZED (SELECT stream, at FROM stream_health WHERE at < $1 \
        ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED) \
        DELETE FROM stream_health USING old \
        WHERE stream_health.stream = old.stream AND stream_health.at = old.at";

    HAS_CLAIMABLE = "SELECT true FROM streams WHERE cluster = $1 AND due_at <= $2 LIMIT 1";
    /// Those that have waited longest first; what another claims at this moment is its.
    CLAIMABLE = stream_query!(
        "WHERE cluster = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3::bigint FOR UPDATE SKIP LOCKED"
    );
    HAS_ENDED = "SELECT true FROM streams WHERE worker IS NOT NULL AND until <= $1 LIMIT 1";
    /// What another lets go at this moment needs nobody else.
    ENDED = course_query!(
        "WHERE worker IS NOT NULL AND until <= $1 ORDER BY id FOR UPDATE SKIP LOCKED"
    );
    NEXT_END = "SELECT min(until) FROM streams WHERE worker IS NOT NULL";
    NEXT_DUE = "SELECT min(due_at) FROM streams WHERE cluster = $1 AND due_at IS NOT NULL";

    LIST = stream_query!(concat!(
        "WHERE ", matches!(), " ORDER BY id DESC LIMIT $6::bigint OFFSET $7::bigint"
    ));
    LIST_OLDEST = stream_query!(concat!(
        "WHERE ", matches!(), " ORDER BY id LIMIT $6::bigint OFFSET $7::bigint"
    ));
    COUNT_MATCHES = concat!("SELECT count(*) FROM streams WHERE ", matches!());
    LIST_CLUSTER = stream_query!(concat!(
        "WHERE cluster = $8 AND ", matches!(), " ORDER BY id DESC LIMIT $6::bigint OFFSET $7::bigint"
    ));
    LIST_OLDEST_OF_CLUSTER = stream_query!(concat!(
        "WHERE cluster = $8 AND ", matches!(), " ORDER BY id LIMIT $6::bigint OFFSET $7::bigint"
    ));
    COUNT_MATCHES_OF_CLUSTER =
        concat!("SELECT count(*) FROM streams WHERE cluster = $6 AND ", matches!());

    COUNT_WANTED = "SELECT count(*) FROM streams WHERE wanted";
    COUNT_KEPT = "SELECT count(*) FROM streams WHERE NOT deleted";
    COUNT_HELD = "SELECT count(*) FROM streams WHERE worker IS NOT NULL AND wanted";
}
