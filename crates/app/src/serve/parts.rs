//! The threads that nothing works without. A process that has lost one cannot mend itself; it ends, and
//! whoever supervises it starts it anew.

use std::sync::Arc;

use reelgate_media::Runner;
use tokio::sync::watch;

/// Tells when such a thread has ended.
pub(super) struct Parts {
    runner: watch::Receiver<()>,
    writer: watch::Receiver<()>,
    /// Its thread ends with the last owner, and a server without a worker has no other.
    _runner: Option<Arc<Runner>>,
}

impl Parts {
    /// The other side of `writer` is dropped when nothing can be written any more.
    pub(super) fn new(runner: &Arc<Runner>, writer: watch::Receiver<()>) -> Self {
        Self {
            runner: runner.alive(),
            writer,
            _runner: Some(Arc::clone(runner)),
        }
    }

    /// Completes, with its name, when one has ended.
    pub(super) async fn lost(&mut self) -> &'static str {
        tokio::select! {
            () = ended(&mut self.runner) => "the thread that starts processes",
            () = ended(&mut self.writer) => "what writes to the database",
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
    use reelgate_store::SqliteStore;
    use tokio::runtime::Handle;

    use super::*;

    #[tokio::test]
    async fn a_thread_that_has_ended_is_named_and_one_that_works_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let runner = Arc::new(Runner::start(Handle::current()).unwrap());
        let store = SqliteStore::open(dir.path()).unwrap();
        let mut parts = Parts::new(&runner, store.writer_alive());
        drop(runner);
        assert_eq!(parts.lost().now_or_never(), None);
        drop(store);
        assert_eq!(parts.lost().await, "what writes to the database");

        let store = SqliteStore::open(dir.path()).unwrap();
        let runner = Arc::new(Runner::start(Handle::current()).unwrap());
        let mut parts = Parts::new(&runner, store.writer_alive());
        drop(runner);
        parts._runner = None;
        assert_eq!(parts.lost().await, "the thread that starts processes");
    }
}
