//! Live streams as every engine keeps them, and what each wish and report makes of one.
//!
//! An engine reads a row, has it decided here what becomes of it, and writes that, all in one transaction.

mod turn;

use reelgate_domain::job::Lease;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{
    Happening, Held, Standing, Stream, StreamId, StreamName, StreamPlan, StreamTarget,
};
use reelgate_domain::{AccountId, Timestamp, WorkerId};
use ring::digest::{SHA256, digest};

pub(crate) use self::turn::{
    Places, Turn, beat, change, claim, delete, finish, is_of_newest_start, lease_ended, start, stop,
};
use crate::contract::{NewStream, Result, StoreError};
use crate::stored::{corrupt, decode, encode};

/// How many notes of a stream are kept.
pub(crate) const MOST_NOTES: i64 = 500;

/// How many samples are removed at once: few enough that a call behind it waits some milliseconds.
pub(crate) const PRUNED_AT_ONCE: i64 = 200;

/// How long a stream that cannot be read is left out of claims before it is looked at again.
pub(crate) const SET_BACK: std::time::Duration = std::time::Duration::from_secs(60);

/// What of a stream changes as it starts, runs and stops.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Course {
    pub(crate) id: StreamId,
    pub(crate) standing: Standing,
    /// Of the newest plan; 0 before the first.
    pub(crate) revision: u32,
    /// The newest plan of which its holder has said that processes of no earlier one are left.
    pub(crate) runs: u32,
    /// Since when it is claimable, or from when on; none if it is held or does not run.
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) touched_at: Timestamp,
    /// It goes as soon as it is let go, and nobody is to see it any more.
    pub(crate) deleted: bool,
}

/// A stream with what is kept beside what people see of it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) course: Course,
    pub(crate) stream: Stream,
}

impl Kept {
    /// The stream as it is after a turn.
    pub(crate) fn after(&self, turn: &Turn) -> Stream {
        Stream {
            touched_at: turn.course.touched_at,
            standing: turn.course.standing.clone(),
            ..self.stream.clone()
        }
    }
}

/// A course as its columns have it.
#[derive(Clone, Debug)]
pub(crate) struct CourseRow {
    pub(crate) id: [u8; 16],
    pub(crate) run: i64,
    pub(crate) wanted: bool,
    pub(crate) attempt: i64,
    pub(crate) worker: Option<String>,
    pub(crate) until: Option<i64>,
    pub(crate) held_run: Option<i64>,
    pub(crate) runs: i64,
    pub(crate) ready_at: Option<i64>,
    pub(crate) due_at: Option<i64>,
    pub(crate) last_start_at: Option<i64>,
    pub(crate) last_stop_at: Option<i64>,
    pub(crate) ended: Option<String>,
    pub(crate) revision: i64,
    pub(crate) touched_at: i64,
    pub(crate) deleted: bool,
}

impl CourseRow {
    pub(crate) fn encode(course: &Course) -> Result<Self> {
        let standing = &course.standing;
        let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millis);
        let held = standing.held.as_ref();
        Ok(Self {
            id: *course.id.as_bytes(),
            run: standing.run.into(),
            wanted: standing.wanted,
            attempt: standing.attempt.into(),
            worker: held.map(|held| held.lease.worker.0.clone()),
            until: held.map(|held| held.lease.until.as_millis()),
            held_run: held.map(|held| held.run.into()),
            runs: course.runs.into(),
            ready_at: millis(standing.ready_at),
            due_at: millis(course.due_at),
            last_start_at: millis(standing.last_start_at),
            last_stop_at: millis(standing.last_stop_at),
            ended: standing.ended.as_ref().map(encode).transpose()?,
            revision: course.revision.into(),
            touched_at: course.touched_at.as_millis(),
            deleted: course.deleted,
        })
    }

    pub(crate) fn read(self) -> Result<Course> {
        let id = StreamId::from_bytes(self.id);
        let number = |number: i64, column| {
            let read = u32::try_from(number);
            read.map_err(|_| unfit(id, column, format!("{number} is out of range")))
        };
        let time = |at: Option<i64>| at.map(Timestamp::from_millis);
        let held = match (self.worker, self.until, self.held_run) {
            (None, _, _) => None,
            (Some(worker), Some(until), Some(run)) => Some(Held {
                lease: Lease {
                    worker: WorkerId(worker),
                    until: Timestamp::from_millis(until),
                },
                run: number(run, "held_run")?,
            }),
            _ => return Err(unfit(id, "until", "it is held without a lease".to_owned())),
        };
        let ended = self.ended;
        let ended = ended.map(|text| decode(&text, "streams", "ended", id));
        Ok(Course {
            standing: Standing {
                run: number(self.run, "run")?,
                wanted: self.wanted,
                attempt: number(self.attempt, "attempt")?,
                held,
                ready_at: time(self.ready_at),
                last_start_at: time(self.last_start_at),
                last_stop_at: time(self.last_stop_at),
                ended: ended.transpose()?,
            },
            revision: number(self.revision, "revision")?,
            runs: number(self.runs, "runs")?,
            due_at: time(self.due_at),
            touched_at: Timestamp::from_millis(self.touched_at),
            deleted: self.deleted,
            id,
        })
    }
}

/// A stream as its columns have it.
#[derive(Clone, Debug)]
pub(crate) struct StreamRow {
    pub(crate) course: CourseRow,
    pub(crate) account: i64,
    pub(crate) cluster: String,
    pub(crate) name: String,
    pub(crate) spec: String,
    pub(crate) plan: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) health: Option<String>,
}

impl StreamRow {
    /// Of a stream that was just made.
    pub(crate) fn new(new: &NewStream) -> Result<Self> {
        let course = Course {
            id: new.id,
            standing: Standing::new(),
            revision: 0,
            runs: 0,
            due_at: None,
            touched_at: new.created_at,
            deleted: false,
        };
        Ok(Self {
            course: CourseRow::encode(&course)?,
            account: new.account.number().cast_signed(),
            cluster: new.cluster.to_string(),
            name: new.name.to_string(),
            spec: encode(&new.spec)?,
            plan: None,
            created_at: new.created_at.as_millis(),
            health: None,
        })
    }

    pub(crate) fn read(self) -> Result<Kept> {
        let course = self.course.read()?;
        let id = course.id;
        let account = u64::try_from(self.account).ok().and_then(AccountId::new);
        let account =
            account.ok_or_else(|| unfit(id, "account", "it has not 16 digits".to_owned()));
        let cluster = ClusterName::new(self.cluster);
        let name = StreamName::new(self.name);
        let plan: Option<StreamPlan> = match self.plan {
            Some(plan) => Some(decode(&plan, "streams", "plan", id)?),
            None => None,
        };
        let health = match self.health {
            Some(health) => Some(decode(&health, "streams", "health", id)?),
            None => None,
        };
        let stream = Stream {
            id,
            account: account?,
            cluster: cluster.map_err(|error| unfit(id, "cluster", error.to_string()))?,
            name: name.map_err(|error| unfit(id, "name", error.to_string()))?,
            spec: decode(&self.spec, "streams", "spec", id)?,
            created_at: Timestamp::from_millis(self.created_at),
            touched_at: course.touched_at,
            plan,
            standing: course.standing.clone(),
            health,
        };
        Ok(Kept { course, stream })
    }
}

fn unfit(id: StreamId, column: &'static str, why: String) -> StoreError {
    corrupt("streams", column, id, why)
}

/// What has happened, as stored.
pub(crate) const fn happening_code(what: Happening) -> i64 {
    match what {
        Happening::Started => 0,
        Happening::Taken => 1,
        Happening::Live => 2,
        Happening::Interrupted => 3,
        Happening::WorkerLost => 4,
        Happening::Changed => 5,
        Happening::Stopped => 6,
        Happening::Ended => 7,
        Happening::Gone => 8,
    }
}

pub(crate) fn happening_of(code: i64) -> Option<Happening> {
    [
        Happening::Started,
        Happening::Taken,
        Happening::Live,
        Happening::Interrupted,
        Happening::WorkerLost,
        Happening::Changed,
        Happening::Stopped,
        Happening::Ended,
        Happening::Gone,
    ]
    .into_iter()
    .find(|what| happening_code(*what) == code)
}

/// A place that a plan publishes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// What tells it from all others: of one length, because addresses are longer than an index may hold.
    pub(crate) key: [u8; 32],
    /// As whoever asks for it knows it.
    pub(crate) identity: String,
}

/// The places of a plan, each once. What is in a bucket is a place of its account; in the order of their keys,
/// so that two who take places wait for each other at most.
pub(crate) fn places(account: AccountId, plan: &StreamPlan) -> Vec<Place> {
    let mut places: Vec<Place> = plan
        .outputs
        .iter()
        .map(|output| {
            let identity = output.target.identity();
            let whole = match &output.target {
                StreamTarget::Push { .. } => identity.clone(),
                StreamTarget::Hls { .. } | StreamTarget::Recording { .. } => {
                    format!("{account} {identity}")
                }
            };
            let mut key = [0; 32];
            key.copy_from_slice(digest(&SHA256, whole.as_bytes()).as_ref());
            Place { key, identity }
        })
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}
