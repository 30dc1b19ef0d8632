//! What the lanes of a pipeline's jobs mean, and which of them and of the ids a listing looks at.

use reelgate_domain::JobId;
use reelgate_domain::job::StateName;

use crate::contract::JobFilter;

/// How many lanes the schema knows.
pub(crate) const LANES: i64 = 28;

/// The lanes that hold what the filter asks for; `None` for all of them.
pub(crate) fn lanes(filter: &JobFilter) -> Option<Vec<i64>> {
    let states = if filter.states.is_empty() {
        &StateName::ALL[..]
    } else {
        &filter.states
    };
    let wanted = |lane: &i64| {
        let (state, started) = lane_meaning(*lane);
        states.contains(&state) && filter.started.is_none_or(|wanted| wanted == started)
    };
    let lanes: Vec<i64> = (0..LANES).filter(wanted).collect();
    (lanes.len() < LANES as usize).then_some(lanes)
}

/// The state of a lane's jobs and whether they have started; the schema's `jobs.lane` says the same.
fn lane_meaning(lane: i64) -> (StateName, bool) {
    match lane {
        0..20 => (StateName::Queued, lane % 2 == 0),
        20 => (StateName::Queued, true),
        21 => (StateName::Running, true),
        22 => (StateName::Publishing, true),
        23 => (StateName::Stopping, true),
        24 => (StateName::Succeeded, true),
        25 => (StateName::Failed, true),
        26 => (StateName::Cancelled, false),
        _ => (StateName::Cancelled, true),
    }
}

/// The ids a page may show, both ends included.
#[derive(Clone, Copy)]
pub(crate) struct IdRange {
    pub(crate) first: JobId,
    pub(crate) last: JobId,
}

impl IdRange {
    pub(crate) fn of(filter: &JobFilter) -> Option<Self> {
        let first = filter
            .created_from
            .map_or(JobId::from_bytes([0; 16]), JobId::first_at);
        let last = filter
            .created_to
            .map_or(JobId::from_bytes([0xff; 16]), JobId::last_at);
        let range = Self { first, last };
        match filter.before {
            Some(before) => range.before(before),
            None => (first <= last).then_some(range),
        }
    }

    /// What of it is older than this job, if that leaves anything.
    pub(crate) fn before(self, job: JobId) -> Option<Self> {
        let first = self.first;
        let last = self.last.min(previous(job)?);
        (first <= last).then_some(Self { first, last })
    }
}

/// The id right below this one.
fn previous(id: JobId) -> Option<JobId> {
    let number = u128::from_be_bytes(*id.as_bytes()).checked_sub(1)?;
    Some(JobId::from_bytes(number.to_be_bytes()))
}
