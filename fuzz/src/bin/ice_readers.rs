//! Product ICE: lines are `Input`, `Config`, `PrimaryKey`, `UserData`, then `Speed` and `Priority` of a pipeline.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::ice::fuzz::{pipelines, submit};
use reelgate_api_aliyun::rpc::{ApiError, Params};
use reelgate_fuzz::lines;

const LIBRARY: &str = "0123456789abcdef0123456789abcdef";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let [input, config, key, user_data, speed, priority] =
        lines::<6>(text.as_bytes()).map(|line| std::str::from_utf8(line).unwrap_or_default());
    let params = Params::from_pairs([
        ("Config", config),
        ("DBId", LIBRARY),
        ("Input", input),
        ("PrimaryKey", key),
        ("Priority", priority),
        ("Speed", speed),
        ("UserData", user_data),
    ]);
    let params = params.expect("seven names");
    if let Err(error) = submit(&params) {
        check_error(&error);
    }
    if let Err(error) = pipelines(&params) {
        check_error(&error);
    }
});

fn check_error(error: &ApiError) {
    assert!(error.status.is_client_error(), "{error}");
    assert!(!error.code.is_empty() && !error.message.is_empty());
    assert!(error.message.len() < 8192, "a refusal repeats only so much");
}
