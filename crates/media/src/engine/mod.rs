//! Finding FFmpeg and asking it what it can do.

mod capabilities;
mod fonts;

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::run::{Access, Capture, Ended, Limits, Runner, SpawnError};

pub use capabilities::{Capabilities, Part};
pub(crate) use fonts::Fonts;

/// FFmpeg 5.1, the oldest release with `-fps_mode`, which replaced an option that is gone by now.
const FLOOR: (u32, u32) = (59, 37);
/// A moment usually. A machine that has been busy for long is no reason not to start.
const ANSWER_TIME: Duration = Duration::from_secs(60);
const ANSWER_BYTES: usize = 1 << 20;

/// The ffmpeg and ffprobe in use, and what they can do.
#[derive(Clone, Debug)]
pub struct Engine {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
    capabilities: Capabilities,
}

/// Why no usable FFmpeg was found; every message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(
        "{program} is not in {searched}: install FFmpeg 5.1 or newer (`apt-get install ffmpeg`) \
         or name the program in the configuration"
    )]
    NotFound {
        program: &'static str,
        searched: String,
    },
    #[error("{path} is not an executable file: correct the path in the configuration")]
    NotExecutable { path: PathBuf },
    #[error(
        "{path} does not answer as FFmpeg does ({why}): reinstall it (`apt-get install ffmpeg`), or \
         see docs/operating.md for what a program in the sandbox may be"
    )]
    Unusable { path: PathBuf, why: String },
    #[error("{path} is {version}: FFmpeg 5.1 or newer is needed (`apt-get install ffmpeg`)")]
    TooOld { path: PathBuf, version: String },
}

impl Engine {
    /// Finds both programs, at the paths given or else on `search_path` (in the form of `PATH`),
    /// and asks them what they can do.
    pub async fn discover(
        runner: &Runner,
        ffmpeg: Option<PathBuf>,
        ffprobe: Option<PathBuf>,
        search_path: &OsStr,
    ) -> Result<Self, EngineError> {
        let ffmpeg = locate("ffmpeg", ffmpeg, search_path)?;
        let ffprobe = locate("ffprobe", ffprobe, search_path)?;
        let (version, probe_version, encoders, muxers, filters, protocols) = tokio::try_join!(
            ask(runner, &ffmpeg, "-version"),
            ask(runner, &ffprobe, "-version"),
            ask(runner, &ffmpeg, "-encoders"),
            ask(runner, &ffmpeg, "-muxers"),
            ask(runner, &ffmpeg, "-filters"),
            ask(runner, &ffmpeg, "-protocols"),
        )?;
        for (path, text) in [(&ffmpeg, &version), (&ffprobe, &probe_version)] {
            check_version(path, text)?;
        }
        let mut capabilities =
            Capabilities::from_listings(&version, &encoders, &muxers, &filters, &protocols);
        let fonts = tokio::task::spawn_blocking(Fonts::of_this_machine).await;
        capabilities.fonts = fonts.unwrap_or_default();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        capabilities.processors = u32::try_from(processors).unwrap_or(1);
        Ok(Self {
            ffmpeg,
            ffprobe,
            capabilities,
        })
    }

    pub fn ffmpeg(&self) -> &Path {
        &self.ffmpeg
    }

    pub fn ffprobe(&self) -> &Path {
        &self.ffprobe
    }

    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
}

fn locate(
    program: &'static str,
    given: Option<PathBuf>,
    search_path: &OsStr,
) -> Result<PathBuf, EngineError> {
    if let Some(path) = given {
        if !is_executable(&path) {
            return Err(EngineError::NotExecutable { path });
        }
        // Processes start in a directory of their own, where a relative path would mean another file.
        return std::path::absolute(&path).map_err(|_| EngineError::NotExecutable { path });
    }
    std::env::split_paths(search_path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|candidate| is_executable(candidate))
        .ok_or_else(|| EngineError::NotFound {
            program,
            searched: search_path.to_string_lossy().into_owned(),
        })
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

async fn ask(runner: &Runner, program: &Path, question: &str) -> Result<String, EngineError> {
    let unusable = |why: String| EngineError::Unusable {
        path: program.to_owned(),
        why,
    };
    let args: Vec<OsString> = vec!["-hide_banner".into(), question.into()];
    // `-version` is not affected by `-hide_banner`.
    let limits = Limits {
        max_run_time: ANSWER_TIME,
        ..Limits::default()
    };
    let captured = runner
        .capture(Capture {
            program,
            args,
            cwd: Path::new("/"),
            access: Access::default(),
            limits: &limits,
            max_bytes: ANSWER_BYTES,
        })
        .await
        .map_err(|SpawnError(error)| unusable(error.to_string()))?;
    match captured.ended {
        Ended::Exited(0) => Ok(String::from_utf8_lossy(&captured.stdout).into_owned()),
        other => {
            let last_words = captured.log_tail.lines().next_back().unwrap_or_default();
            Err(unusable(format!("{question}: {other}: {last_words}")))
        }
    }
}

fn check_version(path: &Path, text: &str) -> Result<(), EngineError> {
    let Some(found) = capabilities::libavcodec(text) else {
        return Err(EngineError::Unusable {
            path: path.to_owned(),
            why: "it names no libavcodec version".to_owned(),
        });
    };
    if found < FLOOR {
        return Err(EngineError::TooOld {
            path: path.to_owned(),
            version: capabilities::first_line(text),
        });
    }
    Ok(())
}
