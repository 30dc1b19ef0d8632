//! Why a wish about a live stream was not granted.

use reelgate_domain::BucketName;
use reelgate_domain::job::kind::transcode::OutOfRange;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{StreamId, TemplateId};

use crate::{ErrorKind, ServiceError};

/// Why a wish about a live stream was not granted. Dialects map it; the messages are for callers.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("the account may not use edge transcoding")]
    FeatureOff,
    #[error("cluster {0} does not exist")]
    NoCluster(ClusterName),
    #[error("stream {0} does not exist")]
    Missing(StreamId),
    #[error("template {0} does not exist")]
    NoTemplate(TemplateId),
    #[error("bucket {0} does not exist")]
    NoBucket(BucketName),
    #[error("template {0} is part of the program and cannot be changed")]
    BuiltIn(TemplateId),
    /// It runs already, or runs where it must not.
    #[error("stream {0} is running")]
    Running(StreamId),
    #[error("stream {0} is not running")]
    NotRunning(StreamId),
    /// Whose stream publishes there is not told: it may be another account's.
    #[error("another stream publishes to where output {output} goes")]
    PlaceTaken {
        /// Counted from 1.
        output: usize,
    },
    /// How many there may be of what.
    #[error("there are {0} already")]
    Full(u32),
    #[error(transparent)]
    Invalid(#[from] OutOfRange),
    /// The account's rules do not name the host. Addresses are told without what may give access to them.
    #[error("the account's streams may not come from {0}")]
    PullRefused(String),
    #[error("the account's streams may not go to {0}")]
    PushRefused(String),
    #[error("{0} is not at a public address, and the operator has not allowed it")]
    Internal(String),
    #[error("{0} waits for others to connect, which the operator has not switched on")]
    Listener(String),
    /// Others have changed it again and again.
    #[error("stream {0} was changed in this very moment")]
    Contested(StreamId),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StreamError> for ServiceError {
    fn from(error: StreamError) -> Self {
        let message = error.to_string();
        let (kind, subject) = match error {
            StreamError::FeatureOff => (ErrorKind::Denied, "account".to_owned()),
            StreamError::NoCluster(name) => (ErrorKind::NotFound, name.to_string()),
            StreamError::Missing(id) => (ErrorKind::NotFound, id.to_string()),
            StreamError::NoTemplate(id) => (ErrorKind::NotFound, id.to_string()),
            StreamError::NoBucket(name) => (ErrorKind::NotFound, name.to_string()),
            StreamError::BuiltIn(id) => (ErrorKind::Denied, id.to_string()),
            StreamError::Running(id) | StreamError::NotRunning(id) | StreamError::Contested(id) => {
                (ErrorKind::Conflict, id.to_string())
            }
            StreamError::PlaceTaken { .. } => (ErrorKind::Conflict, "outputs".to_owned()),
            StreamError::Full(_) => (ErrorKind::TooLarge, "streams".to_owned()),
            StreamError::Invalid(why) => (ErrorKind::Invalid, why.field.to_owned()),
            StreamError::PullRefused(_) => (ErrorKind::Denied, "input".to_owned()),
            StreamError::PushRefused(_) => (ErrorKind::Denied, "outputs".to_owned()),
            StreamError::Internal(address) | StreamError::Listener(address) => {
                (ErrorKind::Denied, address)
            }
            StreamError::Service(error) => return error,
        };
        Self::new(kind, subject, message)
    }
}

impl From<reelgate_store::StoreError> for StreamError {
    fn from(error: reelgate_store::StoreError) -> Self {
        Self::Service(error.into())
    }
}
