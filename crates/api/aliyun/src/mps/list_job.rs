//! `ListJob`: jobs by state, pipeline and time of creation, newest first, page by page.

use reelgate_api_kit::time::parse_utc;
use reelgate_domain::Timestamp;
use reelgate_domain::job::{JobKind, StateName};
use reelgate_domain::node::Kinds;
use reelgate_service::{Caller, JobQuery, Service};
use serde_json::{Value, json};

use super::errors::{Code, Refusal, service_error};
use super::render::{self, View};
use super::request;
use super::status::JobStatus;
use crate::rpc::{ApiError, Params};

pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let covers = |word: &str| JobStatus::parse(word).map(JobStatus::covers);
    let query = query(params, JobKind::Transcode, covers)?;
    let page = service.list_jobs(caller, query).await;
    let page = page.map_err(service_error)?;
    let jobs: Vec<Value> = page
        .jobs
        .iter()
        .filter_map(|job| render::job(job, View::ListJob))
        .collect();
    let mut answer = json!({"JobList": {"Job": jobs}});
    if let Some(next) = page.next {
        answer["NextPageToken"] = next.to_string().into();
    }
    Ok(answer)
}

/// Reads which jobs of a kind are wanted. `covers` tells which states a word of the vendor's stands for, and whether
/// their jobs have started.
pub(super) fn query(
    params: &Params,
    kind: JobKind,
    covers: impl FnOnce(&str) -> Option<(Vec<StateName>, Option<bool>)>,
) -> Result<JobQuery, Refusal> {
    let (states, started) = match request::optional(params, "State") {
        None | Some("All") => (Vec::new(), None),
        Some(word) => covers(word).ok_or_else(|| Refusal::new(Code::InvalidState, "State"))?,
    };
    let id = |name: &str| request::optional(params, name).map(|text| (name.to_owned(), text));
    let pipeline = id("PipelineId").map(|(name, text)| request::id(&name, text));
    let after = id("NextPageToken").map(|(name, text)| request::id(&name, text));
    Ok(JobQuery {
        kinds: Kinds::NONE.and(kind),
        states,
        started,
        pipeline: pipeline.transpose()?,
        created_from: time(params, "StartOfJobCreatedTimeRange", 0)?,
        // Times on the wire are whole seconds: the range ends with its last second.
        created_to: time(params, "EndOfJobCreatedTimeRange", 999)?,
        after: after.transpose()?,
        limit: request::number(params, "MaximumPageSize", 100, 10)?,
    })
}

/// A time, and so many milliseconds more.
pub(super) fn time(
    params: &Params,
    name: &str,
    plus_ms: i64,
) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = request::optional(params, name) else {
        return Ok(None);
    };
    let at_ms = parse_utc(text).ok_or_else(|| Refusal::new(Code::Format, name))?;
    Ok(Some(Timestamp::from_millis(at_ms.saturating_add(plus_ms))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<JobQuery, Refusal> {
        let params = Params::from_pairs(pairs.iter().copied()).unwrap();
        let covers = |word: &str| JobStatus::parse(word).map(JobStatus::covers);
        query(&params, JobKind::Transcode, covers)
    }

    #[test]
    fn without_parameters_all_jobs_come_ten_at_a_time() {
        let query = read(&[("State", "All")]).unwrap();
        assert_eq!(
            (query.states.len(), query.started, query.limit),
            (0, None, 10)
        );
        assert_eq!((query.pipeline, query.after), (None, None));
    }

    #[test]
    fn filters_are_translated() {
        let id = "0123456789abcdef0123456789abcdef";
        let query = read(&[
            ("State", "Submitted"),
            ("PipelineId", id),
            ("NextPageToken", id),
            ("StartOfJobCreatedTimeRange", "1970-01-01T00:00:01Z"),
            ("EndOfJobCreatedTimeRange", "1970-01-01T00:00:02Z"),
            ("MaximumPageSize", "100"),
        ])
        .unwrap();
        assert_eq!(
            (query.states, query.started),
            (vec![StateName::Queued], Some(false))
        );
        assert_eq!(query.pipeline.unwrap().to_string(), id);
        assert_eq!(query.after.unwrap().to_string(), id);
        assert_eq!(query.created_from, Some(Timestamp::from_millis(1000)));
        assert_eq!(query.created_to, Some(Timestamp::from_millis(2999)));
        assert_eq!(query.limit, 100);
    }

    #[test]
    fn values_that_cannot_be_used_are_refused() {
        let cases = [
            ("State", "Running", Code::InvalidState),
            ("PipelineId", "x", Code::UuidFormat),
            ("NextPageToken", "2", Code::UuidFormat),
            ("StartOfJobCreatedTimeRange", "yesterday", Code::Format),
            (
                "EndOfJobCreatedTimeRange",
                "2026-02-30T00:00:00Z",
                Code::Format,
            ),
            ("MaximumPageSize", "0", Code::OutOfRange),
            ("MaximumPageSize", "101", Code::OutOfRange),
            ("MaximumPageSize", "many", Code::NumberFormat),
        ];
        for (name, text, code) in cases {
            let found = read(&[(name, text)]).err();
            assert_eq!(found, Some(Refusal::new(code, name)), "{name}={text}");
        }
    }
}
