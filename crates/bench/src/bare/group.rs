//! Group commit in its barest form: one thread writes what waits and answers after the commit.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use rusqlite::Connection;
use tokio::sync::oneshot;

/// The most rows that share a commit.
const BATCH: usize = 512;

pub(crate) struct GroupCommit<T> {
    inbox: Option<Sender<(T, oneshot::Sender<()>)>>,
    writer: Option<JoinHandle<Result<()>>>,
}

impl<T: Send + 'static> GroupCommit<T> {
    pub(crate) fn start(
        mut connection: Connection,
        insert: impl Fn(&Connection, &T) -> rusqlite::Result<()> + Send + 'static,
    ) -> Self {
        let (inbox, arrivals) = channel::<(T, oneshot::Sender<()>)>();
        let writer = std::thread::spawn(move || {
            while let Ok(first) = arrivals.recv() {
                let mut batch = vec![first];
                batch.extend(arrivals.try_iter().take(BATCH - 1));
                let transaction = connection.transaction()?;
                for (row, _) in &batch {
                    insert(&transaction, row)?;
                }
                transaction.commit()?;
                for (_, caller) in batch {
                    // A caller that has gone away needs no answer.
                    let _ = caller.send(());
                }
            }
            Ok(())
        });
        Self {
            inbox: Some(inbox),
            writer: Some(writer),
        }
    }

    /// Returns when the row is on disk.
    pub(crate) async fn write(&self, row: T) -> Result<()> {
        let (caller, answer) = oneshot::channel();
        let inbox = self.inbox.as_ref().context("the writer was ended")?;
        inbox
            .send((row, caller))
            .ok()
            .context("the baseline's writer is gone")?;
        answer.await.context("the baseline's writer has failed")
    }
}

impl<T> Drop for GroupCommit<T> {
    fn drop(&mut self) {
        self.inbox = None;
        if let Some(writer) = self.writer.take() {
            // What went wrong was told to every caller.
            let _ = writer.join();
        }
    }
}
