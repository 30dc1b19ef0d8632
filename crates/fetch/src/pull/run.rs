//! One pull: rounds of connections until everything is there, or there is no point in another one.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use reqwest::Url;
use tokio::time::{Instant, interval_at, sleep, timeout};

use crate::pull::answer::{self, Body, Facts, Known, Verdict};
use crate::pull::ask::{Answered, Question, host};
use crate::pull::fault::PullFault;
use crate::pull::part::{Part, Source};
use crate::pull::puller::{Progress, Pull, Pulled, Shared, pulled, verify};
use crate::pull::slots::Slot;
use crate::pull::work::Work;

/// So much has to have come between two failures for the second one to count as the first.
const HEADWAY_BYTES: u64 = 64 << 10;

/// A further connection that brings less than this share more is the last one.
const WORTHWHILE: f64 = 1.1;

pub(super) struct Run<'a> {
    pub(super) shared: &'a Shared,
    pub(super) pull: &'a Pull<'a>,
    pub(super) part: &'a Part,
    work: Mutex<Work>,
    /// With what was there from earlier.
    pub(super) bytes: AtomicU64,
    pub(super) total: Mutex<Option<u64>>,
    /// What came over the network.
    pub(super) fetched: AtomicU64,
    /// Where the address leads to, once that is known.
    leads_to: Mutex<Option<Url>>,
    /// The right to the first connection.
    first_slot: Mutex<Option<Slot>>,
}

/// Why a connection or a round ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing that this pull could do would help.
    Over(PullFault),
    /// Going on may help, perhaps after so long.
    Again(PullFault, Option<Duration>),
    /// What is there is of no use any more.
    Anew { fault: PullFault, ranges: bool },
}

/// A failure, and whether it concerns its connection alone.
type Ended = Result<(), (Failure, bool)>;

impl Failure {
    /// Of the failures of two connections the one that leaves more to hope for: what one is refused that asks beside
    /// another says nothing about asking alone.
    fn or(self, earlier: Option<Self>) -> Self {
        let hopeless = |failure: &Self| match failure {
            Self::Again(_, wait) => (0, *wait),
            Self::Anew { .. } => (1, None),
            Self::Over(_) => (2, None),
        };
        match earlier {
            Some(earlier) if hopeless(&earlier) < hopeless(&self) => earlier,
            _ => self,
        }
    }
}

impl From<PullFault> for Failure {
    fn from(fault: PullFault) -> Self {
        match fault {
            // These are waited for by nobody who holds a connection, or have taken their time.
            PullFault::NoRoom { .. }
            | PullFault::Disk { .. }
            | PullFault::InUse
            | PullFault::TooSlow { .. } => Self::Over(fault),
            _ if fault.is_transient() => Self::Again(fault, None),
            _ => Self::Over(fault),
        }
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A piece of work, until it is dropped.
pub(super) struct Piece<'a> {
    work: &'a Mutex<Work>,
    pub(super) id: u64,
}

impl Piece<'_> {
    pub(super) fn work(&self) -> MutexGuard<'_, Work> {
        locked(self.work)
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        locked(self.work).leave(self.id);
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(shared: &'a Shared, pull: &'a Pull<'a>, part: &'a Part) -> Self {
        Self {
            shared,
            pull,
            part,
            work: Mutex::default(),
            bytes: AtomicU64::new(0),
            total: Mutex::default(),
            fetched: AtomicU64::new(0),
            leads_to: Mutex::default(),
            first_slot: Mutex::default(),
        }
    }

    pub(super) async fn fetch(&self) -> Result<Pulled, PullFault> {
        let slot = self.shared.asker.enter(self.pull.url.url()).await;
        *locked(&self.first_slot) = Some(slot);
        let total = self.shared.limits.total;
        let source = timeout(total, self.rounds()).await;
        let source = source.unwrap_or_else(|_| {
            Err(PullFault::TimedOut {
                host: self.pull.url.host().to_owned(),
                after: total,
            })
        })?;
        let sha256 = self.part.sha256(source.total).await?;
        verify(self.pull, source.total, &sha256)?;
        let (bytes, facts) = (source.total, source.facts.clone());
        let path = self.part.complete(source, sha256).await?;
        let fetched = self.fetched.load(Ordering::Relaxed);
        pulled(self.pull, path, bytes, sha256, fetched, facts).await
    }

    async fn rounds(&self) -> Result<Source, PullFault> {
        let limits = &self.shared.limits;
        let (mut failures, mut restarts, mut ranges) = (0, 0, true);
        let mut fetched_before = 0;
        loop {
            let failure = match self.round(ranges).await {
                Ok(source) => return Ok(source),
                Err(failure) => failure,
            };
            locked(&self.first_slot).take();
            self.part.settle().await?;
            let (fault, wait, anew) = match failure {
                Failure::Over(fault) => return Err(fault),
                Failure::Again(fault, wait) => (fault, wait, self.part.source().is_none()),
                Failure::Anew {
                    fault,
                    ranges: with_ranges,
                } => {
                    // Asking without ranges from now on needs no patience, but can happen only once.
                    let asks_otherwise = ranges && !with_ranges;
                    ranges &= with_ranges;
                    if asks_otherwise && self.part.held() == 0 {
                        self.part.clear().await?;
                        continue;
                    }
                    (fault, None, true)
                }
            };
            let fetched = self.fetched.load(Ordering::Relaxed);
            if fetched - fetched_before >= HEADWAY_BYTES {
                failures = 0;
            }
            fetched_before = fetched;
            failures += 1;
            if anew {
                restarts += u32::from(self.part.held() > 0);
                if restarts > limits.restarts {
                    return Err(fault);
                }
                // What was said of it is forgotten also if nothing of it has come.
                self.part.clear().await?;
            }
            if failures > limits.retries {
                return Err(fault);
            }
            if wait.is_some_and(|wait| wait > limits.longest_wait) {
                return Err(fault);
            }
            sleep(wait.unwrap_or_default().max(self.backoff(failures))).await;
        }
    }

    /// Twice as long each time, less up to half by chance, so that pulls which failed together come apart.
    fn backoff(&self, failures: u32) -> Duration {
        let limits = &self.shared.limits;
        let doubled = limits
            .backoff
            .saturating_mul(1 << (failures.clamp(1, 16) - 1));
        doubled
            .min(limits.longest_wait)
            .mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// Fetches what is missing.
    async fn round(&self, ranges: bool) -> Result<Source, Failure> {
        let known = self.part.source();
        self.bytes.store(self.part.held(), Ordering::Relaxed);
        let (source, first, resumable) = match known {
            Some(source) => {
                self.admit(source.total).await?;
                *locked(&self.work) = Work::new(self.part.gaps(source.total));
                (source, None, true)
            }
            None => self.begin(ranges).await?,
        };
        self.connections(&source, first, resumable).await?;
        self.part.settle().await?;
        // One of unknown length is as long as what has come.
        let total = locked(&self.total).unwrap_or_default();
        if !self.part.gaps(total).is_empty() {
            let fault = PullFault::CutShort {
                host: self.pull.url.host().to_owned(),
                came: self.part.held(),
                said: Some(total),
            };
            return Err(Failure::Again(fault, None));
        }
        Ok(Source { total, ..source })
    }

    /// Asks for everything, and learns from the answer what it is.
    async fn begin(
        &self,
        ranges: bool,
    ) -> Result<(Source, Option<(Piece<'_>, Answered)>, bool), Failure> {
        *locked(&self.total) = None;
        let asked = ranges.then_some(0..u64::MAX);
        let slot = locked(&self.first_slot).take();
        let (answered, body, facts) = self.ask(asked, None, slot).await?;
        let (total, ranges) = match body {
            Body::Whole { length, ranges } => (length, ranges),
            Body::Part { total, .. } => (Some(total), true),
        };
        if let Some(total) = total {
            self.admit(total).await?;
        }
        let resumable = ranges && total.is_some() && facts.validators.condition.is_some();
        let end = total.unwrap_or(u64::MAX);
        *locked(&self.work) = Work::all(end);
        let source = Source { total: end, facts };
        if resumable {
            self.part.set_source(source.clone());
        }
        let first = self.take().map(|(piece, _)| (piece, answered));
        Ok((source, first, resumable))
    }

    /// Judges a size before anything of it is fetched, and takes room for it.
    async fn admit(&self, total: u64) -> Result<(), PullFault> {
        self.check_size(total)?;
        let host = || self.pull.url.host().to_owned();
        if total == 0 {
            return Err(PullFault::Empty { host: host() });
        }
        if let Some(expected) = self.pull.expect.bytes.filter(|it| *it != total) {
            return Err(PullFault::SizeDiffers {
                host: host(),
                expected,
                size: total,
            });
        }
        *locked(&self.total) = Some(total);
        // Before room is asked for: it may be less than was told last, of what has been lost since.
        let bytes = self.part.held();
        (self.pull.progress)(Progress {
            bytes,
            total: Some(total),
        });
        self.check_room(self.part.missing_room(total))?;
        self.part.reserve(total).await
    }

    pub(super) fn check_size(&self, bytes: u64) -> Result<(), PullFault> {
        let most = self.pull.expect.most_bytes.unwrap_or(u64::MAX);
        let most = most.min(self.shared.limits.largest);
        if bytes > most {
            let host = self.pull.url.host().to_owned();
            return Err(PullFault::TooLarge { host, most });
        }
        Ok(())
    }

    pub(super) fn check_room(&self, more: u64) -> Result<(), PullFault> {
        (self.pull.room)(more).map_err(|cause| PullFault::NoRoom { cause })
    }

    fn take(&self) -> Option<(Piece<'_>, Range<u64>)> {
        let (id, range) = locked(&self.work).take()?;
        let work = &self.work;
        Some((Piece { work, id }, range))
    }

    /// Has one connection at work, and more of them while that pays.
    async fn connections(
        &self,
        source: &Source,
        first: Option<(Piece<'_>, Answered)>,
        resumable: bool,
    ) -> Result<(), Failure> {
        let limits = &self.shared.limits;
        let mut running: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
        let slot = locked(&self.first_slot).take();
        running.push(Box::pin(self.connection(source, first, slot)));
        let parallel = resumable && source.total >= limits.parallel_bytes;
        let mut most = if parallel {
            limits.connections_per_pull
        } else {
            1
        };
        let period = limits.parallel_after.max(Duration::from_millis(1));
        let mut ticks = interval_at(Instant::now() + period, period);
        let mut gain = Gain::new(self.bytes.load(Ordering::Relaxed));
        let mut last = None;
        loop {
            tokio::select! {
                ended = running.next() => match ended {
                    None => break,
                    // Whoever has not been answered yet would bring nothing that is missing.
                    Some(Ok(())) if locked(&self.work).is_done() => break,
                    Some(Ok(())) => {}
                    // The others go on, and take what it has left.
                    Some(Err((failure, true))) => {
                        let failure = failure.or(last.take());
                        if running.is_empty() {
                            return Err(failure);
                        }
                        most = 1;
                        last = Some(failure);
                    }
                    Some(Err((failure, false))) => return Err(failure),
                },
                _ = ticks.tick(), if running.len() < most => {
                    let bytes = self.bytes.load(Ordering::Relaxed);
                    let rest = source.total.saturating_sub(bytes);
                    match gain.judge(bytes, rest, period) {
                        Verdicts::Enough => most = running.len(),
                        Verdicts::More if locked(&self.work).has_more() => {
                            if let Some(slot) = self.another_slot() {
                                gain.added();
                                running.push(Box::pin(self.connection(source, None, Some(slot))));
                            }
                        }
                        Verdicts::More | Verdicts::Wait => {}
                    }
                }
            }
        }
        match last {
            Some(failure) if !locked(&self.work).is_done() => Err(failure),
            _ => Ok(()),
        }
    }

    /// For a further connection, if one is free, and neither the limits of bandwidth nor the disk are what holds the
    /// others up.
    fn another_slot(&self) -> Option<Slot> {
        let url = self.leads_to();
        if self.shared.pace.of(host(&url)).is_limited() || self.part.is_behind() {
            return None;
        }
        self.shared.asker.try_enter(&url)
    }

    fn leads_to(&self) -> Url {
        let leads_to = locked(&self.leads_to).clone();
        leads_to.unwrap_or_else(|| self.pull.url.url().clone())
    }

    /// Fetches one piece after another.
    async fn connection(
        &self,
        source: &Source,
        first: Option<(Piece<'_>, Answered)>,
        slot: Option<Slot>,
    ) -> Ended {
        let mut slot = slot;
        let mut first = first;
        loop {
            let (piece, answered) = match first.take() {
                Some(first) => first,
                None => {
                    let Some((piece, range)) = self.take() else {
                        return Ok(());
                    };
                    let asked = self.ask(Some(range), Some(source), slot.take()).await;
                    let (answered, _, _) = asked.map_err(|failure| {
                        let changed = matches!(failure, Failure::Anew { ranges: true, .. });
                        (failure, !changed)
                    })?;
                    if !piece.work().begin(piece.id) {
                        slot = Some(answered.slot);
                        continue;
                    }
                    (piece, answered)
                }
            };
            let streamed = self.stream(&piece, answered, source).await;
            slot = Some(streamed.map_err(|failure| {
                let alone = matches!(failure, Failure::Again(..));
                (failure, alone)
            })?);
        }
    }

    /// Asks for some bytes, of a version that is known or of whichever there is.
    async fn ask(
        &self,
        range: Option<Range<u64>>,
        source: Option<&Source>,
        slot: Option<Slot>,
    ) -> Result<(Answered, Body, Facts), Failure> {
        let known = source.map(|source| Known {
            total: source.total,
            validators: &source.facts.validators,
        });
        let mut question = Question {
            url: self.leads_to(),
            condition: known.and_then(|known| known.validators.condition.clone()),
            range,
        };
        let origin = self.pull.url.url();
        let mut answered = self.shared.asker.ask(&question, slot).await?;
        // An address that one was sent to may hold for a while only.
        let gone = matches!(answered.response.status().as_u16(), 401 | 403 | 404 | 410);
        if gone && question.url != *origin {
            question.url = origin.clone();
            let slot = Some(answered.slot);
            answered = self.shared.asker.ask(&question, slot).await?;
        }
        *locked(&self.leads_to) = (answered.url != *origin).then(|| answered.url.clone());
        let (status, headers) = (answered.response.status(), answered.response.headers());
        let read = answer::read(status, headers, question.range.as_ref(), known);
        let (body, facts) = read.map_err(|verdict| {
            let wait = match &verdict {
                Verdict::Status(_, wait) => *wait,
                _ => None,
            };
            let ranges = verdict != Verdict::NoRanges;
            let anew = matches!(verdict, Verdict::Changed | Verdict::NoRanges);
            let asked = question.range.as_ref();
            let fault = PullFault::from_verdict(verdict, host(&answered.url), asked);
            match Failure::from(fault) {
                Failure::Over(fault) if anew => Failure::Anew { fault, ranges },
                Failure::Again(fault, _) => Failure::Again(fault, wait),
                other => other,
            }
        })?;
        Ok((answered, body, facts))
    }
}

/// What further connections bring.
struct Gain {
    bytes: u64,
    at: Instant,
    /// What came in a second lately.
    rate: f64,
    /// What came in a second before the last one was added.
    before: Option<f64>,
}

enum Verdicts {
    More,
    Wait,
    Enough,
}

impl Gain {
    fn new(bytes: u64) -> Self {
        Self {
            bytes,
            at: Instant::now(),
            rate: 0.0,
            before: None,
        }
    }

    /// Whether there should be another one, by what has come since it was last asked.
    fn judge(&mut self, bytes: u64, rest: u64, period: Duration) -> Verdicts {
        let now = Instant::now();
        let rate = bytes.saturating_sub(self.bytes) as f64 / (now - self.at).as_secs_f64();
        (self.bytes, self.at) = (bytes, now);
        if self.before.is_some_and(|before| rate < before * WORTHWHILE) {
            return Verdicts::Enough;
        }
        // One that has brought nothing yet has not been judged either.
        let is_slow = rest as f64 > rate * 3.0 * period.as_secs_f64();
        if bytes == 0 || !is_slow {
            return Verdicts::Wait;
        }
        self.rate = rate;
        Verdicts::More
    }

    fn added(&mut self) {
        self.before = Some(self.rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_that_leaves_most_to_hope_for_decides() {
        let fault = |host: &str| PullFault::Changed { host: host.into() };
        let again = |host: &str, wait| Failure::Again(fault(host), wait);
        let hour = Some(Duration::from_secs(3600));
        let refused = || Failure::Over(fault("refused"));
        for (now, earlier) in [
            (again("broken", None), Some(refused())),
            (refused(), Some(again("broken", None))),
            (again("busy", hour), Some(again("broken", None))),
            (again("broken", None), Some(again("earlier", None))),
            (again("broken", None), None),
        ] {
            let decides = now.or(earlier);
            let is_broken = matches!(&decides, Failure::Again(fault, None) if fault.to_string().contains("broken"));
            assert!(is_broken, "{decides:?}");
        }
    }
}
