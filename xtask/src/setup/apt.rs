//! Installs Debian packages: directly as root, else by a sudo that asks no password.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{output_of, run};

/// Runs its arguments while no package may start a service, and leaves none of the service named first to the next
/// boot. Machines that have said already which services may start are left as they are.
const AT_REST: &str = r#"
service=$1; shift
policy=/usr/sbin/policy-rc.d
ours=no
if [ ! -e "$policy" ]; then
    ours=yes
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
"$@" || exit
if [ "$ours" = yes ] && command -v systemctl > /dev/null; then
    systemctl disable --quiet "$service" || true
fi
"#;

/// Installs the packages, or fails with the line that a person has to run.
///
/// `why` is printed first and repeated in a failure: what is missing and what needs it.
pub(crate) fn install(packages: &[&str], why: &str) -> Result<()> {
    install_by(packages, why, &[])
}

/// The same for packages whose service nobody here wants to run. One that is installed already is not touched.
pub(crate) fn install_at_rest(packages: &[&str], why: &str, service: &str) -> Result<()> {
    let by: &[&str] = match packages.contains(&service) {
        true => &["sh", "-c", AT_REST, "sh", service],
        false => &[],
    };
    install_by(packages, why, by)
}

/// `by` is what runs the installation.
fn install_by(packages: &[&str], why: &str, by: &[&str]) -> Result<()> {
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
    let prefix = &[prefix, by].concat();
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
