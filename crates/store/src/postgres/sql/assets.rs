//! The statements about assets, the jobs that belong to them, and documents.

macro_rules! asset_query {
    ($rest:expr) => {
        concat!(
            "SELECT a.account, a.id, a.bucket, a.key, a.created_at, a.modified_at, a.body \
             FROM assets a ",
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
    INSERT_ASSETS = "INSERT INTO assets (account, id, bucket, key, category, reference, created_at, \
        modified_at, body) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], \
        $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::text[])";
    SET_ASSET = "UPDATE assets SET category = $3, reference = $4, modified_at = $5, body = $6 \
        WHERE account = $1 AND id = $2";
    DELETE_ASSET = "DELETE FROM assets WHERE account = $1 AND id = $2";
    ASSETS = asset_query!(
        "JOIN unnest($2::bytea[]) AS k(id) ON a.account = $1 AND a.id = k.id"
    );
    ASSETS_REFERRED = asset_query!(
        "JOIN unnest($2::text[]) AS k(reference) ON a.account = $1 AND a.reference = k.reference"
    );
    ASSET = asset_query!("WHERE a.account = $1 AND a.id = $2");
    ASSET_OF_FILE = asset_query!("WHERE a.account = $1 AND a.bucket = $2 AND a.key = $3");
    ID_REFERRED = "SELECT id FROM assets WHERE account = $1 AND reference = $2";
    IDS_OF_FILES = "SELECT a.account, a.bucket, a.key, a.id \
        FROM unnest($1::bigint[], $2::text[], $3::text[]) AS k(account, bucket, key) \
        JOIN assets a ON a.account = k.account AND a.bucket = k.bucket AND a.key = k.key";
    REFERENCES_TAKEN = "SELECT a.account, a.reference \
        FROM unnest($1::bigint[], $2::text[]) AS k(account, reference) \
        JOIN assets a ON a.account = k.account AND a.reference = k.reference";
    LIST_ASSETS = asset_query!(
        "WHERE a.account = $1 AND a.id BETWEEN $2 AND $3 ORDER BY a.id DESC LIMIT $4::bigint"
    );
    LIST_OLDEST_ASSETS = asset_query!(
        "WHERE a.account = $1 AND a.id BETWEEN $2 AND $3 ORDER BY a.id LIMIT $4::bigint"
    );
    LIST_CATEGORY = asset_query!(
        "WHERE a.account = $1 AND a.category = $5 AND a.id BETWEEN $2 AND $3 \
         ORDER BY a.id DESC LIMIT $4::bigint"
    );
    LIST_OLDEST_OF_CATEGORY = asset_query!(
        "WHERE a.account = $1 AND a.category = $5 AND a.id BETWEEN $2 AND $3 \
         ORDER BY a.id LIMIT $4::bigint"
    );

    INSERT_ARRIVALS = "INSERT INTO asset_arrivals (number, told) \
        SELECT k.number, false FROM unnest($1::bigint[]) AS k(number)";
    HAS_TOLD = "SELECT told FROM asset_arrivals WHERE number = $1";
    NOTE_TOLD = "INSERT INTO asset_arrivals (number, told) VALUES ($1, true) \
        ON CONFLICT (number) DO UPDATE SET told = true";

    INSERT_ASSET_JOBS = "INSERT INTO asset_jobs (number, account, asset, submission, job) \
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[])";
    DELETE_ASSET_JOB = "DELETE FROM asset_jobs WHERE number = $1";
    ASSET_STANDINGS = "SELECT t.asset, j.kind, j.state, j.number FROM unnest($2::bytea[]) AS k(id) \
        JOIN asset_jobs t ON t.account = $1 AND t.asset = k.id JOIN jobs j ON j.number = t.number";
    ASSET_JOBS = "SELECT t.submission, t.job FROM asset_jobs t JOIN jobs j ON j.number = t.number \
        WHERE t.account = $1 AND t.asset = $2 AND t.submission <= $3 \
        AND (t.submission < $3 OR t.job > $4) AND ($5::smallint IS NULL OR j.kind = $5) \
        ORDER BY t.submission DESC, t.job LIMIT $6::bigint";
    SUBMISSION_JOBS = "SELECT asset, job FROM asset_jobs WHERE account = $1 AND submission = $2 \
        ORDER BY job";

    INSERT_SOURCES = "INSERT INTO job_sources (number, account, hash) \
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])";
    SET_SOURCES_OPEN = "UPDATE job_sources s SET open = n.open \
        FROM unnest($1::bigint[], $2::boolean[]) AS n(number, open) WHERE s.number = n.number";
    JOBS_OF_SOURCE = "SELECT s.number, j.id, y.spec FROM job_sources s \
        JOIN jobs j ON j.number = s.number JOIN job_payloads y ON y.number = s.number \
        WHERE s.account = $1 AND s.hash = $2 AND s.number < $3 \
        ORDER BY s.number DESC LIMIT $4::bigint";

    DOCUMENT = document_query!("WHERE account = $1 AND kind = $2 AND id = $3");
    DOCUMENTS = document_query!("WHERE account = $1 AND kind = $2 ORDER BY id");
    DOCUMENTS_BELOW = document_query!(
        "WHERE account = $1 AND kind = $2 AND id >= $3 AND id < $4 ORDER BY id LIMIT $5 OFFSET $6"
    );
    COUNT_DOCUMENTS_BELOW = "SELECT count(*) FROM documents \
        WHERE account = $1 AND kind = $2 AND id >= $3 AND id < $4";
    COUNT_DOCUMENTS = "SELECT count(*) FROM documents WHERE account = $1 AND kind = $2";
    INSERT_DOCUMENT = "INSERT INTO documents (account, kind, id, revision, body, created_at, \
        modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SET_DOCUMENT = "UPDATE documents SET revision = $4, body = $5, modified_at = $6 \
        WHERE account = $1 AND kind = $2 AND id = $3";
    DELETE_DOCUMENT = "DELETE FROM documents WHERE account = $1 AND kind = $2 AND id = $3";
}

/// What batches need of these.
pub(in crate::postgres) const IN_BATCHES: [&str; 3] =
    [INSERT_ASSET_JOBS, INSERT_SOURCES, SET_SOURCES_OPEN];
