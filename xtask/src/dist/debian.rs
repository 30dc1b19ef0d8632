//! The Debian package, put together from `deploy/debian` and packed by dpkg-deb.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tree::Tree;
use super::{Release, output_of, run_quietly};

const MAINTAINER: &str = "The Reelgate contributors <reelgate@localhost.localdomain>";

/// Scripts of the package's own.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

pub(super) fn package(release: &Release<'_>, scratch: &Path, out: &Path) -> Result<PathBuf> {
    let architecture = architecture()?;
    let tree = Tree::new(scratch.join("debian"))?;
    let deploy = release.root.join("deploy");
    tree.copy(&release.program, "usr/bin/reelgate", 0o755)?;
    for unit in ["reelgate.service", "reelgate-worker.service"] {
        let path = format!("usr/lib/systemd/system/{unit}");
        tree.copy(&deploy.join("systemd").join(unit), &path, 0o644)?;
    }
    let sysusers = deploy.join("systemd/reelgate.sysusers.conf");
    tree.copy(&sysusers, "usr/lib/sysusers.d/reelgate.conf", 0o644)?;
    // It may come to hold secrets.
    let settings = deploy.join("systemd/reelgate.env");
    tree.copy(&settings, "etc/reelgate/reelgate.env", 0o600)?;

    let docs = "usr/share/doc/reelgate";
    tree.copy_folder(&release.root.join("docs"), docs)?;
    tree.copy_folder(&deploy.join("docker"), &format!("{docs}/examples/docker"))?;
    tree.copy_folder(&deploy.join("helm"), &format!("{docs}/examples/helm"))?;
    tree.write(&format!("{docs}/copyright"), copyright(release)?, 0o644)?;
    let changes = release.root.join("CHANGELOG.md");
    tree.copy(&changes, &format!("{docs}/CHANGELOG.md"), 0o644)?;
    tree.write(&format!("{docs}/changelog"), changelog(release)?, 0o644)?;
    tree.write("usr/share/man/man1/reelgate.1", &release.manual, 0o644)?;
    for file in [
        &format!("{docs}/changelog"),
        "usr/share/man/man1/reelgate.1",
    ] {
        run_quietly(Command::new("gzip").arg("-9n").arg(tree.root().join(file)))?;
    }

    let files = tree.files()?;
    let mut size = 0;
    for file in &files {
        size += fs::metadata(tree.root().join(file))?.len().div_ceil(1024);
    }
    let sums = output_of(Command::new("md5sum").args(&files).current_dir(tree.root()))?;
    tree.write("DEBIAN/md5sums", sums, 0o644)?;
    let control = fs::read_to_string(deploy.join("debian/control.in"))
        .context("read deploy/debian/control.in")?
        .replace("@VERSION@", &release.version)
        .replace("@ARCHITECTURE@", architecture)
        .replace("@MAINTAINER@", MAINTAINER)
        .replace("@SIZE@", &size.to_string())
        .replace("@DEPENDS@", &dependencies(&release.program)?);
    tree.write("DEBIAN/control", control, 0o644)?;
    tree.copy(&deploy.join("debian/conffiles"), "DEBIAN/conffiles", 0o644)?;
    for script in SCRIPTS {
        let path = format!("DEBIAN/{script}");
        tree.copy(&deploy.join("debian").join(script), &path, 0o755)?;
    }
    let name = format!("reelgate_{}_{architecture}.deb", release.version);
    let file = out.join(name);
    run_quietly(
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Zxz", "-z3", "--build"])
            .arg(tree.root())
            .arg(&file)
            .env("SOURCE_DATE_EPOCH", &release.date),
    )?;
    Ok(file)
}

fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => bail!("no name of Debian's is known for the architecture {other}"),
    }
}

/// FFmpeg, the libraries that the program is linked with dynamically, and how new the C library has to be.
fn dependencies(program: &Path) -> Result<String> {
    let text = output_of(
        Command::new("readelf")
            .args(["--dynamic", "--version-info", "--wide"])
            .arg(program),
    )?;
    let (major, minor) = newest_c_library(&text).context("the program needs no C library")?;
    let mut packages = vec![format!("libc6 (>= {major}.{minor})")];
    if text.contains("[libgcc_s.so.1]") {
        packages.push("libgcc-s1 (>= 4.2)".to_owned());
    }
    packages.push("ffmpeg (>= 7:5.1)".to_owned());
    Ok(packages.join(", "))
}

/// The highest version among those that the program's symbols ask for.
fn newest_c_library(version_info: &str) -> Option<(u32, u32)> {
    let versions = version_info.split("GLIBC_").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let mut numbers = rest[..end].split('.').map(|part| part.parse::<u32>());
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    });
    versions.max()
}

/// In the form that Debian's tools read, which is about packages; what users notice has a page of its own.
fn changelog(release: &Release<'_>) -> Result<String> {
    let date = output_of(
        Command::new("date")
            .args(["--utc", "--rfc-email", "--date"])
            .arg(format!("@{}", release.date)),
    )?;
    Ok(format!(
        "reelgate ({}) unstable; urgency=medium\n\n  * CHANGELOG.md beside this file tells what is new.\n\n \
         -- {MAINTAINER}  {date}",
        release.version
    ))
}

fn copyright(release: &Release<'_>) -> Result<String> {
    let mit = fs::read_to_string(release.root.join("LICENSE-MIT")).context("read LICENSE-MIT")?;
    Ok(format!(
        "Reelgate is under the Apache License, Version 2.0, whose text is in\n\
         /usr/share/common-licenses/Apache-2.0, or under the following, as you choose.\n\n\
         {mit}\n{}",
        release.notices
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_the_c_library_are_compared_as_numbers() {
        let text = "Name: GLIBC_2.9  Flags\nName: GLIBC_2.34  Flags\nName: GLIBC_2.2.5  Flags";
        assert_eq!(newest_c_library(text), Some((2, 34)));
        assert_eq!(newest_c_library("Name: GCC_4.2 "), None);
    }
}
