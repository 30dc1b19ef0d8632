//! The post: how events reach those who are to be told of them, and what has to hold of what arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use http::{HeaderMap, StatusCode};
use reelgate_domain::JobId;
use reelgate_domain::event::{Delivery, EventName, JobEvent, NameSet};
use reelgate_domain::job::StateName;
use reelgate_fetch::{Answer, FetchError};
use reelgate_service::{About, Carrier, EventRenderer, NotifySettings, Rendered, ServiceError};
use reelgate_store::twin::EventRow;
use tokio::time::sleep;

use crate::life::Life;
use crate::record::{Asked, Broken, Record, Told, short};
use crate::world::World;

/// The names that a receiver is told of: the first one of all, others of ends.
pub(crate) fn names(receiver: usize) -> NameSet {
    use EventName::{Cancelled, Failed, Succeeded};
    match receiver {
        0 => NameSet::ALL,
        _ => [Succeeded, Failed, Cancelled].into_iter().collect(),
    }
}

pub(crate) const AT_LEAST_ONCE: &str = "whoever is to be told of an event is told at least once";
pub(crate) const IN_ORDER: &str = "a job's events are told in their order";
pub(crate) const NOTHING_AFTER_A_CANCEL: &str =
    "after a cancel that was answered nothing else is told";
const HAPPENED: &str = "only what has happened is told";

/// How long a try takes at most.
const PATIENCE: Duration = Duration::from_secs(3);

pub(crate) fn settings() -> NotifySettings {
    NotifySettings {
        at_once: 8,
        each: 4,
        patience: PATIENCE,
        ..NotifySettings::default()
    }
}

pub(crate) fn url(receiver: usize) -> String {
    format!("https://receiver.example/{receiver}")
}

/// What tells an event of a job from its others.
pub(crate) type Mark = (EventName, u32);

/// What has arrived, by receiver and job.
#[derive(Debug, Default)]
pub(crate) struct Post {
    taken: BTreeMap<(usize, JobId), BTreeSet<Mark>>,
}

/// A process's way to the receivers.
pub(crate) struct Postman {
    pub(crate) world: Arc<World>,
    pub(crate) life: Arc<Life>,
}

impl Postman {
    async fn carry(&self, url: &str, body: &[u8]) -> Result<Answer, FetchError> {
        // By what it knew then it decided to send this.
        let looked = self.life.last_look();
        self.life.gate().await;
        let plan = &self.world.plan;
        let travel = self.world.dice(|dice| dice.within(0, plan.latency_ms));
        sleep(Duration::from_millis(travel)).await;
        if self.world.misfortune(plan.failing_post) {
            return Err(FetchError::Unreachable("nobody is there".to_owned()));
        }
        // A message that was on its way arrives although its sender is dead by now.
        if self.world.misfortune(plan.failing_post) {
            return Ok(answer(StatusCode::SERVICE_UNAVAILABLE));
        }
        self.hand_over(url, body, looked);
        if self.world.misfortune(plan.failing_post) {
            sleep(PATIENCE).await;
            return Err(FetchError::TimedOut(PATIENCE));
        }
        sleep(Duration::from_millis(travel)).await;
        Ok(answer(StatusCode::OK))
    }

    /// The receiver takes it.
    fn hand_over(&self, url: &str, body: &[u8], looked: u64) {
        let at = self.world.millis();
        let mut record = self.world.record();
        let taken = record.post.take(url, body);
        let (receiver, job, mark) = taken;
        record.note(at, || {
            format!(
                "receiver {receiver} is told of {} {mark:?} by {}",
                short(job),
                self.life.name
            )
        });
        let mut broken = Vec::new();
        check(&record, taken, looked, &mut broken);
        for Broken { promise, what } in broken {
            record.break_promise(promise, what);
        }
    }
}

fn answer(status: StatusCode) -> Answer {
    Answer {
        status,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    }
}

impl Carrier for Postman {
    fn post<'a>(
        &'a self,
        url: &'a str,
        _: HeaderMap,
        body: Bytes,
    ) -> BoxFuture<'a, Result<Answer, FetchError>> {
        async move {
            let outcome = self.carry(url, &body).await;
            self.life.gate().await;
            outcome
        }
        .boxed()
    }
}

impl Post {
    /// Notes what has arrived.
    fn take(&mut self, url: &str, body: &[u8]) -> (usize, JobId, Mark) {
        let receiver = url
            .rsplit('/')
            .next()
            .and_then(|number| number.parse().ok());
        let receiver = receiver.expect("it is a receiver's address");
        let (job, name, attempt) = read(body).expect("it is what was rendered");
        let taken = self.taken.entry((receiver, job)).or_default();
        taken.insert((name, attempt));
        (receiver, job, (name, attempt))
    }

    fn has(&self, receiver: usize, event: &EventRow) -> bool {
        let taken = self.taken.get(&(receiver, event.job));
        taken.is_some_and(|taken| taken.contains(&mark(event)))
    }

    /// Events that have not been taken by whoever is to be told of them.
    pub(crate) fn missing<'r>(
        record: &'r Record,
        receivers: usize,
    ) -> impl Iterator<Item = (usize, &'r EventRow)> {
        let wanted = move |event: &'r EventRow| {
            let wants = move |receiver: &usize| names(*receiver).has(event.name);
            let receivers = (0..receivers).filter(wants);
            receivers.map(move |receiver| (receiver, event))
        };
        let all = record.events.iter().flat_map(wanted);
        all.filter(move |(receiver, event)| {
            !record.post.has(*receiver, event) && !is_withdrawn(record, event)
        })
    }
}

fn mark(event: &EventRow) -> Mark {
    (event.name, event.attempt)
}

/// Whether nobody is told of it any more, because its job is cancelled.
fn is_withdrawn(record: &Record, event: &EventRow) -> bool {
    let history = record.jobs.get(&event.job);
    let state = history.and_then(|history| history.last());
    let state = state.map(|(_, row)| row.lifecycle.state.name());
    let is_cancelled = matches!(state, Some(StateName::Stopping | StateName::Cancelled));
    is_cancelled && !event.name.is_of_a_cancel()
}

/// What has to hold of a message that has just been taken.
fn check(
    record: &Record,
    (receiver, job, mark): (usize, JobId, Mark),
    looked: u64,
    broken: &mut Vec<Broken>,
) {
    let mut breach = |promise, what| broken.push(Broken { promise, what });
    let of_job = record.events.iter().filter(|event| event.job == job);
    let mut before = of_job.take_while(|event| self::mark(event) != mark);
    let skipped = before.find(|event| {
        names(receiver).has(event.name)
            && !record.post.has(receiver, event)
            && !is_withdrawn(record, event)
    });
    if let Some(skipped) = skipped {
        let what = format!(
            "receiver {receiver} is told of {} {mark:?} before {:?}",
            short(job),
            self::mark(skipped)
        );
        breach(IN_ORDER, what);
    }
    let is_there = record
        .events
        .iter()
        .any(|event| event.job == job && self::mark(event) == mark);
    if !is_there {
        let what = format!("{} {mark:?} has not happened", short(job));
        breach(HAPPENED, what);
    }
    if mark.0.is_of_a_cancel() {
        return;
    }
    // Whoever looked before the answer may have had the message on its way.
    let answered = record.calls.iter().position(|call| {
        let of_job = matches!(call.asked, Asked::Cancel { job: of, .. } if of == job);
        let accepted = matches!(
            call.ended,
            Some((_, Told::Cancelled { .. } | Told::Stopping { .. }))
        );
        of_job && accepted && call.answered < looked
    });
    if let Some(call) = answered {
        let what = format!("{} {mark:?} after the answer of call {call}", short(job));
        breach(NOTHING_AFTER_A_CANCEL, what);
    }
}

/// The words of a simulation.
pub(crate) struct Words;

impl EventRenderer for Words {
    fn dialect(&self) -> &'static str {
        "simulated"
    }

    fn tells(&self, _: EventName) -> bool {
        true
    }

    fn render<'a>(
        &'a self,
        About { event, .. }: About<'a>,
        _: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<Rendered>, ServiceError>> {
        let JobEvent {
            job, name, attempt, ..
        } = event;
        let body = format!("{job} {} {attempt}", name.as_str()).into_bytes();
        ready(Ok(Some(Rendered::json(body)))).boxed()
    }
}

/// The event that was rendered so.
fn read(body: &[u8]) -> Option<(JobId, EventName, u32)> {
    let mut words = std::str::from_utf8(body).ok()?.split(' ');
    let job = words.next()?.parse().ok()?;
    let name = words.next()?.parse().ok()?;
    let attempt = words.next()?.parse().ok()?;
    Some((job, name, attempt))
}
