//! Wake-ups across nodes: hints in NOTIFY, which may be lost.
//!
//! A notification inside a transaction that writes has every commit of the database wait for the one
//! before. So it goes out afterwards, in a transaction of its own that waits for no disk, and not more
//! often than every few milliseconds, however much is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_postgres::AsyncMessage;

use super::connect::{Connector, Session};
use super::error::Answer;
use super::sql::jobs as sql;
use crate::hints::{Bells, Wakes};

/// The least time between two notifications of a node.
const PAUSE: Duration = Duration::from_millis(5);

/// How often it is said that there is no connection.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// About how long to wait before another try to connect: all nodes lose their connections at once.
const AGAIN: Duration = Duration::from_millis(500);

/// Rings this node's bells at once and the others' soon.
#[derive(Clone)]
pub(super) struct Hinter(Arc<Shared>);

struct Shared {
    bells: Bells,
    /// What the other nodes have not been told yet.
    untold: AtomicU8,
    told: Notify,
}

impl Hinter {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            bells: Bells::default(),
            untold: AtomicU8::new(0),
            told: Notify::new(),
        }))
    }

    pub(super) fn bells(&self) -> &Bells {
        &self.0.bells
    }

    /// Called after the commit only: before it, whoever woke would find nothing.
    pub(super) fn ring(&self, wakes: Wakes) {
        if wakes == Wakes::NONE {
            return;
        }
        self.0.bells.ring(wakes);
        self.0.untold.fetch_or(wakes.bits(), Ordering::AcqRel);
        self.0.told.notify_one();
    }

    /// Tells and listens for ever. While there is no connection nobody is told; when there is one again
    /// everything rings, because nobody knows what was missed.
    pub(super) async fn run(self, connector: Connector) {
        let mut told_at: Option<Instant> = None;
        loop {
            if let Err(failure) = self.converse(&connector).await
                && told_at.is_none_or(|at| at.elapsed() > TELL_AGAIN)
            {
                let error = crate::StoreError::from(failure);
                tracing::warn!(%error, "this node neither gives nor gets hints for now");
                told_at = Some(Instant::now());
            }
            sleep(AGAIN.mul_f64(0.5 + fastrand::f64())).await;
        }
    }

    async fn converse(&self, connector: &Connector) -> Answer<()> {
        let (session, mut heard) = connector.open().await?;
        // A hint that is lost in a crash is worth no wait for the disk.
        session.batch("SET synchronous_commit = off").await?;
        session.batch("LISTEN reelgate").await?;
        self.0.bells.ring(Wakes::ALL);
        let me = format!("{:016x}", fastrand::u64(..));
        let mut next = Instant::now();
        loop {
            tokio::select! {
                message = heard.recv() => match message {
                    Some(message) => self.hear(&message, &me),
                    None => return Ok(()),
                },
                () = self.0.told.notified() => {
                    // More may come to be told meanwhile.
                    self.listen_until(next, &mut heard, &me).await;
                    next = Instant::now() + PAUSE;
                    self.tell(&session, &me).await?;
                }
            }
        }
    }

    async fn listen_until(
        &self,
        until: Instant,
        heard: &mut mpsc::UnboundedReceiver<AsyncMessage>,
        me: &str,
    ) {
        let passed = sleep_until(until);
        tokio::pin!(passed);
        loop {
            tokio::select! {
                () = &mut passed => return,
                message = heard.recv() => match message {
                    Some(message) => self.hear(&message, me),
                    None => return,
                },
            }
        }
    }

    async fn tell(&self, session: &Session, me: &str) -> Answer<()> {
        let untold = self.0.untold.swap(0, Ordering::AcqRel);
        if untold == 0 {
            return Ok(());
        }
        let hint = format!("{me} {untold}");
        let told = session.all(sql::NOTIFY, &[&hint]).await;
        if told.is_err() {
            // The others have not heard it; the next connection tells them.
            self.0.untold.fetch_or(untold, Ordering::AcqRel);
            self.0.told.notify_one();
        }
        told.map(drop)
    }

    fn hear(&self, message: &AsyncMessage, me: &str) {
        let AsyncMessage::Notification(hint) = message else {
            return;
        };
        // What this node has said it has rung itself.
        if let Some((from, bits)) = hint.payload().split_once(' ')
            && from != me
        {
            let wakes = bits.parse().map_or(Wakes::ALL, Wakes::from_bits);
            self.0.bells.ring(wakes);
        }
    }
}
