//! Likeness and rate over time, drawn with letters.

use reelgate_client::QualityPoint;

/// How high a filled cell is, in eighths.
const CELLS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Lines of a plot.
const ROWS: usize = 5;
/// Columns left of it.
const MARGIN: usize = 10;
const LEAST_COLUMNS: usize = 20;
const MOST_COLUMNS: usize = 120;

/// Plots, one above the other: the SSIM and, where it was measured, VMAF, of each column that of its worst part, and
/// kbit/s, of each column the highest.
pub(super) fn draw(series: &[QualityPoint], width: usize) -> String {
    let columns = width.saturating_sub(MARGIN + 2);
    let columns = columns
        .clamp(LEAST_COLUMNS, MOST_COLUMNS)
        .min(series.len().max(1));
    let ssim = squeezed(series, columns, |point| point.ssim, f64::min);
    let kbps = squeezed(series, columns, |point| point.kbps, f64::max);
    let least = ssim.iter().copied().fold(1.0, f64::min);
    // What is alike looks alike: small differences are not blown up.
    let floor = (least * 20.0).floor() / 20.0;
    let floor = floor.clamp(0.0, 0.9);
    let most = kbps.iter().copied().fold(1.0, f64::max);
    let likeness = plot(&ssim, (floor, 1.0), ("SSIM", |value| format!("{value:.2}")));
    let vmaf = squeezed(series, columns, |point| point.vmaf.unwrap_or(0.0), f64::min);
    let opinion = match series.iter().any(|point| point.vmaf.is_some()) {
        true => plot(&vmaf, (0.0, 100.0), ("VMAF", |value| format!("{value:.0}"))),
        false => String::new(),
    };
    let rate = plot(
        &kbps,
        (0.0, most),
        ("kbit/s", |value| format!("{value:.0}")),
    );
    format!("{likeness}{opinion}{rate}")
}

/// One value for each column.
fn squeezed(
    series: &[QualityPoint],
    columns: usize,
    value: impl Fn(&QualityPoint) -> f64,
    choose: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    let part = |column: usize| {
        let (start, end) = (
            column * series.len() / columns,
            (column + 1) * series.len() / columns,
        );
        series[start..end].iter().map(&value).reduce(&choose)
    };
    (0..columns).filter_map(part).collect()
}

/// The values as bars between these bounds.
fn plot(
    values: &[f64],
    (low, high): (f64, f64),
    (name, label): (&str, fn(f64) -> String),
) -> String {
    let eighths = |value: f64| {
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        // Nothing that is there is invisible.
        ((share * (ROWS * 8) as f64).round() as usize).max(1)
    };
    let mut text = format!("{name}\n");
    for row in (0..ROWS).rev() {
        let edge = match row {
            0 => label(low),
            row if row == ROWS - 1 => label(high),
            _ => String::new(),
        };
        let bars: String = values
            .iter()
            .map(|value| CELLS[eighths(*value).saturating_sub(row * 8).min(8)])
            .collect();
        text.push_str(&format!("{edge:>MARGIN$} |{bars}|\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(f64, f64)]) -> Vec<QualityPoint> {
        let each = values.iter().enumerate();
        let points = each.map(|(second, &(ssim, kbps))| QualityPoint {
            at_seconds: second as f64,
            kbps,
            ssim,
            least_ssim: ssim,
            psnr: 40.0,
            vmaf: None,
            xpsnr: None,
        });
        points.collect()
    }

    #[test]
    fn a_bad_second_is_a_gap_and_a_low_rate_a_low_bar() {
        let drawn = draw(&points(&[(1.0, 1000.0), (0.8, 100.0), (1.0, 500.0)]), 80);
        let expected = "SSIM
      1.00 |█ █|
           |█ █|
           |█ █|
           |█ █|
      0.80 |█▁█|
kbit/s
      1000 |█  |
           |█  |
           |█ ▄|
           |█ █|
         0 |█▄█|
";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn vmaf_is_drawn_where_it_was_measured() {
        let mut series = points(&[(1.0, 1000.0), (0.9, 1000.0)]);
        assert!(!draw(&series, 80).contains("VMAF"));
        (series[0].vmaf, series[1].vmaf) = (Some(100.0), Some(20.0));
        let drawn = draw(&series, 80);
        let expected = "VMAF
       100 |█ |
           |█ |
           |█ |
           |█ |
         0 |██|
";
        assert!(drawn.contains(expected), "{drawn}");
    }

    #[test]
    fn many_points_share_columns_and_the_worst_is_seen() {
        let mut values = vec![(0.99, 100.0); 600];
        values[300] = (0.5, 100.0);
        let drawn = draw(&points(&values), 72);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[1].chars().count(), MARGIN + 2 + 60 + 1);
        assert_eq!(lines[1].matches(' ').count(), MARGIN - 4 + 1 + 1);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(draw(&[], 80).starts_with("SSIM"));
    }
}
