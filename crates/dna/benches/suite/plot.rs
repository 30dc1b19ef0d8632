//! Plots as SVG, plain enough to be read in a terminal's pager too.

use std::fmt::Write;
use std::path::Path;

use crate::stats::Share;

const COLOURS: [&str; 4] = ["#1b6ca8", "#c8553d", "#4a8f4a", "#7a5195"];

struct Svg {
    text: String,
}

impl Svg {
    fn new(width: f64, height: f64, title: &str) -> Self {
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        let _ = writeln!(
            text,
            "<text x=\"10\" y=\"20\" font-size=\"14\">{title}</text>"
        );
        Self { text }
    }

    fn line(&mut self, a: (f64, f64), b: (f64, f64), colour: &str, dashes: &str) {
        let _ = writeln!(
            self.text,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-dasharray=\"{dashes}\"/>",
            a.0, a.1, b.0, b.1
        );
    }

    fn label(&mut self, at: (f64, f64), anchor: &str, text: &str) {
        let _ = writeln!(
            self.text,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{text}</text>",
            at.0, at.1
        );
    }

    fn path(&mut self, points: &[(f64, f64)], colour: &str) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = writeln!(
            self.text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
    }

    fn dot(&mut self, at: (f64, f64), colour: &str) {
        let _ = writeln!(
            self.text,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
            at.0, at.1
        );
    }

    fn write(mut self, path: &Path) {
        self.text.push_str("</svg>\n");
        std::fs::write(path, self.text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// A bar for each share, with its 95 % interval.
pub(crate) fn bars(path: &Path, title: &str, bars: &[(String, Share)]) {
    let (left, top, width, step) = (210.0, 40.0, 480.0, 20.0);
    let height = top + bars.len() as f64 * step;
    let mut svg = Svg::new(760.0, height + 40.0, title);
    for tenth in 0..=10 {
        let x = left + width * f64::from(tenth) / 10.0;
        svg.line((x, top), (x, height), "#dddddd", "");
        svg.label(
            (x, height + 18.0),
            "middle",
            &format!("{:.1}", f64::from(tenth) / 10.0),
        );
    }
    for (at, (name, share)) in bars.iter().enumerate() {
        let y = top + at as f64 * step;
        let (middle, low, high) = share.interval();
        let _ = writeln!(
            svg.text,
            "<rect x=\"{left}\" y=\"{:.1}\" width=\"{:.1}\" height=\"12\" fill=\"{}\" fill-opacity=\"0.6\"/>",
            y + 4.0,
            width * middle,
            COLOURS[0]
        );
        let across = y + 10.0;
        svg.line(
            (left + width * low, across),
            (left + width * high, across),
            "black",
            "",
        );
        svg.label((left - 8.0, y + 14.0), "end", name);
        svg.label(
            (left + width + 8.0, y + 14.0),
            "start",
            &format!("of {}", share.of),
        );
    }
    svg.write(path);
}

/// Recall across and precision upwards, one curve a class.
pub(crate) fn precision_recall(path: &Path, title: &str, curves: &[(String, Vec<(f64, f64)>)]) {
    let (left, top, width, height) = (60.0, 40.0, 480.0, 300.0);
    let mut svg = Svg::new(700.0, 400.0, title);
    // Nothing of interest is below a half.
    let place = |recall: f64, precision: f64| {
        let up = ((precision - 0.5) / 0.5).clamp(0.0, 1.0);
        (left + width * recall, top + height * (1.0 - up))
    };
    for tenth in 0..=10 {
        let share = f64::from(tenth) / 10.0;
        svg.line(place(share, 0.5), place(share, 1.0), "#dddddd", "");
        svg.label(
            (place(share, 0.5).0, top + height + 18.0),
            "middle",
            &format!("{share:.1}"),
        );
        let precision = 0.5 + share / 2.0;
        svg.line(place(0.0, precision), place(1.0, precision), "#dddddd", "");
        svg.label(
            (left - 6.0, place(0.0, precision).1 + 4.0),
            "end",
            &format!("{precision:.2}"),
        );
    }
    svg.label(
        (left + width / 2.0, top + height + 38.0),
        "middle",
        "recall",
    );
    svg.label((left - 50.0, top - 6.0), "start", "precision");
    for (at, (name, points)) in curves.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let drawn: Vec<(f64, f64)> = points.iter().map(|(r, p)| place(*r, *p)).collect();
        svg.path(&drawn, colour);
        if let Some(last) = drawn.last() {
            svg.dot(*last, colour);
        }
        let y = top + 20.0 + at as f64 * 18.0;
        svg.line(
            (left + width + 16.0, y - 4.0),
            (left + width + 36.0, y - 4.0),
            colour,
            "",
        );
        svg.label((left + width + 42.0, y), "start", name);
    }
    svg.write(path);
}

/// A curve of a plot whose axes are both logarithmic.
pub(crate) struct Growth {
    pub(crate) name: &'static str,
    pub(crate) measured: Vec<(f64, f64)>,
    /// What was fitted, drawn with dashes.
    pub(crate) fitted: Vec<(f64, f64)>,
}

/// Hours of library across and milliseconds upwards, both in powers of ten.
pub(crate) fn growth(path: &Path, title: &str, curves: &[Growth]) {
    let (left, top, width, height) = (70.0, 40.0, 460.0, 320.0);
    let mut svg = Svg::new(760.0, 420.0, title);
    let place = |hours: f64, millis: f64| {
        let across = (hours.log10() - 1.0) / 3.0;
        let up = (millis.max(0.1).log10() + 1.0) / 7.0;
        (left + width * across, top + height * (1.0 - up))
    };
    for power in 1..=4 {
        let hours = 10_f64.powi(power);
        svg.line(place(hours, 0.1), place(hours, 1e6), "#dddddd", "");
        svg.label(
            (place(hours, 0.1).0, top + height + 18.0),
            "middle",
            &format!("{hours:.0}"),
        );
    }
    for power in -1..=6 {
        let millis = 10_f64.powi(power);
        svg.line(place(10.0, millis), place(1e4, millis), "#dddddd", "");
        svg.label(
            (left - 6.0, place(10.0, millis).1 + 4.0),
            "end",
            &format!("{millis}"),
        );
    }
    svg.label(
        (left + width / 2.0, top + height + 38.0),
        "middle",
        "hours in the library",
    );
    svg.label(
        (left - 60.0, top - 6.0),
        "start",
        "ms of one processor, 95th percentile",
    );
    for (at, curve) in curves.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        for pair in curve.fitted.windows(2) {
            svg.line(
                place(pair[0].0, pair[0].1),
                place(pair[1].0, pair[1].1),
                colour,
                "6 4",
            );
        }
        for (hours, millis) in &curve.measured {
            svg.dot(place(*hours, *millis), colour);
        }
        let y = top + 20.0 + at as f64 * 18.0;
        svg.dot((left + width + 20.0, y - 4.0), colour);
        svg.label((left + width + 30.0, y), "start", curve.name);
    }
    svg.write(path);
}
