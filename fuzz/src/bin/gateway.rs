//! Whole requests at the gateway of the RPC products, over a product that repeats what it gets.
//!
//! Lines: method, query, `Content-Type`, `Accept`, `Authorization`, then the body. A query that is not signed is signed
//! here first, so that inputs get past the door.
#![no_main]

use std::cell::RefCell;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request};
use http_body_util::BodyExt;
use libfuzzer_sys::fuzz_target;
use quick_xml::Reader;
use quick_xml::events::Event;
use reelgate_api_aliyun::rpc::codes::SHARED;
use reelgate_api_aliyun::rpc::encoding::encode;
use reelgate_api_aliyun::rpc::{ApiError, Call, Gateway, Params, Product, sign_v1};
use reelgate_api_kit::Dialect;
use reelgate_api_kit::operation::{AccessLevel, Handling, Operation, Product as Table, Served};
use reelgate_domain::Timestamp;
use reelgate_fuzz::lines;
use reelgate_service::{AccessSettings, Clock, Credentials, Keyring, RandomIds, Service, Settings};
use reelgate_store::SqliteStore;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;
use tower::ServiceExt;

const SECRET: &str = "SKEXAMPLEsecret0001";
const NOW_MS: i64 = 1_767_323_045_000;
const CLAIMS: &str = "AccessKeyId=AKID&SignatureMethod=HMAC-SHA256&SignatureNonce=n-1&SignatureVersion=1.0\
                      &Timestamp=2026-01-02T03%3A04%3A05Z&Version=2014-06-18&Action=Echo";

thread_local! {
    static SERVER: (RefCell<Router>, Runtime) = server();
}

/// A gateway over a new store, which goes with the process.
fn server() -> (RefCell<Router>, Runtime) {
    let dir = tempfile::tempdir().expect("a directory can be made").keep();
    let store = SqliteStore::open(&dir.join("db")).expect("a store can be made");
    let settings = Settings {
        data_dir: dir,
        max_object_bytes: 0,
        free_space_floor: 0,
    };
    let access = AccessSettings {
        // Inputs fail by the thousand.
        max_failed_signatures: u32::MAX,
        ..AccessSettings::new(Keyring::passing(&RandomIds::default()))
    };
    let ids = Arc::new(RandomIds::default());
    let service = Service::new(Arc::new(store), Arc::new(Standing), ids, settings);
    let service = Arc::new(service.with_access(access));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime starts");
    let made = Credentials {
        access_key_id: "AKID".to_owned(),
        access_key_secret: SECRET.to_owned(),
        ..service.invent_credentials()
    };
    let created = runtime.block_on(service.create_first_account(&made));
    created.expect("the store takes an account");
    let gateway = Gateway::new(vec![Arc::new(Echo)], service, Arc::new(Standing));
    (RefCell::new(Arc::new(gateway).routes()), runtime)
}

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(NOW_MS)
    }
}

fuzz_target!(|data: &[u8]| {
    let [method, query, content_type, accept, authorization, body] = lines(data);
    let query = signed(method, query, body);
    let mut request = Request::builder()
        .method(method)
        .uri([b"/?", &query[..]].concat());
    for (name, value) in [
        (CONTENT_TYPE, content_type),
        (ACCEPT, accept),
        (AUTHORIZATION, authorization),
    ] {
        if !value.is_empty()
            && let Ok(value) = HeaderValue::from_bytes(value)
        {
            request = request.header(name, value);
        }
    }
    let Ok(request) = request
        .header(HOST, "127.0.0.1:1")
        .body(Body::from(body.to_vec()))
    else {
        return;
    };
    SERVER.with(|(router, runtime)| {
        let router = router.borrow().clone();
        let answer = runtime.block_on(async {
            let answer = router
                .oneshot(request)
                .await
                .expect("the gateway always answers");
            let (head, body) = answer.into_parts();
            let body = body.collect().await.expect("the answer is in memory");
            (head, body.to_bytes())
        });
        if method == b"HEAD" {
            assert_eq!(answer.0.status, 400, "HEAD is no method of the protocol");
            assert!(answer.1.is_empty(), "and has no body");
            return;
        }
        check(
            answer.0.status.as_u16(),
            &answer.0.headers[CONTENT_TYPE],
            &answer.1,
        );
    });
});

/// The query with claims and a signature, if it has none and is readable.
fn signed(method: &[u8], query: &[u8], body: &[u8]) -> Vec<u8> {
    let claimed = [CLAIMS.as_bytes(), b"&", query].concat();
    let Ok(params) = Params::parse(&claimed, Some(body)) else {
        return query.to_vec();
    };
    let Ok(method) = std::str::from_utf8(method) else {
        return query.to_vec();
    };
    match sign_v1(method, &params, SECRET) {
        Ok(signature) if params.get("Signature").is_none() => {
            [&claimed[..], b"&Signature=", encode(&signature).as_bytes()].concat()
        }
        _ => query.to_vec(),
    }
}

fn check(status: u16, content_type: &HeaderValue, body: &[u8]) {
    assert!(
        status == 200 || (400..500).contains(&status),
        "status {status}"
    );
    let is_json = content_type.as_bytes().starts_with(b"application/json");
    if !is_json {
        let mut reader = Reader::from_reader(body);
        while !matches!(reader.read_event().expect("the answer is XML"), Event::Eof) {}
        return;
    }
    let answer: Value = serde_json::from_slice(body).expect("the answer is JSON");
    assert!(answer["RequestId"].is_string());
    let code = answer["Code"].as_str().unwrap_or_default();
    assert_eq!(code.is_empty(), status == 200, "{answer}");
}

struct Echo;

static TABLE: Table = Table {
    name: "Echo",
    title: "Echo",
    version: "2014-06-18",
    ram_code: "echo",
    policy_name: "Echo",
    dialect: "aliyun",
    operations: &[
        Operation {
            action: "Echo",
            handling: Handling::Served(Served {
                // Replays of reads are refused, and all inputs have one nonce.
                access: AccessLevel::Write,
                resources: &[],
                condition_keys: &[],
                associated: &[],
                limit: None,
                errors: &[],
                documentation: "",
                history: &[],
            }),
        },
        Operation {
            action: "Other",
            handling: Handling::Refused("it is not served"),
        },
    ],
    errors: &[],
    shared_errors: SHARED,
};

#[async_trait]
impl Product for Echo {
    fn table(&self) -> &'static Table {
        &TABLE
    }

    async fn call(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let params = call.params;
        params.required("Needed")?;
        params.integer("PageSize", 1..=100)?;
        let said = params.business().filter(|(name, _)| *name != "Code");
        let said: Map<String, Value> = said
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        Ok(Value::Object(said))
    }
}
