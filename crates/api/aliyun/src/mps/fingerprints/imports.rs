//! An import as it is kept, and as it is told of.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::document::Document;
use reelgate_domain::job::Job;
use reelgate_domain::{JobId, Timestamp};
use reelgate_service::{Caller, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::errors::service_error;
use super::status::IMPORT_PROCESSING;
use crate::dna::failure;
use crate::dna::words::JobStatus;
use crate::rpc::ApiError;

/// How many jobs are read at once.
const READ_AT_ONCE: usize = 100;

/// What was asked for, and what came of it: jobs, or why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Import {
    pub(super) library: String,
    /// JSON, as answers repeat it.
    pub(super) input: String,
    pub(super) config: String,
    pub(super) pipeline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_data: Option<String>,
    pub(super) jobs: Vec<JobId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<Failure>,
}

/// Why the list of an import could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
}

/// How an import stands, by its jobs.
struct Standing {
    status: &'static str,
    told: String,
    failure: Option<(String, String)>,
    finished: Option<Timestamp>,
}

impl Import {
    /// Reads what was kept.
    pub(super) fn of(kept: &Document) -> Result<Self, ApiError> {
        serde_json::from_value(kept.body.clone()).map_err(ApiError::internal)
    }

    /// As answers show it; `None` if its jobs are not kept any more.
    pub(super) async fn shown(
        self,
        service: &Service,
        caller: &Caller,
        (id, kept): (&str, &Document),
    ) -> Result<Option<Value>, ApiError> {
        let standing = match &self.failure {
            Some(failure) => Standing {
                status: JobStatus::Fail.word(),
                told: "nothing was queued".to_owned(),
                failure: Some((failure.code.clone(), failure.message.clone())),
                finished: Some(kept.created_at),
            },
            None => {
                let jobs = self.read_jobs(service, caller).await?;
                if jobs.is_empty() {
                    return Ok(None);
                }
                Standing::of(&jobs)
            }
        };
        let mut members = Map::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), value.into());
            }
        };
        put("Id", Some(id.to_owned()));
        put("FpDBId", Some(self.library));
        put("Input", Some(self.input));
        put("FpImportConfig", Some(self.config));
        put("PipelineId", Some(self.pipeline));
        put("UserData", self.user_data);
        put("Status", Some(standing.status.to_owned()));
        put("ProcessMessage", Some(standing.told));
        let (code, message) = standing.failure.unzip();
        put("Code", code);
        put("Message", message);
        let time = |at: Timestamp| format_utc(at.as_millis());
        put("CreateTime", Some(time(kept.created_at)));
        put("FinishTime", standing.finished.map(time));
        Ok(Some(Value::Object(members)))
    }

    async fn read_jobs(&self, service: &Service, caller: &Caller) -> Result<Vec<Job>, ApiError> {
        let mut jobs = Vec::with_capacity(self.jobs.len());
        for ids in self.jobs.chunks(READ_AT_ONCE) {
            jobs.extend(service.jobs(caller, ids).await.map_err(service_error)?);
        }
        // As the list had them: of several failures the first is told.
        jobs.sort_unstable_by_key(|job| self.jobs.iter().position(|id| *id == job.id));
        Ok(jobs)
    }
}

impl Standing {
    fn of(jobs: &[Job]) -> Self {
        let count = |wanted| {
            let with = jobs.iter().filter(|job| JobStatus::of_job(job) == wanted);
            with.count()
        };
        let failed = count(JobStatus::Fail);
        let running = count(JobStatus::Queuing) + count(JobStatus::Analysing);
        let told = format!(
            "{} files: {} done, {failed} failed, {running} to come",
            jobs.len(),
            count(JobStatus::Success),
        );
        let failure = jobs.iter().find_map(failure::of);
        let failure = failure.map(|(code, message)| (code.to_owned(), message));
        let ends = jobs.iter().filter_map(Job::finished_at);
        let status = match (running, failed) {
            (0, 0) => JobStatus::Success.word(),
            (0, _) => JobStatus::Fail.word(),
            _ => IMPORT_PROCESSING,
        };
        Self {
            status,
            told,
            failure,
            finished: if running == 0 { ends.max() } else { None },
        }
    }
}
