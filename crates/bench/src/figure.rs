//! A figure beside its baseline, and the table of them.

/// What a figure has to be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// The ratio is at least this.
    Least(f64),
    /// The ratio is at most this.
    Most(f64),
    /// At most this many times the baseline and so much on top, in the figure's unit.
    MostPlus(f64, f64),
    /// At most this, in the figure's unit, whatever a baseline says.
    Within(f64),
    /// Shown to compare others with.
    Shown,
}

pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    /// Absent where the promise is a time or a size and not a share of something.
    pub(crate) baseline: Option<f64>,
    pub(crate) goal: Goal,
    /// What one needs to know to judge it, such as its spread; may be empty.
    pub(crate) note: String,
}

impl Figure {
    /// A figure beside what the same work costs in the barest form.
    pub(crate) fn beside(
        name: impl Into<String>,
        unit: &'static str,
        (ours, baseline): (f64, f64),
        goal: Goal,
    ) -> Self {
        Self {
            name: name.into(),
            unit,
            ours,
            baseline: Some(baseline),
            goal,
            note: String::new(),
        }
    }

    /// A figure that has a promise of its own.
    pub(crate) fn alone(
        name: impl Into<String>,
        unit: &'static str,
        ours: f64,
        goal: Goal,
    ) -> Self {
        Self {
            name: name.into(),
            unit,
            ours,
            baseline: None,
            goal,
            note: String::new(),
        }
    }

    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.baseline.map(|baseline| self.ours / baseline)
    }

    /// What is wanted, and whether it is so. A figure that could not be measured holds nothing.
    fn verdict(&self) -> (String, Option<bool>) {
        let ratio = self.ratio().unwrap_or(f64::NAN);
        match self.goal {
            Goal::Shown => (String::new(), None),
            Goal::Least(least) => (format!(">= {least} x"), Some(ratio >= least)),
            Goal::Most(most) => (format!("<= {most} x"), Some(ratio <= most)),
            Goal::MostPlus(times, plus) => {
                let bound = times * self.baseline.unwrap_or(f64::NAN) + plus;
                (format!("<= {times} x + {plus}"), Some(self.ours <= bound))
            }
            Goal::Within(most) => (format!("<= {most} {}", self.unit), Some(self.ours <= most)),
        }
    }
}

/// Prints the head of a table.
pub(crate) fn print_head() {
    println!(
        "{:<58} {:>11} {:>11} {:<6} {:>6}  {:<15} ",
        "figure", "reelgate", "baseline", "unit", "ratio", "goal"
    );
}

pub(crate) fn print(figure: &Figure) {
    let (goal, held) = figure.verdict();
    let verdict = match held {
        None => "",
        Some(true) => "holds",
        Some(false) => "MISSED",
    };
    let number = |value: Option<f64>, digits: usize| {
        value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
    };
    let digits = if figure.ours.abs() < 100.0 { 2 } else { 0 };
    println!(
        "{:<58} {:>11} {:>11} {:<6} {:>6}  {goal:<15} {verdict}",
        figure.name,
        number(Some(figure.ours), digits),
        number(figure.baseline, digits),
        figure.unit,
        number(figure.ratio(), 2),
    );
    if !figure.note.is_empty() {
        println!("    {}", figure.note);
    }
}

/// One line: how many goals hold, and which do not.
pub(crate) fn print_summary(figures: &[Figure]) {
    let judged: Vec<(&Figure, bool)> = figures
        .iter()
        .filter_map(|figure| Some((figure, figure.verdict().1?)))
        .collect();
    let missed: Vec<&str> = judged
        .iter()
        .filter(|(_, held)| !held)
        .map(|(figure, _)| figure.name.as_str())
        .collect();
    let (held, all) = (judged.len() - missed.len(), judged.len());
    if missed.is_empty() {
        println!("{held} of {all} goals hold");
    } else {
        println!("{held} of {all} goals hold; missed: {}", missed.join("; "));
    }
}
