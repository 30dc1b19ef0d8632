//! A clip that is long enough to measure on, made of a short one of this repository.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::program::{Engine, command};

/// 5.3 seconds of 1280 by 720 at 25 frames a second, with 5.1 sound.
const SHORT: &str = "../../media/bbb_720p25_aac51.mp4";

/// How often it is repeated beyond the first time: 64 seconds.
const REPEATS: &str = "11";

/// The clip of this repository.
pub(crate) fn short() -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SHORT);
    let at = || format!("the clip {} is missing", path.display());
    path.canonicalize().with_context(at)
}

/// Repeats it without encoding it anew.
pub(crate) fn make_long(engine: &Engine, to: &Path) -> Result<()> {
    let status = command(&engine.ffmpeg)
        .args(["-v", "error", "-nostdin", "-stream_loop", REPEATS, "-i"])
        .arg(short()?)
        .args(["-map", "0", "-c", "copy", "-y"])
        .arg(to)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "the clip could not be repeated: {status}");
    Ok(())
}
