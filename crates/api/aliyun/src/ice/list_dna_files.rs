//! `ListDNAFiles`: what is in a library, by primary key, page by page.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-listdnafiles>

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reelgate_domain::dna::{DnaEntry, PrimaryKey};
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::{Refusal, library_error};
use super::request;
use crate::dna::LOCATION;
use crate::rpc::{ApiError, Params};

const DEFAULT_SIZE: u32 = 20;
const MOST_SIZE: u32 = 100;

/// `NextPageToken` is absent from the last page.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let id = request::library(params)?;
    let size = request::number(params, "PageSize", 1..=MOST_SIZE)?.unwrap_or(DEFAULT_SIZE);
    let after = match request::optional(params, "NextPageToken") {
        None => None,
        Some(token) => Some(key_of(token)?),
    };
    // One more than asked for tells whether there is another page.
    let entries = service.library_entries(caller, id, after, size + 1).await;
    let mut entries = entries.map_err(|error| library_error(id, error))?;
    let more = entries.len() > size as usize;
    entries.truncate(size as usize);
    let files: Vec<Value> = entries.iter().map(file).collect();
    let mut answer = json!({"FileList": files});
    if let Some(last) = entries.last().filter(|_| more) {
        answer["NextPageToken"] = token_of(&last.key).into();
    }
    Ok(answer)
}

/// Of a file that was named as a media asset it is the asset's.
fn file(entry: &DnaEntry) -> Value {
    json!({
        "PrimaryKey": entry.key.as_str(),
        "InputFile": {
            "Bucket": entry.source.bucket.as_str(),
            "Location": LOCATION,
            "Object": entry.source.key.as_str(),
        },
    })
}

/// Where the next page begins: behind this key.
fn token_of(key: &PrimaryKey) -> String {
    URL_SAFE_NO_PAD.encode(key.as_str())
}

fn key_of(token: &str) -> Result<PrimaryKey, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let key = text.and_then(|text| PrimaryKey::new(text).ok());
    key.ok_or_else(|| Refusal::invalid("NextPageToken", "it is none of an answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_and_others_are_refused() {
        let key = PrimaryKey::new("Ünï/ &+ key").unwrap();
        assert_eq!(key_of(&token_of(&key)), Ok(key));
        for bad in ["?", "a", "LA", "____"] {
            assert!(key_of(bad).is_err(), "{bad}");
        }
    }
}
