//! Assets and documents as every engine stores them, and what becomes of an asset when its job tells of
//! it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use reelgate_domain::asset::{Asset, AssetDetails, AssetId, AssetState};
use reelgate_domain::document::{Document, DocumentKind};
use reelgate_domain::job::{JobKind, Origin, StateName};
use reelgate_domain::{AccountId, JobId, ObjectRef, Timestamp};
use serde::{Deserialize, Serialize};

use crate::contract::{AssetFilter, AssetStanding, PutDocument, Result, StoreError};
use crate::held::state_code;
use crate::stored::{by_row, corrupt, decode, encode, storable};

/// What of an asset is in no column of its own.
#[derive(Serialize, Deserialize)]
struct Body<'a> {
    state: Cow<'a, AssetState>,
    details: Cow<'a, AssetDetails>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cover: Option<Cow<'a, ObjectRef>>,
    job: JobId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Cow<'a, Origin>>,
}

/// An asset as its row holds it.
#[derive(Clone)]
pub(crate) struct AssetRow {
    pub(crate) account: i64,
    pub(crate) id: [u8; 16],
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) category: Option<i64>,
    pub(crate) reference: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
    pub(crate) body: String,
}

impl AssetRow {
    pub(crate) fn encode(asset: &Asset) -> Result<Self> {
        let details = as_stored(&asset.details);
        let body = Body {
            state: Cow::Borrowed(&asset.state),
            details: Cow::Borrowed(&details),
            cover: asset.cover.as_ref().map(Cow::Borrowed),
            job: asset.job,
            origin: asset.origin.as_ref().map(Cow::Borrowed),
        };
        Ok(Self {
            account: asset.account.number().cast_signed(),
            id: *asset.id.as_bytes(),
            bucket: asset.file.bucket.to_string(),
            key: asset.file.key.to_string(),
            category: details.category.map(u64::cast_signed),
            created_at: asset.created_at.as_millis(),
            modified_at: asset.modified_at.as_millis(),
            body: encode(&body)?,
            reference: details.reference,
        })
    }

    /// What the account has one of.
    pub(crate) fn file(&self) -> (i64, &str, &str) {
        (self.account, &self.bucket, &self.key)
    }

    /// The same of its reference.
    pub(crate) fn named(&self) -> Option<(i64, &str)> {
        let reference = self.reference.as_deref();
        reference.map(|reference| (self.account, reference))
    }
}

/// Details with a reference that can be looked for.
pub(crate) fn as_stored(details: &AssetDetails) -> AssetDetails {
    let mut details = details.clone();
    details.reference = details.reference.map(|it| storable(&it).into_owned());
    details
}

/// The columns of an asset beside its body.
pub(crate) struct AssetHead {
    pub(crate) account: AccountId,
    pub(crate) id: AssetId,
    pub(crate) file: ObjectRef,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
}

impl AssetHead {
    pub(crate) fn with(self, body: &str) -> Result<Asset> {
        let body: Body<'_> = decode(body, "assets", "body", self.id)?;
        Ok(Asset {
            id: self.id,
            account: self.account,
            file: self.file,
            state: body.state.into_owned(),
            details: body.details.into_owned(),
            cover: body.cover.map(Cow::into_owned),
            job: body.job,
            origin: body.origin.map(Cow::into_owned),
            created_at: self.created_at,
            modified_at: self.modified_at,
        })
    }
}

/// A known asset once a job has told what it found.
pub(crate) fn told(known: Asset, found: &Asset, job: JobId) -> Asset {
    Asset {
        state: found.state.clone(),
        cover: found.cover.clone().or(known.cover),
        job,
        modified_at: known.modified_at.max(found.modified_at),
        ..known
    }
}

/// Whether a job that has told before found something else this time, as after a retry, and the asset is
/// still what it told of.
pub(crate) fn tells_anew(known: &Asset, found: &Asset, job: JobId) -> bool {
    known.job == job && known.state != found.state
}

/// Logs that a job's asset stays as it is, because it cannot be read.
pub(crate) fn log_untold(job: JobId, asset: AssetId, error: &StoreError) {
    tracing::error!(
        job.id = %job, asset.id = %asset, %error,
        "what job {job} has found is not noted, and nothing follows it: its asset cannot be read"
    );
}

/// The ids that a page may show, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AssetRange {
    first: u128,
    last: u128,
}

impl AssetRange {
    pub(crate) fn of(filter: &AssetFilter) -> Option<Self> {
        let number = |id: AssetId| u128::from_be_bytes(*id.as_bytes());
        let first = filter.created_from.map(AssetId::first_at);
        let last = filter.created_to.map(AssetId::last_at);
        let all = Self {
            first: first.map_or(0, number),
            last: last.map_or(u128::MAX, number),
        };
        match filter.after {
            Some(after) => all.after(*after.as_bytes(), filter.oldest_first),
            None => all.unless_empty(),
        }
    }

    /// What of it comes after this one, if that leaves anything.
    pub(crate) fn after(self, id: [u8; 16], oldest_first: bool) -> Option<Self> {
        let number = u128::from_be_bytes(id);
        let rest = match oldest_first {
            true => Self {
                first: self.first.max(number.checked_add(1)?),
                ..self
            },
            false => Self {
                last: self.last.min(number.checked_sub(1)?),
                ..self
            },
        };
        rest.unless_empty()
    }

    fn unless_empty(self) -> Option<Self> {
        (self.first <= self.last).then_some(self)
    }

    pub(crate) fn first(self) -> [u8; 16] {
        self.first.to_be_bytes()
    }

    pub(crate) fn last(self) -> [u8; 16] {
        self.last.to_be_bytes()
    }
}

/// What a read passes over because it cannot be read. Logged as one: a page of what another release has
/// written is no reason for a page of log.
pub(crate) struct Unread {
    what: &'static str,
    count: u64,
    first: Option<StoreError>,
}

impl Unread {
    /// Of things of this kind, in the plural.
    pub(crate) const fn of(what: &'static str) -> Self {
        Self {
            what,
            count: 0,
            first: None,
        }
    }

    /// What was read, unless it cannot be.
    pub(crate) fn sift<T>(&mut self, read: Result<T>) -> Result<Option<T>> {
        match by_row(read)? {
            Ok(read) => Ok(Some(read)),
            Err(why) => {
                self.count += 1;
                self.first.get_or_insert(why);
                Ok(None)
            }
        }
    }

    pub(crate) fn log(&self) {
        if let Some(error) = &self.first {
            let (count, what) = (self.count, self.what);
            tracing::error!(count, %error, "{count} {what} cannot be read and are not shown");
        }
    }

    /// What was found of what was asked for by name: whoever asks for nothing else must not be told that
    /// it does not exist.
    pub(crate) fn named<T>(self, found: Vec<T>) -> Result<Vec<T>> {
        match self.first {
            Some(why) if found.is_empty() => Err(why),
            _ => {
                self.log();
                Ok(found)
            }
        }
    }
}

/// How far a job of this number has come, by the codes in its row.
pub(crate) fn standing(
    asset: [u8; 16],
    (kind, state): (i64, i64),
    number: i64,
) -> Result<AssetStanding> {
    let mut kinds = JobKind::ALL.iter().copied();
    let mut states = StateName::ALL.into_iter();
    let unknown = |column, code| corrupt("jobs", column, number, format!("{code} is none"));
    Ok(AssetStanding {
        asset: AssetId::from_bytes(asset),
        kind: kinds
            .find(|it| i64::from(it.code()) == kind)
            .ok_or_else(|| unknown("kind", kind))?,
        state: states
            .find(|it| state_code(*it) == state)
            .ok_or_else(|| unknown("state", state))?,
    })
}

/// The columns of a document beside its body.
pub(crate) struct DocumentHead {
    pub(crate) account: AccountId,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) revision: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
}

impl DocumentHead {
    pub(crate) fn with(self, body: &str) -> Result<Document> {
        Ok(Document {
            body: decode(body, "documents", "body", self.row())?,
            account: self.account,
            kind: self.kind,
            id: self.id,
            revision: self.revision,
            created_at: self.created_at,
            modified_at: self.modified_at,
        })
    }

    fn row(&self) -> String {
        format!("{} {}", self.kind, self.id)
    }
}

/// How many more documents of each kind there are after a part of a write.
#[derive(Default)]
pub(crate) struct NewOnes(BTreeMap<DocumentKind, i64>);

impl NewOnes {
    /// How many are more before this one, which counts from now on if it is new.
    pub(crate) fn of(&mut self, put: &PutDocument) -> i64 {
        let more = self.0.entry(put.kind).or_default();
        let before = *more;
        *more += i64::from(put.replaces.is_none());
        before
    }

    pub(crate) fn forget(&mut self, kind: DocumentKind) {
        *self.0.entry(kind).or_default() -= 1;
    }
}

/// What a document becomes that is stored now, in the stead of this one if there is one.
pub(crate) fn document(put: &PutDocument, old: Option<&Document>) -> Document {
    Document {
        account: put.account,
        kind: put.kind.to_owned(),
        id: storable(&put.id).into_owned(),
        revision: old.map_or(0, |old| old.revision) + 1,
        body: put.body.clone(),
        created_at: old.map_or(put.now, |old| old.created_at),
        modified_at: put.now,
    }
}

#[cfg(test)]
mod tests {
    use reelgate_testkit::{account, object};

    use super::*;

    /// A text as a released version has written it: it must keep loading.
    const BODY_1: &str = r#"{"v":1,"data":{"state":{"state":"ready","facts":{"format":{"name":"","long_name":"","programs":0,"start_seconds":null,"duration_seconds":null,"size_bytes":0,"bit_rate":null},"streams":[]},"sha256":"ab"},"details":{"title":"A film","tags":["a","b"],"category":7,"reference":"mine"},"cover":{"bucket":"media","key":"a.jpg"},"job":"000102030405060708090a0b0c0d0e0f","origin":{"dialect":"vod","version":1,"request":{"Title":"A film"}}}}"#;

    fn asset() -> Asset {
        let mut job = [0; 16];
        for (place, byte) in (0..).zip(&mut job) {
            *byte = place;
        }
        Asset {
            id: AssetId::from_bytes([3; 16]),
            account: account(1),
            file: object("a.mp4"),
            state: AssetState::Ready {
                facts: Box::default(),
                sha256: Some("ab".into()),
            },
            details: AssetDetails {
                title: "A film".into(),
                tags: vec!["a".into(), "b".into()],
                category: Some(7),
                reference: Some("mine".into()),
                ..AssetDetails::default()
            },
            cover: Some(object("a.jpg")),
            job: JobId::from_bytes(job),
            origin: Some(Origin {
                dialect: "vod".into(),
                version: 1,
                request: serde_json::json!({"Title": "A film"}),
            }),
            created_at: Timestamp::from_millis(5),
            modified_at: Timestamp::from_millis(6),
        }
    }

    fn head() -> AssetHead {
        let Asset {
            account,
            id,
            file,
            created_at,
            modified_at,
            ..
        } = asset();
        AssetHead {
            account,
            id,
            file,
            created_at,
            modified_at,
        }
    }

    #[test]
    fn the_body_of_an_asset_is_written_as_it_was() {
        let row = AssetRow::encode(&asset()).unwrap();
        assert_eq!(row.body, BODY_1);
        assert_eq!(row.category, Some(7));
        assert_eq!(row.reference.as_deref(), Some("mine"));
        assert_eq!(head().with(BODY_1).unwrap(), asset());
    }

    #[test]
    fn a_body_of_another_version_is_an_error_that_names_the_asset() {
        let newer = BODY_1.replace(r#""v":1"#, r#""v":2"#);
        let error = head().with(&newer).unwrap_err().to_string();
        let expected = "assets.body of row 03030303030303030303030303030303 cannot be read";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn a_page_begins_after_the_last_one_in_either_order() {
        let id = |number: u8| {
            let mut bytes = [0; 16];
            bytes[15] = number;
            AssetId::from_bytes(bytes)
        };
        let range = |after, oldest_first| {
            AssetRange::of(&AssetFilter {
                after,
                oldest_first,
                ..AssetFilter::default()
            })
        };
        let newest = range(Some(id(7)), false).unwrap();
        assert_eq!((newest.first, newest.last), (0, 6));
        let oldest = range(Some(id(7)), true).unwrap();
        assert_eq!((oldest.first, oldest.last), (8, u128::MAX));
        assert_eq!(range(Some(id(0)), false), None);
        assert_eq!(range(Some(AssetId::from_bytes([0xff; 16])), true), None);
    }
}
