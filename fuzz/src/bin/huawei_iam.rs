//! What the Huawei dialect's identity service reads: method, path and query, a line each, then a body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_huawei::fuzz::{
    Refused, action, projects_query, temporary_key_request, token_request,
};
use reelgate_fuzz::lines;
use reelgate_service::TokenScope;

/// Names of the caller's are shown so far, and the path to one has a few of ours before it.
const MOST_CHARS: usize = 300;

fuzz_target!(|data: &[u8]| {
    let [method, path, query, body] = lines(data);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let action = action(&text(method), &text(path));
    assert!(
        action.starts_with("iam:") || action == "mpc:Unserved",
        "{action}"
    );
    if let Err(refused) = projects_query(&text(query)) {
        check(refused);
    }
    if let Err(refused) = temporary_key_request(body) {
        check(refused);
    }
    match token_request(body) {
        Ok(request) => {
            assert!(request.source.is_none());
            if let TokenScope::ProjectId(id) | TokenScope::ProjectName(id) = &request.scope {
                assert!(body.len() > id.len(), "a scope is part of the body");
            }
        }
        Err(refused) => check(refused),
    }
});

fn check((status, message): Refused) {
    assert_eq!(status, 400, "{message}");
    assert!(message.chars().count() < MOST_CHARS, "{message}");
}
