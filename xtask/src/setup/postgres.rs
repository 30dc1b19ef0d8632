//! Finds a PostgreSQL server that tests can start, installing Debian's where there is none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{apt, output_of};

/// The oldest release that the store works with.
const FLOOR: u32 = 13;
/// Where Debian keeps its releases, which are not on the usual path.
const DEBIAN: &str = "/usr/lib/postgresql";

pub(crate) fn ensure() -> Result<()> {
    if !is_there() {
        let why = "PostgreSQL is missing and is one of the two stores that are tested";
        apt::install(&["postgresql"], why)?;
    }
    if !is_there() {
        bail!("no PostgreSQL of release {FLOOR} or newer was found after the installation");
    }
    Ok(())
}

fn is_there() -> bool {
    places(Path::new(DEBIAN)).iter().any(|bin| {
        let complete = ["initdb", "psql"]
            .iter()
            .all(|name| bin.join(name).exists());
        let version = output_of(bin.join("postgres"), &["--version"]);
        complete && version.is_some_and(|text| release(&text) >= Some(FLOOR))
    })
}

/// The same places as the tests look at.
fn places(debian: &Path) -> Vec<PathBuf> {
    let releases = fs::read_dir(debian).into_iter().flatten().flatten();
    let usual = ["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"].map(PathBuf::from);
    releases
        .map(|release| release.path().join("bin"))
        .chain(usual)
        .collect()
}

/// Reads a line such as `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn release(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_release() {
        let debian = "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n";
        assert_eq!(release(debian), Some(15));
        assert_eq!(release("postgres (PostgreSQL) 9.6.2\n"), Some(9));
        assert_eq!(release("postgres (PostgreSQL) 19devel\n"), Some(19));
        assert_eq!(release("something else"), None);
    }
}
