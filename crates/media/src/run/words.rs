//! Subtitles on their way into an output: whatever they were, what is done with them finds UTF-8 in the output's times.

use std::collections::HashMap;
use std::path::Path;
use std::pin::Pin;

use reelgate_domain::job::kind::transcode::TextEncoding;
use reelgate_domain::job::{Fault, FaultCode, StopMode};

use super::step::Steps;
use super::transcode::{Part, Transcode, TranscodeError};
use super::{Limits, Runner};
use crate::argv::{words_args, words_file};
use crate::engine::{Engine, Fonts};
use crate::plan::{TextCodec, Words, WordsPlan};
use crate::words::charset::{charset, utf16};
use crate::words::{ass, timed};

/// Words of a whole season.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// What a process writes them to first.
const READ_FILE: &str = "words.txt";
/// What it reads where it would not understand the file itself.
const UTF8_FILE: &str = "utf8.txt";

/// Puts the subtitles of every part where the arguments say, and those that lie beside an output there.
pub(super) async fn write_words(
    (runner, engine): (&Runner, &Engine),
    job: &Transcode<'_>,
    limits: &Limits,
    mut stop: Pin<&mut impl Future<Output = StopMode>>,
) -> Result<(), TranscodeError> {
    let patience = limits.stall.unwrap_or_default();
    let steps =
        Steps::new(runner, engine, (job.input, job.dir), limits, patience).reading(job.further);
    let fonts = &engine.capabilities().fonts;
    for (number, Part { plan, out_dir }) in job.parts.iter().enumerate() {
        for (place, words) in plan.words.iter().enumerate() {
            let Some(source) = words
                .input
                .map_or(Some(job.input), |input| job.further.get(input).copied())
            else {
                let message = format!("{} was not opened", words.name);
                return Err(Fault::new(FaultCode::SourceMissing, message).into());
            };
            let Encoded { charset, utf8 } = match words.input {
                None => Encoded::default(),
                Some(_) => encoding(words, source).await?,
            };
            let own = job.dir.join(UTF8_FILE);
            let source = match &utf8 {
                None => source,
                Some(text) => {
                    write(&own, text).await?;
                    &own
                }
            };
            let form = (is_ass(words), READ_FILE);
            let args = words_args(source, words.stream, charset, form);
            let read = steps.run(args, |_| true, stop.as_mut()).await;
            read.map_err(|error| named(error, words, charset))?;
            let text = text(words, &job.dir.join(READ_FILE)).await?;
            let path = match &words.becomes {
                Words::Beside { name } => out_dir.join(name),
                Words::Drawn { .. } | Words::Stream { .. } => {
                    job.dir.join(words_file(number, place, words))
                }
            };
            write(&path, &written(&text, words, fonts)?).await?;
        }
    }
    Ok(())
}

async fn write(path: &Path, text: &str) -> Result<(), Fault> {
    tokio::fs::write(path, text).await.map_err(|error| {
        let message = format!(
            "subtitles could not be written to scratch: {}",
            error.kind()
        );
        Fault::new(FaultCode::StorageFailed, message)
    })
}

/// Whether they are read as ASS, which knows more than SubRip does, and less of times.
const fn is_ass(words: &WordsPlan) -> bool {
    matches!(
        words.becomes,
        Words::Drawn { .. }
            | Words::Stream {
                codec: TextCodec::Ass,
                ..
            }
    )
}

/// What a process has written. One that was taken over could have left a link to something else.
async fn text(words: &WordsPlan, path: &Path) -> Result<String, Fault> {
    let Ok(meta) = tokio::fs::symlink_metadata(path).await else {
        // FFmpeg ends with success and without a file when there was nothing to write.
        return Err(unreadable(words, "has no subtitles in it"));
    };
    check_size(words, meta.len())?;
    let read = match meta.is_file() {
        true => tokio::fs::read_to_string(path).await,
        false => Err(std::io::ErrorKind::InvalidInput.into()),
    };
    let text = read.map_err(|error| {
        let message = format!("subtitles could not be read back: {}", error.kind());
        Fault::new(FaultCode::StorageFailed, message)
    })?;
    // The next one begins anew.
    let _ = tokio::fs::remove_file(path).await;
    Ok(text)
}

fn check_size(words: &WordsPlan, bytes: u64) -> Result<(), Fault> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    let message = format!(
        "{} has {bytes} bytes of subtitles, and may have {MOST_BYTES}",
        words.name
    );
    Err(Fault::new(FaultCode::SpecUnfit, message))
}

/// What FFmpeg has to be told of the encoding of a file, or what it reads instead.
#[derive(Default)]
struct Encoded {
    charset: Option<&'static str>,
    utf8: Option<String>,
}

async fn encoding(words: &WordsPlan, path: &Path) -> Result<Encoded, Fault> {
    let unread = |error: std::io::Error| {
        let message = format!("{} could not be read: {}", words.name, error.kind());
        Fault::new(FaultCode::StorageFailed, message)
    };
    let bytes = tokio::fs::metadata(path).await.map_err(unread)?.len();
    check_size(words, bytes)?;
    let bytes = tokio::fs::read(path).await.map_err(unread)?;
    if let (TextEncoding::Auto, Some(text)) = (words.encoding, utf16(&bytes)) {
        return Ok(Encoded {
            charset: None,
            utf8: Some(text),
        });
    }
    let charset = charset(&bytes, words.encoding).map_err(|why| unreadable(words, why))?;
    Ok(Encoded {
        charset,
        utf8: None,
    })
}

fn unreadable(words: &WordsPlan, why: &str) -> Fault {
    Fault::new(FaultCode::SourceUnreadable, format!("{} {why}", words.name))
}

/// The fault of a process that read subtitles, with what it read.
fn named(error: TranscodeError, words: &WordsPlan, charset: Option<&str>) -> TranscodeError {
    let TranscodeError::Fault(fault) = error else {
        return error;
    };
    let fault = match (fault.code, charset) {
        (FaultCode::SourceUnreadable, Some(charset)) => Fault {
            message: format!("{} has subtitles that are not in {charset}", words.name),
            ..fault
        },
        _ => Fault {
            message: format!("subtitles of {}: {}", words.name, fault.message),
            ..fault
        },
    };
    TranscodeError::Fault(fault)
}

/// The file that is made of the subtitles in `text`.
fn written(text: &str, words: &WordsPlan, fonts: &Fonts) -> Result<String, Fault> {
    if is_ass(words) {
        if ass::count(text) == 0 {
            return Err(unreadable(words, "has no subtitles in it"));
        }
        let text = words
            .cuts
            .iter()
            .try_fold(ass::completed(text), |text, window| ass::cut(&text, window))
            .ok_or_else(|| unreadable(words, "has a subtitle whose times cannot be read"))?;
        return match &words.becomes {
            Words::Drawn { font } => drawable(&text, font.as_deref(), fonts),
            Words::Stream { .. } | Words::Beside { .. } => Ok(text),
        };
    }
    let cues = timed::read(text);
    if cues.is_empty() {
        return Err(unreadable(words, "has no subtitles in it"));
    }
    let cues = words.cuts.iter().fold(cues, timed::cut);
    match words.becomes {
        Words::Stream {
            codec: TextCodec::MovText,
            ..
        } => {
            let single = timed::one_at_a_time(&cues, MOST_BYTES as usize);
            let single = single
                .map_err(|why| Fault::new(FaultCode::SpecUnfit, format!("{} {why}", words.name)))?;
            Ok(timed::subrip(&single))
        }
        Words::Stream {
            codec: TextCodec::SubRip,
            ..
        } => Ok(timed::subrip(&cues)),
        _ => Ok(timed::webvtt(&cues)),
    }
}

/// The same with fonts that are there and have all of the text.
fn drawable(text: &str, asked: Option<&str>, fonts: &Fonts) -> Result<String, Fault> {
    let said = ass::said(text);
    let style_font = |own: &str| {
        let found = match asked {
            Some(asked) => fonts.name(Some(asked), &said),
            None => (fonts.name(Some(own), &said)).or_else(|_missing| fonts.name(None, &said)),
        };
        found.map_err(|error| Fault::new(FaultCode::EngineLacks, error.to_string()))
    };
    // A song may have one for each syllable.
    let mut known: HashMap<String, bool> = HashMap::new();
    let own_font = |own: &str| {
        let has_all = || fonts.name(Some(own), &said).is_ok();
        asked.is_none() && *known.entry(own.to_lowercase()).or_insert_with(has_all)
    };
    ass::restyled(text, style_font, own_font)
}
