//! Callbacks: where an account is told how its uploads, transcodes and snapshots have ended, and in which words.
//!
//! Each event that is switched on is a topic of its own, with a receiver that has the account's `AuthKey` as its secret.

pub(super) mod delete_message_callback;
mod event;
pub(super) mod get_message_callback;
mod message;
pub(super) mod set_message_callback;

pub use message::Callbacks;

use reelgate_domain::document::DocumentKind;
use reelgate_service::{Caller, Service};
use serde::{Deserialize, Serialize};

use super::errors::service_error;
use crate::rpc::ApiError;

const KIND: DocumentKind = "vod.callback";
const ID: &str = "default";

/// What an account has set, but for its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Callback {
    #[serde(skip)]
    revision: Option<u64>,
    url: Option<String>,
    /// As received.
    events: String,
    auth: bool,
}

async fn find(service: &Service, caller: &Caller) -> Result<Option<Callback>, ApiError> {
    let found = service
        .document(caller, KIND, ID)
        .await
        .map_err(service_error)?;
    let Some(document) = found else {
        return Ok(None);
    };
    let callback = Callback::deserialize(&document.body);
    let callback = callback
        .map_err(|error| ApiError::internal(format!("a callback cannot be read: {error}")))?;
    Ok(Some(Callback {
        revision: Some(document.revision),
        ..callback
    }))
}
