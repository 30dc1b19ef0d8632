//! Set-up of a machine: finds what is missing, installs it where it may, else says the exact line to run.

mod apt;
mod ffmpeg;
mod live;
mod peers;
mod postgres;
mod python;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// Makes the machine able to run `make demo` and `make serve`.
pub(crate) fn demo(root: &Path) -> Result<()> {
    let _alone = lock(root)?;
    compiler(root)?;
    ffmpeg::ensure()
}

/// Makes the machine able to run every test.
pub(crate) fn test(root: &Path) -> Result<()> {
    let _alone = lock(root)?;
    compiler(root)?;
    ffmpeg::ensure()?;
    postgres::ensure()?;
    live::ensure()?;
    python::CURRENT_FFMPEG.ensure(root)?;
    python::SDKS.ensure(root)
}

/// The Python interpreter that the vendors' SDKs are installed for.
pub(crate) fn interpreter(root: &Path) -> PathBuf {
    python::SDKS.interpreter(root)
}

/// Makes the machine able to check what is in `deploy`, beyond what [`test`] brings; the interpreter of these tests.
pub(crate) fn deploy(root: &Path) -> Result<PathBuf> {
    test(root)?;
    let _alone = lock(root)?;
    if output_of("systemd-analyze", &["--version"]).is_none() {
        let why = "systemd-analyze is missing and checks the units";
        apt::install(&["systemd"], why)?;
    }
    if output_of("dpkg-deb", &["--version"]).is_none() {
        apt::install(&["dpkg"], "dpkg-deb is missing and makes the package")?;
    }
    python::DEPLOY.ensure(root)?;
    Ok(python::DEPLOY.interpreter(root))
}

/// Makes the machine able to run pairs of databases of which one takes over from the other.
pub(crate) fn failover(root: &Path) -> Result<()> {
    test(root)?;
    let _alone = lock(root)?;
    for (program, package) in [("patroni", "patroni"), ("etcd", "etcd-server")] {
        if output_of(program, &["--version"]).is_none() {
            let why = format!("{program} is missing and decides which database leads");
            apt::install(&[package], &why)?;
        }
    }
    Ok(())
}

/// Makes the machine able to run `make bench`.
pub(crate) fn bench(root: &Path) -> Result<()> {
    let _alone = lock(root)?;
    compiler(root)?;
    ffmpeg::ensure()?;
    postgres::ensure()?;
    live::ensure()
}

/// Makes the machine able to run other job queues beside the service.
pub(crate) fn peers(root: &Path) -> Result<()> {
    let _alone = lock(root)?;
    compiler(root)?;
    postgres::ensure()?;
    peers::ensure(root)
}

/// Makes the machine able to build the fuzz targets.
pub(crate) fn fuzz(root: &Path) -> Result<()> {
    let _alone = lock(root)?;
    compiler(root)?;
    // Named as the crate that builds libFuzzer calls it.
    if output_of("c++", &["--version"]).is_none() {
        let why = "a C++ compiler is missing, and the fuzzing engine is C++";
        apt::install(&["g++"], why)?;
    }
    Ok(())
}

/// Keeps two set-ups of one checkout from installing at the same time.
fn lock(root: &Path) -> Result<File> {
    let directory = root.join(".cache");
    fs::create_dir_all(&directory).with_context(|| format!("create {}", directory.display()))?;
    let path = directory.join("setup.lock");
    let file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
    file.lock()
        .with_context(|| format!("lock {}", path.display()))?;
    Ok(file)
}

/// Looks for the C compiler and headers that the bundled SQLite and ring are built with. The Makefile
/// runs the same script before the first call of cargo, which needs the linker to build this program.
fn compiler(root: &Path) -> Result<()> {
    let mut script = Command::new("sh");
    script.arg(root.join("xtask/ensure-cc.sh"));
    run(&mut script, "find or install a C compiler")
}

/// Runs a command whose output the user should see; fails unless it succeeds.
fn run(command: &mut Command, purpose: &str) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("start {program}"))?;
    anyhow::ensure!(
        status.success(),
        "could not {purpose}: {program} ended with {status}"
    );
    Ok(())
}

/// The standard output of a command that succeeds, or `None` when it is missing or fails.
fn output_of(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
