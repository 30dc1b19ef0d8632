//! Subtitles of an output: which stream of which file, and what becomes of it.

use reelgate_domain::job::kind::transcode::{
    Container, OutputSpec, SubtitleForm, Subtitles, TextEncoding,
};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{StreamDetail, StreamFacts};

use super::sources::Sources;
use super::{Expected, PartPlan, Plan, Seek, Window};

/// Subtitles of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct WordsPlan {
    /// Their file's place among the further inputs; absent: the job's input.
    pub input: Option<usize>,
    pub stream: u32,
    /// Of a further input.
    pub encoding: TextEncoding,
    pub becomes: Words,
    /// What is cut out of their times, one after the other.
    pub cuts: Vec<Window>,
    /// What messages call their file.
    pub name: String,
}

/// What becomes of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Words {
    /// Part of the picture, in this font or in those that they name themselves.
    Drawn { font: Option<String> },
    /// A stream of the output.
    Stream {
        codec: TextCodec,
        language: Option<String>,
    },
    /// A file of WebVTT of this name beside the output.
    Beside { name: String },
}

/// How a container has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextCodec {
    /// One at a time.
    MovText,
    SubRip,
    Ass,
    WebVtt,
}

impl TextCodec {
    /// What the probe calls it, and FFmpeg its encoder.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MovText => "mov_text",
            Self::SubRip => "subrip",
            Self::Ass => "ass",
            Self::WebVtt => "webvtt",
        }
    }
}

impl Plan {
    /// Whether words are part of the picture.
    pub(crate) fn draws_words(&self) -> bool {
        let mut uses = self.words.iter().map(|words| &words.becomes);
        uses.any(|it| matches!(it, Words::Drawn { .. }))
    }

    /// The places, codecs and languages of those that are streams.
    pub(crate) fn word_streams(&self) -> impl Iterator<Item = (usize, TextCodec, Option<&str>)> {
        let all = self.words.iter().enumerate();
        all.filter_map(|(place, words)| match &words.becomes {
            Words::Stream { codec, language } => Some((place, *codec, language.as_deref())),
            Words::Drawn { .. } | Words::Beside { .. } => None,
        })
    }
}

/// Codecs of text; all others are pictures of it.
const TEXTS: [&str; 7] = ["subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"];

/// `window` is that of the output, and `parts` what it is joined from.
pub(super) fn words(
    spec: &OutputSpec,
    sources: &Sources<'_>,
    (window, parts): (&Window, &[PartPlan]),
    expected: &Expected,
) -> Result<Vec<WordsPlan>, Fault> {
    let cuts = |is_own: bool| {
        // The input's own are joined with it.
        let first = parts.first().filter(|_| is_own).map(|part| part.window);
        // A stream must not go on after the rest.
        let whole = expected.seconds.map(|seconds| Window {
            start_ms: 0,
            length_ms: Some((seconds * 1000.0) as u64),
            seek: Seek::Index,
        });
        first.into_iter().chain([*window]).chain(whole).collect()
    };
    let mut beside = 0;
    let planned = |subtitles| {
        let (plan, stream) = found(subtitles, sources)?;
        Ok(WordsPlan {
            cuts: cuts(plan.input.is_none()),
            becomes: what(spec, subtitles, stream, &mut beside),
            ..plan
        })
    };
    spec.subtitles.iter().map(planned).collect()
}

fn what(spec: &OutputSpec, wanted: &Subtitles, stream: &StreamFacts, beside: &mut u32) -> Words {
    match wanted.form {
        SubtitleForm::Drawn => Words::Drawn {
            font: wanted.font.clone(),
        },
        SubtitleForm::Stream => {
            let codec = match (spec.settings.container, stream.codec_name.as_deref()) {
                (Container::Mkv, Some("ass" | "ssa")) => TextCodec::Ass,
                (Container::Mkv, _) => TextCodec::SubRip,
                (Container::Webm, _) => TextCodec::WebVtt,
                _ => TextCodec::MovText,
            };
            let is_code = |language: &&String| {
                language.len() == 3 && language.bytes().all(|byte| byte.is_ascii_lowercase())
            };
            let own = stream.language.as_ref().filter(is_code);
            Words::Stream {
                codec,
                language: wanted.language.as_ref().or(own).cloned(),
            }
        }
        SubtitleForm::WebVtt => {
            *beside += 1;
            Words::Beside {
                name: format!("{}.{beside}.vtt", spec.object.key.file_name()),
            }
        }
    }
}

/// Where they are.
fn found<'a>(
    wanted: &Subtitles,
    sources: &Sources<'a>,
) -> Result<(WordsPlan, &'a StreamFacts), Fault> {
    let (input, facts, name) = match &wanted.object {
        None => (None, sources.main, "the input".to_owned()),
        Some(object) => {
            let (input, facts) = sources.find(object)?;
            (Some(input), facts, format!("input {object}"))
        }
    };
    let stream = text_stream(&facts.streams, wanted.track)
        .map_err(|why| Fault::new(FaultCode::SpecUnfit, format!("{name} {why}")))?;
    let plan = WordsPlan {
        input,
        stream: stream.index,
        encoding: wanted.encoding,
        becomes: Words::Drawn { font: None },
        cuts: Vec::new(),
        name,
    };
    Ok((plan, stream))
}

fn text_stream(streams: &[StreamFacts], track: u32) -> Result<&StreamFacts, String> {
    let is_subtitle = |stream: &&StreamFacts| matches!(stream.detail, StreamDetail::Subtitle);
    let Some(stream) = streams.iter().filter(is_subtitle).nth(track as usize) else {
        return Err(format!("has no subtitles {track}"));
    };
    let codec = stream.codec_name.as_deref().unwrap_or("of no known codec");
    match TEXTS.contains(&codec) {
        true => Ok(stream),
        false => Err(format!(
            "has subtitles {track} that are no text but {codec}"
        )),
    }
}
