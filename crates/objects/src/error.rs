//! Why an object could not be read or written.

use std::io;

use reelgate_domain::InvalidName;

/// A failure on one object or bucket directory.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("object {0} does not exist")]
    Missing(String),
    #[error("object {key} is larger than the limit of {limit_bytes} bytes")]
    TooLarge { key: String, limit_bytes: u64 },
    #[error("object key {0} collides with another object: one of them is a folder of the other")]
    Collision(String),
    #[error("object {0} leaves its bucket by a symbolic link")]
    Outside(String),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("the upload of {key} broke off: {why}")]
    Upload { key: String, why: String },
    #[error("no space is left to store {0}")]
    Full(String),
    #[error("no space is left to store {key}: {floor_bytes} bytes are kept free")]
    Floor { key: String, floor_bytes: u64 },
    /// The object store did not do it for now; the same may work later.
    #[error("{what} failed: the object store does not answer as it should: {why}")]
    Away { what: String, why: String },
    /// The object store says no, by this code.
    #[error("{what} failed: the object store refuses it: {why}")]
    Refused { what: String, why: String },
    #[error("object {0} was replaced while it was read")]
    Changed(String),
    #[error("{what} failed")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
}

impl ObjectError {
    /// Whether the same may work a moment later, with nobody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Away { .. } | Self::Changed(_))
    }

    /// Sorts an I/O error by what it means for the object with this key.
    pub(crate) fn from_io(key: &str, doing: &str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing(key.to_owned()),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(key.to_owned()),
            io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::AlreadyExists => Self::Collision(key.to_owned()),
            _ if is_circle(&source) => Self::Collision(key.to_owned()),
            _ => Self::Io {
                what: format!("{doing} {key}"),
                source,
            },
        }
    }
}

/// Whether symbolic links lead in a circle. The standard library has no stable name for it.
pub(crate) fn is_circle(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}
