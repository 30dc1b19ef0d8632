//! One slot: the jobs of a claim, which have the same input. It is read once for all of them, and
//! outputs that can share a process are made by one; each job ends by itself.

mod alone;
mod survey;

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::{JobId, ObjectRef};
use reelgate_media::{Findings, Limits, Stopped};
use reelgate_store::{Claim, Work};
use tokio::task::JoinSet;

use crate::attempt::Attempt;
use crate::dna::LibraryCopies;
use crate::ends::{first_ended, stop_of};
use crate::opening::{Opening, open_keys};
use crate::roster::Roster;
use crate::run::{
    Made, Outcome, Pictures, Planned, Process, Source, Sources, fetched_dir, pieces_dir,
};
use crate::scratch::{self, Budget, Ledger};
use crate::supervise::message;
use crate::{Tools, WorkerConfig};

/// How far an output may exceed what it was thought to take: grain and noise are hard to foresee.
const TIMES_ESTIMATE: u64 = 4;

/// The attempts that share a slot.
pub(crate) struct Group {
    /// Those that still have something to be made.
    members: Vec<Attempt>,
    work: Work,
    tools: Tools,
    config: Arc<WorkerConfig>,
    copies: Arc<LibraryCopies>,
    /// The directory of unfinished files.
    scratch: PathBuf,
    budget: Arc<Budget>,
    /// What the input takes of scratch, because it had to be fetched.
    fetched_bytes: u64,
    /// What the files of one process may come to.
    most_bytes: u64,
    processes: u32,
    /// Attempts that publish and report, while others may still be working.
    ending: JoinSet<()>,
}

impl Group {
    pub(crate) fn new(
        claim: Claim,
        tools: Tools,
        config: Arc<WorkerConfig>,
        roster: &Arc<Roster>,
        ledger: &Arc<Ledger>,
        copies: &Arc<LibraryCopies>,
    ) -> Self {
        let Claim {
            job,
            siblings,
            work,
        } = claim;
        let name = format!("{}-{}", job.id, job.lifecycle.attempt);
        let jobs = std::iter::once(job).chain(siblings);
        let mut written = config.scratch.join(&name);
        let members = jobs.map(|job| {
            if job.spec.source_url().is_some() {
                written = fetched_dir(&config, &job);
            }
            let seat = roster.enter(job.id, job.lifecycle.attempt);
            Attempt::new(job, tools.clone(), Arc::clone(&config), seat)
        });
        let members: Vec<_> = members.collect();
        let scratch = config.scratch.join(name);
        Self {
            members,
            work,
            budget: Arc::new(ledger.promise(written)),
            fetched_bytes: 0,
            most_bytes: config.scratch_per_job,
            scratch,
            tools,
            config,
            copies: Arc::clone(copies),
            processes: 0,
            ending: JoinSet::new(),
        }
    }

    /// Runs every job of the group to its end and reports it.
    pub(crate) async fn run(mut self) {
        match self.work.clone() {
            Work::Publish(staged) => {
                for attempt in self.members.drain(..) {
                    self.ending.spawn(attempt.conclude_earlier(staged.clone()));
                }
            }
            Work::Run => self.produce().await,
        }
        while let Some(ended) = self.ending.join_next().await {
            if let Err(error) = ended
                && let Ok(panic) = error.try_into_panic()
            {
                // Its lease is renewed no more, so it runs out and the job starts anew.
                let error = message(panic.as_ref());
                tracing::error!(error, "an attempt panicked while it was reported");
            }
        }
        if let Err(error) = self.tools.bench.remove(&self.scratch).await {
            tracing::warn!(%error, "a scratch directory stays until the next start");
        }
    }

    async fn produce(&mut self) {
        for member in &self.members {
            member.clear_earlier().await;
        }
        if self
            .members
            .iter()
            .any(|it| it.job.spec.transcode().is_none())
        {
            return self.make_alone().await;
        }
        let Some(sources) = self.open_sources().await else {
            return;
        };
        for member in &mut self.members {
            open_keys(&self.tools.content_keys, &mut member.job).await;
        }
        let found = self.survey(&sources.main).await;
        let mut queue = self.plan(&sources, &found);
        self.conclude_complete();
        let Some((sources, anew)) = self.wait_for_scratch(sources, &queue).await else {
            return;
        };
        if anew {
            // Plans name further inputs by their places, and those of who has ended meanwhile are gone.
            queue = self.plan(&sources, &found);
            self.conclude_complete();
        }
        while let Some(mut parts) = queue.pop_front() {
            self.end_all_told(false);
            parts.retain(|part| self.holds(part.job));
            if parts.is_empty() {
                continue;
            }
            match self.run_process(&sources, &parts).await {
                Outcome::Made(made) => {
                    for (part, made) in parts.iter().zip(made) {
                        self.record(part.job, part.index, made);
                    }
                }
                Outcome::Failed(fault) if parts.len() > 1 && may_be_of_one(&fault) => {
                    tracing::info!(
                        fault = fault.message,
                        parts = parts.len(),
                        "a process of several outputs failed; each is made by itself"
                    );
                    for part in parts.into_iter().rev() {
                        queue.push_front(vec![part]);
                    }
                }
                Outcome::Failed(fault) => {
                    for part in &parts {
                        let made = Made::failed(&part.spec.object, fault.clone());
                        self.record(part.job, part.index, made);
                    }
                }
                Outcome::Stopped(how) => {
                    self.end_all_told(how == Stopped::Killed);
                    queue.push_front(parts);
                }
            }
            self.conclude_complete();
        }
        self.take_pictures(&sources.main).await;
    }

    /// Takes the pictures that transcodes want beside their outputs, one set after another.
    async fn take_pictures(&mut self, source: &Source) {
        let mut wanted = Vec::new();
        for member in &self.members {
            let spec = member.job.spec.transcode();
            let outputs = spec.map_or(0, |spec| spec.outputs.len());
            let sets = spec.into_iter().flat_map(|spec| &spec.pictures);
            let sets = sets.cloned().enumerate();
            wanted.extend(sets.map(|(place, set)| (member.job.id, outputs + place, set)));
        }
        for (number, (job, result, spec)) in wanted.into_iter().enumerate() {
            self.end_all_told(false);
            let Some(member) = self.members.iter().find(|it| it.job.id == job) else {
                continue;
            };
            let tally = Arc::clone(&member.tally);
            let dir = self.scratch.join(format!("pictures-{number}"));
            let (bench, limits) = (Arc::clone(&self.tools.bench), self.limits());
            let pictures = Pictures {
                bench: &bench,
                spec: &spec,
                source,
                dir: &dir,
                limits: &limits,
            };
            let mut tell = |percent: u8| tally.set(result, percent);
            let mut taking = pin!(pictures.take(&mut tell));
            let made = loop {
                let ended = tokio::select! {
                    biased;
                    made = &mut taking => break Some(made),
                    ended = first_ended(&self.members) => ended,
                };
                // What runs is ended when its future is dropped.
                if ended == job {
                    break None;
                }
                self.end_one(ended);
            };
            match made {
                Some(Ok(made)) => self.record(job, result, made),
                Some(Err(fault)) => {
                    let made = Made::failed(&spec.output, fault);
                    self.record(job, result, made);
                }
                None => {}
            }
            self.conclude_complete();
        }
        self.end_all_told(true);
    }

    /// The inputs, unless everybody was ended before they were found.
    async fn open_sources(&mut self) -> Option<Sources> {
        let first = self.members.first()?;
        let found = {
            let opening = self.opening(0);
            let jobs = self.members.iter().map(|member| &member.job);
            let further = jobs.flat_map(|job| job.spec.further_inputs());
            let further: BTreeSet<ObjectRef> = further.cloned().collect();
            let mut opening = pin!(opening.open_all(first.job.clone(), further));
            loop {
                let ended = tokio::select! {
                    biased;
                    found = &mut opening => break Some(found),
                    ended = first_ended(&self.members) => ended,
                };
                if self.members.len() == 1 {
                    break None;
                }
                self.end_one(ended);
            }
        };
        self.clear_holdups();
        match found {
            Some(Ok((sources, fetched_bytes))) => {
                self.fetched_bytes = fetched_bytes;
                Some(sources)
            }
            Some(Err(fault)) => {
                self.fail_all(&fault);
                None
            }
            // The probe was killed when its future was dropped.
            None => {
                self.end_all_told(true);
                None
            }
        }
    }

    fn opening(&self, copies: u64) -> Opening {
        Opening {
            tools: self.tools.clone(),
            config: Arc::clone(&self.config),
            budget: Arc::clone(&self.budget),
            capacity: self.capacity(),
            dir: self.source_dir(),
            copies,
            jobs: self.members.iter().map(|member| member.job.id).collect(),
        }
    }

    /// Every output of everybody has failed, of the same.
    fn fail_all(&mut self, fault: &Fault) {
        for member in &mut self.members {
            let targets: Vec<_> = member.job.spec.targets().into_iter().cloned().collect();
            for (index, target) in targets.iter().enumerate() {
                member.record(index, Made::failed(target, fault.clone()));
            }
        }
        self.conclude_complete();
    }

    fn clear_holdups(&self) {
        for member in &self.members {
            self.tools.holdups.clear(member.job.id);
        }
    }

    /// What each process is to make. Outputs that cannot be planned have failed.
    fn plan(&mut self, sources: &Sources, found: &survey::Found) -> VecDeque<Vec<Planned>> {
        let (source, further) = (&sources.main, sources.further());
        let known = reelgate_media::Sources {
            main: &source.facts,
            further: &further,
        };
        let mut planned = Vec::new();
        let capacity = self.capacity();
        let can = self.tools.bench.capabilities();
        for member in &mut self.members {
            let Some(spec) = member.job.spec.transcode() else {
                continue;
            };
            let outputs = spec.outputs.clone();
            member.is_of(&source.facts);
            for (index, output) in outputs.into_iter().enumerate() {
                let findings = found.get(&(member.job.id, index)).cloned();
                let plan = findings
                    .unwrap_or_else(|| Ok(Findings::default()))
                    .and_then(|found| reelgate_media::plan_with(&output, known, &found, can));
                let fits = |plan| {
                    let bytes = scratch::within(&plan, known, capacity)?;
                    Ok((plan, bytes))
                };
                match plan.and_then(fits) {
                    Ok((plan, scratch_bytes)) => planned.push(Some(Planned {
                        job: member.job.id,
                        index,
                        spec: output,
                        plan,
                        scratch_bytes,
                    })),
                    Err(fault) => member.record(index, Made::failed(&output.object, fault)),
                }
            }
        }
        let plans: Vec<_> = planned.iter().flatten().map(|part| &part.plan).collect();
        let groups = reelgate_media::groups(&plans);
        let take = |group: Vec<usize>| {
            let parts = group.into_iter().filter_map(|index| planned[index].take());
            parts.collect()
        };
        groups.into_iter().map(take).collect()
    }

    /// Waits until there is room for what is to be made, or everybody was ended. A group that waits
    /// keeps its slot, and others may start in the rest; an input that was fetched is removed meanwhile, or
    /// two that hold theirs could wait for each other. Tells whether it was opened anew.
    async fn wait_for_scratch(
        &mut self,
        sources: Sources,
        queue: &VecDeque<Vec<Planned>>,
    ) -> Option<(Sources, bool)> {
        let mut changes = self.budget.changes();
        let mut is_waiting = false;
        let capacity = self.capacity();
        while !self.members.is_empty() {
            let parts = queue.iter().flatten().filter(|part| self.holds(part.job));
            let needed: u64 = parts.map(|part| part.scratch_bytes).sum();
            // It is an estimate, and the floor guards the disk anyway.
            let most = needed.min(capacity).saturating_mul(TIMES_ESTIMATE);
            self.most_bytes = most.max(self.config.scratch_per_job);
            let needed = needed.saturating_add(self.fetched_bytes).min(capacity);
            changes.mark_unchanged();
            let Err(shortage) = self.budget.ask(needed).await else {
                break;
            };
            for member in &self.members {
                self.tools.holdups.set(member.job.id, shortage.to_string());
            }
            if !std::mem::replace(&mut is_waiting, true) {
                tracing::warn!(jobs = self.members.len(), "started jobs wait: {shortage}");
                self.remove_fetched().await;
            }
            tokio::select! {
                biased;
                ended = first_ended(&self.members) => self.end_one(ended),
                _ = changes.changed() => {}
                () = tokio::time::sleep(self.config.poll_every) => {}
            }
        }
        self.clear_holdups();
        match is_waiting && self.fetched_bytes > 0 {
            true => Some((self.open_sources().await?, true)),
            false => Some((sources, false)),
        }
    }

    async fn remove_fetched(&self) {
        if self.fetched_bytes == 0 {
            return;
        }
        if let Err(error) = self.tools.bench.remove(&self.source_dir()).await {
            tracing::warn!(%error, "an input stays in scratch for now");
        }
    }

    fn source_dir(&self) -> PathBuf {
        self.scratch.join("source")
    }

    async fn run_process(&mut self, sources: &Sources, parts: &[Planned]) -> Outcome {
        self.processes += 1;
        let further: Vec<&Path> = sources.further.iter().map(|it| it.path.as_path()).collect();
        let dir = self.scratch.join(self.processes.to_string());
        let bench = Arc::clone(&self.tools.bench);
        let kept = self.pieces_dir(parts);
        let process = Process {
            input: &sources.main.path,
            further: &further,
            parts,
            dir: &dir,
            kept: kept.as_deref(),
            limits: self.limits(),
        };
        let workers = |part: &Planned| self.members.iter().find(|it| it.job.id == part.job);
        let mut tallies = Vec::with_capacity(parts.len());
        let mut ends = Vec::with_capacity(parts.len());
        for member in parts.iter().filter_map(workers) {
            tallies.push(Arc::clone(&member.tally));
            ends.push(member.ended());
        }
        let mut tell = |part: usize, percent: u8| tallies[part].set(parts[part].index, percent);
        let mut running = pin!(bench.make(process, &mut tell, Box::pin(stop_of(ends))));
        let is_in_it = |member: &Attempt| parts.iter().any(|part| part.job == member.job.id);
        loop {
            let others = self.members.iter().filter(|member| !is_in_it(member));
            let ended = tokio::select! {
                biased;
                outcome = &mut running => return outcome,
                ended = first_ended(others) => ended,
            };
            self.end_one(ended);
        }
    }

    /// Where finished pieces of an output stay, over attempts and restarts.
    fn pieces_dir(&self, parts: &[Planned]) -> Option<PathBuf> {
        let [part] = parts else { return None };
        let member = self.members.iter().find(|it| it.job.id == part.job)?;
        let of_job = pieces_dir(&self.config, &member.job);
        part.plan
            .chunks
            .as_ref()
            .map(|_| of_job.join(part.index.to_string()))
    }

    fn holds(&self, job: JobId) -> bool {
        self.members.iter().any(|member| member.job.id == job)
    }

    /// Notes what an output came to, unless its job is gone.
    fn record(&mut self, job: JobId, output: usize, made: Made) {
        let member = self.members.iter_mut().find(|member| member.job.id == job);
        if let Some(member) = member {
            member.record(output, made);
        }
    }

    /// Lets those publish and report that have nothing left to be made.
    fn conclude_complete(&mut self) {
        for member in self.members.extract_if(.., |member| member.is_complete()) {
            self.ending.spawn(member.conclude());
        }
    }

    /// Lets all those report that were told to end, when no process works for them.
    fn end_all_told(&mut self, killed: bool) {
        let is_told = |member: &mut Attempt| member.end_reason().is_some();
        for member in self.members.extract_if(.., is_told) {
            let gone = member.gone(killed);
            self.ending.spawn(member.end(gone));
        }
    }

    /// The same for one of them.
    fn end_one(&mut self, job: JobId) {
        self.tools.holdups.clear(job);
        for member in self.members.extract_if(.., |member| member.job.id == job) {
            let gone = member.gone(false);
            self.ending.spawn(member.end(gone));
        }
    }

    /// What could be free in scratch at most.
    fn capacity(&self) -> u64 {
        // A file system that does not tell is taken for one that is large enough.
        let total = self.tools.bench.total_bytes(&self.config.scratch);
        let total = total.unwrap_or(u64::MAX);
        total.saturating_sub(self.config.free_space_floor)
    }

    fn limits(&self) -> Limits {
        Limits {
            max_run_time: self.config.max_run,
            stop_grace: self.config.stop_grace,
            file_bytes: Some(self.config.max_file_bytes),
            address_space_bytes: Some(self.config.max_memory_bytes),
            resident_bytes: Some(self.config.max_resident_bytes),
            scratch_bytes: Some(self.most_bytes),
            free_floor_bytes: Some(self.config.free_space_floor / 2),
            ..Limits::default()
        }
    }
}

/// Whether a failure of a process may be the failure of one of its outputs. What takes too long or
/// stands still would only take long again, for each of them.
fn may_be_of_one(fault: &Fault) -> bool {
    !matches!(fault.code, FaultCode::TimedOut | FaultCode::Stalled)
}
