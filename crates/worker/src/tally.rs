//! How far an attempt is: the mean over its outputs, which never goes back.

use std::sync::atomic::{AtomicU8, Ordering};

use reelgate_domain::JobId;
use reelgate_service::LiveProgress;

/// The progress of one attempt.
#[derive(Debug)]
pub(crate) struct Tally {
    job: JobId,
    attempt: u32,
    outputs: Vec<AtomicU8>,
    live: LiveProgress,
}

impl Tally {
    pub(crate) fn new(job: JobId, attempt: u32, outputs: usize, live: LiveProgress) -> Self {
        let outputs = (0..outputs).map(|_| AtomicU8::new(0)).collect();
        Self {
            job,
            attempt,
            outputs,
            live,
        }
    }

    /// Notes how far one output is, 0 to 100. One that is made again counts from where it was.
    pub(crate) fn set(&self, output: usize, percent: u8) {
        self.outputs[output].fetch_max(percent.min(100), Ordering::Relaxed);
        let each = self.outputs.iter();
        let sum: usize = each
            .map(|one| usize::from(one.load(Ordering::Relaxed)))
            .sum();
        let mean = u8::try_from(sum / self.outputs.len()).unwrap_or(100);
        self.live.set(self.job, self.attempt, mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_the_mean_and_stays_while_an_output_is_made_again() {
        let job = JobId::from_bytes([7; 16]);
        let live = LiveProgress::default();
        let tally = Tally::new(job, 3, 2, live.clone());
        for (output, percent, mean) in [(0, 50, 25), (1, 31, 40), (0, 10, 40), (1, 100, 75)] {
            tally.set(output, percent);
            assert_eq!(live.of(job, 3), mean);
        }
    }
}
