//! Callbacks: where an account is told how its uploads, transcodes and snapshots have ended, and in which words.
//!
//! An account has one receiver, with its `AuthKey` as the secret. Which events it wants is in a document beside that.

mod body;
pub(super) mod delete_message_callback;
mod event;
pub(super) mod get_message_callback;
mod message;
mod pictures;
pub(super) mod set_message_callback;
mod stream;

pub use message::Callbacks;

use reelgate_domain::document::DocumentKind;
use reelgate_domain::event::TopicName;
use reelgate_service::{Caller, ErrorKind, Secret, Service, ServiceError};
use serde::{Deserialize, Serialize};

use super::errors::service_error;
use super::origin;
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

/// The topic that all of an account's messages go to.
fn topic() -> TopicName {
    TopicName::of_dialect(origin::DIALECT)
}

async fn find(service: &Service, caller: &Caller) -> Result<Option<Callback>, ServiceError> {
    let Some(document) = service.document(caller, KIND, ID).await? else {
        return Ok(None);
    };
    let callback = Callback::deserialize(&document.body);
    let callback = callback.map_err(|error| {
        let message = format!("a callback cannot be read: {error}");
        ServiceError::new(ErrorKind::Internal, ID, message)
    })?;
    Ok(Some(Callback {
        revision: Some(document.revision),
        ..callback
    }))
}

/// The key that the receiver has, if there is any.
async fn kept_key(service: &Service, caller: &Caller) -> Result<Option<Secret>, ApiError> {
    let secret = service.receiver_secret(caller, &topic()).await;
    let secret = secret.map_err(service_error)?;
    Ok(secret.filter(|secret| !secret.expose().is_empty()))
}
