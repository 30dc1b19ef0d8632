//! Shares with their intervals, medians, and processor time.

use rustix::time::{ClockId, clock_gettime};

/// How many of how many.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Share {
    pub(crate) hits: usize,
    pub(crate) of: usize,
}

impl Share {
    pub(crate) fn count(&mut self, hit: bool) {
        self.hits += usize::from(hit);
        self.of += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.of += other.of;
    }

    /// The share itself, and its 95 % interval after Wilson, which holds near 0 and 1 too.
    pub(crate) fn interval(self) -> (f64, f64, f64) {
        let (n, z) = (self.of.max(1) as f64, 1.96_f64);
        let p = self.hits as f64 / n;
        let middle = p + z * z / (2.0 * n);
        let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let below = 1.0 + z * z / n;
        (
            p,
            ((middle - half) / below).max(0.0),
            ((middle + half) / below).min(1.0),
        )
    }

    /// All three as text.
    pub(crate) fn text(self) -> String {
        if self.of == 0 {
            return "-".to_owned();
        }
        let (p, low, high) = self.interval();
        format!("{p:.3} [{low:.3}, {high:.3}]")
    }
}

/// The value below which a share of all lies.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count => values[((count - 1) as f64 * share).round() as usize],
    }
}

/// Seconds of processor time of this process and of the children it has waited for.
pub(crate) fn processor() -> (f64, f64) {
    let own = clock_gettime(ClockId::ProcessCPUTime);
    let stat = std::fs::read_to_string("/proc/self/stat").expect("the system tells of processes");
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    // The 16th and 17th of all, in hundredths of a second; two stand before the name's end.
    let children = (fields[13] + fields[14]) / 100.0;
    (own.tv_sec as f64 + own.tv_nsec as f64 / 1e9, children)
}

/// Milliseconds that this thread has been on a processor: on a busy machine the clock tells of the neighbours.
pub(crate) fn on_processor() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
