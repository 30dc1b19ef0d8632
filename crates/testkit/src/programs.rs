//! Programs that set-up brings for tests.

use std::io;
use std::path::{Path, PathBuf};

/// The current release of FFmpeg, which set-up brings from a package registry: a program without ffprobe.
///
/// # Panics
/// Where set-up has not brought it.
pub fn current_ffmpeg() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let packages = root.join(".cache/ffmpeg-venv/lib");
    let found = binaries(&packages).unwrap_or_default();
    let [program] = &found[..] else {
        panic!("no current FFmpeg below {packages:?}: run cargo xtask setup test");
    };
    program.clone()
}

/// `python3.11/site-packages/imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v9.0.2`
fn binaries(packages: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for python in std::fs::read_dir(packages)? {
        let folder = python?.path().join("site-packages/imageio_ffmpeg/binaries");
        for file in std::fs::read_dir(folder)? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with("ffmpeg-") {
                found.push(file.path().canonicalize()?);
            }
        }
    }
    Ok(found)
}
