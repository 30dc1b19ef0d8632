//! A figure beside its baseline, and the table of them.

/// What a ratio has to be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// At least this.
    Least(f64),
    /// At most this.
    Most(f64),
    /// At most this many times the baseline and so many microseconds on top.
    MostPlus(f64, f64),
    /// Shown to compare others with.
    Shown,
}

pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    pub(crate) baseline: f64,
    pub(crate) goal: Goal,
}

impl Figure {
    fn ratio(&self) -> f64 {
        self.ours / self.baseline
    }

    fn verdict(&self) -> (String, &'static str) {
        let (text, held) = match self.goal {
            Goal::Shown => return (String::new(), ""),
            Goal::Least(least) => (format!(">= {least}"), self.ratio() >= least),
            Goal::Most(most) => (format!("<= {most}"), self.ratio() <= most),
            Goal::MostPlus(times, plus) => (
                format!("<= {times} x + {plus}"),
                self.ours <= times * self.baseline + plus,
            ),
        };
        (text, if held { "holds" } else { "MISSED" })
    }
}

pub(crate) fn print(figures: &[Figure]) {
    println!();
    println!(
        "{:<46} {:>11} {:>11} {:<7} {:>6}  {:<14} ",
        "figure", "reelgate", "baseline", "unit", "ratio", "goal"
    );
    for figure in figures {
        let (goal, verdict) = figure.verdict();
        println!(
            "{:<46} {:>11.1} {:>11.1} {:<7} {:>6.2}  {goal:<14} {verdict}",
            figure.name,
            figure.ours,
            figure.baseline,
            figure.unit,
            figure.ratio(),
        );
    }
    println!();
}
