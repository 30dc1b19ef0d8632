//! From an input to its fingerprint, and to what is looked for.

use std::io::{self, Read};
use std::path::Path;

use reelgate_dna::params::{FRAMES_PER_SECOND, GREY_SIDE, QUERY_DENSITY, SAMPLES_PER_SECOND};
use reelgate_dna::{AudioExtractor, AudioPrint, AudioQuery, Fingerprint, PictureQuery, VideoPrint};
use reelgate_domain::dna::DnaModel;
use reelgate_domain::job::kind::fingerprint::DnaMedia;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_media::{Engine, Limits, Runner, Sampled, Sampling, TranscodeError, Wanted};

use super::frames::{DENSE, Frames, TakenFrames};
use super::query::PreparedQuery;
use super::texts;
use crate::run::Source;

/// Terms of sound that have to differ from the one before: with fewer nothing could ever match it.
const LEAST_CHANGES: usize = 12;
/// So much sound is taken at once, which is some three seconds; an even number.
const PIECE_BYTES: usize = 64 << 10;

type Heard = (AudioPrint, AudioQuery);

/// What is to be taken of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extraction {
    pub media: DnaMedia,
    pub model: DnaModel,
    /// Whether it is to be looked for; else it is only stored.
    pub searches: bool,
}

/// What was taken of an input.
pub struct Extracted {
    pub fingerprint: Fingerprint,
    /// Absent: it is not to be looked for.
    pub query: Option<PreparedQuery>,
    /// How much of the input there is, of what has a length.
    pub duration_ms: Option<u64>,
}

impl Extracted {
    /// Whether nothing could ever match it: it is black, silent, or has no words.
    pub fn is_blank(&self) -> bool {
        let is_silent = |audio: &AudioPrint| {
            let pairs = audio.terms.windows(2);
            pairs.filter(|pair| pair[0] != pair[1]).count() < LEAST_CHANGES
        };
        self.fingerprint.is_blank() || self.fingerprint.audio.as_ref().is_some_and(is_silent)
    }
}

/// What FFmpeg is run with.
pub(crate) struct Means<'a> {
    pub(crate) runner: &'a Runner,
    pub(crate) engine: &'a Engine,
    /// A directory of the attempt's own, which is there. What is looked for may lie in it until it is not needed any
    /// more.
    pub(crate) dir: &'a Path,
    pub(crate) limits: &'a Limits,
}

/// Decodes an input that is media. Dropping the future kills the process.
pub(crate) async fn extract(
    wanted: Extraction,
    source: &Source,
    means: &Means<'_>,
    on_progress: &mut (dyn FnMut(u8) + Send),
) -> Result<Extracted, Fault> {
    let Extraction {
        media,
        model,
        searches,
    } = wanted;
    match (media, model) {
        (DnaMedia::Image, DnaModel::Image | DnaModel::Video) => {
            means.picture(source, searches, on_progress).await
        }
        (DnaMedia::Video, DnaModel::Video) => means.frames(source, searches, on_progress).await,
        (DnaMedia::Video | DnaMedia::Audio, DnaModel::Audio) => {
            means.sound(source, searches, on_progress).await
        }
        (media, model) => {
            let (media, model) = (media.word(), model.word());
            let message = format!("{media} has no fingerprint in a library of {model}");
            Err(Fault::new(FaultCode::SpecUnfit, message))
        }
    }
}

/// The fingerprint of an input that is text.
pub(crate) fn text(wanted: Extraction, content: &[u8]) -> Result<Extracted, Fault> {
    let print = texts::read(wanted.media, content)?;
    let query = wanted
        .searches
        .then(|| PreparedQuery::of_text(print.clone()));
    Ok(Extracted {
        fingerprint: Fingerprint {
            text: Some(print),
            ..Fingerprint::default()
        },
        query,
        duration_ms: None,
    })
}

impl Means<'_> {
    async fn frames(
        &self,
        source: &Source,
        searches: bool,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Extracted, Fault> {
        let wanted = Wanted::Frames {
            side: GREY_SIDE as u32,
            per_second: DENSE as u32,
            every: if searches { 1 } else { QUERY_DENSITY as u32 },
        };
        let frames = Frames::new(searches.then_some(self.dir));
        let take = move |from: &mut Sampled| frames.take(from);
        let TakenFrames {
            frames,
            print,
            windows,
        } = self.sample(wanted, source, take, on_progress).await?;
        if frames == 0 {
            return Err(nothing());
        }
        let rate = if searches {
            DENSE as u64
        } else {
            u64::from(FRAMES_PER_SECOND)
        };
        // Frames stand for up to a quarter of a second; a truncated file says more than it has.
        let decoded = frames as u64 * 1_000 / rate;
        let stated = source.facts.format.duration_seconds;
        let stated = stated.map(|seconds| (seconds * 1_000.0) as u64);
        Ok(Extracted {
            fingerprint: of_video(print),
            query: searches.then(|| PreparedQuery::of_windows(windows)),
            duration_ms: Some(stated.map_or(decoded, |stated| stated.min(decoded))),
        })
    }

    async fn picture(
        &self,
        source: &Source,
        searches: bool,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Extracted, Fault> {
        let wanted = Wanted::Picture {
            side: GREY_SIDE as u32,
        };
        let take = |from: &mut Sampled| {
            let mut pixels = Vec::new();
            from.read_to_end(&mut pixels)?;
            Ok(pixels)
        };
        let pixels = self.sample(wanted, source, take, on_progress).await?;
        if pixels.is_empty() {
            return Err(nothing());
        }
        let query = searches.then(|| PictureQuery::new(pixels.clone()));
        let query = query.transpose().map_err(io::Error::other);
        let print = VideoPrint::of_picture(pixels).map_err(io::Error::other);
        Ok(Extracted {
            fingerprint: of_video(print.map_err(|error| kept_fault(&error))?),
            query: query
                .map_err(|error| kept_fault(&error))?
                .map(PreparedQuery::of_picture),
            duration_ms: None,
        })
    }

    async fn sound(
        &self,
        source: &Source,
        searches: bool,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Extracted, Fault> {
        let wanted = Wanted::Sound {
            per_second: SAMPLES_PER_SECOND,
        };
        let take = move |from: &mut Sampled| {
            let extractor = match searches {
                true => AudioExtractor::to_search(),
                false => AudioExtractor::to_store(),
            };
            listen(extractor, from)
        };
        let (print, query) = self.sample(wanted, source, take, on_progress).await?;
        if print.millis == 0 {
            return Err(nothing());
        }
        Ok(Extracted {
            duration_ms: Some(print.millis),
            fingerprint: Fingerprint {
                audio: Some(print),
                ..Fingerprint::default()
            },
            query: searches.then(|| PreparedQuery::of_sound(query)),
        })
    }

    async fn sample<T: Send + 'static>(
        &self,
        wanted: Wanted,
        source: &Source,
        take: impl FnOnce(&mut Sampled) -> io::Result<T> + Send + 'static,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<T, Fault> {
        let plan = reelgate_media::sample_plan(wanted, &source.facts, self.engine.capabilities())?;
        let job = Sampling {
            plan: &plan,
            input: &source.path,
            dir: self.dir,
            limits: self.limits,
        };
        let never = std::future::pending();
        let taken = reelgate_media::sample(self.runner, self.engine, job, take, on_progress, never);
        taken.await.map_err(|error| match error {
            TranscodeError::Fault(fault) => fault,
            TranscodeError::Stopped(_) => Fault::new(FaultCode::EngineFailed, "it was stopped"),
        })
    }
}

fn of_video(print: VideoPrint) -> Fingerprint {
    Fingerprint {
        video: Some(print),
        ..Fingerprint::default()
    }
}

fn nothing() -> Fault {
    let message = "nothing of the source could be decoded";
    Fault::new(FaultCode::SourceUnreadable, message)
}

fn kept_fault(error: &io::Error) -> Fault {
    let message = format!("what was sampled could not be kept: {}", error.kind());
    Fault::new(FaultCode::StorageFailed, message)
}

/// Takes mono samples of 16 bits, whatever pieces they come in.
fn listen(mut extractor: AudioExtractor, from: &mut impl Read) -> io::Result<Heard> {
    let mut bytes = Vec::with_capacity(PIECE_BYTES);
    loop {
        bytes.clear();
        from.by_ref()
            .take(PIECE_BYTES as u64)
            .read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(extractor.finish());
        }
        let (pairs, _half) = bytes.as_chunks::<2>();
        let samples: Vec<i16> = pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        extractor.push(&samples);
    }
}
