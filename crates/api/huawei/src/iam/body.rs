//! Reading JSON bodies and queries: what is not known is refused.

use serde::de::DeserializeOwned;

use super::operations::INVALID;
use crate::errors::ApiError;
use crate::signature::decode;

/// Far longer than any that is understood. Whoever sends one need not be known, and reading it takes many times its length.
const MOST_BYTES: usize = 64 * 1024;

/// Reads the body; the refusal names the member, and never what was in it.
pub(super) fn read<Body: DeserializeOwned>(body: &[u8]) -> Result<Body, ApiError> {
    if body.len() > MOST_BYTES {
        return Err(invalid("it is too long"));
    }
    let text = std::str::from_utf8(body).map_err(|_invalid| invalid("it is no text"))?;
    let value =
        reelgate_api_kit::json::parse(text).map_err(|_malformed| invalid("it is no JSON"))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = shortened(&error.path().to_string());
        match path.as_str() {
            "." => invalid("a member is missing, unknown or of another type"),
            path => invalid(&format!(
                "{path} is missing a member, unknown or of another type"
            )),
        }
    })
}

/// The vendor's words, and why.
pub(super) fn invalid(reason: &str) -> ApiError {
    ApiError::iam(INVALID, format!("The request body is invalid: {reason}"))
}

/// The parameters of the query, in the order in which they came; one that has no name of these, or comes twice, is
/// refused.
pub(super) fn query<const N: usize>(
    query: &str,
    names: [&'static str; N],
) -> Result<[Option<String>; N], ApiError> {
    let mut values = [const { None }; N];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let text = |wire: &str| {
            let bytes = decode(wire.as_bytes());
            bytes.and_then(|bytes| String::from_utf8(bytes).ok())
        };
        let (Some(name), Some(value)) = (text(name), text(value)) else {
            let message = "The query is not percent-encoded UTF-8";
            return Err(ApiError::iam(INVALID, message));
        };
        let at = names.iter().position(|known| *known == name);
        match at.map(|at| &mut values[at]) {
            Some(place @ None) => *place = Some(value),
            Some(Some(_)) => return Err(bad_parameter(&name, "comes twice")),
            None => return Err(bad_parameter(&name, "is not known")),
        }
    }
    Ok(values)
}

pub(super) fn bad_parameter(name: &str, reason: &str) -> ApiError {
    let name = shortened(name);
    ApiError::iam(INVALID, format!("The query parameter {name} {reason}"))
}

/// A name of the caller's, which may be as long as the whole request.
fn shortened(name: &str) -> String {
    name.chars().take(100).collect()
}
