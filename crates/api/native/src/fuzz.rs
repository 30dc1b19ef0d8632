//! What the fuzz targets reach of this API: its readers, without a service behind them.

use http::{HeaderMap, StatusCode, Uri};
use reelgate_domain::Timestamp;
use reelgate_service::{ByteRange, SubmitJob};

use crate::http::{Problem, Query, parse, parse_time};
use crate::{access, buckets, dna, jobs, keeping, notify, objects, pipelines, playlists, streams};

/// Status and code of a refusal.
pub type Refused = (StatusCode, &'static str);

/// Reads the body of a submission.
pub fn submission(body: &[u8]) -> Result<SubmitJob, Refused> {
    jobs::SubmitBody::parse(body)
        .and_then(jobs::SubmitBody::job)
        .map(|(job, _pipeline)| job)
        .map_err(refused)
}

/// Reads the body of each other call that has one, as every one of these calls would.
pub fn other_bodies(body: &[u8]) -> Vec<Result<(), Refused>> {
    let others = [
        parse::<buckets::CreateBody>(body).map(drop),
        parse::<dna::CreateBody>(body).map(drop),
        parse::<jobs::CancelBody>(body).map(drop),
        parse::<pipelines::ChangeBody>(body).map(drop),
        parse::<pipelines::CreateBody>(body).map(drop),
        parse::<playlists::CreateBody>(body).map(drop),
    ];
    let all = others.into_iter().chain(access::read_as_each_body(body));
    let all = all.chain(keeping::read_as_each_body(body));
    let all = all.chain(notify::read_as_each_body(body));
    let all = all.chain(streams::read_as_each_body(body));
    all.map(|read| read.map_err(refused)).collect()
}

/// The range that a request's headers ask for.
pub fn range(headers: &HeaderMap) -> Option<ByteRange> {
    objects::asked_range(headers)
}

/// Reads the query of a listing: its limit, and a time.
pub fn query(uri: &Uri) -> Result<(u32, Option<Timestamp>), Refused> {
    let read = || {
        let query = Query::of(uri, &["limit", "from"])?;
        let limit = query.limit(20, 100)?;
        let from = query.one("from")?;
        let from = from.map(|text| parse_time("from", text)).transpose()?;
        Ok((limit, from))
    };
    read().map_err(refused)
}

fn refused(problem: Problem) -> Refused {
    (problem.status(), problem.code())
}
