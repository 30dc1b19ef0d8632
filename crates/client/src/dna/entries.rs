//! What is in a library: list, look up, remove.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::jobs::Address;

/// Something that a library holds the fingerprint of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LibraryEntry {
    pub key: String,
    /// The library's version that it was added by: never used again in the library.
    pub number: u64,
    pub source: Address,
    /// The job that stored it.
    pub job_id: String,
    pub duration_s: Option<f64>,
    /// What its fingerprint takes.
    pub stored_bytes: u64,
    pub created_at: String,
}

/// A page of entries, by key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LibraryEntries {
    pub entries: Vec<LibraryEntry>,
    pub next_after: Option<String>,
}

/// Which entries to list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EntryQuery {
    /// The `next_after` of the page before, or any key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// 1 to 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Deserialize)]
struct Deleted {
    deleted: u64,
}

impl Client {
    pub async fn library_entries(
        &self,
        library: &str,
        query: &EntryQuery,
    ) -> Result<LibraryEntries, Error> {
        let call = self.call(Method::GET, &["libraries", library, "entries"]);
        call.query(query).answer().await
    }

    /// The entries that have these keys, of which there are 1 to 50.
    pub async fn find_library_entries(
        &self,
        library: &str,
        keys: &[String],
    ) -> Result<Vec<LibraryEntry>, Error> {
        let call = self.call(Method::GET, &["libraries", library, "entries"]);
        let found: LibraryEntries = call.query(&named(keys)).answer().await?;
        Ok(found.entries)
    }

    /// Removes those of the keys that there are, and says how many. There are 1 to 50.
    pub async fn delete_library_entries(
        &self,
        library: &str,
        keys: &[String],
    ) -> Result<u64, Error> {
        let call = self.call(Method::DELETE, &["libraries", library, "entries"]);
        let done: Deleted = call.query(&named(keys)).answer().await?;
        Ok(done.deleted)
    }
}

fn named(keys: &[String]) -> Vec<(&'static str, &str)> {
    keys.iter().map(|key| ("key", key.as_str())).collect()
}
