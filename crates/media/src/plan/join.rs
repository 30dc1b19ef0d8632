//! Files that follow the input in an output: each is brought to the size, colours and sound of the whole.

use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::transcode::{
    Clip, ClipLength, Color, JoinedPart, OutputSpec, PartSide, VideoSettings,
};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{AudioFacts, FormatFacts, MediaFacts, StreamFacts, VideoFacts};

use super::copy::Way;
use super::geometry::{check_source, display, even};
use super::sources::Sources;
use super::window::{self, Window};
use super::{AudioPlan, Expected, Findings, Mix, Seek, Size, VideoPlan, audio, tone, video};
use crate::engine::Capabilities;

/// One of the files that an output is joined from.
#[derive(Clone, Debug, PartialEq)]
pub struct PartPlan {
    /// Its place among the further inputs; the first part is the job's input, which has none.
    pub input: Option<usize>,
    pub window: Window,
    pub picture: Option<PartPicture>,
    pub sound: Option<PartSound>,
    /// The picture fades in over the last one before it.
    pub fade: Option<Fade>,
}

/// A picture that is made as large as that of the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct PartPicture {
    pub video: VideoPlan,
    /// What is around it, where it is smaller.
    pub background: Color,
}

/// A sound that is made like that of the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PartSound {
    Stream {
        stream: u32,
        mix: Mix,
    },
    /// For so long, as far as that is known.
    Silence {
        seconds: Option<f64>,
    },
}

/// When a part begins, and for how long it fades in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fade {
    pub start_seconds: f64,
    pub seconds: f64,
}

/// What joining comes to.
pub(super) struct Joined {
    pub(super) parts: Vec<PartPlan>,
    /// Of all parts together.
    pub(super) window: Window,
    pub(super) expected: Expected,
}

impl Joined {
    /// What is seen of the input itself, which is the first part.
    pub(super) fn of_input(&self) -> Clip {
        let Some(first) = self.parts.first() else {
            return Clip {
                start_ms: self.window.start_ms,
                length: None,
            };
        };
        let late = self.window.start_ms;
        let left = first
            .window
            .length_ms
            .map(|length| length.saturating_sub(late));
        Clip {
            start_ms: first.window.start_ms + late,
            length: left.map(ClipLength::DurationMs),
        }
    }
}

/// The first part.
pub(super) struct First<'a> {
    pub(super) video: Option<(&'a VideoPlan, &'a VideoFacts)>,
    pub(super) audio: Option<&'a AudioPlan>,
    pub(super) mapped: [Option<&'a StreamFacts>; 2],
    pub(super) window: Window,
}

/// The window of the input itself: of its own clip, if that is not one of the whole.
pub(super) fn own_clip(spec: &OutputSpec) -> Option<&Clip> {
    spec.clip
        .as_ref()
        .filter(|_| spec.clip_first || spec.append.is_empty())
}

/// The input and all that follows it.
pub(super) fn join(
    spec: &OutputSpec,
    first: &First<'_>,
    sources: &Sources<'_>,
    capabilities: &Capabilities,
) -> Result<Joined, Fault> {
    if spec.settings.audio.is_some() && first.audio.is_none() {
        return Err(incomplete("the input", "audio"));
    }
    let mut lengths = vec![window::expected(&first.window, sources.main, first.mapped)];
    let mut parts = vec![PartPlan {
        input: None,
        window: first.window,
        picture: first.video.map(|(video, _)| PartPicture {
            video: video.clone(),
            background: Color::default(),
        }),
        sound: first.audio.map(|audio| PartSound::Stream {
            stream: audio.stream,
            mix: audio.mix,
        }),
        fade: None,
    }];
    for part in &spec.append {
        let (input, facts) = sources.find(&part.object)?;
        let adding = Adding {
            spec,
            part,
            facts,
            capabilities,
        };
        let before = lengths.iter().map(|length| length.seconds).sum();
        let (mut plan, length) = adding
            .plan(first)
            .map_err(|fault| named(&part.object, &fault))?;
        plan.input = Some(input);
        plan.fade = fade(part, plan.picture.is_some(), before)?;
        parts.push(plan);
        lengths.push(length);
    }
    let whole = spec.clip.as_ref().filter(|_| !spec.clip_first);
    let total = lengths.iter().map(|length| length.seconds).sum();
    let window = window::window(whole, &lasting(total))?;
    // Moments are those of the output, and the input is painted over before the whole is cut.
    if let Some(picture) = parts.first_mut().and_then(|first| first.picture.as_mut()) {
        for erased in &mut picture.video.erased {
            erased.from_ms += window.start_ms;
            erased.until_ms = erased.until_ms.map(|until| until + window.start_ms);
        }
    }
    let expected = together(&lengths, &window);
    Ok(Joined {
        parts,
        window,
        expected,
    })
}

/// A part on its way into an output.
struct Adding<'a> {
    spec: &'a OutputSpec,
    part: &'a JoinedPart,
    facts: &'a MediaFacts,
    capabilities: &'a Capabilities,
}

impl Adding<'_> {
    fn plan(&self, first: &First<'_>) -> Result<(PartPlan, Expected), Fault> {
        let window = window::window(self.part.clip.as_ref(), self.facts)?;
        let picture = match (first.video, &self.spec.settings.video) {
            (Some(main), Some(wanted)) => {
                let found = self.facts.video();
                let (stream, source) = found.ok_or_else(|| incomplete("it", "video"))?;
                Some((
                    self.picture(wanted, main, (stream, source), &window)?,
                    stream,
                ))
            }
            _ => None,
        };
        let sound = match first.audio {
            None => None,
            Some(_) if self.part.muted => {
                let mapped = [picture.as_ref().map(|(_, stream)| *stream), None];
                let seconds = window::expected(&window, self.facts, mapped).seconds;
                Some((PartSound::Silence { seconds }, None))
            }
            Some(main) => {
                let found = self.facts.audio();
                let (stream, source) = found.ok_or_else(|| incomplete("it", "audio"))?;
                Some((sound(main, stream, source)?, Some(stream)))
            }
        };
        let mapped = [
            picture.as_ref().map(|(_, stream)| *stream),
            sound.and_then(|(_, stream)| stream),
        ];
        let length = window::expected(&window, self.facts, mapped);
        let plan = PartPlan {
            input: None,
            window,
            picture: picture.map(|(picture, _)| picture),
            sound: sound.map(|(sound, _)| sound),
            fade: None,
        };
        Ok((plan, length))
    }

    fn picture(
        &self,
        wanted: &VideoSettings,
        (main, main_source): (&VideoPlan, &VideoFacts),
        (stream, source): (&StreamFacts, &VideoFacts),
        window: &Window,
    ) -> Result<PartPicture, Fault> {
        check_source(source)?;
        let is_kept = main.tone.is_none() && tone::tone(wanted, source).is_none();
        if is_kept && tone::transfer(main_source) != tone::transfer(source) {
            let message = "its dynamic range is not that of the input: hdr_to_sdr brings both to standard range";
            return Err(Fault::new(FaultCode::SpecUnfit, message));
        }
        let size = self.size(display(source), main.size);
        // How the whole is made, and nothing of what is done to the input alone.
        let like = VideoSettings {
            codec: wanted.codec,
            profile: wanted.profile,
            pixel_format: wanted.pixel_format,
            hdr_to_sdr: wanted.hdr_to_sdr,
            width: Some(size.width),
            height: Some(size.height),
            ..VideoSettings::default()
        };
        let way = Way {
            container: self.spec.settings.container,
            window,
            facts: self.facts,
            stream,
            findings: &Findings::default(),
        };
        let mut video = video::video(&like, way, source, self.capabilities)?;
        video.fps = main.fps;
        Ok(PartPicture {
            video,
            background: self.part.background.unwrap_or_default(),
        })
    }

    /// In even numbers, and nowhere larger than the frame.
    fn size(&self, own: (f64, f64), frame: Size) -> Size {
        let whole = (f64::from(frame.width), f64::from(frame.height));
        let side = |side: PartSide, own: f64, whole: f64| match side {
            PartSide::Own => own,
            PartSide::Full => whole,
            PartSide::Px(px) => f64::from(px),
        };
        let width = self.part.width.map(|it| side(it, own.0, whole.0));
        let height = self.part.height.map(|it| side(it, own.1, whole.1));
        let aspect = own.0 / own.1;
        let (width, height) = match (width, height) {
            (Some(width), Some(height)) => (width, height),
            (Some(width), None) => (width, width / aspect),
            (None, Some(height)) => (height * aspect, height),
            (None, None) => {
                let factor = (whole.0 / own.0).min(whole.1 / own.1);
                (own.0 * factor, own.1 * factor)
            }
        };
        let factor = (whole.0 / width).min(whole.1 / height).min(1.0);
        Size {
            width: even(width * factor + 0.5).clamp(2, frame.width),
            height: even(height * factor + 0.5).clamp(2, frame.height),
        }
    }
}

fn sound(main: &AudioPlan, stream: &StreamFacts, source: &AudioFacts) -> Result<PartSound, Fault> {
    if stream.codec_name.is_none() {
        return Err(super::undecodable("audio", stream.index));
    }
    Ok(PartSound::Stream {
        stream: stream.index,
        mix: audio::mix(source.channels, main.channels),
    })
}

fn fade(part: &JoinedPart, has_picture: bool, before: Option<f64>) -> Result<Option<Fade>, Fault> {
    if part.fade_ms == 0 || !has_picture {
        return Ok(None);
    }
    let Some(start_seconds) = before else {
        let message = format!(
            "input {} cannot fade in: how long what is before it lasts is not known",
            part.object
        );
        return Err(Fault::new(FaultCode::SpecUnfit, message));
    };
    Ok(Some(Fade {
        start_seconds,
        seconds: f64::from(part.fade_ms) / 1000.0,
    }))
}

fn incomplete(part: &str, what: &str) -> Fault {
    let message = format!("{part} has no {what}, which the output that it is joined in has");
    Fault::new(FaultCode::PartIncomplete, message)
}

/// A fault of one of the further inputs.
pub(super) fn named(object: &ObjectRef, fault: &Fault) -> Fault {
    Fault::new(fault.code, format!("input {object}: {}", fault.message))
}

/// Something that lasts so long, and is reached by decoding alone.
fn lasting(seconds: Option<f64>) -> MediaFacts {
    MediaFacts {
        format: FormatFacts {
            duration_seconds: seconds,
            ..FormatFacts::default()
        },
        ..MediaFacts::default()
    }
}

/// Each part lasts as long as the longer of its streams, and the last ends with each.
fn together(lengths: &[Expected], window: &Window) -> Expected {
    let Some((last, before)) = lengths.split_last() else {
        return Expected::default();
    };
    let before: Option<f64> = before.iter().map(|length| length.seconds).sum();
    let start = window.start_ms as f64 / 1000.0;
    let inside = |end: Option<f64>| {
        let rest = (before? + end? - start).max(0.0);
        let most = window.length_ms.map(|length| length as f64 / 1000.0);
        Some(most.map_or(rest, |most| rest.min(most)))
    };
    Expected {
        seconds: inside(last.seconds),
        video_seconds: inside(last.video_seconds),
        audio_seconds: inside(last.audio_seconds),
    }
}

/// What decoding up to late starts takes beside that of the whole.
pub(super) fn late_ms(parts: &[PartPlan]) -> u64 {
    let is_decoded = |part: &&PartPlan| part.input.is_none() || part.window.seek == Seek::Decode;
    let decoded = parts.iter().filter(is_decoded);
    decoded.map(|part| part.window.start_ms).sum()
}
