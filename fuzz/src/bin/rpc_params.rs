//! Parameters of RPC calls: a query, and a form body after the first line feed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::rpc::encoding::{decode, encode, encode_twice_into};
use reelgate_api_aliyun::rpc::signature::v1::string_to_sign;
use reelgate_api_aliyun::rpc::{ApiError, Params};
use reelgate_fuzz::lines;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        check_encoding(text);
    }
    let [query, form] = lines(data);
    match Params::parse(query, Some(form)) {
        Ok(params) => check(&params),
        Err(error) => {
            let error = ApiError::from(error);
            assert_eq!(
                (error.status.as_u16(), &*error.code),
                (400, "InvalidParameter")
            );
        }
    }
});

fn check_encoding(text: &str) {
    let encoded = encode(text);
    assert_eq!(decode(encoded.as_bytes()).as_deref(), Ok(text));
    let mut twice = String::new();
    encode_twice_into(&mut twice, text);
    assert_eq!(twice, encode(&encoded));
}

fn check(params: &Params) {
    let pairs: Vec<_> = params.iter().collect();
    assert!(
        pairs.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "sorted, each name once"
    );
    for (name, value) in &pairs {
        assert_eq!(params.get(name), Some(*value));
    }
    let encoded: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let again = Params::parse(encoded.join("&").as_bytes(), None).expect("what is encoded parses");
    assert!(
        again.iter().eq(pairs.iter().copied()),
        "what is encoded parses back"
    );
    assert_eq!(string_to_sign("GET", &again), string_to_sign("GET", params));
    let _ = params.integer("PageSize", 1..=100);
    let _ = params.comma_list("JobIds", 10);
}
