//! Fingerprint libraries as every engine stores them, and which of their changes are told at once.

use reelgate_domain::dna::{
    DnaEntry, DnaModel, Library, LibraryId, LibraryName, LibraryStatus, PrimaryKey,
};
use reelgate_domain::{AccountId, BucketName, JobId, ObjectKey, ObjectRef, Timestamp};

use crate::contract::{LibraryChange, LibraryChanges, Result, StoreError};
use crate::stored::corrupt;

/// How many entries, fingerprints or removals are taken away at once: few enough that a call behind that waits
/// some milliseconds.
pub(crate) const PRUNED_AT_ONCE: i64 = 50;

/// How much of fingerprints is taken away at once, unless one alone has more.
const PRUNED_BYTES: u64 = 16 << 20;

/// How many additions are told at once, however small they are.
pub(crate) const TOLD_AT_ONCE: i64 = 1000;

/// How long a deleted library is known by its id.
const KNOWN_MS: i64 = 30 * 24 * 3600 * 1000;

/// Libraries that were deleted before this are forgotten.
pub(crate) fn forgotten_before(now: Timestamp) -> i64 {
    now.as_millis().saturating_sub(KNOWN_MS)
}

/// What a library is made of, as stored.
pub(crate) const fn model_code(model: DnaModel) -> i64 {
    match model {
        DnaModel::Video => 0,
        DnaModel::Audio => 1,
        DnaModel::Image => 2,
        DnaModel::Text => 3,
    }
}

/// A library as its columns have it.
pub(crate) struct LibraryRow {
    pub(crate) id: [u8; 16],
    pub(crate) account: i64,
    pub(crate) name: String,
    pub(crate) model: i64,
    pub(crate) description: String,
    pub(crate) version: i64,
    pub(crate) added_at: i64,
    pub(crate) entries: i64,
    pub(crate) created_at: i64,
    pub(crate) deleted_at: Option<i64>,
}

impl LibraryRow {
    pub(crate) fn read(self) -> Result<Library> {
        let id = LibraryId::from_bytes(self.id);
        let unfit = |column, why: &str| -> StoreError { corrupt("dna_libraries", column, id, why) };
        let number = |number: i64, column| {
            let read = u64::try_from(number);
            read.map_err(|_| unfit(column, &format!("{number} is below zero")))
        };
        let account = u64::try_from(self.account).ok().and_then(AccountId::new);
        let mut models = DnaModel::ALL.into_iter();
        let model = models.find(|model| model_code(*model) == self.model);
        let is_named = LibraryName::new(self.name);
        Ok(Library {
            id,
            account: account.ok_or_else(|| unfit("account", "it has not 16 digits"))?,
            name: is_named.ok_or_else(|| unfit("name", "it is no name"))?,
            model: model.ok_or_else(|| unfit("model", "it is not known"))?,
            description: self.description,
            status: match self.deleted_at {
                None => LibraryStatus::Active,
                Some(_) => LibraryStatus::Deleted,
            },
            version: number(self.version, "version")?,
            added_at: number(self.added_at, "added_at")?,
            entries: number(self.entries, "entries")?,
            created_at: Timestamp::from_millis(self.created_at),
        })
    }
}

/// An entry as its columns have it.
pub(crate) struct EntryRow {
    pub(crate) library: LibraryId,
    pub(crate) number: i64,
    pub(crate) key: String,
    pub(crate) bucket: String,
    pub(crate) object: String,
    pub(crate) job: Vec<u8>,
    pub(crate) duration_ms: Option<i64>,
    pub(crate) bytes: i64,
    pub(crate) created_at: i64,
}

impl EntryRow {
    pub(crate) fn read(self) -> Result<DnaEntry> {
        let unfit = |column, why: String| unfit_entry((self.library, self.number), column, why);
        let number = |number: i64, column| {
            let read = u64::try_from(number);
            read.map_err(|_| unfit(column, format!("{number} is below zero")))
        };
        let bucket = BucketName::new(self.bucket);
        let object = ObjectKey::new(self.object);
        let job: std::result::Result<[u8; 16], _> = self.job.as_slice().try_into();
        let duration_ms = self.duration_ms.map(|it| number(it, "duration_ms"));
        Ok(DnaEntry {
            library: self.library,
            key: PrimaryKey::new(self.key).map_err(|why| unfit("key", why.to_string()))?,
            number: number(self.number, "number")?,
            source: ObjectRef {
                bucket: bucket.map_err(|why| unfit("bucket", why.to_string()))?,
                key: object.map_err(|why| unfit("object", why.to_string()))?,
            },
            job: JobId::from_bytes(job.map_err(|why| unfit("job", why.to_string()))?),
            duration_ms: duration_ms.transpose()?,
            stored_bytes: number(self.bytes, "bytes")?,
            created_at: Timestamp::from_millis(self.created_at),
        })
    }
}

fn unfit_entry(
    (library, number): (LibraryId, i64),
    column: &'static str,
    why: String,
) -> StoreError {
    corrupt("dna_entries", column, format!("{library}/{number}"), why)
}

/// A library as its copies see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) version: i64,
    pub(crate) emptied_at: i64,
}

/// An entry that may be told of.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) number: i64,
    /// None: it cannot be read.
    pub(crate) key: Option<String>,
    pub(crate) bytes: i64,
}

/// Which changes are told of: those of the versions after `after`, up to `reached`.
pub(crate) struct Telling {
    pub(crate) after: i64,
    pub(crate) reached: i64,
    pub(crate) more: bool,
    /// What was added and is still there, in its order.
    pub(crate) added: Vec<Head>,
}

impl Telling {
    /// Of what was added and is there, at most [`TOLD_AT_ONCE`] and one in their order: as many as fit in so
    /// many bytes, and at least one.
    pub(crate) fn of(
        standing: Standing,
        after: i64,
        mut added: Vec<Head>,
        most_bytes: u64,
    ) -> Self {
        let taken = fitting(
            added.iter().map(|head| head.bytes.unsigned_abs()),
            most_bytes,
        );
        let taken = taken.min(TOLD_AT_ONCE as usize);
        let more = taken < added.len();
        added.truncate(taken);
        let reached = match added.last() {
            Some(last) if more => last.number,
            _ => standing.version,
        };
        Self {
            after,
            reached,
            more,
            added,
        }
    }

    /// By which version whatever was in the library before it was emptied has gone, if that is told of now.
    pub(crate) fn emptied(&self, standing: Standing) -> Option<i64> {
        let at = standing.emptied_at;
        (self.after > 0 && self.after < at && at <= self.reached).then_some(at)
    }

    /// In the order of the versions. `removed` are versions and numbers.
    pub(crate) fn changes(
        &self,
        added: Vec<(Head, Vec<u8>)>,
        removed: Vec<(i64, i64)>,
    ) -> LibraryChanges {
        let mut changes: Vec<(i64, LibraryChange)> = Vec::new();
        for (version, number) in removed {
            let number = number.cast_unsigned();
            changes.push((version, LibraryChange::Removed { number }));
        }
        for (head, fingerprint) in added {
            let key = head.key.and_then(|key| PrimaryKey::new(key).ok());
            let Some(key) = key else {
                let number = head.number;
                tracing::error!(
                    number,
                    "an entry's key cannot be read, and searches do not find it"
                );
                continue;
            };
            let number = head.number.cast_unsigned();
            let added = LibraryChange::Added {
                number,
                key,
                fingerprint,
            };
            changes.push((head.number, added));
        }
        changes.sort_by_key(|(version, _)| *version);
        LibraryChanges {
            reached: self.reached.cast_unsigned(),
            more: self.more,
            changes: changes.into_iter().map(|(_, change)| change).collect(),
        }
    }
}

/// What is told of a library that is not there, or in which nothing has happened: its copy is where it is.
pub(crate) fn nothing_told(reached: u64) -> LibraryChanges {
    LibraryChanges {
        reached,
        more: false,
        changes: Vec::new(),
    }
}

/// How many of these fit in so many bytes; at least one.
fn fitting(bytes: impl Iterator<Item = u64>, most: u64) -> usize {
    let mut sum = 0_u64;
    let fit = bytes.take_while(|bytes| {
        let is_first = sum == 0;
        sum = sum.saturating_add((*bytes).max(1));
        is_first || sum <= most
    });
    fit.count()
}

/// How many of these are taken away at once.
pub(crate) fn pruned(bytes: impl Iterator<Item = i64>) -> usize {
    fitting(bytes.map(i64::unsigned_abs), PRUNED_BYTES)
}

/// The most bytes of a part of a fingerprint: few enough that some of them fit in a message and in memory.
const PART_BYTES: usize = 1 << 20;

/// A fingerprint in parts with their numbers; an empty one is one part.
pub(crate) fn parts(fingerprint: &[u8]) -> impl Iterator<Item = (i64, &[u8])> {
    let count = fingerprint.len().div_ceil(PART_BYTES).max(1);
    (0..count).map(move |at| {
        let from = at * PART_BYTES;
        let to = fingerprint.len().min(from + PART_BYTES);
        (at as i64, &fingerprint[from..to])
    })
}

/// A fingerprint of its parts in order, if these are all.
pub(crate) fn whole(parts: Vec<Vec<u8>>, bytes: i64) -> Option<Vec<u8>> {
    let mut parts = parts.into_iter();
    let mut all = parts.next()?;
    for part in parts {
        all.extend(part);
    }
    (i64::try_from(all.len()) == Ok(bytes)).then_some(all)
}

/// Logs that an entry is not told of, because its fingerprint is not there.
pub(crate) fn log_untold(library: LibraryId, number: i64) {
    tracing::error!(
        library.id = %library, number,
        "entry {number} of library {library} lacks its fingerprint and is not found by searches"
    );
}

/// A version as stored. One that no engine gave is beyond all.
pub(crate) fn stored_version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(number: i64, bytes: i64) -> Head {
        let key = Some(format!("k{number}"));
        Head { number, key, bytes }
    }

    #[test]
    fn what_is_told_at_once_fits_and_goes_on_where_it_ended() {
        let standing = Standing {
            version: 20,
            emptied_at: 0,
        };
        let check = |most, taken: usize, reached, more| {
            let added = vec![head(3, 10), head(5, 0), head(9, 10)];
            let telling = Telling::of(standing, 2, added, most);
            let told = (telling.added.len(), telling.reached, telling.more);
            assert_eq!(told, (taken, reached, more), "{most}");
        };
        check(0, 1, 3, true);
        check(10, 1, 3, true);
        check(11, 2, 5, true);
        check(20, 2, 5, true);
        check(21, 3, 20, false);
        let nothing = Telling::of(standing, 2, Vec::new(), 0);
        assert_eq!((nothing.reached, nothing.more), (20, false));
    }

    #[test]
    fn parts_make_a_whole() {
        for bytes in [0, 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES - 1] {
            let fingerprint: Vec<u8> = (0..bytes).map(|at| at as u8).collect();
            let cut: Vec<_> = parts(&fingerprint).collect();
            assert_eq!(cut.len(), bytes.div_ceil(PART_BYTES).max(1));
            let cut = cut.into_iter().map(|(_, part)| part.to_vec()).collect();
            assert!(whole(cut, bytes as i64) == Some(fingerprint), "{bytes}");
        }
        assert_eq!(whole(vec![vec![1]], 2), None);
        assert_eq!(whole(Vec::new(), 0), None);
    }

    #[test]
    fn a_library_that_was_emptied_is_told_to_those_who_had_something() {
        let standing = Standing {
            version: 20,
            emptied_at: 7,
        };
        let emptied = |after| Telling::of(standing, after, Vec::new(), 1).emptied(standing);
        assert_eq!(emptied(0), None);
        assert_eq!(emptied(6), Some(7));
        assert_eq!(emptied(7), None);
    }
}
