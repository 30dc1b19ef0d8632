//! One attempt of one job: collects its outputs, stages them, lets the store decide, gives them their
//! names and reports.

use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::job::{Fault, FaultCode, Job, MAX_LOSSES};
use reelgate_domain::media::{MediaFacts, OutputResult, Staged};
use reelgate_store::{Bucket, Ending, Fenced, Gone, PublishDna, StoreError};

use crate::arrival;
use crate::roster::{EndReason, Ended, Seat};
use crate::run::{Made, Printed, fetched_dir, find_bucket, pieces_dir};
use crate::tally::Tally;
use crate::workbench::Place;
use crate::{Tools, WorkerConfig};

/// How long a worker that leaves still gives outputs their names.
const LAST_PLACING: Duration = Duration::from_secs(10);

/// The longest pause between two tries of a write.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// One attempt, from its claim to its report.
pub(crate) struct Attempt {
    pub(crate) job: Job,
    pub(crate) tally: Arc<Tally>,
    started: Timestamp,
    /// One entry per output of the spec, absent until the output is made or is known to fail.
    made: Vec<Option<Made>>,
    /// What the source is, once it has been probed for a transcode.
    source: Option<Box<MediaFacts>>,
    /// What its end does to a fingerprint library.
    printed: Option<Printed>,
    tools: Tools,
    config: Arc<WorkerConfig>,
    seat: Seat,
}

/// Why there is nothing to publish.
enum Unstaged {
    Failed {
        fault: Fault,
        results: Vec<OutputResult>,
    },
    /// It was ended from outside.
    Ended,
}

/// What became of the wish to win.
enum Published {
    /// It is decided; there is nothing to report if that is left to somebody else.
    Ended(Option<Ending>),
    /// The library has grown since it was searched.
    Outrun,
}

/// What the store answered in the end.
struct Answer<T> {
    /// Absent if it did not, and the lease is surely gone by now.
    answer: Option<T>,
    /// An earlier try may have been written without an answer.
    is_repeated: bool,
}

impl Attempt {
    pub(crate) fn new(job: Job, tools: Tools, config: Arc<WorkerConfig>, seat: Seat) -> Self {
        let (outputs, attempt) = (job.spec.targets().len(), job.lifecycle.attempt);
        let tally = Tally::new(job.id, attempt, outputs, tools.progress.clone());
        tracing::info!(job.id = %job.id, attempt, "job {} starts", job.id);
        Self {
            tally: Arc::new(tally),
            started: tools.clock.now(),
            made: vec![None; outputs],
            source: None,
            printed: None,
            job,
            tools,
            config,
            seat,
        }
    }

    /// Where this attempt hears that it is to end.
    pub(crate) fn ended(&self) -> Ended {
        self.seat.ended.clone()
    }

    /// Why it is to end, if it is.
    pub(crate) fn end_reason(&self) -> Option<EndReason> {
        *self.seat.ended.borrow()
    }

    /// Removes what a lost attempt of the job staged: it would stay for ever.
    pub(crate) async fn clear_earlier(&self) {
        if self.job.lifecycle.attempt > 1 {
            self.discard().await;
        }
    }

    /// Notes what an output came to.
    pub(crate) fn record(&mut self, output: usize, made: Made) {
        self.tally.set(output, 100);
        self.made[output] = Some(made);
    }

    /// Notes what is transcoded: it is kept with the first output that is made.
    pub(crate) fn is_of(&mut self, source: &MediaFacts) {
        self.source = Some(Box::new(source.clone()));
    }

    /// Notes what its end is to do to a fingerprint library.
    pub(crate) fn will_print(&mut self, printed: Printed) {
        self.printed = Some(printed);
    }

    /// Whether every output is made or has failed.
    pub(crate) fn is_complete(&self) -> bool {
        self.made.iter().all(Option::is_some)
    }

    /// Publishes what is complete and reports.
    pub(crate) async fn conclude(mut self) {
        let ending = loop {
            let staged = self.stage_all().await;
            // Copies and what is not published would take their space until the whole group has ended.
            self.remove_made().await;
            match staged {
                Ok(staged) => match self.publish(staged).await {
                    Published::Ended(ending) => break ending,
                    Published::Outrun => self.search_again().await,
                },
                Err(Unstaged::Failed { fault, results }) => {
                    self.discard().await;
                    break Some(Ending::Failed { fault, results });
                }
                Err(Unstaged::Ended) => {
                    self.discard().await;
                    break self.ending(self.gone(false));
                }
            }
        };
        self.report(ending).await;
    }

    /// Looks for the input once more in a library that has grown since, and makes the documents anew.
    async fn search_again(&mut self) {
        self.discard().await;
        let Some(printed) = &mut self.printed else {
            return;
        };
        let made = printed.search_again().await;
        let target = self.job.spec.targets()[0];
        let made = made.unwrap_or_else(|fault| Made::failed(target, fault));
        self.record(0, made);
    }

    /// Publishes what an earlier attempt staged and reports.
    pub(crate) async fn conclude_earlier(self, staged: Staged) {
        let ending = self.place(staged).await;
        self.report(ending).await;
    }

    /// Removes what there is and reports that the attempt was ended from outside.
    pub(crate) async fn end(self, gone: Gone) {
        self.remove_made().await;
        let ending = self.ending(gone);
        self.report(ending).await;
    }

    /// Says when processes were gone: now.
    pub(crate) fn gone(&self, killed: bool) -> Gone {
        Gone {
            at: self.tools.clock.now(),
            killed,
        }
    }

    /// What there is to report after the end from outside.
    fn ending(&self, gone: Gone) -> Option<Ending> {
        match self.end_reason()? {
            EndReason::Stop(_) => Some(Ending::Stopped(gone)),
            EndReason::Shutdown => Some(Ending::GivenBack),
            EndReason::Lost => None,
        }
    }

    fn place_in<'b>(&self, bucket: &'b Bucket, attempt: u32) -> Place<'b> {
        let job = self.job.id;
        Place {
            bucket,
            job,
            attempt,
        }
    }

    async fn stage_all(&self) -> Result<Staged, Unstaged> {
        let made: Vec<&Made> = self.made.iter().flatten().collect();
        let results = self.results(&made);
        let faults = made.iter().filter_map(|made| match &made.result {
            OutputResult::Failed { fault, .. } => Some(fault),
            OutputResult::Done { .. } => None,
        });
        let faults: Vec<&Fault> = faults.collect();
        // While there are attempts left, an output that may yet be made is not given up.
        let hopeful = faults.iter().find(|fault| self.has_another(fault));
        if let Some(fault) = hopeful.or(faults.first())
            && (hopeful.is_some() || faults.len() == made.len())
        {
            let fault = (*fault).clone();
            return Err(Unstaged::Failed { fault, results });
        }
        for output in made {
            self.stage(output).await?;
        }
        Ok(Staged {
            attempt: self.job.lifecycle.attempt,
            results,
        })
    }

    fn results(&self, made: &[&Made]) -> Vec<OutputResult> {
        let mut results: Vec<_> = made.iter().map(|made| made.result.clone()).collect();
        let first = results.iter_mut().find_map(|result| match result {
            OutputResult::Done { source, .. } => Some(source),
            OutputResult::Failed { .. } => None,
        });
        if let Some(first) = first {
            first.clone_from(&self.source);
        }
        results
    }

    async fn stage(&self, made: &Made) -> Result<(), Unstaged> {
        let failed = |fault| Unstaged::Failed {
            fault,
            results: Vec::new(),
        };
        let OutputResult::Done { object, files, .. } = &made.result else {
            return Ok(());
        };
        let bucket = find_bucket(&self.tools, self.job.account, &object.bucket).await;
        let bucket = bucket.map_err(failed)?;
        let place = self.place_in(&bucket, self.job.lifecycle.attempt);
        for (file, local) in files.iter().zip(&made.files) {
            // Between file systems this is a copy, which may take long.
            if self
                .end_reason()
                .is_some_and(|why| why != EndReason::Shutdown)
            {
                return Err(Unstaged::Ended);
            }
            let adding = self.tools.bench.stage(place, local, &file.key);
            let added = match bucket.place {
                reelgate_domain::Place::Directory(_) => adding.await,
                // What is sent over a network may take very long, and is given up at any point.
                reelgate_domain::Place::S3(_) => tokio::select! {
                    biased;
                    () = self.until(|_any| true) => return Err(Unstaged::Ended),
                    added = adding => added,
                },
            };
            added.map_err(failed)?;
        }
        Ok(())
    }

    /// Lets the store decide whether this attempt wins, and if so gives its outputs their names.
    /// If the process dies in here, the row says `publishing` and the next claim goes on from it.
    async fn publish(&self, staged: Staged) -> Published {
        let decided = self.decide(&staged).await;
        let refused = |fault: Fault| {
            let target = self.job.spec.targets()[0];
            let results = vec![Made::failed(target, fault.clone()).result];
            Some(Ending::Failed { fault, results })
        };
        let ending = match (decided.answer, &self.printed) {
            (Some(PublishDna::Fenced(Fenced::Done)), _) => self.place(staged).await,
            (Some(PublishDna::Fenced(Fenced::Stopping)), _) => {
                self.discard().await;
                Some(Ending::Stopped(self.gone(false)))
            }
            (Some(PublishDna::Added { .. }), Some(_)) => return Published::Outrun,
            (Some(PublishDna::KeyTaken), Some(printed)) => {
                self.discard().await;
                refused(printed.key_taken())
            }
            (Some(PublishDna::LibraryGone), Some(printed)) => {
                self.discard().await;
                refused(printed.library_gone())
            }
            _ => {
                // What may have been declared the winner is needed by whoever took over.
                if decided.answer.is_some() && !decided.is_repeated {
                    self.discard().await;
                }
                let (job, attempt) = (self.job.id, self.job.lifecycle.attempt);
                tracing::warn!(job.id = %job, attempt, "job {job} is made, but too late to count");
                None
            }
        };
        Published::Ended(ending)
    }

    /// Asks the store whether this attempt wins; what a fingerprint job does to its library is in the same write.
    async fn decide(&self, staged: &Staged) -> Answer<PublishDna> {
        let (store, job) = (&self.tools.store, self.job.id);
        let now = || self.tools.clock.now();
        let Some(printed) = &self.printed else {
            let Answer {
                answer,
                is_repeated,
            } = self
                .insist(|| store.publish(job, staged.clone(), now()))
                .await;
            return Answer {
                answer: answer.map(PublishDna::Fenced),
                is_repeated,
            };
        };
        self.insist(|| store.publish_fingerprint(job, staged.clone(), printed.effect(), now()))
            .await
    }

    /// Gives outputs their names; nothing if that is left to whoever claims the job next.
    async fn place(&self, staged: Staged) -> Option<Ending> {
        let placed = tokio::select! {
            biased;
            () = self.forsaken() => {
                let (job, attempt) = (self.job.id, self.job.lifecycle.attempt);
                tracing::info!(job.id = %job, attempt, "job {job} gets its names from the next attempt");
                return None;
            }
            placed = self.place_and_register(&staged) => placed,
        };
        Some(match placed {
            Ok(()) => Ending::Succeeded,
            Err(fault) => Ending::Failed {
                fault,
                results: staged.results,
            },
        })
    }

    /// Completes when outputs are to get their names from somebody else: the lease is lost, or the worker
    /// has been leaving for a while.
    async fn forsaken(&self) {
        let is_over = |why| matches!(why, EndReason::Lost | EndReason::Shutdown);
        self.until(is_over).await;
        if self.end_reason() == Some(EndReason::Shutdown) {
            tokio::time::sleep(LAST_PLACING).await;
        }
    }

    /// Completes when the attempt is told to end for such a reason.
    async fn until(&self, is_such: impl Fn(EndReason) -> bool) {
        let mut ended = self.ended();
        if ended
            .wait_for(|why| why.is_some_and(&is_such))
            .await
            .is_err()
        {
            // The roster is gone without a word; nobody can end anything any more.
            std::future::pending::<()>().await;
        }
    }

    async fn place_and_register(&self, staged: &Staged) -> Result<(), Fault> {
        self.place_all(staged).await?;
        self.register(staged).await
    }

    /// Registers what an ingest has brought in and queues what follows, before the job has succeeded. If the
    /// process dies around it, the next claim does it again, which changes nothing.
    async fn register(&self, staged: &Staged) -> Result<(), Fault> {
        let Some((asset, jobs)) = arrival::of(&self.job, staged, self.tools.clock.now()) else {
            return Ok(());
        };
        let (job, attempt) = (self.job.id, self.job.lifecycle.attempt);
        let store = &self.tools.store;
        let arrive = || store.asset_arrived(job, attempt, asset.clone(), jobs.clone());
        match self.insist(arrive).await.answer {
            // If it is too late, the report is so as well.
            Some(Fenced::Done | Fenced::Stopping | Fenced::Lost) => Ok(()),
            None => {
                let message = format!("asset {} could not be registered", asset.id);
                Err(Fault::new(FaultCode::StorageFailed, message))
            }
        }
    }

    async fn place_all(&self, staged: &Staged) -> Result<(), Fault> {
        for result in &staged.results {
            let OutputResult::Done { object, files, .. } = result else {
                continue;
            };
            let bucket = find_bucket(&self.tools, self.job.account, &object.bucket).await?;
            let place = self.place_in(&bucket, staged.attempt);
            self.tools.bench.publish(place, files).await?;
        }
        Ok(())
    }

    /// Tells the store how the attempt ended.
    async fn report(self, ending: Option<Ending>) {
        let Some(ending) = ending else { return };
        let is_end = self.is_end(&ending);
        // What was staged stays until nobody can be asked to publish it any more: if the store did
        // not take the report, the row may still say that this attempt won.
        if self.finish(ending).await && is_end {
            self.discard().await;
            self.remove_fetched().await;
            self.remove_pieces().await;
        }
    }

    /// Whether no other attempt follows.
    fn is_end(&self, ending: &Ending) -> bool {
        match ending {
            Ending::Failed { fault, .. } => !self.has_another(fault),
            Ending::Succeeded | Ending::Stopped(_) => true,
            Ending::GivenBack => false,
        }
    }

    /// Whether another attempt follows one that fails of this.
    fn has_another(&self, fault: &Fault) -> bool {
        fault.code.is_transient() && self.job.lifecycle.losses + 1 < MAX_LOSSES
    }

    /// Whether the report counted.
    async fn finish(&self, ending: Ending) -> bool {
        let (job, attempt) = (self.job.id, self.job.lifecycle.attempt);
        let word = match &ending {
            Ending::Succeeded => "succeeded".to_owned(),
            Ending::Failed { fault, .. } => format!("failed: {}", fault.message),
            Ending::Stopped(_) => "was stopped".to_owned(),
            Ending::GivenBack => "was handed back".to_owned(),
        };
        let store = &self.tools.store;
        let now = || self.tools.clock.now();
        let finish = || store.finish(job, attempt, ending.clone(), now());
        let Answer {
            answer,
            is_repeated,
        } = self.insist(finish).await;
        match answer {
            Some(Fenced::Done | Fenced::Stopping) => {
                let duration_ms = now().since(self.started).as_millis();
                tracing::info!(job.id = %job, attempt, duration_ms, "job {job} {word}");
                true
            }
            Some(Fenced::Lost) if is_repeated => {
                tracing::info!(job.id = %job, attempt, "job {job} {word}, as reported before");
                false
            }
            Some(Fenced::Lost) | None => {
                tracing::warn!(job.id = %job, attempt, "job {job} {word}, but too late to count");
                false
            }
        }
    }

    /// Repeats a write until the store answers. While it is away, which the heartbeat knows, nobody can take
    /// the job over, so what was made is kept for when it is back. A store that answers others and fails this
    /// write is given up on after a lease's time: the lease ends, and another attempt goes on. So it is once
    /// this process is to end.
    async fn insist<T, F>(&self, mut write: impl FnMut() -> F) -> Answer<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let begun = self.tools.clock.now();
        let mut give_up = begun.after(self.config.lease);
        let too_long = begun.after(self.config.max_run);
        let mut is_repeated = false;
        let mut pause = Duration::from_millis(200);
        loop {
            match write().await {
                Ok(answer) => {
                    return Answer {
                        answer: Some(answer),
                        is_repeated,
                    };
                }
                Err(error) => {
                    if !is_repeated {
                        tracing::error!(job.id = %self.job.id, %error, "reporting failed; trying again");
                    }
                    let now = self.tools.clock.now();
                    let message = format!("reporting job {} failed: {error}", self.job.id);
                    self.seat.note_trouble(now, message);
                    let is_leaving = self.end_reason() == Some(EndReason::Shutdown);
                    if self.seat.is_cut_off() && !is_leaving && now < too_long {
                        give_up = now.after(self.config.lease);
                    }
                }
            }
            is_repeated = true;
            if self.tools.clock.now() > give_up {
                return Answer {
                    answer: None,
                    is_repeated,
                };
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What was fetched for the job is needed no more.
    async fn remove_fetched(&self) {
        if self.job.spec.source_url().is_none() {
            return;
        }
        let dir = fetched_dir(&self.config, &self.job);
        if let Err(error) = self.tools.bench.remove(&dir).await {
            let job = self.job.id;
            tracing::warn!(job.id = %job, %error, "what job {job} had fetched stays for now");
        }
    }

    /// Pieces of what the job makes are needed no more.
    async fn remove_pieces(&self) {
        if self.job.spec.transcode().is_none() {
            return;
        }
        let dir = pieces_dir(&self.config, &self.job);
        if let Err(error) = self.tools.bench.remove(&dir).await {
            let job = self.job.id;
            tracing::warn!(job.id = %job, %error, "pieces of what job {job} made stay for now");
        }
    }

    /// Removes everything staged for this job that nobody will publish.
    async fn discard(&self) {
        let (job, attempt) = (self.job.id, self.job.lifecycle.attempt);
        let targets = self.job.spec.targets();
        let mut buckets: Vec<_> = targets.iter().map(|target| &target.bucket).collect();
        buckets.sort_unstable();
        buckets.dedup();
        for bucket in buckets {
            let cleared = match find_bucket(&self.tools, self.job.account, bucket).await {
                Ok(bucket) => {
                    let place = self.place_in(&bucket, attempt);
                    self.tools.bench.discard(place).await
                }
                Err(fault) => Err(fault),
            };
            if let Err(fault) = cleared {
                tracing::warn!(job.id = %job, "{}", fault.message);
            }
        }
    }

    /// Removes the outputs that are complete and will not be published.
    async fn remove_made(&self) {
        for folder in self
            .made
            .iter()
            .flatten()
            .filter_map(|made| made.dir.as_ref())
        {
            if let Err(error) = self.tools.bench.remove(folder).await {
                tracing::warn!(job.id = %self.job.id, %error, "outputs stay in scratch for now");
            }
        }
    }
}
