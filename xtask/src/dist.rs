//! What is handed to others: a tar archive and a Debian package of the program with its units, documents and licences.

mod debian;
mod manual;
mod notices;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::program;
use tree::Tree;

/// Where the results go unless told otherwise.
const OUT: &str = "target/dist";

/// What both forms are made of.
struct Release<'a> {
    root: &'a Path,
    version: String,
    /// Without symbols: they are three quarters of the size.
    program: PathBuf,
    manual: String,
    notices: String,
    /// Seconds since 1970 that every file is dated with, so that the same commit gives the same archive.
    date: String,
}

/// `--bin FILE` packs a program that is built already; otherwise one is built for release.
pub(crate) fn run(root: &Path, args: &[&str]) -> Result<()> {
    let (mut built, mut out) = (None, root.join(OUT));
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let mut path = || {
            let value = words
                .next()
                .with_context(|| format!("{word} needs a path"))?;
            std::path::absolute(value).with_context(|| format!("resolve {value}"))
        };
        match *word {
            "--bin" => built = Some(path()?),
            "--out" => out = path()?,
            _ => bail!("dist does not know {word}; it takes --bin FILE and --out DIR"),
        }
    }
    let built = match built {
        Some(built) => built,
        None => program::build(root, program::Profile::Release)?,
    };
    let scratch = out.join("unfinished");
    if scratch.exists() {
        fs::remove_dir_all(&scratch).with_context(|| format!("remove {}", scratch.display()))?;
    }
    fs::create_dir_all(&scratch).with_context(|| format!("create {}", scratch.display()))?;
    let stripped = scratch.join("reelgate");
    run_quietly(
        Command::new("strip")
            .args(["--strip-all", "-o"])
            .arg(&stripped)
            .arg(&built),
    )?;
    let release = Release {
        root,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        manual: manual::page(&built)?,
        notices: notices::of_libraries(root)?,
        date: commit_date(root)?,
        program: stripped,
    };
    let archive = archive(&release, &scratch, &out)?;
    let package = debian::package(&release, &scratch, &out)?;
    fs::remove_dir_all(&scratch).with_context(|| format!("remove {}", scratch.display()))?;
    for file in [archive, package] {
        println!("{}", file.display());
    }
    Ok(())
}

/// The archive: one directory that can be unpacked anywhere.
fn archive(release: &Release<'_>, scratch: &Path, out: &Path) -> Result<PathBuf> {
    let name = format!(
        "reelgate-{}-{}-linux",
        release.version,
        std::env::consts::ARCH
    );
    let tree = Tree::new(scratch.join(&name))?;
    tree.copy(&release.program, "reelgate", 0o755)?;
    tree.write("reelgate.1", &release.manual, 0o644)?;
    tree.write("THIRD-PARTY.txt", &release.notices, 0o644)?;
    for file in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        tree.copy(&release.root.join(file), file, 0o644)?;
    }
    tree.copy_folder(&release.root.join("docs"), "docs")?;
    tree.copy_folder(&release.root.join("deploy"), "deploy")?;
    let file = out.join(format!("{name}.tar.gz"));
    run_quietly(
        Command::new("tar")
            .args(["--create", "--sort=name", "--owner=0", "--group=0"])
            .args([
                "--numeric-owner",
                "--format=gnu",
                "--use-compress-program=gzip -n",
            ])
            .arg(format!("--mtime=@{}", release.date))
            .arg("--file")
            .arg(&file)
            .arg("--directory")
            .arg(scratch)
            .arg(&name),
    )?;
    Ok(file)
}

/// When the commit that is packed was made; now, outside of a checkout.
fn commit_date(root: &Path) -> Result<String> {
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"]).current_dir(root);
    match output_of(&mut git) {
        Ok(date) => Ok(date.trim().to_owned()),
        Err(_) => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
            Ok(now.as_secs().to_string())
        }
    }
}

/// The standard output of a command that has to succeed.
fn output_of(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("start {program}, which dist needs"))?;
    ensure!(
        output.status.success(),
        "{program} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout).with_context(|| format!("{program} printed no UTF-8"))
}

fn run_quietly(command: &mut Command) -> Result<()> {
    output_of(command).map(drop)
}
