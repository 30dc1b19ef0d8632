//! Keeping a loop going: one that panics is started again.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;

/// The first pause after a panic; each further one in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A loop that went so long without a panic starts with the first pause again.
const LONG_ENOUGH: Duration = Duration::from_secs(60);

/// Runs what `start` makes until that ends by itself, or `stopped` turns true during a pause.
pub(crate) async fn keep_going<F>(
    name: &'static str,
    mut stopped: watch::Receiver<bool>,
    mut start: impl FnMut() -> F,
) where
    F: Future<Output = ()>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        let Err(panic) = AssertUnwindSafe(async { start().await })
            .catch_unwind()
            .await
        else {
            return;
        };
        let error = message(panic.as_ref());
        if begun.elapsed() > LONG_ENOUGH {
            pause = FIRST_PAUSE;
        }
        let pause_ms = pause.as_millis();
        tracing::error!(error, pause_ms, "the {name} panicked and is started again");
        tokio::select! {
            biased;
            () = tokio::time::sleep(pause) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_panics_is_started_again_ever_more_slowly() {
        let (_stop, stopped) = watch::channel(false);
        let mut starts = Vec::new();
        let begun = Instant::now();
        keep_going("test loop", stopped, || {
            starts.push(begun.elapsed().as_millis());
            let is_last = starts.len() == 4;
            async move { assert!(is_last, "not the last") }
        })
        .await;
        assert_eq!(starts, [0, 100, 300, 700]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_is_to_stop_is_not_started_again() {
        let (stop, stopped) = watch::channel(false);
        let mut starts = 0;
        keep_going("test loop", stopped, || {
            starts += 1;
            stop.send_replace(true);
            async { panic!("always") }
        })
        .await;
        assert_eq!(starts, 1);
    }
}
