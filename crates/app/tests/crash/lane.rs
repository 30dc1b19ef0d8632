//! One service that is killed and started again over one data directory, and what must hold each time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use fastrand::Rng;
use reelgate_client::JobState;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::calls::{Calls, Pipelines, Told};
use crate::home::{Home, PATIENCE};
use crate::moment::{Engine, Phase, Scene};
use crate::order::Order;
use crate::outputs::{self, Print};
use crate::rows::{Row, Rows, State};
use crate::table::Table;

/// The two inputs, which are equal, so that the processes of two jobs can be told apart.
const INPUTS: [&str; 2] = ["a.mp4", "b.mp4"];
const BUCKET: &str = "media";

/// A service, what was ordered from it, and what it has acknowledged.
pub(crate) struct Lane {
    runtime: Handle,
    rng: Rng,
    home: Home,
    told: Arc<Mutex<Told>>,
    pipelines: Pipelines,
    rounds: u32,
    over: Vec<Over>,
}

/// A job that has ended, and how everything of it has to stay.
struct Over {
    order: Order,
    row: Row,
    files: BTreeMap<String, Print>,
}

impl Lane {
    /// `clip` is what the jobs work on.
    pub(crate) fn new(runtime: Handle, rng: Rng, clip: &Path) -> Self {
        let home = Home::new(&[]);
        for input in INPUTS {
            home.put(clip, input);
        }
        let pipelines = runtime.block_on(Pipelines::make(&home.client()));
        Self {
            runtime,
            rng,
            home,
            told: Arc::default(),
            pipelines,
            rounds: 0,
            over: Vec::new(),
        }
    }

    /// Kills the service once, in that phase of a new job if it can be hit, and sees that everything
    /// goes on.
    pub(crate) fn round(&mut self, aim: Phase, table: &Table) {
        self.rounds += 1;
        let calls = Calls::new(
            &self.home,
            Arc::clone(&self.told),
            self.pipelines.clone(),
            self.rounds.to_string(),
        );
        let mut others = JoinSet::new();
        let _entered = self.runtime.enter();
        calls.start(&mut others, &mut self.rng);
        let mut orders = Vec::new();
        if self.rng.u8(..3) == 0 {
            orders.push(self.order(1));
            self.await_submit(&calls, &orders, &mut others);
        }
        let family = match self.rng.u8(..3) {
            0 => Order::family(&format!("{}-0", self.rounds), BUCKET, INPUTS[0]),
            _ => vec![self.order(0)],
        };
        let (mut scene, engines) = self.reach(aim, &family, &calls, &mut others);
        orders.extend(family);

        let lived = self.home.kill();
        while let Some(ended) = self.runtime.block_on(others.join_next()) {
            ended.unwrap();
        }
        let rows = Rows::read(&self.home.data);
        table.killed(aim, scene.phase_found(&rows, &engines), lived);
        self.check_dead(&rows, &orders);

        self.home.start();
        for order in orders {
            // A submit that was not acknowledged may have been lost.
            if let Some(row) = rows.tagged(&order.tag) {
                self.check_end(order, row);
            }
        }
        assert_eq!(self.home.old_leftovers(), Vec::<PathBuf>::new());
    }

    /// A new order that reads one of the inputs.
    fn order(&mut self, input: usize) -> Order {
        let tag = format!("{}-{input}", self.rounds);
        Order::drawn(&mut self.rng, tag, BUCKET, INPUTS[input])
    }

    /// Orders one job, or several that share processes, and returns at the moment of the kill: with
    /// the first job, and what its processes did. The call that the phase begins with may be answered
    /// or under way.
    fn reach(
        &mut self,
        aim: Phase,
        family: &[Order],
        calls: &Calls,
        others: &mut JoinSet<()>,
    ) -> (Scene, Vec<Engine>) {
        let is_answered = self.rng.bool();
        let ids = if aim == Phase::Claim && !is_answered {
            let submit = submit(calls.clone(), family.to_vec());
            others.spawn(async move { drop(submit.await) });
            Vec::new()
        } else {
            self.await_submit(calls, family, others)
        };
        let first = ids.first().cloned();
        let scene = Scene::new(&self.home, family, ids);
        let is_seen = scene.await_sign(aim, &mut self.rng);
        if let (Phase::Stop, true, Some(id)) = (aim, is_seen, first) {
            let cancel = calls.clone().cancel(id);
            match is_answered {
                true => self.runtime.block_on(cancel),
                false => drop(others.spawn(cancel)),
            }
        }
        std::thread::sleep(aim.delay(&mut self.rng));
        // To look takes too long for phases that are over in a moment, and the disk tells them.
        let engines = match aim {
            Phase::Publish | Phase::Finish => Vec::new(),
            _ => scene.engines(),
        };
        (scene, engines)
    }

    /// Submits jobs, of which somebody asks about the first from then on.
    fn await_submit(
        &self,
        calls: &Calls,
        family: &[Order],
        others: &mut JoinSet<()>,
    ) -> Vec<String> {
        let submitted = submit(calls.clone(), family.to_vec());
        let submitted = self.runtime.block_on(submitted);
        let ids = submitted.expect("the service runs");
        others.spawn(calls.clone().watch(ids[0].clone()));
        ids
    }

    /// What has to hold while nothing runs, before anything could be repaired.
    fn check_dead(&self, rows: &Rows, orders: &[Order]) {
        let bucket = self.home.bucket();
        let mut told = self.told();
        told.check(rows, &self.pipelines);
        told.check_uploads(&bucket);
        told.settle(rows, &self.pipelines);
        for over in &self.over {
            over.check(rows, &self.home);
        }
        for order in orders {
            let state = rows.tagged(&order.tag).map(|row| row.state);
            let visible = outputs::visible(&bucket, order);
            match state {
                Some(State::Succeeded) => outputs::check_all(&bucket, order),
                Some(State::Publishing) => outputs::check_visible(&bucket, order),
                _ => assert!(visible.is_empty(), "{state:?} and there is {visible:?}"),
            }
        }
    }

    /// Waits for a job that was there when the service died, and checks how it has ended.
    fn check_end(&mut self, order: Order, dead: &Row) {
        let client = self.home.client();
        let before = outputs::visible(&self.home.bucket(), &order);
        let job = self.runtime.block_on(client.job_ended(&dead.id, PATIENCE));
        let job = job.unwrap();
        let expected = after_restart(dead);
        let state = match expected.state {
            State::Cancelled => JobState::Cancelled,
            _ => JobState::Succeeded,
        };
        assert_eq!(
            (job.state, job.attempt),
            (state, expected.attempt),
            "{dead:?}: {job:?}"
        );
        let bucket = self.home.bucket();
        let files = outputs::visible(&bucket, &order);
        match state {
            JobState::Succeeded => outputs::check_all(&bucket, &order),
            _ => assert!(files.is_empty(), "{dead:?} left {files:?}"),
        }
        for (key, print) in &before {
            assert_eq!(
                files.get(key),
                Some(print),
                "{key} was complete and was written again"
            );
        }
        self.told().ended.insert(dead.id.clone(), state);
        self.over.push(Over {
            order,
            row: expected,
            files,
        });
    }

    /// Runs what was waiting in the paused pipeline, and stops the service in order.
    pub(crate) fn finish(mut self) {
        let calls = Calls::new(
            &self.home,
            Arc::clone(&self.told),
            self.pipelines.clone(),
            String::new(),
        );
        let waiting = self.told().waiting();
        self.runtime.block_on(calls.resume_held());
        for (id, order) in waiting {
            let queued = Row {
                id,
                state: State::Queued,
                attempt: 0,
                losses: 0,
                pipeline: self.pipelines.held.clone(),
                tag: order.tag.clone(),
            };
            self.check_end(order, &queued);
        }
        self.home.await_tidiness();
        self.home.server().signal(rustix::process::Signal::TERM);
        let status = self.home.ended(PATIENCE);
        assert!(status.success(), "{status}");
        assert_eq!(self.home.engines(), []);
        assert_eq!(self.home.leftovers(), Vec::<PathBuf>::new());
        let rows = Rows::read(&self.home.data);
        for over in &self.over {
            over.check(&rows, &self.home);
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }
}

/// Submits a job, or several by one call.
async fn submit(calls: Calls, mut family: Vec<Order>) -> Option<Vec<String>> {
    match family.len() {
        1 => calls.submit(family.remove(0)).await.map(|id| vec![id]),
        _ => calls.submit_siblings(family).await,
    }
}

/// What becomes of a job that the service left like this when it was killed.
fn after_restart(dead: &Row) -> Row {
    let (state, attempts, losses) = match dead.state {
        State::Queued => (State::Succeeded, 1, 0),
        State::Running => (State::Succeeded, 1, 1),
        // Its outputs were declared complete: they only get their names, and no attempt was lost.
        State::Publishing => (State::Succeeded, 1, 0),
        State::Stopping => (State::Cancelled, 0, 0),
        ended => (ended, 0, 0),
    };
    Row {
        state,
        attempt: dead.attempt + attempts,
        losses: dead.losses + losses,
        ..dead.clone()
    }
}

impl Over {
    /// Fails if anything of the job has changed since it ended.
    fn check(&self, rows: &Rows, home: &Home) {
        assert_eq!(rows.jobs.get(&self.row.id), Some(&self.row));
        let files = outputs::visible(&home.bucket(), &self.order);
        assert_eq!(
            files, self.files,
            "files of {:?}, which had ended",
            self.row
        );
    }
}
