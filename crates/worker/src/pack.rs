//! Files packed into one tar file.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Packs files of a directory, under their names and in this order, into a new file: how many bytes it has. Nothing
/// of where and when they were made gets into it. Ends early once it is not wanted any more.
pub(crate) fn pack(
    dir: &Path,
    names: &[String],
    path: &PathBuf,
    is_wanted: impl Fn() -> bool,
) -> io::Result<u64> {
    let file = File::options().write(true).create_new(true).open(path)?;
    let mut packed = tar::Builder::new(io::BufWriter::new(file));
    packed.mode(tar::HeaderMode::Deterministic);
    for name in names {
        if !is_wanted() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        packed.append_path_with_name(dir.join(name), name)?;
    }
    packed.into_inner()?.flush()?;
    Ok(path.metadata()?.len())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let long = format!("{}.jpg", "ä".repeat(90));
        let names = ["0.jpg".to_owned(), "a b%.jpg".to_owned(), long];
        for name in &names {
            std::fs::write(dir.path().join(name), name).unwrap();
        }
        let path = dir.path().join("packed");
        let bytes = pack(dir.path(), &names, &path, || true).unwrap();
        assert_eq!(bytes, std::fs::read(&path).unwrap().len() as u64);
        let mut archive = tar::Archive::new(File::open(&path).unwrap());
        for (entry, name) in archive.entries().unwrap().zip(&names) {
            let mut entry = entry.unwrap();
            assert_eq!(entry.path().unwrap(), Path::new(name));
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            assert_eq!(content, *name);
        }
        // What is there already is not written over.
        assert!(pack(dir.path(), &names, &path, || true).is_err());
        let other = dir.path().join("other");
        assert!(pack(dir.path(), &names, &other, || false).is_err());
    }
}
