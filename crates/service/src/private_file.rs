//! Files that only their owner can read.

use std::fs::File;
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Replaces a file; the new one is on disk when this returns, and nobody else could read it at any moment.
/// If the process dies before, the old one is there, whole, and beside it perhaps a `.new` that the next
/// write replaces.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let unfinished = path.with_file_name(name);
    // A leftover may have a mode of its own; a new file has ours from its first moment.
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        other => other?,
    }
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_replaces_an_open_one_also_over_an_open_leftover() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secrets");
        for name in ["secrets", "secrets.new"] {
            let open = dir.path().join(name);
            std::fs::write(&open, "old").unwrap();
            std::fs::set_permissions(&open, Permissions::from_mode(0o666)).unwrap();
        }
        write_private(&file, b"new").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
