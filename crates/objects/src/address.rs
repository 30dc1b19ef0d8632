//! Addresses: the forms in which clouds name an object, resolved by bucket name.

use reelgate_domain::{BucketName, InvalidName, ObjectKey, ObjectRef};

/// Why an address names no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("{0} is not an object address: write oss://bucket/key or http://bucket.endpoint/key")]
    Form(String),
    #[error("{address} names no object: {why}")]
    Name { address: String, why: InvalidName },
}

/// The object that `oss://bucket/key`, `obs://bucket/key` or `http[s]://bucket.endpoint/key` names.
/// The endpoint is not looked at; in http forms the key is percent-encoded and a query is ignored.
pub fn parse_address(address: &str) -> Result<ObjectRef, AddressError> {
    let form = || AddressError::Form(address.to_owned());
    let (scheme, rest) = address.split_once("://").ok_or_else(form)?;
    let (host, path) = rest.split_once('/').ok_or_else(form)?;
    let (bucket, key) = match scheme.to_ascii_lowercase().as_str() {
        "oss" | "obs" | "s3" => (host, path.to_owned()),
        "http" | "https" => {
            let (bucket, _endpoint) = host.split_once('.').ok_or_else(form)?;
            let path = path.split(['?', '#']).next().unwrap_or(path);
            (bucket, percent_decode(path).ok_or_else(form)?)
        }
        _ => return Err(form()),
    };
    let named = |why| AddressError::Name {
        address: address.to_owned(),
        why,
    };
    let bucket = BucketName::new(bucket).map_err(named)?;
    let key = ObjectKey::new(key).map_err(named)?;
    Ok(ObjectRef { bucket, key })
}

fn percent_decode(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_resolves_to_bucket_and_key() {
        for address in [
            "oss://media/a/b c.mp4",
            "obs://media/a/b c.mp4",
            "http://media.oss-cn-hangzhou.example.com/a/b%20c.mp4",
            "https://media.obs.cn-north-1.example.com/a/b%20c.mp4?x=1",
        ] {
            let object = parse_address(address).unwrap();
            assert_eq!(object.to_string(), "media/a/b c.mp4", "{address}");
        }
    }

    #[test]
    fn what_names_no_object_is_refused() {
        for address in [
            "media/a",
            "oss://media",
            "ftp://media.x/a",
            "http://localhost/a",
            "oss://media/",
        ] {
            assert!(parse_address(address).is_err(), "{address}");
        }
    }
}
