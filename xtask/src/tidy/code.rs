//! Rules about Rust code: what may be named where, how a file begins and how long it may be.

use super::Finding;
use super::rust::{CodePath, Source, find_word, line_at, paths};

/// Lines after which a file has to be split at its seam, or be excused with a reason.
const MOST_LINES: usize = 600;

/// Names that only the files under the listed prefixes may use.
struct Home {
    rule: &'static str,
    names: &'static [&'static str],
    prefixes: &'static [&'static str],
    message: &'static str,
}

const PROCESSES: Home = Home {
    rule: "processes",
    names: &["process::Command"],
    prefixes: &["crates/media/src/run/", "crates/media/src/run.rs"],
    message: "only media/run starts processes",
};

const ENVIRONMENT: Home = Home {
    rule: "environment",
    names: &[
        "env::var",
        "env::var_os",
        "env::vars",
        "env::vars_os",
        "env::set_var",
        "env::remove_var",
    ],
    prefixes: &["crates/app/src/config"],
    message: "only app/config reads environment variables",
};

const PRINTING: Home = Home {
    rule: "printing",
    names: &["print", "println", "eprint", "eprintln", "dbg"],
    prefixes: &[
        "crates/app/",
        "crates/bench/",
        "crates/simulate/src/main.rs",
    ],
    message: "only app, bench and simulate print; log with tracing or return the text",
};

/// Alibaba's names of job states and its error codes.
const VENDOR_WORDS: Home = Home {
    rule: "vendor-words",
    names: &[
        "TranscodeSuccess",
        "TranscodeFail",
        "TranscodeCancelled",
        "JobInRunning",
        "JobInComplete",
        "JobInFailure",
        "SignatureDoesNotMatch",
        "SignatureNonceUsed",
        "InvalidAccessKeyId",
    ],
    prefixes: &["crates/api/aliyun/"],
    message: "a vendor's word outside that vendor's folder",
};

/// Roots of paths that the domain may not name, and types that may not come from anywhere.
const DOMAIN_ROOTS: &[&str] = &[
    "tokio",
    "rand",
    "getrandom",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
];
const DOMAIN_TYPES: &[&str] = &["SystemTime", "Instant", "RandomState", "Timestamp::now"];

impl Home {
    fn is_home(&self, path: &str) -> bool {
        self.prefixes.iter().any(|prefix| path.starts_with(prefix))
    }

    fn finding(&self, path: &str, line: usize, name: &str) -> Finding {
        Finding::new(self.rule, path, line, format!("{name}: {}", self.message))
    }
}

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = shape(source);
    if source.is_for_tests() {
        return findings;
    }
    let code_paths = paths(&source.code);
    findings.extend(named_paths(source, &code_paths, &PROCESSES));
    findings.extend(named_paths(source, &code_paths, &ENVIRONMENT));
    findings.extend(clap_environment(source));
    findings.extend(printing(source));
    findings.extend(vendor_words(source));
    if source.path.starts_with("crates/domain/") {
        findings.extend(domain(source, &code_paths));
    }
    findings
}

/// The first line says what the file is for, and the file is short enough to be read at once.
fn shape(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = source.path.as_str();
    let first = source.text.lines().next().unwrap_or_default();
    if first
        .strip_prefix("//!")
        .is_none_or(|says| says.trim().is_empty())
    {
        let message = "the first line must be `//!` and what the file is responsible for";
        findings.push(Finding::new("first-line", path, 1, message));
    }
    let lines = source.text.lines().count();
    if lines > MOST_LINES {
        let message = format!("{lines} lines, more than {MOST_LINES}; look for the seam");
        findings.push(Finding::new("length", path, 0, message));
    }
    findings
}

fn named_paths(source: &Source, code_paths: &[CodePath], home: &Home) -> Vec<Finding> {
    if home.is_home(&source.path) {
        return vec![];
    }
    let found = |path: &CodePath| home.names.iter().find(|name| path.contains(name));
    code_paths
        .iter()
        .filter_map(|path| found(path).map(|name| home.finding(&source.path, path.line, name)))
        .collect()
}

/// Clap reads the environment for an argument that has `env` among its attributes.
fn clap_environment(source: &Source) -> Vec<Finding> {
    if ENVIRONMENT.is_home(&source.path) {
        return vec![];
    }
    let code = source.code.as_str();
    let mut findings = Vec::new();
    for mark in ["#[arg(", "#[clap("] {
        for (start, _) in code.match_indices(mark) {
            let attribute = &code[start..start + code[start..].find(']').unwrap_or(0)];
            for position in find_word(attribute, "env") {
                let line = line_at(code, start + position);
                findings.push(ENVIRONMENT.finding(&source.path, line, "clap's env"));
            }
        }
    }
    findings
}

fn printing(source: &Source) -> Vec<Finding> {
    // Cargo reads what a build script prints.
    if PRINTING.is_home(&source.path) || source.path.ends_with("/build.rs") {
        return vec![];
    }
    let code = source.code.as_str();
    let mut findings = Vec::new();
    for name in PRINTING.names {
        for position in find_word(code, name) {
            if code[position + name.len()..].starts_with('!') {
                let line = line_at(code, position);
                findings.push(PRINTING.finding(&source.path, line, name));
            }
        }
    }
    findings
}

fn vendor_words(source: &Source) -> Vec<Finding> {
    if VENDOR_WORDS.is_home(&source.path) {
        return vec![];
    }
    let words = source.words.as_str();
    let at = |name: &'static str| {
        find_word(words, name)
            .into_iter()
            .map(move |position| (name, position))
    };
    VENDOR_WORDS
        .names
        .iter()
        .flat_map(|name| at(name))
        .map(|(name, position)| VENDOR_WORDS.finding(&source.path, line_at(words, position), name))
        .collect()
}

/// The domain has no IO, no clock, no randomness and no async runtime.
fn domain(source: &Source, code_paths: &[CodePath]) -> Vec<Finding> {
    let forbidden = |path: &CodePath| {
        let root = DOMAIN_ROOTS
            .iter()
            .find(|root| path.starts_with(root) && (path.segments.len() > 1));
        root.or_else(|| DOMAIN_TYPES.iter().find(|name| path.contains(name)))
            .copied()
    };
    code_paths
        .iter()
        .filter_map(|path| {
            let name = forbidden(path)?;
            let message = format!("{name}: the domain has no IO, clock, randomness or runtime");
            Some(Finding::new("domain", &source.path, path.line, message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules, with their lines, that a file with this text breaks.
    fn broken(path: &str, body: &str) -> Vec<(&'static str, usize)> {
        let source = Source::new(path, format!("//! A sample.\n{body}"));
        check(&source)
            .into_iter()
            .map(|finding| (finding.rule, finding.line))
            .collect()
    }

    const STORE: &str = "crates/store/src/lib.rs";

    #[test]
    fn processes_start_in_media_run_only() {
        let body = "use std::process::Command;\nfn f() { Command::new(\"x\"); }";
        assert_eq!(broken(STORE, body), [("processes", 2)]);
        assert_eq!(
            broken(STORE, "use tokio::{fs, process::{Child, Command}};"),
            [("processes", 2)]
        );
        assert_eq!(broken(STORE, "use std::process::ExitCode;"), []);
        assert_eq!(broken("crates/media/src/run/supervise.rs", body), []);
        assert_eq!(broken("crates/media/tests/it/main.rs", body), []);
        assert_eq!(
            broken("crates/app/src/cli.rs", "#[command()]\nuse clap::Command;"),
            []
        );
    }

    #[test]
    fn the_environment_is_read_in_app_config_only() {
        let body = "fn f() { std::env::var(\"HOME\"); }";
        assert_eq!(broken(STORE, body), [("environment", 2)]);
        assert_eq!(
            broken(STORE, "use std::env;\nfn f() { env::vars_os(); }"),
            [("environment", 3)]
        );
        assert_eq!(broken("crates/app/src/cli.rs", body), [("environment", 2)]);
        assert_eq!(broken("crates/app/src/config.rs", body), []);
        assert_eq!(broken("crates/app/src/config/sources.rs", body), []);
        assert_eq!(
            broken(STORE, "const V: &str = env!(\"CARGO_PKG_VERSION\");"),
            []
        );
    }

    #[test]
    fn clap_reads_the_environment_in_app_config_only() {
        let body = "#[arg(\n    long,\n    env = \"REELGATE_DATA\",\n)]\ndata: PathBuf,";
        assert_eq!(broken("crates/app/src/cli.rs", body), [("environment", 4)]);
        assert_eq!(broken("crates/app/src/config.rs", body), []);
        assert_eq!(
            broken("crates/app/src/cli.rs", "#[arg(long)]\nenv: String,"),
            []
        );
    }

    #[test]
    fn libraries_do_not_print() {
        assert_eq!(
            broken(STORE, "fn f() {\n    println!(\"x\");\n}"),
            [("printing", 3)]
        );
        assert_eq!(
            broken(STORE, "fn f() { eprint!(\"x\"); dbg!(1); }").len(),
            2
        );
        assert_eq!(
            broken("crates/app/src/main.rs", "fn f() { println!(); }"),
            []
        );
        assert_eq!(
            broken("crates/bench/src/main.rs", "fn f() { println!(); }"),
            []
        );
        assert_eq!(
            broken(
                STORE,
                "// println!()\nfn f() { writeln!(out); \"println!\"; }"
            ),
            []
        );
        assert_eq!(
            broken(
                STORE,
                "#[cfg(test)]\nmod tests {\n    fn f() { println!(); }\n}"
            ),
            []
        );
    }

    #[test]
    fn vendor_words_stay_in_the_vendors_folder() {
        let body = "const S: &str = \"TranscodeSuccess\";";
        assert_eq!(
            broken("crates/domain/src/job.rs", body),
            [("vendor-words", 2)]
        );
        assert_eq!(
            broken("crates/api/native/src/lib.rs", "enum E { TranscodeFail }").len(),
            1
        );
        assert_eq!(broken("crates/api/aliyun/src/mps/status.rs", body), []);
        assert_eq!(broken(STORE, "// MPS calls this TranscodeSuccess."), []);
    }

    #[test]
    fn the_domain_stays_pure() {
        let path = "crates/domain/src/job.rs";
        assert_eq!(broken(path, "use std::{fmt, fs};"), [("domain", 2)]);
        assert_eq!(broken(path, "use std::time::SystemTime;"), [("domain", 2)]);
        assert_eq!(
            broken(path, "fn f() {\n    rand::random::<u8>();\n}"),
            [("domain", 3)]
        );
        assert_eq!(broken(path, "use tokio::sync::Notify;"), [("domain", 2)]);
        assert_eq!(
            broken(
                path,
                "use std::time::Duration;\nfn f(rand: u8) -> u8 { rand }"
            ),
            []
        );
        assert_eq!(broken(STORE, "use std::fs;"), []);
    }

    #[test]
    fn the_first_line_says_what_the_file_is_for() {
        let check_text = |text: &str| check(&Source::new(STORE, text.to_owned())).len();
        assert_eq!(check_text("//! Rows and columns.\n"), 0);
        assert_eq!(check_text("use a::b;\n//! Late.\n"), 1);
        assert_eq!(check_text("//!\n"), 1);
        assert_eq!(check_text(""), 1);
    }

    #[test]
    fn long_files_are_reported() {
        assert_eq!(broken(STORE, &"\n".repeat(599)), []);
        assert_eq!(broken(STORE, &"\n".repeat(600)), [("length", 0)]);
    }
}
