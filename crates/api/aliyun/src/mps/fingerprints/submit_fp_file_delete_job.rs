//! `SubmitFpFileDeleteJob`: files are removed from a library, before the call is answered.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/api-mts-2014-06-18-submitfpfiledeletejob>

use reelgate_domain::JobId;
use reelgate_domain::dna::PrimaryKey;
use reelgate_service::{Caller, Service};
use serde_json::Value;

use super::deletion::Deletion;
use super::errors::service_error;
use super::{kept, library, request as own};
use crate::mps::errors::{Code, Refusal};
use crate::mps::request;
use crate::rpc::{ApiError, Params};

/// The most ids, and the most keys, of one call.
const MOST: usize = 200;

/// What is not in the library is passed over: it is as gone as the rest. The job tells the ids that were given, and
/// those of the files that the keys were of.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let (mut ids, keys) = files(params)?;
    let user_data = own::user_data(params)?;
    let pipeline = own::pipeline(service, caller, params).await?;
    let library = library::named(service, caller, params).await?.id;
    let found = service.find_library_entries(caller, library, &keys, &ids);
    let found = found.await.map_err(service_error)?;
    let by_key: Vec<JobId> = found.iter().map(|entry| entry.job).collect();
    ids.extend(by_key);
    let mut told: Vec<String> = Vec::with_capacity(ids.len());
    for id in ids {
        let id = id.to_string();
        if !told.contains(&id) {
            told.push(id);
        }
    }
    let gone: Vec<PrimaryKey> = found.into_iter().map(|entry| entry.key).collect();
    let removed = service.delete_library_entries(caller, library, &gone);
    removed.await.map_err(service_error)?;
    let deletion = Deletion {
        library,
        told: ("FileIds", told.join(",")),
        pipeline,
        user_data,
    };
    deletion.keep(service, caller, kept::FILE_DELETIONS).await
}

/// Either list is enough; both together ask for both.
fn files(params: &Params) -> Result<(Vec<JobId>, Vec<PrimaryKey>), Refusal> {
    let list = |name| match request::optional(params, name) {
        Some(text) => request::items_up_to(MOST, name, text),
        None => Ok(Vec::new()),
    };
    let (ids, keys) = (list("FileIds")?, list("PrimaryKeys")?);
    if ids.is_empty() && keys.is_empty() {
        return Err(Refusal::new(Code::NullValue, "FileIds"));
    }
    let ids = ids.into_iter().map(|id| request::id("FileIds", id));
    let ids = ids.collect::<Result<_, Refusal>>()?;
    let keys = keys.into_iter().map(|key| {
        PrimaryKey::new(key).map_err(|_invalid| Refusal::new(Code::Invalid, "PrimaryKeys"))
    });
    let keys = keys.collect::<Result<_, Refusal>>()?;
    Ok((ids, keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<(usize, usize), Refusal> {
        let read = files(&Params::from_pairs(pairs.iter().copied()).unwrap())?;
        Ok((read.0.len(), read.1.len()))
    }

    #[test]
    fn files_are_named_by_id_or_key_200_at_a_time() {
        let id = "0123456789abcdef0123456789abcdef";
        let keys = |count: usize| {
            let keys: Vec<_> = (0..count).map(|n| n.to_string()).collect();
            keys.join(",")
        };
        assert_eq!(read(&[("FileIds", id)]), Ok((1, 0)));
        assert_eq!(
            read(&[("FileIds", id), ("PrimaryKeys", "a, b")]),
            Ok((1, 2))
        );
        assert_eq!(read(&[("PrimaryKeys", &keys(200))]), Ok((0, 200)));
        let cases = [
            ("FileIds", "", Code::NullValue),
            ("FileIds", ",", Code::EmptyValue),
            ("FileIds", "film-1", Code::UuidFormat),
            ("PrimaryKeys", &*keys(201), Code::ListSizeExceed),
            ("PrimaryKeys", &*"k".repeat(257), Code::Invalid),
        ];
        for (name, text, code) in cases {
            assert_eq!(
                read(&[(name, text)]),
                Err(Refusal::new(code, name)),
                "{name}={text}"
            );
        }
    }
}
