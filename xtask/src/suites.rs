//! Runs the tests that are written in Python against the built program.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{program, setup};

/// A folder of tests.
pub(crate) enum Suite {
    /// The vendors' own SDKs against a server.
    Sdk,
    /// Units, images, charts and packages.
    Deploy,
    /// Several processes on one database while parts of it die.
    Cluster,
    /// Live streams between real servers, publishers and readers.
    Live,
}

impl Suite {
    fn folder(&self) -> &'static str {
        match self {
            Suite::Sdk => "tests/sdk",
            Suite::Deploy => "tests/deploy",
            Suite::Cluster => "tests/cluster",
            Suite::Live => "tests/live",
        }
    }
}

/// Runs pytest in the suite's folder. `REELGATE_BIN` may name a program that is built already.
pub(crate) fn run(root: &Path, suite: &Suite, pytest_args: &[&str]) -> Result<()> {
    let interpreter = match suite {
        Suite::Deploy => setup::deploy(root)?,
        Suite::Sdk | Suite::Cluster | Suite::Live => {
            setup::test(root)?;
            setup::interpreter(root)
        }
    };
    let program = program::under_test(root)?;
    let folder = suite.folder();
    let mut pytest = Command::new(interpreter);
    if let Suite::Sdk | Suite::Cluster = suite {
        pytest.env("REELGATE_S3SERVER", program::s3_server(root)?);
    }
    let status = pytest
        .args(["-m", "pytest"])
        .args(pytest_args)
        .env("REELGATE_BIN", &program)
        // For tests of this program's own, which would otherwise wait for each other's builds.
        .env("REELGATE_XTASK", std::env::current_exe()?)
        .current_dir(root.join(folder))
        .status()
        .context("start pytest")?;
    ensure!(
        status.success(),
        "the tests of {folder} with {} ended with {status}",
        program.display()
    );
    Ok(())
}
