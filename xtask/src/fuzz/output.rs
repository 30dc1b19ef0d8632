//! What libFuzzer prints: its figures, and where it left an input that fails.

/// The figures of one run.
#[derive(Debug, PartialEq)]
pub(super) struct Stats {
    runs: u64,
    runs_a_second: u64,
    /// Counters that were hit, of all there are.
    edges: u64,
    all_edges: u64,
    /// Edges together with how often and with what operands they were passed.
    features: u64,
    inputs: u64,
    peak_mb: u64,
}

impl Stats {
    pub(super) const HEADING: &'static str =
        "target                runs   runs/s    edges      of  features  inputs  peak MB";

    /// Reads the log of a run that ended well.
    pub(super) fn read(log: &str) -> Option<Self> {
        let last = log.lines().rfind(|line| line.contains(" cov: "))?;
        let all = log
            .lines()
            .find(|line| line.contains("inline 8-bit counters"))?;
        let statistic = |name: &str| {
            let line = log.lines().rfind(|line| line.starts_with(name))?;
            line.rsplit_once(' ')?.1.parse().ok()
        };
        Some(Self {
            runs: statistic("stat::number_of_executed_units:")?,
            runs_a_second: statistic("stat::average_exec_per_sec:")?,
            edges: number_after(last, " cov: ")?,
            all_edges: number_after(all, "counters): ").or_else(|| number_after(all, "("))?,
            features: number_after(last, " ft: ")?,
            inputs: number_after(last, " corp: ")?,
            peak_mb: statistic("stat::peak_rss_mb:")?,
        })
    }

    pub(super) fn line(&self, target: &str) -> String {
        format!(
            "{target:<16}{:>10} {:>8} {:>8} {:>7} {:>9} {:>7} {:>8}",
            self.runs,
            self.runs_a_second,
            self.edges,
            self.all_edges,
            self.features,
            self.inputs,
            self.peak_mb
        )
    }
}

fn number_after(line: &str, lead: &str) -> Option<u64> {
    let (_, rest) = line.split_once(lead)?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The file with the input that failed.
pub(super) fn artifact(log: &str) -> Option<&str> {
    let (_, rest) = log.rsplit_once("Test unit written to ")?;
    rest.lines().next()
}

/// What a log says about a failure: the panic, or else its end.
pub(super) fn complaint(log: &str) -> String {
    const MOST: usize = 12;
    let lines: Vec<&str> = log.lines().collect();
    let panic = lines.iter().rposition(|line| line.contains("panicked at"));
    let first = panic.unwrap_or(lines.len().saturating_sub(MOST));
    let said = lines[first..].iter().take(MOST);
    let said = said.take_while(|line| !line.starts_with("stack backtrace"));
    said.copied().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
INFO: Loaded 1 modules   (157 inline 8-bit counters): 157 [0x55, 0x56), 
#2	INITED cov: 8 ft: 8 corp: 1/1b exec/s: 0 rss: 27Mb
#12794903	DONE   cov: 11 ft: 13 corp: 4/16b lim: 4096 exec/s: 1163173 rss: 27Mb
Done 12794903 runs in 11 second(s)
stat::number_of_executed_units: 12794903
stat::average_exec_per_sec:     1163173
stat::new_units_added:          9
stat::slowest_unit_time_sec:    0
stat::peak_rss_mb:              27
";

    #[test]
    fn the_figures_of_a_run_are_read() {
        let stats = Stats::read(LOG).unwrap();
        let expected = Stats {
            runs: 12_794_903,
            runs_a_second: 1_163_173,
            edges: 11,
            all_edges: 157,
            features: 13,
            inputs: 4,
            peak_mb: 27,
        };
        assert_eq!(stats, expected);
        assert_eq!(Stats::read("nothing ran"), None);
        assert_eq!(stats.line("times").len(), Stats::HEADING.len());
    }

    #[test]
    fn the_input_that_failed_is_found() {
        let log =
            "panicked\nartifact_prefix='c/'; Test unit written to c/times-crash-1\nBase64: AA==\n";
        assert_eq!(artifact(log), Some("c/times-crash-1"));
        assert_eq!(artifact(LOG), None);
    }

    #[test]
    fn a_failure_is_told_by_its_panic_or_by_the_end_of_the_log() {
        let panic =
            "#1 NEW\nthread 'main' panicked at src/a.rs:1:\nno\nstack backtrace:\n   0: x\n";
        assert_eq!(
            complaint(panic),
            "thread 'main' panicked at src/a.rs:1:\nno"
        );
        let other: String = (0..30).map(|n| format!("{n}\n")).collect();
        assert_eq!(complaint(&other).lines().next(), Some("18"));
        assert_eq!(complaint("a"), "a");
    }
}
