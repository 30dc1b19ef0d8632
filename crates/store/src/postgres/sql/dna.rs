//! The statements about fingerprint libraries.

// What `rows::library` reads.
macro_rules! library_query {
    ($rest:expr) => {
        concat!(
            "SELECT id, account, name, model, description, version, added_at, entries, created_at, \
             deleted_at FROM dna_libraries ",
            $rest
        )
    };
}

// What `rows::entry` reads.
macro_rules! entry_query {
    ($rest:expr) => {
        concat!(
            "SELECT library, number, key, bucket, object, job, duration_ms, bytes, created_at \
             FROM dna_entries ",
            $rest
        )
    };
}

statements! {
    INSERT_LIBRARY = "INSERT INTO dna_libraries (id, account, name, model, description, version, \
        added_at, emptied_at, entries, emptying, created_at) \
        VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, false, $6)";
    COUNT_LIBRARIES = "SELECT count(*) FROM dna_libraries WHERE account = $1 AND deleted_at IS NULL";
    /// Deleted ones too.
    LIBRARIES = library_query!("WHERE id = ANY($2::bytea[]) AND account = $1");
    ALL_LIBRARIES = library_query!("WHERE account = $1 AND deleted_at IS NULL ORDER BY id");
    STANDING = "SELECT version, emptied_at, account, added_at FROM dna_libraries \
        WHERE id = $1 AND deleted_at IS NULL";
    /// As nobody else changes it until the end of the transaction.
    LOCK_LIBRARY = "SELECT version, emptied_at, account, added_at FROM dna_libraries \
        WHERE id = $1 AND deleted_at IS NULL FOR UPDATE";
    /// What is in it is of an era that is over.
    EMPTY_LIBRARY = "UPDATE dna_libraries SET version = version + 1, emptied_at = version + 1, \
        entries = 0, emptying = true WHERE id = $1";
    FORGET_LIBRARY = "UPDATE dna_libraries SET deleted_at = $2, emptying = true WHERE id = $1";
    NOTE_ADDED = "UPDATE dna_libraries SET version = $2, added_at = $2, entries = entries + 1 \
        WHERE id = $1";
    NOTE_REMOVED = "UPDATE dna_libraries SET version = $2, entries = entries - $3 WHERE id = $1";

    ENTRIES = entry_query!(
        "WHERE library = $1 AND era = $2 AND key > $3 ORDER BY key LIMIT $4::bigint"
    );
    ENTRIES_OF_KEYS = entry_query!("WHERE library = $1 AND era = $2 AND key = ANY($3::text[])");
    ENTRIES_OF_JOBS = entry_query!("WHERE library = $1 AND era = $2 AND job = ANY($3::bytea[])");
    JOB_OF_KEY = "SELECT job FROM dna_entries WHERE library = $1 AND era = $2 AND key = $3";
    INSERT_ENTRY = "INSERT INTO dna_entries (library, number, era, key, bucket, object, job, \
        duration_ms, bytes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    INSERT_FINGERPRINT = "INSERT INTO dna_fingerprints (library, number, part, body) \
        VALUES ($1, $2, $3, $4)";
    REMOVE_ENTRIES = "WITH gone AS (DELETE FROM dna_entries \
        WHERE library = $1 AND era = $2 AND key = ANY($3::text[]) RETURNING number) \
        INSERT INTO dna_removals (library, removed_at, number, held) \
        SELECT $1::bytea, $4::bigint, number, true FROM gone";

    /// What has happened after a version, all as it is at one moment: how the library stands, what was added
    /// and is there, what was removed, and what was in it before it was emptied and has not been taken away.
    /// Removals end at the first addition that does not fit in $4 bytes any more.
    CHANGES = "WITH l AS MATERIALIZED (SELECT version, emptied_at FROM dna_libraries \
        WHERE id = $1::bytea AND deleted_at IS NULL), \
        h AS MATERIALIZED (SELECT e.number, e.bytes, e.key, \
        sum(greatest(e.bytes, 1)) OVER (ORDER BY e.number) AS total FROM l JOIN LATERAL \
        (SELECT number, bytes, key FROM dna_entries WHERE library = $1 \
        AND number > greatest($2::bigint, l.emptied_at) ORDER BY number LIMIT $3::bigint) e ON true), \
        u AS MATERIALIZED (SELECT coalesce((SELECT min(number) FROM h \
        WHERE total > $4::bigint AND total > greatest(bytes, 1)), l.version) AS upto FROM l) \
        SELECT 0::bigint, version, emptied_at, NULL::text FROM l \
        UNION ALL (SELECT 1, number, bytes, key FROM h) \
        UNION ALL (SELECT 2, r.removed_at, r.number, NULL FROM u JOIN LATERAL \
        (SELECT removed_at, number FROM dna_removals WHERE library = $1 AND removed_at > $2 \
        AND removed_at <= u.upto AND number <= $2) r ON $2 > 0) \
        UNION ALL (SELECT 3, l.emptied_at, e.number, NULL FROM l JOIN LATERAL \
        (SELECT number FROM dna_entries WHERE library = $1 AND number <= $2) e \
        ON $2 > 0 AND l.emptied_at > $2)";
    FINGERPRINTS = "SELECT number, body FROM dna_fingerprints \
        WHERE library = $1 AND number = ANY($2::bigint[]) ORDER BY number, part";
    IS_THERE = "SELECT true FROM dna_entries WHERE library = $1 AND number = $2";

    /// What another takes away at this moment needs nobody else.
    HELD_FINGERPRINTS = "SELECT r.library, r.removed_at, r.number, \
        (SELECT coalesce(sum(octet_length(f.body)), 0)::bigint FROM dna_fingerprints f \
        WHERE f.library = r.library AND f.number = r.number) \
        FROM dna_removals r WHERE r.held LIMIT $1::bigint FOR UPDATE SKIP LOCKED";
    DELETE_FINGERPRINT = "DELETE FROM dna_fingerprints WHERE library = $1 AND number = $2";
    LET_GO = "UPDATE dna_removals SET held = false \
        WHERE library = $1 AND removed_at = $2 AND number = $3";
    EMPTYING = "SELECT id, emptied_at, deleted_at IS NOT NULL FROM dna_libraries \
        WHERE emptying ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";
    OLD_ENTRIES = "SELECT number, bytes FROM dna_entries WHERE library = $1 AND number <= $2 \
        ORDER BY number LIMIT $3::bigint";
    DELETE_FINGERPRINTS = "DELETE FROM dna_fingerprints \
        WHERE library = $1 AND number = ANY($2::bigint[])";
    DELETE_ENTRIES = "DELETE FROM dna_entries WHERE library = $1 AND number = ANY($2::bigint[])";
    INSERT_REMOVALS = "INSERT INTO dna_removals (library, removed_at, number, held) \
        SELECT $1::bytea, $3::bigint, n, false FROM unnest($2::bigint[]) n";
    DELETE_REMOVALS = "WITH old AS MATERIALIZED (SELECT removed_at, number FROM dna_removals \
        WHERE library = $1 ORDER BY removed_at, number LIMIT $2::bigint) \
        DELETE FROM dna_removals r USING old \
        WHERE r.library = $1 AND r.removed_at = old.removed_at AND r.number = old.number";
    EMPTIED = "UPDATE dna_libraries SET emptying = false WHERE id = $1";
    FORGET = "WITH old AS MATERIALIZED (SELECT id FROM dna_libraries \
        WHERE deleted_at < $1 AND NOT emptying ORDER BY deleted_at LIMIT $2::bigint \
        FOR UPDATE SKIP LOCKED) DELETE FROM dna_libraries l USING old WHERE l.id = old.id";
}
