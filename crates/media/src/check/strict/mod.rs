//! The strict check: whether a file or a playlist is what a professional output has to be, judged by
//! itself and, where there is one, by its source.
//!
//! The engine's own verification compares an output with its plan and ends a job; this one knows no
//! plan and is for people and tests, who want to hear of everything that is wrong.

mod decode;
mod file;
mod hls;
mod manifest;
mod master;
mod read;
mod report;
mod sound;
mod source;
mod view;

use std::path::Path;

use reelgate_domain::job::kind::transcode::Clip;

pub use report::{Finding, Measured, Report, Rule, Verdict};

use crate::engine::Engine;
use crate::playlist::{ManifestError, MasterError, PlaylistError, is_manifest, is_master};
use crate::probe::ProbeError;
use crate::run::Runner;
use read::{Media, Subject, Tools};
use report::Findings;
use source::Source;

/// A playlist of two days in segments of a second takes half of it.
const MOST_PLAYLIST_BYTES: u64 = 16 << 20;
/// What is looked at to see whether a file is one.
const START_BYTES: u64 = 1024;

/// What a file is judged by besides itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Against<'a> {
    /// What it was made from, as an absolute path.
    pub source: Option<&'a Path>,
    /// The part of the source that it shows.
    pub clip: Option<&'a Clip>,
    /// Key frames may be so far apart.
    pub key_seconds: Option<f64>,
    pub max_rate_kbps: Option<u32>,
    pub loudness_lufs: Option<f64>,
    /// The structural similarity to the source that is asked for, 0 to 1.
    pub least_ssim: f64,
    /// Rules that are not looked into.
    pub except: &'a [Rule],
}

impl Default for Against<'_> {
    fn default() -> Self {
        Self {
            source: None,
            clip: None,
            key_seconds: None,
            max_rate_kbps: None,
            loudness_lufs: None,
            least_ssim: 0.8,
            except: &[],
        }
    }
}

/// Why a file cannot be judged at all.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Probe(#[from] ProbeError),
    #[error("is no playlist that can be checked: {0}")]
    Playlist(#[from] PlaylistError),
    #[error("is no master playlist that can be checked: {0}")]
    Master(#[from] MasterError),
    #[error("is no manifest that can be checked: {0}")]
    Manifest(#[from] ManifestError),
    #[error("is encrypted, and what is in it cannot be looked into")]
    Encrypted,
    #[error("names {uri}, which is not a file in its folder")]
    Outside { uri: String },
    #[error("is larger than {MOST_PLAYLIST_BYTES} bytes, which no playlist is")]
    TooLarge,
    #[error("has {0}, which are not looked into")]
    Parts(&'static str),
    #[error("has streams without a single packet")]
    Empty,
    #[error("keeps FFmpeg busy without an end")]
    Stuck,
    #[error("FFmpeg ended with {ended}: {log}")]
    Engine { ended: String, log: String },
    #[error("the source {0}")]
    Source(Box<CheckError>),
    #[error("cannot be compared with its source: {0}")]
    Clip(String),
}

/// One check and all that its parts need.
struct Check<'a> {
    tools: Tools<'a>,
    against: &'a Against<'a>,
    source: Option<Source<'a>>,
}

/// Judges the file, playlist or manifest at `path`, an absolute path. Playlists are written down anew in
/// `scratch`, an empty directory.
pub async fn strict(
    runner: &Runner,
    engine: &Engine,
    scratch: &Path,
    path: &Path,
    against: &Against<'_>,
) -> Result<Report, CheckError> {
    let tools = Tools {
        runner,
        engine,
        scratch,
    };
    let source = match against.source {
        Some(source) => Some(Source::open(&tools, source, against.clip).await?),
        None => None,
    };
    let check = Check {
        tools,
        against,
        source,
    };
    match playlist_text(path)? {
        Some(text) if is_manifest(&text) => check.manifest(path, &text).await,
        Some(text) if is_master(&text) => check.master(path, &text).await,
        Some(text) => check.playlist(path, &text).await,
        None => check.file(path).await,
    }
}

/// The text of a playlist or a manifest, by what it starts with.
fn playlist_text(path: &Path) -> Result<Option<String>, CheckError> {
    use std::io::Read as _;
    let meta = path.metadata()?;
    if !meta.is_file() {
        return Err(std::io::Error::other("it is no file").into());
    }
    let mut start = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(START_BYTES).read_to_end(&mut start)?;
    let start = String::from_utf8_lossy(&start);
    let is_listed = start.starts_with('<') && is_manifest(&start);
    if !is_listed && !start.starts_with("#EXTM3U") {
        return Ok(None);
    }
    if meta.len() > MOST_PLAYLIST_BYTES {
        return Err(CheckError::TooLarge);
    }
    Ok(Some(std::fs::read_to_string(path)?))
}

impl Check<'_> {
    async fn file(&self, path: &Path) -> Result<Report, CheckError> {
        let subject = Subject::file(path);
        let media = self.tools.media(&subject).await?;
        let mut findings = Findings::new(self.against.except);
        if media.is_of("mov") {
            file::boxes(&mut findings, path);
        }
        let measured = self.media(&mut findings, &media, &subject).await?;
        self.kept(&mut findings, &[&media]);
        Ok(report(path, findings, measured))
    }

    /// Whether `made`, all that was made of the source, has what the source has.
    fn kept(&self, findings: &mut Findings<'_>, made: &[&Media]) {
        if let Some(source) = &self.source {
            findings.judge(Rule::Kept, source.kept(made));
        }
    }

    /// What a file and a playlist's content have in common.
    async fn media(
        &self,
        findings: &mut Findings<'_>,
        media: &Media,
        subject: &Subject,
    ) -> Result<Measured, CheckError> {
        if media.is_empty() {
            return Err(CheckError::Empty);
        }
        let mut judging = Judging {
            check: self,
            media,
            subject,
            findings,
            measured: Measured::default(),
        };
        file::judge(&mut judging);
        decode::judge(&mut judging).await?;
        if let Some(source) = &self.source {
            source.judge(&mut judging).await?;
        }
        Ok(judging.measured)
    }
}

/// What is judged, and what was found of it so far.
struct Judging<'a, 'f> {
    check: &'a Check<'a>,
    media: &'a Media,
    subject: &'a Subject,
    findings: &'a mut Findings<'f>,
    measured: Measured,
}

fn report(path: &Path, findings: Findings<'_>, measured: Measured) -> Report {
    Report {
        file: path.display().to_string(),
        findings: findings.list,
        measured,
        renditions: Vec::new(),
    }
}
