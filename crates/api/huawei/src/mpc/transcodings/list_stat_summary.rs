//! `GET /transcodings/summaries`: what the tasks of each day came to, by the day on which they were created.
//!
//! Numbers of tasks are counted along an index. Minutes are summed up over the tasks themselves, of which a call looks at
//! so many only: a range with more of them is refused rather than answered with half of it.

use http::StatusCode;
use reelgate_domain::job::{Job, JobKind};
use reelgate_domain::media::OutputResult;
use reelgate_domain::node::Kinds;
use reelgate_domain::{PipelineId, Timestamp};
use reelgate_service::JobQuery;
use serde_json::{Value, json as value};

use crate::answer::json;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::{invalid, service_error};
use crate::mpc::pipeline::{self, Lane};
use crate::mpc::status::TaskStatus;
use crate::mpc::times;

const DAY_MS: i64 = 86_400_000;

/// The longest range: with more days an answer would be of no use.
const MOST_DAYS: i64 = 366;

/// So many tasks a call looks at.
const MOST_TASKS: u64 = 10_000;

/// So many a call counts.
const MOST_COUNTED: u64 = 1_000_000;

/// What is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sum {
    /// Minutes of sources whose tasks have succeeded.
    Sources,
    /// Minutes of files that were put into another container.
    Remuxed,
    /// Tasks, whatever they came to.
    Tasks,
    /// Minutes from starts to ends.
    Work,
}

impl Sum {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "video_duration" => Self::Sources,
            "remux_file_duration" => Self::Remuxed,
            "transcode_task_number" => Self::Tasks,
            "transcode_duration" => Self::Work,
            _ => return None,
        })
    }
}

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let query = asked.query(&["start_time", "end_time", "stat_type"])?;
    let day = |name| {
        let text = query.needed(name)?;
        times::parse_day(text).ok_or_else(|| invalid(&format!("{name} is no day as yyyymmdd")))
    };
    let (start, end) = (day("start_time")?, day("end_time")?);
    let word = query.needed("stat_type")?;
    let sum = Sum::parse(word).ok_or_else(|| invalid("stat_type is none that there is"))?;
    if start > end {
        return Err(invalid("start_time cannot be greater than end_time"));
    }
    let days = (end - start) / DAY_MS + 1;
    if days > MOST_DAYS {
        return Err(invalid(&format!(
            "the range must have at most {MOST_DAYS} days"
        )));
    }
    let days: Vec<i64> = (0..days).map(|day| start + day * DAY_MS).collect();
    let values = match pipeline::found(asked, Lane::Common).await? {
        None => vec![0.0; days.len()],
        Some(pipeline) => values(asked, pipeline, sum, &days).await?,
    };
    let total: f64 = values.iter().sum();
    let summary: Vec<Value> = days
        .iter()
        .zip(&values)
        .map(|(day, sum)| value!({"date": date(*day), "value": rounded(*sum)}))
        .collect();
    let answer = value!({"stat_type": word, "total": rounded(total), "summary": summary});
    Ok(json(StatusCode::OK, &answer))
}

async fn values(
    asked: &Asked<'_>,
    pipeline: PipelineId,
    sum: Sum,
    days: &[i64],
) -> Result<Vec<f64>, ApiError> {
    match sum {
        Sum::Tasks => counts(asked, pipeline, days).await,
        Sum::Sources | Sum::Work | Sum::Remuxed => minutes(asked, pipeline, sum, days).await,
    }
}

fn query(pipeline: PipelineId, sum: Sum, first_ms: i64, last_ms: i64) -> JobQuery {
    let kind = match sum {
        Sum::Sources | Sum::Work | Sum::Tasks => JobKind::Transcode,
        Sum::Remuxed => JobKind::Remux,
    };
    JobQuery {
        kinds: Kinds::NONE.and(kind),
        pipeline: Some(pipeline),
        created_from: Some(Timestamp::from_millis(first_ms)),
        created_to: Some(Timestamp::from_millis(last_ms + DAY_MS - 1)),
        limit: 100,
        ..JobQuery::default()
    }
}

async fn counts(
    asked: &Asked<'_>,
    pipeline: PipelineId,
    days: &[i64],
) -> Result<Vec<f64>, ApiError> {
    let mut left = MOST_COUNTED;
    let mut values = Vec::with_capacity(days.len());
    for day in days {
        let query = query(pipeline, Sum::Tasks, *day, *day);
        let counted = asked.service.count_jobs(asked.caller, &query, left);
        let counted = counted.await.map_err(service_error)?;
        left -= counted;
        if left == 0 {
            return Err(too_many());
        }
        values.push(counted as f64);
    }
    Ok(values)
}

async fn minutes(
    asked: &Asked<'_>,
    pipeline: PipelineId,
    sum: Sum,
    days: &[i64],
) -> Result<Vec<f64>, ApiError> {
    let mut values = vec![0.0; days.len()];
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return Ok(values);
    };
    let mut query = query(pipeline, sum, *first, *last);
    let counted = asked
        .service
        .count_jobs(asked.caller, &query, MOST_TASKS + 1);
    if counted.await.map_err(service_error)? > MOST_TASKS {
        return Err(too_many());
    }
    loop {
        let page = asked.service.list_jobs(asked.caller, query.clone()).await;
        let page = page.map_err(service_error)?;
        for job in &page.jobs {
            let day = (job.created_at.as_millis() - first).div_euclid(DAY_MS);
            if let Some(value) = usize::try_from(day)
                .ok()
                .and_then(|day| values.get_mut(day))
            {
                *value += seconds(job, sum) / 60.0;
            }
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(values),
        }
    }
}

/// What a task adds.
fn seconds(job: &Job, sum: Sum) -> f64 {
    let has_succeeded = TaskStatus::of_job(job) == TaskStatus::Succeeded;
    let files = job.results.iter().filter_map(|result| match result {
        OutputResult::Done { facts, source, .. } => Some((facts, source)),
        OutputResult::Failed { .. } => None,
    });
    let mut files = files.filter(|_| has_succeeded);
    let length = match sum {
        Sum::Sources => files.find_map(|(_, source)| source.as_ref()?.format.duration_seconds),
        Sum::Remuxed => files.find_map(|(facts, _)| facts.format.duration_seconds),
        Sum::Work => match (job.started_at, job.finished_at()) {
            (Some(start), Some(end)) => {
                let spent_ms = end.as_millis() - start.as_millis();
                Some(spent_ms.max(0) as f64 / 1000.0)
            }
            _ => None,
        },
        Sum::Tasks => None,
    };
    length.unwrap_or(0.0)
}

fn too_many() -> ApiError {
    invalid("the range has more tasks than a call sums up: ask for fewer days")
}

/// Two decimals.
fn rounded(sum: f64) -> f64 {
    (sum * 100.0).round() / 100.0
}

/// `yyyy/mm/dd`.
fn date(day_ms: i64) -> String {
    let digits = times::format(Timestamp::from_millis(day_ms));
    format!("{}/{}/{}", &digits[..4], &digits[4..6], &digits[6..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_sums_are_shown_as_the_vendor_does() {
        assert_eq!(date(1_768_435_200_000), "2026/01/15");
        assert_eq!(rounded(1.0 / 3.0), 0.33);
        assert_eq!(Sum::parse("transcode_duration"), Some(Sum::Work));
        assert_eq!(Sum::parse("duration"), None);
    }
}
