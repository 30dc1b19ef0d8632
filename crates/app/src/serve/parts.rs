//! The threads that nothing works without. A process that has lost one cannot mend itself; it ends, and
//! whoever supervises it starts it anew.

use std::sync::Arc;

use reelgate_media::Runner;
use reelgate_store::SqliteStore;
use tokio::sync::watch;

/// Tells when such a thread has ended.
pub(super) struct Parts {
    runner: watch::Receiver<()>,
    writer: watch::Receiver<()>,
    /// Its thread ends with the last owner, and a server without a worker has no other.
    _runner: Option<Arc<Runner>>,
}

impl Parts {
    pub(super) fn new(runner: &Arc<Runner>, store: &SqliteStore) -> Self {
        Self {
            runner: runner.alive(),
            writer: store.writer_alive(),
            _runner: Some(Arc::clone(runner)),
        }
    }

    /// Completes, with its name, when one has ended.
    pub(super) async fn lost(&mut self) -> &'static str {
        tokio::select! {
            () = ended(&mut self.runner) => "the thread that starts processes",
            () = ended(&mut self.writer) => "the thread that writes to the database",
        }
    }
}

/// The other side says nothing; it is dropped when its thread ends.
async fn ended(alive: &mut watch::Receiver<()>) {
    while alive.changed().await.is_ok() {}
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::runtime::Handle;

    use super::*;

    #[tokio::test]
    async fn a_thread_that_has_ended_is_named_and_one_that_works_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let runner = Arc::new(Runner::start(Handle::current()).unwrap());
        let store = SqliteStore::open(dir.path()).unwrap();
        let mut parts = Parts::new(&runner, &store);
        drop(runner);
        assert_eq!(parts.lost().now_or_never(), None);
        drop(store);
        assert_eq!(parts.lost().await, "the thread that writes to the database");

        let store = SqliteStore::open(dir.path()).unwrap();
        let runner = Arc::new(Runner::start(Handle::current()).unwrap());
        let mut parts = Parts::new(&runner, &store);
        drop(runner);
        parts._runner = None;
        assert_eq!(parts.lost().await, "the thread that starts processes");
    }
}
