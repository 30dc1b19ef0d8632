//! Development tasks of this repository: set-up, tidy checks, tests in Python, fuzzing and packing. Run as `cargo xtask`.

#![expect(
    clippy::print_stdout,
    reason = "a command-line tool talks on its standard output"
)]
#![expect(
    clippy::print_stderr,
    reason = "a command-line tool reports failures on standard error"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "set-up runs package managers and reads REELGATE_BIN; nothing of it ships"
)]

mod dist;
mod fuzz;
mod program;
mod setup;
mod suites;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use suites::Suite;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup [demo|test|bench|failover|peers]
                      install what is missing: demo needs FFmpeg, bench also PostgreSQL, nginx with its RTMP
                      module and SRT's tools, test (the default) also the SDKs, failover also Patroni, peers the
                      job queues that the bench compares with
  tidy                check the rules of CONTRIBUTING.md that a program can check
  test-sdk [ARGS]     run tests/sdk against the built server; ARGS go to pytest
  test-deploy [ARGS]  check units, images, charts and packages; ARGS go to pytest
  test-cluster [ARGS] run tests/cluster: many processes on one database; ARGS go to pytest
  test-live [ARGS]    run tests/live: live streams between real servers; ARGS go to pytest
  dist [--bin FILE] [--out DIR]
                      make a tar archive and a Debian package, of FILE or of a release build
  fuzz [--seconds N] [TARGET [INPUT]]
                      run the fuzz targets for N seconds each (30), or one of them on one input";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = repository_root();
    let result = match words.as_slice() {
        ["setup", "demo"] => setup::demo(&root),
        ["setup"] | ["setup", "test"] => setup::test(&root),
        ["setup", "bench"] => setup::bench(&root),
        ["setup", "failover"] => setup::failover(&root),
        ["setup", "peers"] => setup::peers(&root),
        ["tidy"] => tidy::run(&root),
        ["fuzz", fuzz_args @ ..] => fuzz::run(&root, fuzz_args),
        ["test-sdk", pytest_args @ ..] => suites::run(&root, &Suite::Sdk, pytest_args),
        ["test-deploy", pytest_args @ ..] => suites::run(&root, &Suite::Deploy, pytest_args),
        ["test-cluster", pytest_args @ ..] => suites::run(&root, &Suite::Cluster, pytest_args),
        ["test-live", pytest_args @ ..] => suites::run(&root, &Suite::Live, pytest_args),
        ["dist", dist_args @ ..] => dist::run(&root, dist_args),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn repository_root() -> PathBuf {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir
        .parent()
        .expect("xtask lies in the repository's root")
        .to_path_buf()
}
