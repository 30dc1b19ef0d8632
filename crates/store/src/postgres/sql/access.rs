//! The statements about accounts, keys, users, policies, tokens, nonces and the audit.

macro_rules! account_query {
    ($rest:expr) => {
        concat!(
            "SELECT a.id, a.name, a.created_at, \
             (SELECT string_agg(f.feature, ',') FROM features f WHERE f.account = a.id) \
             FROM accounts a ",
            $rest
        )
    };
}

macro_rules! project_query {
    ($rest:expr) => {
        concat!("SELECT id, account, name, created_at FROM projects ", $rest)
    };
}

macro_rules! access_key_query {
    ($rest:expr) => {
        concat!(
            "SELECT id, account, user_name, sealed, active, expires_at, created_at \
             FROM access_keys ",
            $rest
        )
    };
}

macro_rules! api_key_query {
    ($rest:expr) => {
        concat!(
            "SELECT id, digest, account, user_name, operator, active, expires_at, created_at \
             FROM api_keys ",
            $rest
        )
    };
}

macro_rules! user_query {
    ($rest:expr) => {
        concat!(
            "SELECT account, name, id, password IS NOT NULL, created_at FROM users ",
            $rest
        )
    };
}

macro_rules! policy_query {
    ($rest:expr) => {
        concat!(
            "SELECT account, name, document, created_at, updated_at FROM policies ",
            $rest
        )
    };
}

macro_rules! role_query {
    ($rest:expr) => {
        concat!(
            "SELECT account, name, id, trust, max_session, created_at FROM roles ",
            $rest
        )
    };
}

// One row with no policy if there is none; no row if there is no grantee.
macro_rules! grants_query {
    ($grantees:expr, $kind:expr) => {
        concat!(
            "SELECT t.custom, t.policy, p.document FROM ",
            $grantees,
            " g LEFT JOIN attachments t ON t.account = g.account AND t.kind = ",
            $kind,
            " AND t.grantee = g.name \
             LEFT JOIN policies p ON t.custom AND p.account = t.account AND p.name = t.policy \
             WHERE g.account = $1 AND g.name = $2 ORDER BY t.custom, t.policy"
        )
    };
}

// The first conditions name the index to walk; the others are looked at in each of its rows. Each
// parameter is named, also where that says nothing, so that it has a type.
macro_rules! audit_query {
    ($first:expr, $order:expr) => {
        concat!(
            "SELECT number, at, account, principal, key_id, dialect, action, resource, source, \
             allowed, reason, status, code, request_id FROM audit WHERE ",
            $first,
            " AND ($4::bigint IS NULL OR account = $4) \
             AND ($5::text IS NULL OR principal = $5) AND ($6::text IS NULL OR action = $6) \
             AND ($7::text IS NULL OR resource = $7) \
             AND ($8::text IS NULL OR request_id = $8) \
             AND ($9::boolean IS NULL OR allowed = $9) ORDER BY ",
            $order,
            " LIMIT $3"
        )
    };
}

// The indexes beside the primary key hold numbers with their signs turned. In the order of the primary
// key they would do as well, and the planner would rather walk over everybody's calls along that than
// look for a few.
macro_rules! audit_part_query {
    ($first:expr) => {
        audit_query!(
            concat!($first, " AND -number BETWEEN -$2::bigint AND -$1::bigint"),
            "-number"
        )
    };
}

statements! {
    HAS_ACCOUNTS = "SELECT EXISTS (SELECT FROM accounts)";
    /// Accounts are made one after the other, on whatever node.
    LOCK_ACCOUNTS = "SELECT true FROM schema WHERE only_row FOR UPDATE";
    INSERT_ACCOUNT = "INSERT INTO accounts (id, name, created_at) VALUES ($1, $2, $3)";
    /// What an account has is changed by one at a time. No row: there is no such account.
    LOCK_ACCOUNT = "SELECT true FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
    ACCOUNT_NAME_EXISTS = "SELECT EXISTS (SELECT FROM accounts WHERE name = $1)";
    ACCOUNT = account_query!("WHERE a.id = $1");
    ACCOUNT_NAMED = account_query!("WHERE a.name = $1");
    ACCOUNTS = account_query!("WHERE a.id > $1 ORDER BY a.id LIMIT $2");
    INSERT_FEATURE =
        "INSERT INTO features (account, feature) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    DELETE_FEATURE = "DELETE FROM features WHERE account = $1 AND feature = $2";
    PUT_LIMIT = "INSERT INTO limits (account, action, rule) VALUES ($1, $2, $3) \
        ON CONFLICT (account, action) DO UPDATE SET rule = excluded.rule";
    DELETE_LIMIT = "DELETE FROM limits WHERE account = $1 AND action = $2";
    LIMITS = "SELECT action, rule FROM limits WHERE account = $1";

    INSERT_PROJECT = "INSERT INTO projects (id, account, name, created_at) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    COUNT_PROJECTS = "SELECT count(*) FROM projects WHERE account = $1";
    PROJECT = project_query!("WHERE id = $1");
    PROJECTS = project_query!("WHERE account = $1 ORDER BY name");

    INSERT_ACCESS_KEY = "INSERT INTO access_keys \
        (id, account, user_name, sealed, active, expires_at, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    COUNT_ACCESS_KEYS = "SELECT count(*) FROM access_keys WHERE account = $1";
    ACCESS_KEY = access_key_query!("WHERE id = $1");
    ACCESS_KEYS = access_key_query!("WHERE account = $1 ORDER BY created_at, id");
    SET_ACCESS_KEY_ACTIVE = "UPDATE access_keys SET active = $3 WHERE id = $2 AND account = $1";
    DELETE_ACCESS_KEY = "DELETE FROM access_keys WHERE id = $2 AND account = $1";
    DELETE_ACCESS_KEYS_OF = "DELETE FROM access_keys WHERE account = $1 AND user_name = $2";
    /// Unless it does so earlier anyway.
    EXPIRE_ACCESS_KEY = "UPDATE access_keys SET expires_at = least(expires_at, $3) \
        WHERE id = $2 AND account = $1";
    SEALED_SECRETS = "SELECT id, sealed FROM ( \
        (SELECT id, sealed FROM access_keys WHERE id > $1 ORDER BY id LIMIT $2) UNION ALL \
        (SELECT id, sealed FROM secrets WHERE id > $1 ORDER BY id LIMIT $2)) both_kinds \
        ORDER BY id LIMIT $2";
    RESEAL = "UPDATE access_keys SET sealed = $3 WHERE id = $1 AND sealed = $2";
    VACUUM_SECRETS = "VACUUM access_keys, secrets";
    ADD_SECRET = "INSERT INTO secrets (id, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    SECRET = "SELECT id, sealed FROM secrets WHERE id = $1";
    RESEAL_OTHER = "UPDATE secrets SET sealed = $3 WHERE id = $1 AND sealed = $2";

    INSERT_API_KEY = "INSERT INTO api_keys \
        (id, digest, account, user_name, operator, active, expires_at, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    COUNT_API_KEYS = "SELECT count(*) FROM api_keys WHERE account = $1";
    API_KEY = api_key_query!("WHERE digest = $1");
    API_KEY_BY_ID = api_key_query!("WHERE id = $2 AND account = $1");
    API_KEYS = api_key_query!("WHERE account = $1 ORDER BY created_at, id");
    SET_API_KEY_ACTIVE = "UPDATE api_keys SET active = $3 WHERE id = $2 AND account = $1";
    DELETE_API_KEY = "DELETE FROM api_keys WHERE id = $2 AND account = $1";
    DELETE_API_KEYS_OF = "DELETE FROM api_keys WHERE account = $1 AND user_name = $2";
    EXPIRE_API_KEY = "UPDATE api_keys SET expires_at = least(expires_at, $3) \
        WHERE id = $2 AND account = $1";

    INSERT_USER = "INSERT INTO users (account, name, id, password, created_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    COUNT_USERS = "SELECT count(*) FROM users WHERE account = $1";
    USER_EXISTS = "SELECT EXISTS (SELECT FROM users WHERE account = $1 AND name = $2)";
    USER = user_query!("WHERE account = $1 AND name = $2");
    USERS = user_query!("WHERE account = $1 ORDER BY name");
    PASSWORD = "SELECT password FROM users WHERE account = $1 AND name = $2";
    SET_PASSWORD = "UPDATE users SET password = $3 WHERE account = $1 AND name = $2";
    DELETE_USER = "DELETE FROM users WHERE account = $1 AND name = $2";

    POLICY_EXISTS = "SELECT EXISTS (SELECT FROM policies WHERE account = $1 AND name = $2)";
    COUNT_POLICIES = "SELECT count(*) FROM policies WHERE account = $1";
    PUT_POLICY = "INSERT INTO policies (account, name, document, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account, name) DO UPDATE SET \
        document = excluded.document, updated_at = excluded.updated_at";
    POLICY = policy_query!("WHERE account = $1 AND name = $2");
    POLICIES = policy_query!("WHERE account = $1 ORDER BY name");
    DELETE_POLICY = "DELETE FROM policies WHERE account = $1 AND name = $2";

    ROLE_EXISTS = "SELECT EXISTS (SELECT FROM roles WHERE account = $1 AND name = $2)";
    COUNT_ROLES = "SELECT count(*) FROM roles WHERE account = $1";
    PUT_ROLE = "INSERT INTO roles (account, name, id, trust, max_session, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, name) DO UPDATE SET \
        trust = excluded.trust, max_session = excluded.max_session";
    ROLE = role_query!("WHERE account = $1 AND name = $2");
    ROLES = role_query!("WHERE account = $1 ORDER BY name");
    DELETE_ROLE = "DELETE FROM roles WHERE account = $1 AND name = $2";

    IS_ATTACHED = "SELECT EXISTS (SELECT FROM attachments WHERE account = $1 AND kind = $2 \
        AND grantee = $3 AND custom = $4 AND policy = $5)";
    COUNT_ATTACHMENTS = "SELECT count(*) FROM attachments \
        WHERE account = $1 AND kind = $2 AND grantee = $3";
    INSERT_ATTACHMENT = "INSERT INTO attachments (account, kind, grantee, custom, policy) \
        VALUES ($1, $2, $3, $4, $5)";
    DELETE_ATTACHMENT = "DELETE FROM attachments WHERE account = $1 AND kind = $2 \
        AND grantee = $3 AND custom = $4 AND policy = $5";
    DELETE_ATTACHMENTS = "DELETE FROM attachments \
        WHERE account = $1 AND kind = $2 AND grantee = $3";
    GRANTS_OF_USER = grants_query!("users", "0");
    GRANTS_OF_ROLE = grants_query!("roles", "1");
    ATTACHED_TO = "SELECT kind, grantee FROM attachments \
        WHERE account = $1 AND custom AND policy = $2 ORDER BY kind, grantee";

    INSERT_TOKEN = "INSERT INTO tokens \
        (digest, account, user_name, project, issued_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    TOKEN = "SELECT digest, account, user_name, project, issued_at, expires_at FROM tokens \
        WHERE digest = $1";
    DELETE_TOKEN = "DELETE FROM tokens WHERE digest = $1";
    DELETE_TOKENS_OF = "DELETE FROM tokens WHERE account = $1 AND user_name = $2";
    /// Another node may be about the same ones.
    PRUNE_TOKENS = "WITH old AS MATERIALIZED (SELECT digest FROM tokens WHERE expires_at <= $1 \
        ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) \
        DELETE FROM tokens USING old WHERE tokens.digest = old.digest";

    PRUNE_NONCES = "WITH old AS MATERIALIZED (SELECT hash FROM nonces WHERE until <= $1 \
        ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED) \
        DELETE FROM nonces USING old WHERE nonces.hash = old.hash";
    KEYED_CALL = "SELECT request, made FROM keyed_calls WHERE hash = $1";
    DELETE_KEYED_CALL = "DELETE FROM keyed_calls WHERE hash = $1";
    PRUNE_KEYED_CALLS = "WITH old AS MATERIALIZED (SELECT hash FROM keyed_calls WHERE until <= $1 \
        ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED) \
        DELETE FROM keyed_calls USING old WHERE keyed_calls.hash = old.hash";
    /// What became of transactions of connections that have been closed for long.
    PRUNE_COMMITS = "WITH old AS MATERIALIZED (SELECT writer FROM commits \
        WHERE at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 86400000 \
        LIMIT $1 FOR UPDATE SKIP LOCKED) \
        DELETE FROM commits USING old WHERE commits.writer = old.writer";

    INSERT_AUDIT = "INSERT INTO audit (number, at, account, principal, key_id, dialect, action, \
        resource, source, allowed, reason, status, code, request_id) \
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], \
        $6::text[], $7::text[], $8::text[], $9::text[], $10::boolean[], $11::text[], \
        $12::integer[], $13::text[], $14::text[]) ON CONFLICT DO NOTHING RETURNING number";
    /// The highest number of each of these ranges, as far as it has one.
    LAST_AUDIT = "SELECT r.first, max(a.number) FROM unnest($1::bigint[]) r(first) \
        JOIN LATERAL (SELECT number FROM audit WHERE number >= r.first \
        AND number < r.first + $2 ORDER BY number DESC LIMIT 1) a ON true GROUP BY r.first";
    AUDIT = audit_query!("number BETWEEN $1 AND $2", "number DESC");
    AUDIT_OF_ACCOUNT = audit_part_query!("account = $4");
    AUDIT_OF_PRINCIPAL = audit_part_query!("account = $4 AND principal = $5");
    AUDIT_OF_ACTION = audit_part_query!("account = $4 AND action = $6");
    AUDIT_OF_RESOURCE = audit_part_query!("account = $4 AND resource = $7");
    AUDIT_OF_REQUEST = audit_part_query!("request_id = $8");
    AUDIT_REFUSED = audit_part_query!("account = $4 AND NOT allowed");
    PRUNE_AUDIT = "WITH old AS MATERIALIZED (SELECT number FROM audit WHERE number < $1 \
        ORDER BY number LIMIT $2 FOR UPDATE SKIP LOCKED) \
        DELETE FROM audit USING old WHERE audit.number = old.number";
}
