//! Progress: bars on a terminal, a line per change elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use reelgate_client::{Job, JobState, Waiting};

use super::screen::remark;

/// The progress of bytes that travel.
#[derive(Clone)]
pub(super) struct Transfer {
    bar: Option<ProgressBar>,
}

impl Transfer {
    /// Off a terminal the start is all that is said.
    pub(super) fn start(what: &str, bytes: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            remark(what);
            return Self { bar: None };
        }
        let style = ProgressStyle::with_template(
            "{msg}  [{bar:32}] {bytes}/{total_bytes}  {bytes_per_sec}",
        );
        let bar = ProgressBar::new(bytes);
        bar.set_style(
            style
                .expect("the template is well-formed")
                .progress_chars("=> "),
        );
        bar.set_message(what.to_owned());
        Self { bar: Some(bar) }
    }

    pub(super) fn at(&self, bytes: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(bytes);
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }
}

/// The progress of one job.
pub(super) struct Watched {
    bar: Option<ProgressBar>,
    /// What the last line said; off a terminal only changes of state, of what the job waits for and
    /// whole tenths are told.
    told: Option<(JobState, Option<Waiting>, u8)>,
}

impl Watched {
    pub(super) fn start() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self {
                bar: None,
                told: None,
            };
        }
        let style =
            ProgressStyle::with_template("{prefix}  [{bar:32}] {pos:>3} %  {msg}  {elapsed}");
        let bar = ProgressBar::new(100);
        bar.set_style(
            style
                .expect("the template is well-formed")
                .progress_chars("=> "),
        );
        Self {
            bar: Some(bar),
            told: None,
        }
    }

    pub(super) fn show(&mut self, job: &Job) {
        let waits = match &job.waiting {
            Some(waiting) => format!(" ({})", waiting.detail),
            None => String::new(),
        };
        if let Some(bar) = &self.bar {
            bar.set_prefix(job.id.clone());
            bar.set_message(format!("{}{waits}", job.state));
            bar.set_position(job.progress.into());
            return;
        }
        let now = (job.state, job.waiting.clone(), job.progress / 10);
        if self.told.as_ref() != Some(&now) {
            let Job {
                id,
                state,
                progress,
                ..
            } = job;
            remark(&format!("job {id} {state} {progress} %{waits}"));
            self.told = Some(now);
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}
