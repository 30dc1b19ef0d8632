//! How PostgreSQL is reached: TLS as the URL asks for it, refusals that tell no password, connections
//! that end, and schemas of other releases.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use reelgate_domain::access::AccountName;
use reelgate_store::conformance::first_account;
use reelgate_store::{AccessStore, CreateAccount, PostgresOptions, PostgresStore, Store};
use reelgate_testkit::{FixedClock, Ids, Postgres, PostgresSetup};
use tempfile::TempDir;

async fn try_open(url: &str) -> Result<PostgresStore, String> {
    try_open_within(Duration::from_secs(30), url).await
}

async fn try_open_within(patience: Duration, url: &str) -> Result<PostgresStore, String> {
    let options = PostgresOptions {
        patience,
        ..PostgresOptions::new(url)
    };
    PostgresStore::open(options)
        .await
        .map_err(|error| error.to_string())
}

/// It was asked for, and the answer was not looked at.
#[tokio::test]
async fn a_server_that_may_lose_what_it_commits_is_known() {
    let store = try_open(&Postgres::shared().database()).await.unwrap();
    // The tests' own is in a hurry.
    assert_eq!(store.off(), ["fsync", "full_page_writes"]);
    let server = Postgres::start(PostgresSetup {
        settings: &[("fsync", "on"), ("full_page_writes", "on")],
        ..PostgresSetup::default()
    });
    let store = try_open(&server.database()).await.unwrap();
    assert!(store.off().is_empty(), "{:?}", store.off());
}

/// A server with a certificate, the file of the authority that vouches for it, and another's.
struct Guarded {
    server: Postgres,
    dir: TempDir,
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

impl Guarded {
    fn new(name: &str) -> Self {
        let (ours, other) = (authority(), authority());
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &ours).unwrap();
        let (certificate, key) = (certificate.pem(), key.serialize_pem());
        let server = Postgres::start(PostgresSetup {
            tls: Some((&certificate, &key)),
            ..PostgresSetup::default()
        });
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ours.pem"), ours.pem()).unwrap();
        std::fs::write(dir.path().join("other.pem"), other.pem()).unwrap();
        std::fs::write(dir.path().join("server.pem"), &certificate).unwrap();
        Self { server, dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn open(&self, mode: &str, authorities: Option<&str>) -> Result<(), String> {
        let mut url = format!("{}?sslmode={mode}", self.server.url("postgres"));
        if let Some(name) = authorities {
            url.push_str(&format!("&sslrootcert={}", self.file(name).display()));
        }
        try_open(&url).await.map(drop)
    }
}

#[tokio::test]
async fn a_server_is_as_known_as_the_url_asks_for() {
    let guarded = Guarded::new("127.0.0.1");
    for (mode, authorities) in [
        ("disable", None),
        ("prefer", None),
        ("require", None),
        ("require", Some("ours.pem")),
        ("verify-ca", Some("ours.pem")),
        ("verify-full", Some("ours.pem")),
        ("verify-full", Some("server.pem")),
    ] {
        let opened = guarded.open(mode, authorities).await;
        assert_eq!(opened, Ok(()), "{mode} {authorities:?}");
    }
    for (mode, authorities) in [
        // Authorities that are named count, as they do for PostgreSQL's own clients.
        ("require", Some("other.pem")),
        ("verify-ca", Some("other.pem")),
        ("verify-full", Some("other.pem")),
        // The system's do not vouch for it.
        ("verify-full", None),
        ("verify-full", Some("missing.pem")),
        // What would verify nothing although it says so.
        ("prefer", Some("ours.pem")),
        ("disable", Some("ours.pem")),
        ("allow", None),
        ("verify-fully", None),
    ] {
        let opened = guarded.open(mode, authorities).await;
        assert!(opened.is_err(), "{mode} {authorities:?}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_counts_only_where_names_do_not() {
    let guarded = Guarded::new("elsewhere.example");
    assert_eq!(guarded.open("verify-ca", Some("ours.pem")).await, Ok(()));
    for file in ["ours.pem", "server.pem"] {
        let refused = guarded.open("verify-full", Some(file)).await.unwrap_err();
        assert!(refused.contains("name"), "{refused}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_that_is_asked_for() {
    let url = Postgres::shared().database();
    for mode in ["require", "verify-ca", "verify-full"] {
        let refused = try_open(&format!("{url}?sslmode={mode}")).await;
        let refused = refused.err().expect(mode);
        assert!(refused.contains("TLS"), "{refused}");
    }
    try_open(&format!("{url}?sslmode=prefer")).await.unwrap();
}

#[tokio::test]
async fn no_refusal_tells_the_password() {
    let port = Postgres::shared().port();
    for url in [
        format!("postgres://reelgate:s3cret@127.0.0.1:{port}/missing"),
        format!("postgres://nobody:s3cret@127.0.0.1:{port}/postgres"),
        "postgres://reelgate:s3cret@127.0.0.1:1/postgres".to_owned(),
        "postgres://reelgate:s3cret@127.0.0.1:notaport/postgres".to_owned(),
        "postgres://reelgate:s3cret@127.0.0.1/postgres?sslmode=maybe".to_owned(),
        "postgres://reelgate:s3cret@127.0.0.1/postgres?unheard=of".to_owned(),
        "postgres://reelgate:s3cret@[::/postgres".to_owned(),
        "mysql://reelgate:s3cret@127.0.0.1/postgres".to_owned(),
    ] {
        let options = PostgresOptions::new(&url);
        assert!(!format!("{options:?}").contains("s3cret"));
        let refused = try_open(&url).await.err().expect(&url);
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}

/// As many as the pool has, and the writer's and the listener's.
fn end_all_connections(server: &Postgres) {
    server.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name = 'reelgate'",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_end_are_replaced_without_a_word() {
    let server = Postgres::start(PostgresSetup::default());
    let store = try_open(&server.database()).await.unwrap();
    let new = first_account(&Ids::seeded(1), FixedClock::START);
    let id = new.account.id;
    assert_eq!(
        store.create_account(new, None).await.unwrap(),
        CreateAccount::Created
    );
    for _ in 0..5 {
        end_all_connections(&server);
        assert!(store.account(id).await.unwrap().is_some());
        end_all_connections(&server);
        assert!(store.set_access_key_active(id, "AKID", true).await.unwrap());
        end_all_connections(&server);
        store.check().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_answered_for_soon_and_comes_back() {
    let server = Postgres::start(PostgresSetup::default());
    let patience = Duration::from_secs(5);
    let url = server.database();
    let store = try_open_within(patience, &url).await.unwrap();
    server.crash();
    let name = AccountName::new("main").unwrap();
    let begun = Instant::now();
    store.account_named(&name).await.unwrap_err();
    store.check().await.unwrap_err();
    assert!(begun.elapsed() < 10 * patience, "{:?}", begun.elapsed());
    server.revive();
    assert_eq!(store.account_named(&name).await.unwrap(), None);
    store.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_a_change_of_the_schema_has_made_void_is_prepared_again() {
    let server = Postgres::start(PostgresSetup::default());
    let url = server.url("postgres");
    let store = try_open(&url).await.unwrap();
    let new = first_account(&Ids::seeded(1), FixedClock::START);
    let id = new.account.id;
    store.create_account(new, None).await.unwrap();
    let change = |to| format!("ALTER TABLE users ALTER COLUMN name TYPE {to}");
    for to in ["varchar(100)", "text"] {
        assert_eq!(store.users(id).await.unwrap().len(), 1);
        server.run(&change(to));
        assert_eq!(store.users(id).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_schema_of_a_newer_release_is_worked_with_only_if_that_says_so() {
    let server = Postgres::start(PostgresSetup::default());
    let url = server.url("postgres");
    drop(try_open(&url).await.unwrap());
    server.run("UPDATE schema SET version = version + 1");
    drop(try_open(&url).await.unwrap());
    server.run("UPDATE schema SET oldest_reader = version");
    let refused = try_open(&url).await.err().unwrap();
    assert!(refused.contains("newer release"), "{refused}");
}

#[tokio::test]
async fn a_database_in_another_encoding_is_refused() {
    let server = Postgres::start(PostgresSetup::default());
    server.run("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let refused = try_open(&server.url("latin")).await.err().unwrap();
    assert!(refused.contains("UTF8"), "{refused}");
}
