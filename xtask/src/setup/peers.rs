//! Installs the other job queues that the bench sets beside the service, at pinned versions.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{apt, output_of, run};

const FROM: &str = "crates/bench/peers";
const TO: &str = "target/peers";
/// The oldest release of Node.js that all of them take.
const OLDEST_NODE: u32 = 20;

pub(crate) fn ensure(root: &Path) -> Result<()> {
    for (program, package) in [
        ("redis-server", "redis-server"),
        ("node", "nodejs"),
        ("npm", "npm"),
    ] {
        if output_of(program, &["--version"]).is_none() {
            let why = format!("{program} is missing and runs queues to compare with");
            apt::install(&[package], &why)?;
        }
    }
    let text = output_of("node", &["--version"]).context("node does not tell its version")?;
    let major = text.trim_start_matches('v').split('.').next();
    let major = major.and_then(|major| major.parse::<u32>().ok());
    ensure!(
        major >= Some(OLDEST_NODE),
        "node is {}, at least {OLDEST_NODE} is needed by the other queues; put a newer one first on PATH",
        text.trim()
    );

    let (from, to) = (root.join(FROM), root.join(TO));
    fs::create_dir_all(&to).with_context(|| format!("create {}", to.display()))?;
    // The stamp is a copy of the pins, written last: an interrupted set-up is redone.
    let stamp = to.join("installed-package-lock.json");
    let wanted = fs::read(from.join("package-lock.json")).context("read the pins of the queues")?;
    let is_installed = fs::read(&stamp).unwrap_or_default() == wanted;
    for entry in fs::read_dir(&from).with_context(|| format!("list {FROM}"))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name())).context("copy the programs")?;
    }
    if is_installed {
        return Ok(());
    }
    println!("setup: installing the queues pinned in {FROM}/package-lock.json into {TO}");
    let mut npm = Command::new("npm");
    // Not `npm ci`: that wants every package of other platforms in the lock too, which not every registry has.
    npm.args(["install", "--omit=optional", "--ignore-scripts"]);
    npm.args([
        "--no-audit",
        "--no-fund",
        "--omit-lockfile-registry-resolved",
    ]);
    run(npm.current_dir(&to), "install the queues to compare with")?;
    fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))
}
