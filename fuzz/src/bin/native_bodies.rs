//! JSON bodies of the native API: each input is read as the body of every call.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_native::fuzz::{Refused, other_bodies, submission};
use reelgate_fuzz::check_job;

fuzz_target!(|data: &[u8]| {
    match submission(data) {
        Ok(job) => check_job(&job),
        Err(refused) => check(refused),
    }
    for refused in other_bodies(data).into_iter().filter_map(Result::err) {
        check(refused);
    }
});

fn check((status, code): Refused) {
    assert_eq!(status, 400);
    assert!(
        ["invalid_json", "invalid_request", "unknown_field"].contains(&code),
        "{code}"
    );
}
