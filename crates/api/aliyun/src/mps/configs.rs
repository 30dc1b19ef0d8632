//! Files of JSON in buckets that outputs name, read before the outputs are.

use std::collections::{BTreeMap, BTreeSet};

use reelgate_api_kit::json;
use reelgate_domain::ObjectRef;
use reelgate_service::{Caller, ErrorKind, Service, parse_address};
use serde_json::{Map, Value};

use super::errors::{Code, Refusal, service_error};
use crate::rpc::ApiError;

/// The fields of an output that name such files.
const FIELDS: [&str; 1] = ["MergeConfigUrl"];
/// Fifty entries take a few kilobytes.
const MOST_BYTES: u64 = 256 * 1024;

/// What was found in them.
#[derive(Debug, Default)]
pub(super) struct Configs {
    files: BTreeMap<ObjectRef, Result<Map<String, Value>, Refusal>>,
}

impl Configs {
    /// Reads those that the outputs name. One that is missing, or is no JSON object, is a refusal of the outputs that
    /// name it.
    pub(super) async fn find(
        service: &Service,
        caller: &Caller,
        outputs: &[Value],
    ) -> Result<Self, ApiError> {
        let mut found = Self::default();
        for object in named(outputs) {
            let read = service.read_object(caller, &object, MOST_BYTES).await;
            let members = match read {
                Ok(bytes) => members(&object, &bytes),
                Err(error) => match error.kind {
                    ErrorKind::NotFound => {
                        Err(Refusal::new(Code::ResourceNotFound, object.key.as_str()))
                    }
                    ErrorKind::TooLarge => Err(bad(&object)),
                    ErrorKind::Denied => {
                        Err(Refusal::new(Code::ResourceAccess, object.key.as_str()))
                    }
                    _ => return Err(service_error(error)),
                },
            };
            found.files.insert(object, members);
        }
        Ok(found)
    }

    /// What a file holds.
    pub(super) fn members(&self, object: &ObjectRef) -> Result<&Map<String, Value>, Refusal> {
        match self.files.get(object) {
            Some(Ok(members)) => Ok(members),
            Some(Err(refusal)) => Err(refusal.clone()),
            None => Err(Refusal::new(Code::ResourceNotFound, object.key.as_str())),
        }
    }

    #[cfg(test)]
    pub(super) fn of(object: ObjectRef, bytes: &[u8]) -> Self {
        let members = members(&object, bytes);
        Self {
            files: BTreeMap::from([(object, members)]),
        }
    }
}

/// Whatever has another form is refused with the output.
fn named(outputs: &[Value]) -> BTreeSet<ObjectRef> {
    let addresses = outputs
        .iter()
        .flat_map(|output| FIELDS.map(|field| output.get(field)));
    let addresses = addresses.flatten().filter_map(Value::as_str);
    addresses
        .filter_map(|address| parse_address(address.trim()).ok())
        .collect()
}

fn members(object: &ObjectRef, bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_other| bad(object))?;
    match json::parse(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(bad(object)),
    }
}

fn bad(object: &ObjectRef) -> Refusal {
    Refusal::new(Code::ResourceContentBad, object.key.as_str())
}
