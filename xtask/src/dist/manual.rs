//! The manual page, made of what the program says of itself.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::output_of;

const HEAD: &str = r#".TH REELGATE 1 "" "reelgate" "User Commands"
.SH NAME
reelgate \- self-hosted media-processing service
"#;

const TAIL: &str = r"
.SH FILES
.TP
.I /etc/reelgate/reelgate.env
Settings of the units, one NAME=VALUE a line.
.TP
.I /var/lib/reelgate
Database, buckets and credentials of reelgate.service.
.SH SEE ALSO
The pages in
.IR /usr/share/doc/reelgate ,
of which
.I operating.md
is for those who run it.
";

/// Commands whose options are on the page too; of the others it tells what they are for.
const TOLD: [&str; 2] = ["serve", "doctor"];

pub(super) fn page(program: &Path) -> Result<String> {
    let mut page = HEAD.to_owned();
    let overview = help(program, &[])?;
    let (about, rest) = overview
        .split_once("\n\n")
        .context("the program's help has no first paragraph")?;
    page.push_str(".SH DESCRIPTION\n");
    page.push_str(&escaped(about));
    page.push_str("\n.SH COMMANDS\n");
    page.push_str(&verbatim(rest));
    for command in TOLD {
        page.push_str(&format!(".SH OPTIONS OF {}\n", command.to_uppercase()));
        page.push_str(&verbatim(&help(program, &[command])?));
    }
    page.push_str(TAIL.trim_start());
    Ok(page)
}

fn help(program: &Path, command: &[&str]) -> Result<String> {
    output_of(Command::new(program).args(command).arg("--help"))
}

fn verbatim(text: &str) -> String {
    format!(".nf\n{}\n.fi\n", escaped(text.trim_end()))
}

/// A backslash begins a request of the formatter, and so does a dot or a quote that a line begins with.
fn escaped(text: &str) -> String {
    let line = |line: &str| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        match line.starts_with(['.', '\'']) {
            true => format!("\\&{line}"),
            false => line,
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_a_request() {
        assert_eq!(
            escaped(".so x\n'y\na\\b --c"),
            "\\&.so x\n\\&'y\na\\eb \\-\\-c"
        );
    }
}
