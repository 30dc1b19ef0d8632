//! Checks the rules of CONTRIBUTING.md that a program can check, and names each place that breaks one.

mod code;
mod edges;
mod files;
mod rust;

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use rust::Source;

/// Places that may break a rule, each with its reason. One that is no longer needed is an error.
const EXCEPTIONS: &[Exception] = &[Exception {
    rule: "processes",
    path: "crates/bench/src/program.rs",
    reason: "the bench runs the program, and FFmpeg beside it, from outside",
}];

struct Exception {
    rule: &'static str,
    path: &'static str,
    reason: &'static str,
}

/// One broken rule. `line` is 0 when the whole file is meant.
#[derive(Debug, PartialEq)]
struct Finding {
    rule: &'static str,
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(rule: &'static str, path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding {
            rule,
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": [{}] {}", self.rule, self.message)
    }
}

pub(crate) fn run(root: &Path) -> Result<()> {
    let metadata = cargo_metadata(root)?;
    let mut findings = edges::check(&metadata);
    let packages = metadata.packages.len();

    let listed = listed_files(root)?;
    for path in &listed {
        let bytes = fs::read(root.join(path)).with_context(|| format!("read {path}"))?;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        findings.extend(files::machine_paths(path, &text));
        if path.ends_with(".rs") {
            findings.extend(code::check(&Source::new(path, text)));
        } else if path.ends_with("Cargo.toml") {
            findings.extend(files::shared_lints(path, &text));
        } else if path.ends_with(".md") {
            findings.extend(files::links(path, &text, |target| {
                root.join(target).exists()
            }));
        }
    }
    findings.extend(files::media(root, &listed)?);
    findings.extend(files::changelog(root));

    let findings = without_exceptions(findings, EXCEPTIONS);
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(
        findings.is_empty(),
        "tidy: {} places break a rule",
        findings.len()
    );
    println!(
        "tidy: {packages} crates and {} files keep the rules",
        listed.len()
    );
    Ok(())
}

fn cargo_metadata(root: &Path) -> Result<edges::Metadata> {
    let output = Command::new("cargo")
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root)
        .output()
        .context("start cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout).context("understand the output of cargo metadata")
}

/// Files of the repository, with new ones that are not committed yet and without ignored ones.
fn listed_files(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("start git, which lists the files to check")?;
    ensure!(
        output.status.success(),
        "git ls-files failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let text = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let mut paths: Vec<String> = text
        .split_terminator('\0')
        // A file that was deleted but not yet committed is still listed.
        .filter(|path| root.join(path).is_file())
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn without_exceptions(findings: Vec<Finding>, exceptions: &[Exception]) -> Vec<Finding> {
    let excuses = |exception: &Exception, finding: &Finding| {
        exception.rule == finding.rule && exception.path == finding.path
    };
    let unneeded = exceptions
        .iter()
        .filter(|exception| !findings.iter().any(|finding| excuses(exception, finding)))
        .map(|exception| {
            let message = format!(
                "exception no longer needed for {} ({})",
                exception.rule, exception.reason
            );
            Finding::new("exceptions", exception.path, 0, message)
        })
        .collect::<Vec<_>>();
    let mut kept: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| {
            !exceptions
                .iter()
                .any(|exception| excuses(exception, finding))
        })
        .collect();
    kept.extend(unneeded);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(path: &str) -> Finding {
        Finding::new("length", path, 0, "too long")
    }

    #[test]
    fn an_exception_covers_its_rule_and_path_only() {
        let exceptions = [Exception {
            rule: "length",
            path: "a.rs",
            reason: "one table",
        }];
        let kept = without_exceptions(vec![finding("a.rs"), finding("b.rs")], &exceptions);
        assert_eq!(kept, [finding("b.rs")]);
    }

    #[test]
    fn an_unneeded_exception_is_reported() {
        let exceptions = [Exception {
            rule: "length",
            path: "a.rs",
            reason: "one table",
        }];
        let kept = without_exceptions(vec![], &exceptions);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].rule, "exceptions");
    }

    #[test]
    fn a_finding_reads_like_a_compiler_message() {
        let finding = Finding::new("printing", "crates/store/src/lib.rs", 7, "only app prints");
        assert_eq!(
            finding.to_string(),
            "crates/store/src/lib.rs:7: [printing] only app prints"
        );
    }
}
