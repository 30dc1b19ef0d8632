//! Calls that are under way when the service dies, and what was acknowledged before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use reelgate_client::{
    CancelOutcome, Client, Error, JobState, NewPipeline, PipelineChange, PipelineState,
};
use reelgate_domain::ObjectRef;
use tokio::task::JoinSet;

use crate::home::Home;
use crate::order::{Form, Order};
use crate::rows::{Rows, State};
use crate::siblings::SiblingsClient;

/// How many jobs the calls leave waiting at most; they run when everything is over.
const MOST_WAITING: usize = 4;

/// What the service has answered.
#[derive(Default)]
pub(crate) struct Told {
    /// Jobs by id, with what was ordered.
    pub(crate) submitted: BTreeMap<String, Order>,
    /// Jobs that never start, or never again.
    pub(crate) cancelled: BTreeSet<String>,
    /// Jobs that run and were asked to stop.
    pub(crate) stopping: BTreeSet<String>,
    /// Jobs that were seen to have ended, and how.
    pub(crate) ended: BTreeMap<String, JobState>,
    uploaded: BTreeSet<u64>,
    /// Whether the pipeline that is switched to and fro was paused when last heard of.
    paused: bool,
    /// What a call under way wants it to be.
    switching_to: Option<bool>,
}

/// Makes calls until they fail because nobody answers any more.
#[derive(Clone)]
pub(crate) struct Calls {
    client: Client,
    siblings_client: SiblingsClient,
    told: Arc<Mutex<Told>>,
    pipelines: Pipelines,
    prefix: String,
}

/// The ids of the pipelines that calls are about.
#[derive(Clone)]
pub(crate) struct Pipelines {
    /// Paused before the first job.
    pub(crate) held: String,
    switched: String,
}

impl Pipelines {
    /// Makes them.
    pub(crate) async fn make(client: &Client) -> Self {
        let mut ids = Vec::new();
        for name in ["held", "switched"] {
            let name = name.to_owned();
            let concurrency = None;
            let made = client
                .create_pipeline(&NewPipeline { name, concurrency })
                .await;
            ids.push(made.unwrap().id);
        }
        let [held, switched] = ids.try_into().unwrap();
        switch(client, &held, true).await.unwrap();
        Self { held, switched }
    }

    /// A short job for the paused pipeline.
    fn held_order(&self, tag: String) -> Order {
        let order = Order::new(tag, "media", "a.mp4", &[(Form::Sound, 1)]);
        Order {
            pipeline: Some(self.held.clone()),
            ..order
        }
    }
}

impl Calls {
    /// `prefix` tells what these calls make from what others make.
    pub(crate) fn new(
        home: &Home,
        told: Arc<Mutex<Told>>,
        pipelines: Pipelines,
        prefix: String,
    ) -> Self {
        Self {
            client: home.client(),
            siblings_client: home.siblings_client(),
            told,
            pipelines,
            prefix,
        }
    }

    /// Starts calls of all kinds. They end by themselves when the service does.
    pub(crate) fn start(&self, tasks: &mut JoinSet<()>, rng: &mut Rng) {
        tasks.spawn(self.clone().submit_and_cancel(rng.fork()));
        tasks.spawn(self.clone().pause_and_resume(rng.fork()));
        tasks.spawn(self.clone().upload(rng.fork()));
    }

    /// Asks about a job until it has ended.
    pub(crate) async fn watch(self, id: String) {
        while let Some(job) = answered(self.client.job(&id).await) {
            if job.state.is_final() {
                self.told().ended.insert(id, job.state);
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Submits a job; the answer is its id.
    pub(crate) async fn submit(self, order: Order) -> Option<String> {
        // Not sent again when the service is killed.
        let key = format!("{:016x}", fastrand::u64(..));
        let job = answered(self.client.submit_as(&order.request(), &key).await)?;
        self.told().submitted.insert(job.id.clone(), order);
        Some(job.id)
    }

    /// Submits jobs that are to share their processes, by one call; the answer is their ids.
    pub(crate) async fn submit_siblings(self, orders: Vec<Order>) -> Option<Vec<String>> {
        let ids = self.siblings_client.submit(&orders).await?;
        let jobs = ids.iter().cloned().zip(orders);
        self.told().submitted.extend(jobs);
        Some(ids)
    }

    /// Cancels a job, whatever it is doing. It may have ended before.
    pub(crate) async fn cancel(self, id: String) {
        let decided = self.client.cancel(&id, false).await;
        if decided
            .as_ref()
            .is_err_and(|error| error.problem().is_some())
        {
            return;
        }
        match answered(decided).map(|decision| decision.outcome) {
            Some(CancelOutcome::Cancelled) => drop(self.told().cancelled.insert(id)),
            Some(CancelOutcome::Stopping) => drop(self.told().stopping.insert(id)),
            None => {}
        }
    }

    /// Lets what waited in the paused pipeline run.
    pub(crate) async fn resume_held(&self) {
        switch(&self.client, &self.pipelines.held, false)
            .await
            .unwrap();
    }

    async fn submit_and_cancel(self, mut rng: Rng) {
        for number in 0.. {
            let tag = format!("{}-held-{number}", self.prefix);
            let order = self.pipelines.held_order(tag);
            let Some(id) = self.clone().submit(order).await else {
                return;
            };
            pause(&mut rng).await;
            if rng.bool() || self.told().waiting().len() >= MOST_WAITING {
                self.clone().cancel(id).await;
            }
        }
    }

    async fn pause_and_resume(self, mut rng: Rng) {
        loop {
            let paused = !self.told().paused;
            self.told().switching_to = Some(paused);
            let switched = switch(&self.client, &self.pipelines.switched, paused).await;
            if answered(switched).is_none() {
                return;
            }
            self.told().switched(paused);
            pause(&mut rng).await;
        }
    }

    async fn upload(self, mut rng: Rng) {
        loop {
            let number = rng.u64(10_000..100_000);
            let object = ObjectRef {
                bucket: "media".parse().unwrap(),
                key: format!("uploads/{number}").parse().unwrap(),
            };
            let content = content(number);
            let (bytes, chunks) = (content.len() as u64, content.chunks(10_000));
            let chunks: Vec<_> = chunks
                .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
                .collect();
            let chunks = futures_util::stream::iter(chunks);
            let stored = self.client.upload_stream(&object, bytes, chunks, |_| {});
            if answered(stored.await).is_none() {
                return;
            }
            self.told().uploaded.insert(number);
            pause(&mut rng).await;
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }
}

async fn switch(client: &Client, pipeline: &str, paused: bool) -> Result<(), Error> {
    let state = match paused {
        true => PipelineState::Paused,
        false => PipelineState::Active,
    };
    let change = PipelineChange {
        state: Some(state),
        ..PipelineChange::default()
    };
    client.change_pipeline(pipeline, &change).await.map(drop)
}

/// The answer, unless the service died before it gave one. A refusal is neither.
fn answered<T>(answer: Result<T, Error>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(Error::Unreachable { .. } | Error::Broken { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Leaves the processors to others for a moment, of a length that keeps calls from falling into step.
async fn pause(rng: &mut Rng) {
    tokio::time::sleep(Duration::from_millis(rng.u64(2..50))).await;
}

/// What is uploaded under a number: as many bytes, which depend on it.
fn content(number: u64) -> Vec<u8> {
    (0..number).map(|at| (at ^ number) as u8).collect()
}

impl Told {
    fn switched(&mut self, paused: bool) {
        self.paused = paused;
        self.switching_to = None;
    }

    /// The jobs that wait in the paused pipeline until it is resumed.
    pub(crate) fn waiting(&self) -> Vec<(String, Order)> {
        let jobs = self.submitted.iter();
        let waiting = jobs
            .filter(|(id, order)| order.pipeline.is_some() && !self.cancelled.contains(*id))
            .map(|(id, order)| (id.clone(), order.clone()));
        waiting.collect()
    }

    /// Fails if the store has lost or undone anything that was acknowledged.
    pub(crate) fn check(&self, rows: &Rows, pipelines: &Pipelines) {
        for (id, order) in &self.submitted {
            let row = rows.jobs.get(id);
            let row = row.unwrap_or_else(|| panic!("{} was acknowledged and is lost", order.tag));
            assert_eq!(row.tag, order.tag);
        }
        for id in &self.cancelled {
            let row = &rows.jobs[id];
            assert_eq!(row.state, State::Cancelled, "{row:?} was cancelled");
        }
        for id in &self.stopping {
            let row = &rows.jobs[id];
            let is_over = matches!(row.state, State::Stopping | State::Cancelled);
            assert!(is_over, "{row:?} was to stop");
        }
        for (id, ended) in &self.ended {
            let row = &rows.jobs[id];
            let as_told = match ended {
                JobState::Succeeded => State::Succeeded,
                JobState::Failed => State::Failed,
                _ => State::Cancelled,
            };
            assert_eq!(row.state, as_told, "{row:?} had ended");
        }
        self.check_pauses(rows, pipelines);
    }

    fn check_pauses(&self, rows: &Rows, pipelines: &Pipelines) {
        assert!(rows.paused[&pipelines.held], "the pause is lost");
        let held = rows
            .jobs
            .values()
            .filter(|row| row.pipeline == pipelines.held);
        for row in held {
            assert_eq!(row.attempt, 0, "{row:?} started in a paused pipeline");
        }
        let paused = rows.paused[&pipelines.switched];
        let possible = [Some(self.paused), self.switching_to];
        assert!(
            possible.contains(&Some(paused)),
            "paused: {paused}, not {possible:?}"
        );
    }

    /// Calls that were under way are never answered; whether they were heard, the store says.
    pub(crate) fn settle(&mut self, rows: &Rows, pipelines: &Pipelines) {
        self.switched(rows.paused[&pipelines.switched]);
        let held = rows
            .jobs
            .values()
            .filter(|row| row.pipeline == pipelines.held);
        for row in held {
            let order = self.submitted.entry(row.id.clone());
            order.or_insert_with(|| pipelines.held_order(row.tag.clone()));
            if row.state == State::Cancelled {
                self.cancelled.insert(row.id.clone());
            }
        }
    }

    /// Fails unless every acknowledged upload is there, and each that is there is whole.
    pub(crate) fn check_uploads(&self, bucket: &Path) {
        let entries = fs::read_dir(bucket.join("uploads")).into_iter().flatten();
        let mut found = BTreeSet::new();
        for entry in entries {
            let path = entry.unwrap().path();
            let number = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
            assert!(
                fs::read(&path).unwrap() == content(number),
                "upload {number} is broken"
            );
            found.insert(number);
        }
        let lost: Vec<_> = self.uploaded.difference(&found).collect();
        assert!(lost.is_empty(), "uploads {lost:?} are lost");
    }
}
