//! Keys, bucket names and addresses: none may lead out of its bucket.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::rpc::encoding::decode;
use reelgate_domain::{BucketName, ObjectKey};
use reelgate_fuzz::check_key;
use reelgate_service::parse_address;

fuzz_target!(|data: &[u8]| {
    // As product Mts reads a key.
    if let Ok(decoded) = decode(data)
        && let Ok(key) = ObjectKey::new(decoded)
    {
        check_key(&key);
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(key) = ObjectKey::new(text) {
        check_key(&key);
        assert_eq!(key.as_str(), text);
        if let Ok(sibling) = key.sibling("x-00001.ts") {
            check_key(&sibling);
            assert_eq!(sibling.folder(), key.folder());
        }
    }
    if let Ok(bucket) = BucketName::new(text) {
        assert!(
            !bucket.as_str().contains(['/', '.', '\\', '\0']),
            "one plain name"
        );
    }
    if let Ok(object) = parse_address(text) {
        check_key(&object.key);
        let again = parse_address(&format!("oss://{}/{}", object.bucket, object.key));
        assert_eq!(again, Ok(object));
    }
});
