//! The server's own files and directories: whom they are open to, and that they appear whole.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A file of an earlier run must not be taken for this one's.
pub(super) fn remove_if_there(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(super) fn data_directory(path: &Path) -> Result<PathBuf> {
    let made = || -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(path)?;
        let real = path.canonicalize()?;
        close_to_others(&real)?;
        Ok(real)
    };
    made().with_context(|| format!("preparing the data directory {}", path.display()))
}

/// The directory holds people's media. Only a new one is closed: another, such as `/tmp`, may have
/// users of its own. Files with secrets are closed wherever they are.
fn close_to_others(directory: &Path) -> std::io::Result<()> {
    let is_new = std::fs::read_dir(directory)?.next().is_none();
    if is_new {
        return std::fs::set_permissions(directory, Permissions::from_mode(0o700));
    }
    if directory.metadata()?.permissions().mode() & 0o077 != 0 {
        let name = directory.display();
        tracing::warn!(
            "{name} is open to other users of this machine, and so are the buckets in it"
        );
    }
    Ok(())
}

/// Writes a text that only its owner can read; it appears complete or not at all.
pub(super) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    reelgate_service::write_private(path, format!("{text}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    /// `--data /tmp` took the directory from everybody else.
    #[test]
    fn only_a_new_data_directory_is_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let made = data_directory(&dir.path().join("new")).unwrap();
        assert_eq!(mode(&made), 0o700);

        let shared = dir.path().join("shared");
        std::fs::create_dir(&shared).unwrap();
        std::fs::set_permissions(&shared, Permissions::from_mode(0o755)).unwrap();
        std::fs::write(shared.join("somebody's"), "x").unwrap();
        data_directory(&shared).unwrap();
        assert_eq!(mode(&shared), 0o755);
    }

    #[test]
    fn a_private_file_replaces_an_open_one_and_is_readable_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secrets");
        std::fs::write(&file, "old").unwrap();
        write_private(&file, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new\n");
        assert_eq!(mode(&file), 0o600);
    }
}
