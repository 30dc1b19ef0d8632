//! Progress of several jobs: bars on a terminal, a line per change elsewhere.

use std::cell::RefCell;
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Off a terminal a line tells of progress whenever another such step is done.
const STEP_PERCENT: u64 = 25;

/// One bar a job.
pub(crate) struct Bars {
    bars: Vec<ProgressBar>,
    labels: Vec<String>,
    /// What was last shown of each job; off a terminal only changes are printed.
    shown: RefCell<Vec<(String, u64)>>,
    on_terminal: bool,
}

impl Bars {
    pub(crate) fn new<'a>(labels: impl Iterator<Item = &'a str>) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let labels: Vec<_> = labels.map(str::to_owned).collect();
        let group = MultiProgress::new();
        let style = ProgressStyle::with_template("   {prefix:<14} [{bar:32}] {pos:>3} % {msg}")
            .expect("the template is well-formed")
            .progress_chars("=> ");
        let bar = |label: &String| {
            let bar = group.add(ProgressBar::new(100));
            bar.set_style(style.clone());
            bar.set_prefix(label.clone());
            bar
        };
        let bars = if on_terminal {
            labels.iter().map(bar).collect()
        } else {
            Vec::new()
        };
        let shown = RefCell::new(vec![(String::new(), 0); labels.len()]);
        Self {
            bars,
            labels,
            shown,
            on_terminal,
        }
    }

    pub(crate) fn update(&self, index: usize, percent: u64, state: &str) {
        if self.on_terminal {
            self.bars[index].set_position(percent);
            self.bars[index].set_message(state.to_owned());
            return;
        }
        let now = (state.to_owned(), percent / STEP_PERCENT);
        if self.shown.borrow()[index] != now {
            println!("   {:<14} {percent:>3} % {state}", self.labels[index]);
            self.shown.borrow_mut()[index] = now;
        }
    }

    pub(crate) fn finish(&self) {
        self.bars.iter().for_each(ProgressBar::abandon);
    }
}
