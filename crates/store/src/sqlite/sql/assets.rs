//! The statements about assets, the jobs that belong to them, and documents.

macro_rules! asset_query {
    ($rest:expr) => {
        concat!(
            "SELECT account, id, bucket, key, created_at, modified_at, body FROM assets ",
            $rest
        )
    };
}

macro_rules! document_query {
    ($rest:expr) => {
        concat!(
            "SELECT account, kind, id, revision, created_at, modified_at, body FROM documents ",
            $rest
        )
    };
}

statements! {
    INSERT_ASSET = "INSERT INTO assets (account, id, bucket, key, category, reference, created_at, \
        modified_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    SET_ASSET = "UPDATE assets SET category = ?3, reference = ?4, modified_at = ?5, body = ?6 \
        WHERE account = ?1 AND id = ?2";
    DELETE_ASSET = "DELETE FROM assets WHERE account = ?1 AND id = ?2";
    ASSET = asset_query!("WHERE account = ?1 AND id = ?2");
    ASSET_REFERRED = asset_query!("WHERE account = ?1 AND reference = ?2");
    ASSET_OF_FILE = asset_query!("WHERE account = ?1 AND bucket = ?2 AND key = ?3");
    ID_REFERRED = "SELECT id FROM assets WHERE account = ?1 AND reference = ?2";
    ID_OF_FILE = "SELECT id FROM assets WHERE account = ?1 AND bucket = ?2 AND key = ?3";
    LIST_ASSETS = asset_query!(
        "WHERE account = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT ?4"
    );
    LIST_OLDEST_ASSETS = asset_query!(
        "WHERE account = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id LIMIT ?4"
    );
    LIST_CATEGORY = asset_query!(
        "WHERE account = ?1 AND category = ?5 AND id BETWEEN ?2 AND ?3 ORDER BY id DESC LIMIT ?4"
    );
    LIST_OLDEST_OF_CATEGORY = asset_query!(
        "WHERE account = ?1 AND category = ?5 AND id BETWEEN ?2 AND ?3 ORDER BY id LIMIT ?4"
    );

    INSERT_ARRIVAL = "INSERT INTO asset_arrivals (number, told) VALUES (?1, 0)";
    HAS_TOLD = "SELECT told FROM asset_arrivals WHERE number = ?1";
    NOTE_TOLD = "INSERT INTO asset_arrivals (number, told) VALUES (?1, 1) \
        ON CONFLICT (number) DO UPDATE SET told = 1";
    DELETE_ARRIVAL = "DELETE FROM asset_arrivals WHERE number = ?1";

    INSERT_ASSET_JOB = "INSERT INTO asset_jobs (number, account, asset, submission, job) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    ASSET_STANDINGS = "SELECT j.kind, j.state, j.number FROM asset_jobs t JOIN jobs j ON j.number = t.number \
        WHERE t.account = ?1 AND t.asset = ?2";
    ASSET_JOBS = "SELECT t.submission, t.job FROM asset_jobs t JOIN jobs j ON j.number = t.number \
        WHERE t.account = ?1 AND t.asset = ?2 AND t.submission <= ?3 \
        AND (t.submission < ?3 OR t.job > ?4) AND (?5 IS NULL OR j.kind = ?5) \
        ORDER BY t.submission DESC, t.job LIMIT ?6";
    SUBMISSION_JOBS = "SELECT asset, job FROM asset_jobs WHERE account = ?1 AND submission = ?2 \
        ORDER BY job";
    DELETE_ASSET_JOB = "DELETE FROM asset_jobs WHERE number = ?1";

    INSERT_SOURCE = "INSERT INTO job_sources (number, account, hash) VALUES (?1, ?2, ?3)";
    JOBS_OF_SOURCE = "SELECT s.number, j.id, y.spec FROM job_sources s \
        JOIN jobs j ON j.number = s.number JOIN job_payloads y ON y.number = s.number \
        WHERE s.account = ?1 AND s.hash = ?2 AND s.number < ?3 ORDER BY s.number DESC LIMIT ?4";
    SET_SOURCE_OPEN = "UPDATE job_sources SET open = ?2 WHERE number = ?1";
    DELETE_SOURCE = "DELETE FROM job_sources WHERE number = ?1";

    DOCUMENT = document_query!("WHERE account = ?1 AND kind = ?2 AND id = ?3");
    DOCUMENTS = document_query!("WHERE account = ?1 AND kind = ?2 ORDER BY id");
    DOCUMENTS_BELOW = document_query!(
        "WHERE account = ?1 AND kind = ?2 AND id >= ?3 AND id < ?4 ORDER BY id LIMIT ?5 OFFSET ?6"
    );
    COUNT_DOCUMENTS_BELOW = "SELECT count(*) FROM documents \
        WHERE account = ?1 AND kind = ?2 AND id >= ?3 AND id < ?4";
    COUNT_DOCUMENTS = "SELECT count(*) FROM documents WHERE account = ?1 AND kind = ?2";
    INSERT_DOCUMENT = "INSERT INTO documents (account, kind, id, revision, body, created_at, \
        modified_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    SET_DOCUMENT = "UPDATE documents SET revision = ?4, body = ?5, modified_at = ?6 \
        WHERE account = ?1 AND kind = ?2 AND id = ?3";
    DELETE_DOCUMENT = "DELETE FROM documents WHERE account = ?1 AND kind = ?2 AND id = ?3";
}
