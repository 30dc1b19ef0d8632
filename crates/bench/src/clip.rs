//! A clip that is long enough to measure on, made of a short one of this repository.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::program::{Engine, command};

/// A short clip of this repository, and how often it is repeated to last 64 seconds.
pub(crate) struct Clip {
    file: &'static str,
    repeats: &'static str,
}

/// 5.3 seconds of 1280 by 720 in H.264 at 25 frames a second, with 5.1 sound: cheap to decode.
pub(crate) const PLAIN: Clip = Clip {
    file: "bbb_720p25_aac51.mp4",
    repeats: "11",
};

/// 4.2 seconds of 720 by 1280 in AV1 with 10 bits: what a newer phone makes, and some work to decode.
pub(crate) const PHONE: Clip = Clip {
    file: "hdr10_av1_vertical_720x1280.mp4",
    repeats: "14",
};

impl Clip {
    /// Repeats it without encoding it anew.
    pub(crate) fn make_long(&self, engine: &Engine, to: &Path) -> Result<()> {
        let media = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../media");
        let short = media.join(self.file);
        let missing = || format!("the clip {} is missing", self.file);
        let short = short.canonicalize().with_context(missing)?;
        let status = command(&engine.ffmpeg)
            .args([
                "-v",
                "error",
                "-nostdin",
                "-stream_loop",
                self.repeats,
                "-i",
            ])
            .arg(short)
            .args(["-map", "0", "-c", "copy", "-y"])
            .arg(to)
            .stdin(Stdio::null())
            .status()?;
        ensure!(
            status.success(),
            "{} could not be repeated: {status}",
            self.file
        );
        Ok(())
    }
}
