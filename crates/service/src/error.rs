//! Errors of the service: a kind that dialects map, a message for the caller, a cause for the log.

use std::error::Error;
use std::fmt;

use reelgate_objects::ObjectError;
use reelgate_store::StoreError;

/// What sort of failure it is, free of any transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The thing does not exist for this caller.
    NotFound,
    /// The request makes no sense as it is.
    Invalid,
    /// The thing is in a state that forbids this.
    Conflict,
    /// The caller may not.
    Denied,
    /// The content is larger than allowed.
    TooLarge,
    /// The same signed call was made before; this one had no effect.
    Replayed,
    /// There is no room left.
    Full,
    /// Try again later.
    Unavailable,
    /// Our fault; the log knows more.
    Internal,
}

/// A failed use case. The message is for the caller; the cause never leaves the process.
#[derive(Debug)]
pub struct ServiceError {
    pub kind: ErrorKind,
    /// The id, name or field that it is about.
    pub subject: String,
    /// Lower case, no full stop: what failed, on which thing.
    pub message: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ServiceError {
    pub fn new(kind: ErrorKind, subject: impl fmt::Display, message: impl Into<String>) -> Self {
        Self {
            kind,
            subject: subject.to_string(),
            message: message.into(),
            cause: None,
        }
    }

    pub(crate) fn missing(what: &str, subject: impl fmt::Display) -> Self {
        Self::new(
            ErrorKind::NotFound,
            &subject,
            format!("{what} {subject} does not exist"),
        )
    }

    pub(crate) fn invalid(subject: impl fmt::Display, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, subject, message)
    }

    /// Why content that was being read did not come to its end.
    pub(crate) fn unread(error: std::io::Error) -> Self {
        match error.downcast::<ObjectError>() {
            Ok(error) => error.into(),
            Err(other) => Self::internal(other),
        }
    }

    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message = "an internal error occurred";
        Self {
            cause: Some(cause.into()),
            ..Self::new(ErrorKind::Internal, "", message)
        }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ServiceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        let (kind, message, cause) = match error {
            StoreError::Unavailable(why) => {
                let message = "the store is not available";
                (ErrorKind::Unavailable, message, why.into())
            }
            StoreError::Full(why) => (ErrorKind::Full, "the store has no space left", why.into()),
            StoreError::Replayed => {
                let message = "the same signed call was made before";
                return Self::new(ErrorKind::Replayed, "nonce", message);
            }
            corrupt @ StoreError::Corrupt { .. } => {
                let message = "an internal error occurred";
                (ErrorKind::Internal, message, Box::from(corrupt))
            }
        };
        Self {
            cause: Some(cause),
            ..Self::new(kind, "store", message)
        }
    }
}

impl From<ObjectError> for ServiceError {
    fn from(error: ObjectError) -> Self {
        let (kind, subject) = match &error {
            ObjectError::Missing(key) => (ErrorKind::NotFound, key.clone()),
            ObjectError::TooLarge { key, .. } => (ErrorKind::TooLarge, key.clone()),
            ObjectError::Collision(key) => (ErrorKind::Conflict, key.clone()),
            ObjectError::Outside(key) => (ErrorKind::Denied, key.clone()),
            ObjectError::Name(_) => (ErrorKind::Invalid, "key".to_owned()),
            ObjectError::Upload { key, .. } => (ErrorKind::Invalid, key.clone()),
            ObjectError::Full(key) | ObjectError::Floor { key, .. } => {
                (ErrorKind::Full, key.clone())
            }
            ObjectError::Changed(key) => (ErrorKind::Unavailable, key.clone()),
            ObjectError::Away { .. } | ObjectError::Refused { .. } => {
                (ErrorKind::Unavailable, "object store".to_owned())
            }
            ObjectError::Io { .. } => return Self::internal(error),
        };
        Self::new(kind, subject, error.to_string())
    }
}
