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
        VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, 0, ?6)";
    COUNT_LIBRARIES = "SELECT count(*) FROM dna_libraries WHERE account = ?1 AND deleted_at IS NULL";
    /// Deleted ones too.
    LIBRARY = library_query!("WHERE id = ?2 AND account = ?1");
    ALL_LIBRARIES = library_query!("WHERE account = ?1 AND deleted_at IS NULL ORDER BY id");
    STANDING = "SELECT version, emptied_at, account FROM dna_libraries \
        WHERE id = ?1 AND deleted_at IS NULL";
    ADDED_AT = "SELECT added_at FROM dna_libraries WHERE id = ?1";
    /// What is in it is of an era that is over.
    EMPTY_LIBRARY = "UPDATE dna_libraries SET version = version + 1, emptied_at = version + 1, \
        entries = 0, emptying = 1 WHERE id = ?1";
    FORGET_LIBRARY = "UPDATE dna_libraries SET deleted_at = ?2, emptying = 1 WHERE id = ?1";
    NOTE_ADDED = "UPDATE dna_libraries SET version = ?2, added_at = ?2, entries = entries + 1 \
        WHERE id = ?1";
    NOTE_REMOVED = "UPDATE dna_libraries SET version = ?2, entries = entries - ?3 WHERE id = ?1";

    ENTRIES = entry_query!("WHERE library = ?1 AND era = ?2 AND key > ?3 ORDER BY key LIMIT ?4");
    ENTRY_OF_KEY = entry_query!("WHERE library = ?1 AND era = ?2 AND key = ?3");
    /// By its index, which the planner would leave for all of the library.
    ENTRIES_OF_JOB = entry_query!(
        "INDEXED BY dna_entries_job WHERE library = ?1 AND era = ?2 AND job = ?3"
    );
    NUMBER_OF_KEY = "SELECT number, job FROM dna_entries \
        WHERE library = ?1 AND era = ?2 AND key = ?3";
    INSERT_ENTRY = "INSERT INTO dna_entries (library, number, era, key, bucket, object, job, \
        duration_ms, bytes, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    INSERT_FINGERPRINT = "INSERT INTO dna_fingerprints (library, number, part, body) \
        VALUES (?1, ?2, ?3, ?4)";
    DELETE_ENTRY = "DELETE FROM dna_entries WHERE library = ?1 AND number = ?2";
    INSERT_REMOVAL = "INSERT INTO dna_removals (library, removed_at, number, held) \
        VALUES (?1, ?2, ?3, ?4)";

    ADDED = "SELECT number, key, bytes FROM dna_entries WHERE library = ?1 AND number > ?2 \
        ORDER BY number LIMIT ?3";
    FINGERPRINT = "SELECT body FROM dna_fingerprints WHERE library = ?1 AND number = ?2 \
        ORDER BY part";
    REMOVED = "SELECT removed_at, number FROM dna_removals \
        WHERE library = ?1 AND removed_at > ?2 AND removed_at <= ?3 AND number <= ?2 \
        ORDER BY removed_at, number";
    /// What was in a library before it was emptied, as far as it has not been taken away yet.
    OUTDATED = "SELECT number FROM dna_entries WHERE library = ?1 AND number <= ?2 ORDER BY number";

    HELD_FINGERPRINTS = "SELECT r.library, r.removed_at, r.number, \
        (SELECT sum(octet_length(f.body)) FROM dna_fingerprints f \
        WHERE f.library = r.library AND f.number = r.number) \
        FROM dna_removals r INDEXED BY dna_removals_held WHERE r.held = 1 LIMIT ?1";
    DELETE_FINGERPRINT = "DELETE FROM dna_fingerprints WHERE library = ?1 AND number = ?2";
    LET_GO = "UPDATE dna_removals SET held = 0 \
        WHERE library = ?1 AND removed_at = ?2 AND number = ?3";
    EMPTYING = "SELECT id, emptied_at, deleted_at IS NOT NULL FROM dna_libraries \
        INDEXED BY dna_libraries_emptying WHERE emptying = 1 ORDER BY id LIMIT 1";
    OLD_ENTRIES = "SELECT number, bytes FROM dna_entries WHERE library = ?1 AND number <= ?2 \
        ORDER BY number LIMIT ?3";
    DELETE_REMOVALS = "DELETE FROM dna_removals WHERE (library, removed_at, number) IN \
        (SELECT library, removed_at, number FROM dna_removals WHERE library = ?1 LIMIT ?2)";
    EMPTIED = "UPDATE dna_libraries SET emptying = 0 WHERE id = ?1";
    FORGET = "DELETE FROM dna_libraries WHERE id IN (SELECT id FROM dna_libraries \
        WHERE deleted_at < ?1 AND emptying = 0 ORDER BY deleted_at LIMIT ?2)";
}
