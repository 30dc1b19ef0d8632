//! One run of a node's process: whether it lives, and the way from it to the store.
//!
//! A process that is dead waits for ever at the next thing that it would do to the world; one that
//! stands still waits there until it goes on. What it does in its own memory meanwhile nobody can see.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use reelgate_domain::Timestamp;
use reelgate_store::twin::{Call, Passage};
use reelgate_store::{Result, StoreError};
use tokio::sync::Notify;
use tokio::task;
use tokio::time::{Instant, sleep, sleep_until};

use crate::world::{World, lock};

/// The longest that a call to a store out of reach takes before it fails.
const PATIENCE_MS: u64 = 2000;

/// A process, from its start to its end.
pub(crate) struct Life {
    /// Unique over all nodes and their lives.
    pub(crate) name: String,
    dead: AtomicBool,
    died: Notify,
    healed: Notify,
    frozen_until: Mutex<Instant>,
    cut_off_until: Mutex<Instant>,
    /// When each of its tasks last looked at the store.
    looks: Mutex<HashMap<task::Id, u64>>,
}

impl Life {
    pub(crate) fn new(node: usize, count: u32) -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self {
            name: format!("n{node}.{count}"),
            dead: AtomicBool::new(false),
            died: Notify::new(),
            healed: Notify::new(),
            frozen_until: Mutex::new(now),
            cut_off_until: Mutex::new(now),
            looks: Mutex::default(),
        })
    }

    pub(crate) fn end(&self) {
        if !self.dead.swap(true, Ordering::Relaxed) {
            self.died.notify_waiters();
            self.died.notify_one();
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Completes when it is dead.
    pub(crate) async fn ended(&self) {
        while !self.is_dead() {
            self.died.notified().await;
        }
    }

    pub(crate) fn freeze(&self, span: Duration) {
        let mut until = lock(&self.frozen_until);
        *until = (Instant::now() + span).max(*until);
    }

    /// It goes on before its time.
    pub(crate) fn thaw(&self) {
        *lock(&self.frozen_until) = Instant::now();
        self.healed.notify_waiters();
    }

    pub(crate) fn cut_off(&self, span: Duration) {
        let mut until = lock(&self.cut_off_until);
        *until = (Instant::now() + span).max(*until);
    }

    /// Whatever is wrong with it is over, unless it is dead.
    pub(crate) fn heal(&self) {
        *lock(&self.cut_off_until) = Instant::now();
        self.thaw();
    }

    fn is_cut_off(&self) -> bool {
        *lock(&self.cut_off_until) > Instant::now()
    }

    /// The moment at which the task that asks last looked at the store; 0 if it never did.
    pub(crate) fn last_look(&self) -> u64 {
        let looks = lock(&self.looks);
        let looked = task::try_id().and_then(|id| looks.get(&id));
        looked.copied().unwrap_or_default()
    }

    fn look(&self, moment: u64) {
        if let Some(id) = task::try_id() {
            lock(&self.looks).insert(id, moment);
        }
    }

    /// Completes when the process can do something to the world.
    pub(crate) async fn gate(&self) {
        loop {
            if self.is_dead() {
                std::future::pending::<()>().await;
            }
            let until = *lock(&self.frozen_until);
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                biased;
                () = self.healed.notified() => {}
                () = sleep_until(until) => {}
            }
        }
    }
}

/// The way between a process and the store.
pub(crate) struct Line {
    pub(crate) world: Arc<World>,
    pub(crate) life: Arc<Life>,
}

impl Line {
    /// How long one way takes.
    async fn travel(&self) {
        let plan = &self.world.plan;
        let most = plan.latency_ms;
        let mut span = match most {
            0 => 0,
            _ => self.world.dice(|dice| dice.within(0, most)),
        };
        if self.world.misfortune(plan.slow_calls) {
            span += self.world.dice(|dice| dice.within(500, 9000));
        }
        if span > 0 {
            sleep(Duration::from_millis(span)).await;
        }
    }

    async fn fail(&self, why: &str) -> StoreError {
        let span = self.world.dice(|dice| dice.within(0, PATIENCE_MS));
        sleep(Duration::from_millis(span)).await;
        self.life.gate().await;
        StoreError::Unavailable(why.to_owned())
    }

    fn is_away(&self) -> bool {
        self.world.is_store_away() || self.life.is_cut_off()
    }

    async fn die(&self, when: &str) {
        let name = &self.life.name;
        self.world.note(|| format!("{name} dies {when} a call"));
        self.life.end();
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl Passage for Line {
    async fn there(&self, call: Call) -> Result<()> {
        self.life.gate().await;
        let plan = &self.world.plan;
        if call == Call::Write && self.world.misfortune(plan.crashing_calls) {
            self.die("before").await;
        }
        if self.is_away() || self.world.misfortune(plan.failing_calls) {
            return Err(self.fail("the store is away").await);
        }
        self.travel().await;
        // A call that was on its way arrives although its sender stands still by now.
        if self.life.is_dead() {
            std::future::pending::<()>().await;
        }
        if self.is_away() {
            return Err(self.fail("the store went away").await);
        }
        let mut record = self.world.record();
        record.caller.clone_from(&self.life.name);
        // What the call sees is what is now.
        self.life.look(record.moment());
        Ok(())
    }

    async fn back(&self, call: Call) -> Result<()> {
        let plan = &self.world.plan;
        if call == Call::Write && self.world.misfortune(plan.crashing_calls) {
            self.die("after").await;
        }
        self.travel().await;
        if self.is_away() || self.world.misfortune(plan.lost_answers) {
            return Err(self.fail("the answer is lost").await);
        }
        self.life.gate().await;
        Ok(())
    }

    fn wake(&self, ring: Box<dyn FnOnce() + Send>) {
        let plan = &self.world.plan;
        if self.life.is_dead() || self.is_away() || self.world.misfortune(plan.lost_hints) {
            return;
        }
        let most = plan.latency_ms;
        if most == 0 {
            return ring();
        }
        let span = Duration::from_millis(self.world.dice(|dice| dice.within(0, most)));
        tokio::spawn(async move {
            sleep(span).await;
            ring();
        });
    }

    fn shared_now(&self) -> Option<Timestamp> {
        Some(self.world.now())
    }
}
