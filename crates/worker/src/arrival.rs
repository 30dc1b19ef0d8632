//! What an ingest leaves behind: the asset that its file is, and the jobs that follow.

use reelgate_domain::asset::{Asset, AssetState};
use reelgate_domain::job::kind::ingest::PlannedJob;
use reelgate_domain::job::{Job, JobSpec, NewJob};
use reelgate_domain::media::{OutputResult, Staged};
use reelgate_domain::{ObjectRef, Timestamp};

/// The asset that a job's file becomes and the jobs that are made of it; nothing of jobs that register none.
pub(crate) fn of(job: &Job, staged: &Staged, now: Timestamp) -> Option<(Asset, Vec<NewJob>)> {
    let JobSpec::Ingest(spec) = &job.spec else {
        return None;
    };
    let plan = spec.asset.as_ref()?;
    let OutputResult::Done { files, facts, .. } = staged.results.first()? else {
        return None;
    };
    let asset = Asset {
        id: plan.id,
        account: job.account,
        file: spec.output.clone(),
        state: AssetState::Ready {
            facts: facts.clone(),
            sha256: files.first().and_then(|file| file.sha256.clone()),
        },
        details: plan.details.clone(),
        cover: staged.results.get(1).and_then(cover),
        job: job.id,
        origin: job.origin.clone(),
        created_at: job.created_at,
        modified_at: now,
    };
    let jobs = plan.then.iter().flat_map(|then| {
        let new = |planned: &PlannedJob| NewJob {
            id: planned.id,
            submission: then.submission,
            account: job.account,
            pipeline: job.pipeline,
            priority: then.priority,
            spec: JobSpec::Transcode(planned.spec.clone()),
            origin: planned.origin.clone(),
            user_data: planned.user_data.clone(),
            asset: Some(plan.id),
            // Ids carry the time at which they were made, and listings go by it.
            created_at: job.created_at,
        };
        then.jobs.iter().map(new)
    });
    Some((asset, jobs.collect()))
}

fn cover(result: &OutputResult) -> Option<ObjectRef> {
    match result {
        OutputResult::Done { object, files, .. } if !files.is_empty() => Some(object.clone()),
        OutputResult::Done { .. } | OutputResult::Failed { .. } => None,
    }
}
