//! The statements about accounts, keys, users, policies, tokens, nonces and the audit.

macro_rules! account_query {
    ($rest:expr) => {
        concat!(
            "SELECT a.id, a.name, a.created_at, \
             (SELECT group_concat(f.feature) FROM features f WHERE f.account = a.id) \
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
            "SELECT id, account, user, sealed, active, expires_at, created_at FROM access_keys ",
            $rest
        )
    };
}

macro_rules! api_key_query {
    ($rest:expr) => {
        concat!(
            "SELECT id, digest, account, user, operator, active, expires_at, created_at \
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

// The first conditions name the index to walk; the others are looked at in each of its rows.
macro_rules! audit_query {
    ($first:expr) => {
        concat!(
            "SELECT number, at, account, principal, key_id, dialect, action, resource, source, \
             allowed, reason, status, code, request_id FROM audit WHERE ",
            $first,
            " AND number BETWEEN ?1 AND ?2 AND (?4 IS NULL OR account = ?4) \
             AND (?5 IS NULL OR principal = ?5) AND (?6 IS NULL OR action = ?6) \
             AND (?7 IS NULL OR resource = ?7) AND (?8 IS NULL OR request_id = ?8) \
             AND (?9 IS NULL OR allowed = ?9) ORDER BY number DESC LIMIT ?3"
        )
    };
}

statements! {
    HAS_ACCOUNTS = "SELECT EXISTS (SELECT 1 FROM accounts)";
    INSERT_ACCOUNT = "INSERT INTO accounts (id, name, created_at) VALUES (?1, ?2, ?3)";
    ACCOUNT_EXISTS = "SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ?1)";
    ACCOUNT_NAME_EXISTS = "SELECT EXISTS (SELECT 1 FROM accounts WHERE name = ?1)";
    ACCOUNT = account_query!("WHERE a.id = ?1");
    ACCOUNT_NAMED = account_query!("WHERE a.name = ?1");
    ACCOUNTS = account_query!("WHERE a.id > ?1 ORDER BY a.id LIMIT ?2");
    INSERT_FEATURE =
        "INSERT INTO features (account, feature) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    DELETE_FEATURE = "DELETE FROM features WHERE account = ?1 AND feature = ?2";
    PUT_LIMIT = "INSERT INTO limits (account, action, rule) VALUES (?1, ?2, ?3) \
        ON CONFLICT DO UPDATE SET rule = excluded.rule";
    DELETE_LIMIT = "DELETE FROM limits WHERE account = ?1 AND action = ?2";
    LIMITS = "SELECT action, rule FROM limits WHERE account = ?1";

    INSERT_PROJECT = "INSERT INTO projects (id, account, name, created_at) \
        VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    COUNT_PROJECTS = "SELECT count(*) FROM projects WHERE account = ?1";
    PROJECT = project_query!("WHERE id = ?1");
    PROJECTS = project_query!("WHERE account = ?1 ORDER BY name");

    INSERT_ACCESS_KEY = "INSERT INTO access_keys \
        (id, account, user, sealed, active, expires_at, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    COUNT_ACCESS_KEYS = "SELECT count(*) FROM access_keys WHERE account = ?1";
    ACCESS_KEY = access_key_query!("WHERE id = ?1");
    ACCESS_KEYS = access_key_query!("WHERE account = ?1 ORDER BY created_at, id");
    SET_ACCESS_KEY_ACTIVE = "UPDATE access_keys SET active = ?3 WHERE id = ?2 AND account = ?1";
    DELETE_ACCESS_KEY = "DELETE FROM access_keys WHERE id = ?2 AND account = ?1";
    DELETE_ACCESS_KEYS_OF = "DELETE FROM access_keys WHERE account = ?1 AND user = ?2";
    /// Unless it does so earlier anyway.
    EXPIRE_ACCESS_KEY = "UPDATE access_keys \
        SET expires_at = min(coalesce(expires_at, ?3), ?3) WHERE id = ?2 AND account = ?1";
    SEALED_SECRETS = "SELECT id, sealed FROM access_keys WHERE id > ?1 ORDER BY id LIMIT ?2";
    RESEAL = "UPDATE access_keys SET sealed = ?3 WHERE id = ?1 AND sealed = ?2";
    SEALED_OTHERS = "SELECT id, sealed FROM secrets WHERE id > ?1 ORDER BY id LIMIT ?2";
    ADD_SECRET = "INSERT INTO secrets (id, sealed) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    SECRET = "SELECT id, sealed FROM secrets WHERE id = ?1";
    RESEAL_OTHER = "UPDATE secrets SET sealed = ?3 WHERE id = ?1 AND sealed = ?2";

    INSERT_API_KEY = "INSERT INTO api_keys \
        (id, digest, account, user, operator, active, expires_at, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
    COUNT_API_KEYS = "SELECT count(*) FROM api_keys WHERE account = ?1";
    API_KEY = api_key_query!("WHERE digest = ?1");
    API_KEY_BY_ID = api_key_query!("WHERE id = ?2 AND account = ?1");
    API_KEYS = api_key_query!("WHERE account = ?1 ORDER BY created_at, id");
    SET_API_KEY_ACTIVE = "UPDATE api_keys SET active = ?3 WHERE id = ?2 AND account = ?1";
    DELETE_API_KEY = "DELETE FROM api_keys WHERE id = ?2 AND account = ?1";
    DELETE_API_KEYS_OF = "DELETE FROM api_keys WHERE account = ?1 AND user = ?2";
    EXPIRE_API_KEY = "UPDATE api_keys SET expires_at = min(coalesce(expires_at, ?3), ?3) \
        WHERE id = ?2 AND account = ?1";

    INSERT_USER = "INSERT INTO users (account, name, id, password, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    COUNT_USERS = "SELECT count(*) FROM users WHERE account = ?1";
    USER_EXISTS = "SELECT EXISTS (SELECT 1 FROM users WHERE account = ?1 AND name = ?2)";
    USER = user_query!("WHERE account = ?1 AND name = ?2");
    USERS = user_query!("WHERE account = ?1 ORDER BY name");
    PASSWORD = "SELECT password FROM users WHERE account = ?1 AND name = ?2";
    SET_PASSWORD = "UPDATE users SET password = ?3 WHERE account = ?1 AND name = ?2";
    DELETE_USER = "DELETE FROM users WHERE account = ?1 AND name = ?2";

    POLICY_EXISTS = "SELECT EXISTS (SELECT 1 FROM policies WHERE account = ?1 AND name = ?2)";
    COUNT_POLICIES = "SELECT count(*) FROM policies WHERE account = ?1";
    PUT_POLICY = "INSERT INTO policies (account, name, document, created_at, updated_at) \
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET \
        document = excluded.document, updated_at = excluded.updated_at";
    POLICY = policy_query!("WHERE account = ?1 AND name = ?2");
    POLICIES = policy_query!("WHERE account = ?1 ORDER BY name");
    DELETE_POLICY = "DELETE FROM policies WHERE account = ?1 AND name = ?2";

    ROLE_EXISTS = "SELECT EXISTS (SELECT 1 FROM roles WHERE account = ?1 AND name = ?2)";
    COUNT_ROLES = "SELECT count(*) FROM roles WHERE account = ?1";
    PUT_ROLE = "INSERT INTO roles (account, name, id, trust, max_session, created_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET \
        trust = excluded.trust, max_session = excluded.max_session";
    ROLE = role_query!("WHERE account = ?1 AND name = ?2");
    ROLES = role_query!("WHERE account = ?1 ORDER BY name");
    DELETE_ROLE = "DELETE FROM roles WHERE account = ?1 AND name = ?2";

    IS_ATTACHED = "SELECT EXISTS (SELECT 1 FROM attachments WHERE account = ?1 AND kind = ?2 \
        AND grantee = ?3 AND custom = ?4 AND policy = ?5)";
    COUNT_ATTACHMENTS = "SELECT count(*) FROM attachments \
        WHERE account = ?1 AND kind = ?2 AND grantee = ?3";
    INSERT_ATTACHMENT = "INSERT INTO attachments (account, kind, grantee, custom, policy) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    DELETE_ATTACHMENT = "DELETE FROM attachments WHERE account = ?1 AND kind = ?2 \
        AND grantee = ?3 AND custom = ?4 AND policy = ?5";
    DELETE_ATTACHMENTS = "DELETE FROM attachments \
        WHERE account = ?1 AND kind = ?2 AND grantee = ?3";
    GRANTS = "SELECT t.custom, t.policy, p.document FROM attachments t \
        LEFT JOIN policies p ON t.custom = 1 AND p.account = t.account AND p.name = t.policy \
        WHERE t.account = ?1 AND t.kind = ?2 AND t.grantee = ?3 ORDER BY t.custom, t.policy";
    ATTACHED_TO = "SELECT kind, grantee FROM attachments \
        WHERE account = ?1 AND custom = 1 AND policy = ?2 ORDER BY kind, grantee";

    INSERT_TOKEN = "INSERT INTO tokens (digest, account, user, project, issued_at, expires_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    TOKEN = "SELECT digest, account, user, project, issued_at, expires_at FROM tokens \
        WHERE digest = ?1";
    DELETE_TOKEN = "DELETE FROM tokens WHERE digest = ?1";
    DELETE_TOKENS_OF = "DELETE FROM tokens WHERE account = ?1 AND user = ?2";
    PRUNE_TOKENS = "DELETE FROM tokens WHERE digest IN \
        (SELECT digest FROM tokens WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

    INSERT_NONCE = "INSERT INTO nonces (hash, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    INSERT_KEYED_CALL = "INSERT INTO keyed_calls (hash, until, request, made) \
        VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    DELETE_KEYED_CALL = "DELETE FROM keyed_calls WHERE hash = ?1";
    KEYED_CALL = "SELECT request, made FROM keyed_calls WHERE hash = ?1";
    PRUNE_KEYED_CALLS = "DELETE FROM keyed_calls WHERE hash IN \
        (SELECT hash FROM keyed_calls WHERE until <= ?1 ORDER BY until LIMIT ?2)";
    /// The one behind the next so many.
    NONCE_AHEAD = "SELECT hash FROM nonces WHERE hash >= ?1 ORDER BY hash LIMIT 1 OFFSET ?2";
    PRUNE_NONCES = "DELETE FROM nonces WHERE hash >= ?1 AND hash < ?2 AND until <= ?3";
    PRUNE_LAST_NONCES = "DELETE FROM nonces WHERE hash >= ?1 AND until <= ?2";

    INSERT_AUDIT = "INSERT INTO audit (number, at, account, principal, key_id, dialect, action, \
        resource, source, allowed, reason, status, code, request_id) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    LAST_AUDIT = "SELECT max(number) FROM audit WHERE number < ?1";
    AUDIT = audit_query!("number >= ?1");
    AUDIT_OF_ACCOUNT = audit_query!("account = ?4");
    AUDIT_OF_PRINCIPAL = audit_query!("account = ?4 AND principal = ?5");
    AUDIT_OF_ACTION = audit_query!("account = ?4 AND action = ?6");
    AUDIT_OF_RESOURCE = audit_query!("account = ?4 AND resource = ?7");
    AUDIT_OF_REQUEST = audit_query!("request_id = ?8");
    AUDIT_REFUSED = audit_query!("account = ?4 AND allowed = 0");
    PRUNE_AUDIT = "DELETE FROM audit WHERE number IN \
        (SELECT number FROM audit WHERE number < ?1 ORDER BY number LIMIT ?2)";
}
