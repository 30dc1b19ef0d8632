//! Builds the program, and says where it is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// How it is built.
pub(crate) enum Profile {
    /// As it ships but for its speed, to be tested.
    Debug,
    Release,
}

/// One line of cargo's JSON messages; only those about a finished program have `executable`.
#[derive(Deserialize)]
struct CargoMessage {
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// The program named by REELGATE_BIN, or one that is built now.
pub(crate) fn under_test(root: &Path) -> Result<PathBuf> {
    match std::env::var_os("REELGATE_BIN") {
        Some(path) => std::path::absolute(path).context("resolve REELGATE_BIN"),
        None => build(root, Profile::Debug),
    }
}

/// The object store for tests named by REELGATE_S3SERVER, or one that is built now.
pub(crate) fn s3_server(root: &Path) -> Result<PathBuf> {
    match std::env::var_os("REELGATE_S3SERVER") {
        Some(path) => std::path::absolute(path).context("resolve REELGATE_S3SERVER"),
        // With the features that the other builds have, so that little is built anew.
        None => cargo_build(root, &["--workspace", "--bin", S3_SERVER], S3_SERVER),
    }
}

const S3_SERVER: &str = "reelgate-s3server";

/// Builds the program as it ships: a test build would turn on features that only tests may use.
pub(crate) fn build(root: &Path, profile: Profile) -> Result<PathBuf> {
    let kind: &[&str] = match profile {
        Profile::Debug => &["--workspace", "--bin", "reelgate"],
        Profile::Release => &["--release", "--locked", "--package", "reelgate"],
    };
    cargo_build(root, kind, "reelgate")
}

fn cargo_build(root: &Path, kind: &[&str], program: &str) -> Result<PathBuf> {
    let output = Command::new("cargo")
        .arg("build")
        .args(kind)
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("start cargo build")?;
    ensure!(
        output.status.success(),
        "cargo build ended with {}",
        output.status
    );
    let text = String::from_utf8(output.stdout).context("cargo's messages are not UTF-8")?;
    executable_in(&text, program)
        .with_context(|| format!("cargo build named no program called {program}"))
}

fn executable_in(messages: &str, program: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<CargoMessage>(line).ok())
        .filter(|message| {
            message
                .target
                .as_ref()
                .is_some_and(|target| target.name == program)
        })
        .find_map(|message| message.executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_server_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/t/other"}
{"reason":"compiler-artifact","target":{"name":"reelgate"},"executable":"/t/reelgate"}
{"reason":"build-finished","success":true}"#;
        let found = executable_in(messages, "reelgate");
        assert_eq!(found, Some(PathBuf::from("/t/reelgate")));
        let finished = r#"{"reason":"build-finished","success":true}"#;
        assert_eq!(executable_in(finished, "reelgate"), None);
    }
}
