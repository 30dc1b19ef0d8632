//! Installs Debian packages: directly as root, else by a sudo that asks no password.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{output_of, run};

/// Installs the packages, or fails with the line that a person has to run.
///
/// `why` is printed first and repeated in a failure: what is missing and what needs it.
pub(crate) fn install(packages: &[&str], why: &str) -> Result<()> {
    let line = format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    );
    if output_of("apt-get", &["--version"]).is_none() {
        bail!(
            "{why}, and this system has no apt-get; install the equivalent of: {}",
            packages.join(" ")
        );
    }
    let prefix: &[&str] = if output_of("id", &["-u"]).is_some_and(|id| id.trim() == "0") {
        &[]
    } else if output_of("sudo", &["-n", "true"]).is_some() {
        &["sudo", "-n"]
    } else {
        bail!("{why}, and installing it needs root; run:\n\n    sudo sh -c '{line}'\n");
    };
    println!(
        "setup: {why}; installing {} by apt-get",
        packages.join(", ")
    );
    let failed = || format!("{why}, and could not be installed; the line was: {line}");
    run(&mut apt_get(prefix, &["update", "-q"]), "list packages").with_context(failed)?;
    let mut args = vec!["install", "-q", "-y", "--no-install-recommends"];
    args.extend(packages);
    run(&mut apt_get(prefix, &args), "install packages").with_context(failed)
}

/// `env` carries the variable through sudo, which drops the caller's environment.
fn apt_get(prefix: &[&str], args: &[&str]) -> Command {
    let mut words = prefix.to_vec();
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    words.extend(args);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}
