//! A thing that must work for the server to be ready.

use std::fmt;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// A probe must be told of trouble before it gives up itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// One named condition of readiness.
pub struct Check {
    pub(super) name: &'static str,
    run: Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

impl Check {
    /// `run` is called at every probe and says what is wrong. Its message is shown to whoever asks
    /// without a key, so it names no paths and no secrets.
    pub fn new<F, C>(name: &'static str, run: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self {
            name,
            run: Box::new(move || run().boxed()),
        }
    }

    /// What is wrong, if anything is.
    pub(super) async fn trouble(&self) -> Option<String> {
        match tokio::time::timeout(PATIENCE, (self.run)()).await {
            Ok(outcome) => outcome.err(),
            Err(_elapsed) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
