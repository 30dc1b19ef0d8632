//! `ListEdgeTranscodeJob`: the jobs of a cluster that the caller may see.
//!
//! <https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-listedgetranscodejob>

use reelgate_domain::Timestamp;
use reelgate_domain::stream::Stream;
use reelgate_service::{Service, StreamError, StreamFilter};
use serde_json::{Value, json};

use super::errors::{About, Refusal, stream_error};
use super::job;
use super::permission::Sieve;
use super::request::{self, Page};
use crate::rpc::{ApiError, Call, Params};

/// How far back a job may have been made, and touched last.
const SHOWN_FOR_MS: i64 = 180 * 24 * 3_600_000;
/// How many are looked at at once where policies decide about each.
const AT_ONCE: u32 = 1000;

pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    let failed = |error| stream_error(About::Other, error);
    let cluster = request::cluster(call.params)?;
    let Ask { filter, page, ours } = Ask::read(call.params)?;
    service.require_edge(call.caller).await.map_err(failed)?;
    let since = Timestamp::from_millis(service.now().as_millis() - SHOWN_FOR_MS);
    let filter = StreamFilter {
        cluster: Some(request::known(service, cluster).await?),
        since: Some(since),
        offset: page.offset(),
        ..filter
    };
    let listed = match (ours, Sieve::of(service, call)) {
        (false, _) => Ok((Vec::new(), 0)),
        (true, None) => {
            let listed = service.list_streams(call.caller, filter, page.size).await;
            listed.map(|listed| (listed.streams, listed.total))
        }
        (true, Some(sieve)) => sifted(service, call, filter, page, sieve).await,
    };
    let (streams, total) = listed.map_err(failed)?;
    let names = job::template_names(service, call).await.map_err(failed)?;
    let jobs: Vec<_> = streams.iter().map(|it| job::shown(it, &names)).collect();
    Ok(json!({"TotalCount": total, "JobList": {"Job": jobs}}))
}

/// The page, and how many there are, of those that pass: all have to be looked at.
async fn sifted(
    service: &Service,
    call: &Call<'_>,
    filter: StreamFilter,
    page: Page,
    mut sieve: Sieve<'_>,
) -> Result<(Vec<Stream>, u64), StreamError> {
    let (mut kept, mut total, mut offset) = (Vec::new(), 0, 0);
    loop {
        let part = StreamFilter {
            offset,
            ..filter.clone()
        };
        let part = service.list_streams(call.caller, part, AT_ONCE).await?;
        offset += u64::from(AT_ONCE);
        for stream in part.streams {
            if sieve.passes(&stream.spec) {
                total += 1;
                if total > page.offset() && kept.len() < page.size as usize {
                    kept.push(stream);
                }
            }
        }
        if offset >= part.total {
            return Ok((kept, total));
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    filter: StreamFilter,
    page: Page,
    /// Whether the type asked for is that of all jobs here.
    ours: bool,
}

impl Ask {
    pub(super) fn read(params: &Params) -> Result<Self, Refusal> {
        let filter = StreamFilter {
            wanted: request::word(params, "Status", &[("0", false), ("1", true)])?,
            keyword: request::optional(params, "Keyword").map(str::to_owned),
            oldest_first: request::oldest_first(params)?,
            ..StreamFilter::default()
        };
        Ok(Self {
            filter,
            page: Page::read(params)?,
            ours: request::lists_ours(params)?,
        })
    }
}
