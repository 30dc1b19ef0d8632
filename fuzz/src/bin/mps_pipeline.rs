//! What the actions on pipelines and the queries read, from a query string.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::mps::fuzz::{pipeline, query};
use reelgate_api_aliyun::rpc::Params;
use reelgate_domain::pipeline::MAX_NAME_BYTES;

fuzz_target!(|data: &[u8]| {
    let Ok(params) = Params::parse(data, None) else {
        return;
    };
    match pipeline(&params) {
        Ok(name) => {
            assert!((1..=MAX_NAME_BYTES).contains(&name.len()));
            assert!(!name.chars().any(char::is_control));
        }
        Err(error) => assert!(error.status.is_client_error(), "{error}"),
    }
    match query(&params) {
        Ok((offset, ids)) => {
            assert!(offset <= u64::from(i32::MAX as u32) * 100);
            assert!((1..=10).contains(&ids.len()));
            for id in ids {
                assert_eq!(id.to_string().parse(), Ok(id));
            }
        }
        Err(error) => assert!(error.status.is_client_error(), "{error}"),
    }
});
