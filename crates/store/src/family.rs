//! Which jobs of a submission are siblings, and what a submitted job is stored as.

use std::collections::HashMap;

use reelgate_domain::JobNumber;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{Job, Lifecycle, NewJob};

/// Which jobs have siblings, by a number that these share: the place of the first of them.
pub(crate) fn numbers(jobs: &[NewJob]) -> Vec<Option<i64>> {
    let family = |job: &NewJob| {
        let (submission, pipeline) = (job.submission, job.pipeline);
        let input = job.spec.shared_input()?.clone();
        Some((submission, pipeline, job.priority, input))
    };
    let families: Vec<_> = match jobs {
        // The usual case costs nothing.
        [_] => return vec![None],
        jobs => jobs.iter().map(family).collect(),
    };
    let mut places = HashMap::new();
    for (place, family) in families.iter().enumerate() {
        if let Some(family) = family {
            let (_, count) = places.entry(family).or_insert((place as i64, 0));
            *count += 1;
        }
    }
    families
        .iter()
        .map(|family| match places.get(family.as_ref()?) {
            Some((_, 1)) | None => None,
            Some((place, _)) => Some(*place),
        })
        .collect()
}

/// What an address is found by: the first half of its hash. Others may have the same.
pub(crate) fn source_hash(url: &SourceUrl) -> i64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, url.expose().as_bytes());
    let first = digest.as_ref().first_chunk().copied();
    i64::from_be_bytes(first.unwrap_or_default())
}

/// What `submit` has found out and stored as one number, for a number is unique in one call only.
pub(crate) fn are_siblings(a: &Job, b: &Job) -> bool {
    let family = |job: &Job| (job.submission, job.pipeline, job.priority);
    let input = a.spec.shared_input();
    family(a) == family(b) && input.is_some() && input == b.spec.shared_input()
}

/// The job that a new one has become.
pub(crate) fn stored(new: NewJob, number: i64) -> Job {
    Job {
        id: new.id,
        number: JobNumber(number),
        submission: new.submission,
        account: new.account,
        pipeline: new.pipeline,
        priority: new.priority,
        spec: new.spec,
        origin: new.origin,
        user_data: new.user_data,
        lifecycle: Lifecycle::queued(),
        progress: 0,
        results: Vec::new(),
        created_at: new.created_at,
        started_at: None,
    }
}
