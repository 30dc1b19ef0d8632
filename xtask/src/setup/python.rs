//! Virtual environments with pinned packages, made anew whenever the pins change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{apt, output_of, run};

const OLDEST: (u32, u32) = (3, 9);
/// Prints the version, and fails where the modules that make an environment are not installed.
const PROBE: &str = "import sys, venv, ensurepip; print(*sys.version_info[:2])";

/// The vendors' SDKs.
pub(super) const SDKS: Environment = Environment {
    folder: ".venv",
    requirements: "tests/sdk/requirements.txt",
};

/// What checks images, charts and units. It is apart, so that its pins and the SDKs' never have to agree.
pub(super) const DEPLOY: Environment = Environment {
    folder: ".cache/deploy-venv",
    requirements: "tests/deploy/requirements.txt",
};

/// A current FFmpeg beside the installed one, as a package of Python brings it: a program and nothing else.
pub(super) const CURRENT_FFMPEG: Environment = Environment {
    folder: ".cache/ffmpeg-venv",
    requirements: "crates/app/tests/presets/requirements.txt",
};

/// A virtual environment, with paths from the repository's root.
pub(super) struct Environment {
    folder: &'static str,
    requirements: &'static str,
}

impl Environment {
    /// The interpreter inside the environment.
    pub(super) fn interpreter(&self, root: &Path) -> PathBuf {
        root.join(self.folder).join("bin/python")
    }

    pub(super) fn ensure(&self, root: &Path) -> Result<()> {
        let Self {
            folder,
            requirements,
        } = self;
        let wanted =
            fs::read(root.join(requirements)).with_context(|| format!("read {requirements}"))?;
        // The stamp is a copy of the pins, written last: an interrupted set-up is redone.
        let stamp = root.join(folder).join("installed-requirements.txt");
        let installed = fs::read(&stamp).unwrap_or_default();
        if installed == wanted && self.interpreter(root).exists() {
            return Ok(());
        }
        ensure_python()?;

        println!("setup: making {folder} for tests in Python");
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(root.join(folder));
        run(&mut venv, &format!("make the virtual environment {folder}"))?;

        println!("setup: installing the packages pinned in {requirements} into {folder}");
        let mut pip = Command::new(self.interpreter(root));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ]);
        pip.arg("--requirement").arg(root.join(requirements));
        run(&mut pip, "install the pinned Python packages")?;
        fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))
    }
}

fn ensure_python() -> Result<()> {
    if output_of("python3", &["--version"]).is_none() {
        let why = "Python 3 is missing and runs tests";
        apt::install(&["python3", "python3-venv"], why)?;
    } else if output_of("python3", &["-c", PROBE]).is_none() {
        apt::install(
            &["python3-venv"],
            "Python's venv module is missing and isolates their packages",
        )?;
    }
    let text = output_of("python3", &["-c", PROBE])
        .context("python3 cannot import venv and ensurepip; install its venv package")?;
    let version = parse_version(&text).context("python3 does not tell its version")?;
    ensure!(
        version >= OLDEST,
        "python3 is {}.{}, at least {}.{} is needed by the tests in Python",
        version.0,
        version.1,
        OLDEST.0,
        OLDEST.1
    );
    Ok(())
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_python_versions() {
        assert_eq!(parse_version("3 11\n"), Some((3, 11)));
        assert_eq!(parse_version("three"), None);
    }
}
