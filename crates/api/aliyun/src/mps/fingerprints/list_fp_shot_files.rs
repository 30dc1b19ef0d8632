//! `ListFpShotFiles`: what is in a library, by primary key, page by page.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-listfpshotfiles>

use reelgate_api_kit::time::format_utc;
use reelgate_domain::Timestamp;
use reelgate_domain::dna::{DnaEntry, LibraryId, PrimaryKey};
use reelgate_service::{Caller, Service};
use serde_json::{Value, json};

use super::errors::service_error;
use super::{file, library};
use crate::mps::errors::{Code, Refusal};
use crate::mps::{list_job, request};
use crate::rpc::{ApiError, Params};

/// How many entries are read at once where only some of them are wanted, and how often for one page: one that would
/// need more has fewer files than asked for, and a token all the same.
const READ_AT_ONCE: u32 = 1000;
const MOST_READS: usize = 10;

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let query = Query::read(params)?;
    let library = library::named(service, caller, params).await?;
    let (entries, next) = query.run(service, caller, library.id).await?;
    let files: Vec<Value> = entries.iter().map(shown).collect();
    let mut answer = json!({"FpShotFileList": {"FpShotFile": files}});
    if let Some(next) = next {
        answer["NextPageToken"] = hex::encode(next.as_str()).into();
    }
    Ok(answer)
}

fn shown(entry: &DnaEntry) -> Value {
    json!({
        "FileId": entry.job.to_string(),
        "PrimaryKey": entry.key.as_str(),
        "InputFile": file::named(&entry.source),
        "StoreTime": format_utc(entry.created_at.as_millis()),
    })
}

/// Which files are wanted.
struct Query {
    size: u32,
    after: Option<PrimaryKey>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Query {
    fn read(params: &Params) -> Result<Self, Refusal> {
        Ok(Self {
            size: request::number(params, "PageSize", 100, 20)?,
            after: token(params)?,
            from: list_job::time(params, "StartTime", 0)?,
            // Times on the wire are whole seconds: the range ends with its last second.
            to: list_job::time(params, "EndTime", 999)?,
        })
    }

    /// A page, and the key that the next one goes on after.
    async fn run(
        self,
        service: &Service,
        caller: &Caller,
        library: LibraryId,
    ) -> Result<(Vec<DnaEntry>, Option<PrimaryKey>), ApiError> {
        let size = self.size as usize;
        let is_filtered = self.from.is_some() || self.to.is_some();
        let at_once = if is_filtered {
            READ_AT_ONCE
        } else {
            self.size + 1
        };
        let mut after = self.after.clone();
        let mut found = Vec::new();
        for _ in 0..MOST_READS {
            let read = service.library_entries(caller, library, after.clone(), at_once);
            let read = read.await.map_err(service_error)?;
            let is_last = read.len() < at_once as usize;
            for entry in read {
                let is_wanted = self.wants(&entry);
                if is_wanted && found.len() == size {
                    return Ok((found, after));
                }
                after = Some(entry.key.clone());
                found.extend(is_wanted.then_some(entry));
            }
            if is_last {
                return Ok((found, None));
            }
        }
        Ok((found, after))
    }

    fn wants(&self, entry: &DnaEntry) -> bool {
        self.from.is_none_or(|from| from <= entry.created_at)
            && self.to.is_none_or(|to| entry.created_at <= to)
    }
}

/// The token is the last key in hex: the entry that it names may be gone by then.
fn token(params: &Params) -> Result<Option<PrimaryKey>, Refusal> {
    const NAME: &str = "NextPageToken";
    let Some(text) = request::optional(params, NAME) else {
        return Ok(None);
    };
    let key = hex::decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let key = key.and_then(|key| PrimaryKey::new(key).ok());
    key.map(Some)
        .ok_or_else(|| Refusal::new(Code::Invalid, NAME))
}
