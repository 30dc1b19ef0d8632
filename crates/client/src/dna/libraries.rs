//! Libraries: create, list, look up, empty, delete.

use std::fmt;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::repeating::{new_key, repeated};

/// What a library is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnaModel {
    Video,
    Audio,
    Image,
    Text,
}

impl DnaModel {
    /// The model's word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Image => "image",
            Self::Text => "text",
        }
    }
}

impl fmt::Display for DnaModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A fingerprint library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    pub id: String,
    pub name: String,
    pub model: DnaModel,
    pub description: String,
    /// How many entries it has.
    pub entries: u64,
    /// Grows by one with each change of what it holds.
    pub version: u64,
    pub created_at: String,
}

/// Every library of the account, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Libraries {
    pub libraries: Vec<Library>,
}

/// A library to create.
#[derive(Clone, Debug, Serialize)]
pub struct NewLibrary {
    /// 1 to 128 characters; several libraries may have one name.
    pub name: String,
    pub model: DnaModel,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A library is named by its id.
impl Client {
    pub async fn libraries(&self) -> Result<Libraries, Error> {
        self.call(Method::GET, &["libraries"]).answer().await
    }

    /// Creates a library. When the answer is lost the call is repeated with the same `Idempotency-Key`, which makes no
    /// second one.
    pub async fn create_library(&self, library: &NewLibrary) -> Result<Library, Error> {
        let key = new_key()?;
        let call = || {
            let call = self.call(Method::POST, &["libraries"]).json(library);
            call.with(|request| request.header("Idempotency-Key", &key))
        };
        repeated(|| call().answer()).await
    }

    pub async fn library(&self, id: &str) -> Result<Library, Error> {
        self.call(Method::GET, &["libraries", id]).answer().await
    }

    /// Removes all that a library holds. When the answer is lost the call is repeated with the same `Idempotency-Key`,
    /// which removes nothing that came afterwards.
    pub async fn purge_library(&self, id: &str) -> Result<Library, Error> {
        let key = new_key()?;
        let call = || {
            let call = self.call(Method::POST, &["libraries", id, "purge"]);
            call.with(|request| request.header("Idempotency-Key", &key))
        };
        repeated(|| call().answer()).await
    }

    /// Deletes a library with all that it holds.
    pub async fn delete_library(&self, id: &str) -> Result<(), Error> {
        let call = self.call(Method::DELETE, &["libraries", id]);
        call.send().await.map(drop)
    }
}
