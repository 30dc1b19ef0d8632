//! What commands put on the screen: JSON or tables on standard output, remarks on standard error.

use std::io::{self, Write};

use anyhow::Result;
use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Columns where nobody can be asked.
const USUAL_WIDTH: usize = 100;

/// In which form a command answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: exactly what the API answers.
    Json,
}

/// Writes a text with an end of line to standard output.
pub(super) fn line(text: &str) -> Result<()> {
    write(&format!("{}\n", text.trim_end_matches('\n')))
}

/// Writes one of endlessly many lines; false once whoever reads has had enough.
pub(super) fn line_of_many(text: &str) -> Result<bool> {
    put(&format!("{}\n", text.trim_end_matches('\n')))
}

/// Writes a value as JSON to standard output.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Writes a table to standard output.
pub(super) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<()> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    for row in rows {
        table.add_row(row);
    }
    line(&table.trim_fmt())
}

/// How many columns the terminal has.
pub(super) fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { USUAL_WIDTH } else { columns }
}

/// Tells people something beside the answer.
pub(super) fn remark(text: &str) {
    // Nothing depends on a remark, so one that cannot be written is no failure.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whoever reads may have had enough, as in `reelgate job list | head -1`.
fn write(text: &str) -> Result<()> {
    put(text).map(drop)
}

fn put(text: &str) -> Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => Ok(other.map(|()| true)?),
    }
}

/// `1.5 MB` for people.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut value = bytes as f64;
    while value >= 999.5 && unit < UNITS.len() - 1 {
        value /= 1000.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{value:.1} {}", UNITS[unit]),
    }
}

/// An absent value for people.
pub(super) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_500_000), "1.5 MB");
        assert_eq!(size(999_999), "1.0 MB");
    }
}
