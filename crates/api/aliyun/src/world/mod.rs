//! For tests: a gateway over the real service and a real store, accounts with users and roles in it, and its answers.

pub(crate) mod requests;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use reelgate_api_kit::{Catalogue, Dialect};
use reelgate_domain::access::{AccountName, AuditRecord, Grantee, PolicyName, RoleName, UserName};
use reelgate_domain::policy::Policy;
use reelgate_domain::{AccountId, Timestamp};
use reelgate_fetch::Guard;
use reelgate_service::{
    AccessSettings, AuditFilter, Caller, Clock, Credentials, Keyring, RandomIds, Service, Settings,
};
use reelgate_store::{SqliteStore, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::rpc::{Gateway, Product};
use crate::{mps, sts};

pub(crate) const KEY: &str = "AKIDEXAMPLE0001";
pub(crate) const SECRET: &str = "SKEXAMPLEsecret0001";
pub(crate) const ACCOUNT: &str = "1234567890123456";
/// The time at which a world begins, 2026-01-02T03:04:05Z.
pub(crate) const SENT_MS: i64 = 1_767_323_045_000;
pub(crate) const HOST: &str = "mts.example.com";

type Products = fn(&Arc<Service>) -> Vec<Arc<dyn Product>>;

/// A clock that stands still until it is moved.
pub(crate) struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// What signs: a key, with its token if it is a temporary one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

impl Key {
    pub(crate) fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: None,
        }
    }
}

pub(crate) struct World {
    dir: TempDir,
    products: Products,
    keyring: Keyring,
    clock: Arc<Hand>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) service: Arc<Service>,
    routes: Router,
    pub(crate) made: Credentials,
    nonces: AtomicU64,
}

impl World {
    /// The products as they are served.
    pub(crate) async fn new() -> Self {
        Self::with(|service| {
            let mts = mps::Mts::new(Arc::clone(service));
            let sts = sts::Sts::new(Arc::clone(service));
            vec![Arc::new(mts), Arc::new(sts)]
        })
        .await
    }

    pub(crate) async fn with(products: Products) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::passing(&RandomIds::default());
        let clock = Arc::new(Hand(AtomicI64::new(SENT_MS)));
        let (store, service, routes) = open(&dir, &keyring, &clock, products);
        let made = Credentials {
            account_id: ACCOUNT.to_owned(),
            access_key_id: KEY.to_owned(),
            access_key_secret: SECRET.to_owned(),
            ..service.invent_credentials()
        };
        assert!(service.create_first_account(&made).await.unwrap());
        Self {
            dir,
            products,
            keyring,
            clock,
            store,
            service,
            routes,
            made,
            nonces: AtomicU64::new(0),
        }
    }

    /// What is left when the program ends and starts again: the store and the master key.
    pub(crate) fn restarted(self) -> Self {
        let Self {
            dir,
            products,
            keyring,
            clock,
            store,
            service,
            routes,
            ..
        } = self;
        drop((store, service, routes));
        let (store, service, routes) = open(&dir, &keyring, &clock, products);
        Self {
            dir,
            products,
            keyring,
            clock,
            store,
            service,
            routes,
            ..self
        }
    }

    /// A server on a copy of the store, made from a backup that was taken at this moment of what there is.
    pub(crate) async fn restored(self, backup: &std::path::Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let restored = SqliteStore::restore(
            backup,
            &dir.path().join("db"),
            self.clock.now(),
            &mut |_| {},
        )
        .await;
        restored.unwrap();
        let (store, service, routes) = open(&dir, &self.keyring, &self.clock, self.products);
        service.unlock().await.unwrap();
        Self {
            dir,
            store,
            service,
            routes,
            ..self
        }
    }

    /// Backs the store up, to a file that is there as long as the directory.
    pub(crate) async fn backup(&self) -> (TempDir, std::path::PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("backup");
        let mut quiet = |_| {};
        let db = self.dir.path().join("db");
        let backup = SqliteStore::backup(&db, &file, self.clock.now(), &mut quiet);
        backup.await.unwrap();
        (place, file)
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// The time as requests write it.
    pub(crate) fn now(&self) -> String {
        reelgate_api_kit::time::format_utc(self.clock.now().as_millis())
    }

    pub(crate) fn nonce(&self) -> String {
        format!("n{}", self.nonces.fetch_add(1, Ordering::Relaxed))
    }

    /// The first account's own key.
    pub(crate) fn root(&self) -> Key {
        Key::new(KEY, SECRET)
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller::operator(ACCOUNT.parse().unwrap())
    }

    /// Another account: what it was given.
    pub(crate) async fn account(&self, name: &str) -> Credentials {
        let name = AccountName::new(name).unwrap();
        let made = self.service.create_account(&self.caller(), name).await;
        made.unwrap().1
    }

    /// A user of the first account with a policy, and its key.
    pub(crate) async fn user(&self, name: &str, statements: Value) -> Key {
        let (service, caller) = (&self.service, &self.caller());
        let user = UserName::new(name).unwrap();
        let made = service.create_user(caller, None, user.clone(), None).await;
        made.unwrap();
        self.grant(&Grantee::User(user.clone()), name, statements)
            .await;
        let key = service.create_access_key(caller, None, Some(user)).await;
        let key = key.unwrap();
        Key::new(&key.view.id, key.secret.expose())
    }

    /// A role of the first account that trusts all of it, with a policy; its ARN.
    pub(crate) async fn role(&self, name: &str, statements: Value) -> String {
        let trust = json!({"Version": "1", "Statement": [{
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"RAM": [format!("acs:ram::{ACCOUNT}:root")]},
        }]});
        self.role_with(name, &trust, statements).await
    }

    pub(crate) async fn role_with(&self, name: &str, trust: &Value, statements: Value) -> String {
        let role = RoleName::new(name).unwrap();
        let trust = trust.to_string();
        let made = self
            .service
            .put_role(&self.caller(), None, role.clone(), &trust, None)
            .await;
        made.unwrap();
        self.grant(&Grantee::Role(role), name, statements).await;
        format!("acs:ram::{ACCOUNT}:role/{name}")
    }

    /// Gives somebody a policy of this name.
    pub(crate) async fn grant(&self, grantee: &Grantee, name: &str, statements: Value) {
        let document = json!({"Version": "1", "Statement": statements}).to_string();
        Policy::parse(&document).unwrap();
        let policy = PolicyName::new(name).unwrap();
        let (service, caller) = (&self.service, &self.caller());
        let put = service.put_policy(caller, None, policy, &document).await;
        put.unwrap();
        let attached = service.attach_policy(caller, None, grantee, name).await;
        attached.unwrap();
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: head.status,
            content_type: head.headers[CONTENT_TYPE].to_str().unwrap().to_owned(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// What the audit has of all accounts, the latest first.
    pub(crate) async fn audited(&self) -> Vec<AuditRecord> {
        self.service.flush_audit().await.unwrap();
        self.stored().await
    }

    /// Those on disk, whatever may still wait.
    pub(crate) async fn stored(&self) -> Vec<AuditRecord> {
        let filter = AuditFilter {
            account: Some(self.account_id()),
            ..AuditFilter::default()
        };
        let entries = self.store.audit(filter, 1000).await.unwrap();
        entries.into_iter().map(|entry| entry.record).collect()
    }

    pub(crate) fn account_id(&self) -> AccountId {
        ACCOUNT.parse().unwrap()
    }
}

fn open(
    dir: &TempDir,
    keyring: &Keyring,
    clock: &Arc<Hand>,
    products: Products,
) -> (Arc<dyn Store>, Arc<Service>, Router) {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.path().join("db")).unwrap());
    let clock: Arc<dyn Clock> = Arc::<Hand>::clone(clock);
    let settings = Settings {
        data_dir: dir.path().to_owned(),
        max_object_bytes: 1 << 20,
        free_space_floor: 0,
    };
    let ids = Arc::new(RandomIds::default());
    let service = Service::new(Arc::clone(&store), Arc::clone(&clock), ids, settings)
        .with_access(AccessSettings::new(keyring.clone()))
        .with_guard(Guard::new(vec!["127.0.0.0/8".parse().unwrap()]));
    let service = Arc::new(service);
    let gateway = Gateway::new(products(&service), Arc::clone(&service), clock);
    (store, service, Arc::new(gateway).routes())
}

/// One answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Text of a top-level member, in whichever format the answer is.
    pub(crate) fn member(&self, name: &str) -> String {
        if self.content_type.contains("json") {
            return self.json()[name].as_str().unwrap_or_default().to_owned();
        }
        let after = self
            .body
            .split(&format!("<{name}>"))
            .nth(1)
            .unwrap_or_default();
        after.split('<').next().unwrap().replace("&amp;", "&")
    }

    /// The status, and the code if it is an error, of an answer that has what every answer has.
    pub(crate) fn summary(&self) -> String {
        let id = self.member("RequestId");
        let groups: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{}", self.body);
        assert!(!id.contains(|c: char| c.is_ascii_lowercase()));
        assert_eq!(self.headers["cache-control"], "no-store");
        if self.status.is_success() {
            assert_eq!(self.member("Code"), "");
            return "200".to_owned();
        }
        assert_eq!(self.member("HostId"), HOST);
        assert_ne!(self.member("Message"), "");
        // The error centre knows whatever is answered.
        let code = self.member("Code");
        let known = Catalogue(crate::products().to_vec()).errors(&code);
        let mut known = known.iter();
        assert!(
            known.any(|entry| entry.error.status == self.status),
            "{code}"
        );
        format!("{} {}", self.status.as_u16(), self.member("Code"))
    }
}
