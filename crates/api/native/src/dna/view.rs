//! How this API shows a library and what is in it.

use reelgate_domain::dna::{DnaEntry, DnaModel, Library, LibraryId};
use reelgate_domain::{JobId, ObjectRef};
use serde::Serialize;

use crate::http::format_time;

/// `{"id", "name", "model", "description", "entries", "version", "created_at"}`: `entries` is how many it has, and
/// `version` grows by one with each change of what it holds.
#[derive(Serialize)]
pub(super) struct LibraryView {
    id: LibraryId,
    name: String,
    model: DnaModel,
    description: String,
    entries: u64,
    version: u64,
    created_at: String,
}

/// `{"key", "number", "source": {"bucket", "key"}, "job_id", "duration_s", "stored_bytes", "created_at"}`:
/// `duration_s` is null for what has none, and `stored_bytes` is what its fingerprint takes.
#[derive(Serialize)]
pub(super) struct EntryView<'a> {
    key: &'a str,
    number: u64,
    source: &'a ObjectRef,
    job_id: JobId,
    duration_s: Option<f64>,
    stored_bytes: u64,
    created_at: String,
}

impl LibraryView {
    pub(super) fn of(library: &Library) -> Self {
        Self {
            id: library.id,
            name: library.name.as_str().to_owned(),
            model: library.model,
            description: library.description.clone(),
            entries: library.entries,
            version: library.version,
            created_at: format_time(library.created_at),
        }
    }
}

impl<'a> EntryView<'a> {
    pub(super) fn of(entry: &'a DnaEntry) -> Self {
        Self {
            key: entry.key.as_str(),
            number: entry.number,
            source: &entry.source,
            job_id: entry.job,
            duration_s: entry.duration_ms.map(|ms| ms as f64 / 1000.0),
            stored_bytes: entry.stored_bytes,
            created_at: format_time(entry.created_at),
        }
    }
}
