//! Product vod: lines are `UploadURLs`, `UploadMetadatas`, `UserData`, a list of templates, then a condition of a search.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::rpc::{ApiError, Params};
use reelgate_api_aliyun::vod::fuzz::{condition, templates, upload};
use reelgate_fuzz::lines;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let [urls, metadatas, user_data, list, search] =
        lines::<5>(text.as_bytes()).map(|line| std::str::from_utf8(line).unwrap_or_default());
    let params = Params::from_pairs([
        ("UploadMetadatas", metadatas),
        ("UploadURLs", urls),
        ("UserData", user_data),
    ]);
    match upload(&params.expect("three names")) {
        Ok(files) => assert!((1..=20).contains(&files)),
        Err(error) => check_error(&error),
    }
    match templates(list) {
        Ok(all) => assert!(all.iter().all(|settings| settings.validate().is_ok())),
        Err(error) => check_error(&error),
    }
    if let Err(error) = condition(search) {
        check_error(&error);
    }
});

fn check_error(error: &ApiError) {
    assert!(error.status.is_client_error(), "{error}");
    assert!(!error.code.is_empty() && !error.message.is_empty());
    assert!(error.message.len() < 8192, "a refusal repeats only so much");
}
