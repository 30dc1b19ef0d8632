//! `reelgate errors`: the error centre, from the tables that are built in.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use reelgate_api_kit::Catalogue;
use reelgate_api_native::{ErrorView, errors_view};

use super::screen::{Format, json, line, table};
use crate::catalogue::catalogue;
use crate::config::EarlyArgs;

#[derive(Debug, Args)]
pub(crate) struct Errors {
    /// The code, as an answer has it; without one every code is listed.
    code: Option<String>,
    /// Tables for people, or the API's own JSON for programs.
    #[arg(short = 'o', long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Print all of them as docs/errors.md has them.
    #[arg(long, conflicts_with_all = ["code", "format"])]
    markdown: bool,
}

pub(super) fn run(wanted: &Errors, early: &EarlyArgs) -> Result<ExitCode> {
    if early.server.is_some() {
        bail!("errors asks no server: leave --server out");
    }
    let catalogue = catalogue();
    if wanted.markdown {
        line(&markdown(&catalogue))?;
        return Ok(ExitCode::SUCCESS);
    }
    let found = errors_view(&catalogue, wanted.code.as_deref());
    if let Some(code) = &wanted.code
        && found.errors.is_empty()
    {
        bail!("no API here answers {code}; `reelgate errors` lists every code");
    }
    match (wanted.format, &wanted.code) {
        (Format::Json, _) => json(&found)?,
        (Format::Table, None) => {
            let header = ["CODE", "STATUS", "API", "MEANING"];
            table(header, found.errors.iter().map(row))?;
        }
        (Format::Table, Some(_)) => {
            let texts: Vec<_> = found.errors.iter().map(whole).collect();
            line(&texts.join("\n\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `aliyun`, or `aliyun Mts` where only that product answers the code.
fn api(error: &ErrorView) -> String {
    match error.product {
        None => error.dialect.to_owned(),
        Some(product) => format!("{} {product}", error.dialect),
    }
}

fn row(error: &ErrorView) -> [String; 4] {
    [
        error.code.to_owned(),
        error.status.to_string(),
        api(error),
        error.meaning.to_owned(),
    ]
}

fn whole(error: &ErrorView) -> String {
    format!(
        "{} ({}, status {})\n{}\n{}",
        error.code,
        api(error),
        error.status,
        error.meaning,
        error.advice
    )
}

/// The page `docs/errors.md`.
fn markdown(catalogue: &Catalogue) -> String {
    let mut page = String::from(
        "# The error centre\n\n\
         Every code that any API here answers. `reelgate errors CODE` prints one without a server, and \
         `GET /api/v1/errors` answers\nthem as JSON. This page is printed by `reelgate errors --markdown > \
         docs/errors.md`; a test fails when it is out of date.\nWhat stands in braces depends on the call.\n",
    );
    let mut section = None;
    for error in errors_view(catalogue, None).errors {
        let of = (error.dialect, error.product);
        if section != Some(of) {
            section = Some(of);
            let title = match error.product {
                None => format!("{}: every call", error.dialect),
                Some(product) => format!("{}: {product}", error.dialect),
            };
            let header = "| Code | Status | Meaning | What to do |\n|---|---|---|---|";
            let _ = write!(page, "\n## {title}\n\n{header}\n");
        }
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            error.code,
            error.status,
            cell(error.meaning),
            cell(error.advice)
        );
    }
    page
}

/// Bars would end a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_program_prints() {
        let page = include_str!("../../../../docs/errors.md");
        assert!(
            page == markdown(&catalogue()),
            "docs/errors.md is out of date: cargo run -p reelgate -- errors --markdown > docs/errors.md"
        );
    }

    #[test]
    fn every_dialect_has_a_section() {
        let page = markdown(&catalogue());
        assert!(catalogue().0.len() >= 3);
        for product in &catalogue().0 {
            assert!(page.contains(&format!("\n## {}", product.dialect)));
        }
    }
}
