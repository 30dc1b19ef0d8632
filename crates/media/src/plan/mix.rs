//! Sounds that are heard besides that of an output.

use reelgate_domain::job::kind::transcode::{Clip, MixUntil, MixedSound, OutputSpec};
use reelgate_domain::job::{Fault, FaultCode};

use super::join::named;
use super::sources::Sources;
use super::window::{self, Window};
use super::{AudioPlan, Expected, Mix, audio};

/// A sound that is heard besides.
#[derive(Clone, Debug, PartialEq)]
pub struct MixPlan {
    /// Its place among the further inputs; absent: the job's input.
    pub input: Option<usize>,
    pub stream: u32,
    pub window: Window,
    pub mix: Mix,
    pub until: MixUntil,
}

/// What sound the others are mixed into, and what of the output is known without them.
pub(super) struct Into<'a> {
    pub(super) audio: Option<&'a AudioPlan>,
    pub(super) window: &'a Window,
    /// What is seen of the input.
    pub(super) in_step: Clip,
    pub(super) expected: Expected,
}

/// The sounds that are mixed in, and how long the output is with them.
pub(super) fn mix(
    spec: &OutputSpec,
    into: &Into<'_>,
    sources: &Sources<'_>,
) -> Result<(Vec<MixPlan>, Expected), Fault> {
    let mut expected = into.expected;
    let Some(audio) = into.audio else {
        if spec.mix.is_empty() {
            return Ok((Vec::new(), expected));
        }
        let message = "the source has no audio stream to mix others into";
        return Err(Fault::new(FaultCode::NoAudioStream, message));
    };
    let mut plans = Vec::with_capacity(spec.mix.len());
    for sound in &spec.mix {
        let (mut plan, seconds) =
            one(sound, audio, into.in_step, sources).map_err(|fault| of(sound, &fault))?;
        match sound.until {
            MixUntil::Longest => {
                check_segments(spec, &expected, &plan, sources)?;
                expected = longer(expected, seconds, into.window);
            }
            MixUntil::First => plan.end_with(into.expected.audio_seconds),
        }
        plans.push(plan);
    }
    Ok((plans, expected))
}

fn of(sound: &MixedSound, fault: &Fault) -> Fault {
    match &sound.object {
        Some(object) => named(object, fault),
        None => fault.clone(),
    }
}

/// One of them, and how long it is.
fn one(
    sound: &MixedSound,
    into: &AudioPlan,
    in_step: Clip,
    sources: &Sources<'_>,
) -> Result<(MixPlan, Option<f64>), Fault> {
    let (input, facts) = match &sound.object {
        None => (None, sources.main),
        Some(object) => {
            let (place, facts) = sources.find(object)?;
            (Some(place), facts)
        }
    };
    let Some((stream, source)) = facts.sounds().nth(sound.audio as usize) else {
        let message = format!("there is no audio stream {} to mix in", sound.audio);
        return Err(Fault::new(FaultCode::NoAudioStream, message));
    };
    if stream.codec_name.is_none() {
        return Err(super::undecodable("audio", stream.index));
    }
    // Another sound of the input keeps time with the picture.
    let clip = sound.clip.or(input.is_none().then_some(in_step));
    let own = window::window(clip.as_ref(), facts)?;
    let seconds = window::expected(&own, facts, [None, Some(stream)]).seconds;
    let plan = MixPlan {
        input,
        stream: stream.index,
        window: own,
        mix: audio::mix(source.channels, into.channels),
        until: sound.until,
    };
    Ok((plan, seconds))
}

impl MixPlan {
    /// Cuts the sound where that which it is mixed into ends, if that is known: FFmpeg 5.1 may lose the end of a sum
    /// that it ends with its first sound.
    fn end_with(&mut self, own_seconds: Option<f64>) {
        let Some(seconds) = own_seconds else {
            return;
        };
        let own_ms = (seconds * 1000.0) as u64;
        let length = self.window.length_ms;
        self.window.length_ms = Some(length.map_or(own_ms, |length| length.min(own_ms)));
        self.until = MixUntil::Longest;
    }
}

fn longer(expected: Expected, sound: Option<f64>, window: &Window) -> Expected {
    let most = window.length_ms.map(|length| length as f64 / 1000.0);
    let sound = sound.map(|sound| most.map_or(sound, |most| sound.min(most)));
    let longer = |own: Option<f64>| Some(own?.max(sound?));
    Expected {
        seconds: longer(expected.seconds),
        video_seconds: expected.video_seconds,
        audio_seconds: longer(expected.audio_seconds),
    }
}

/// Segments begin with pictures: after the last there can be none.
fn check_segments(
    spec: &OutputSpec,
    own: &Expected,
    sound: &MixPlan,
    sources: &Sources<'_>,
) -> Result<(), Fault> {
    let is_segmented = spec.settings.container.segment_seconds().is_some();
    if !is_segmented || spec.settings.video.is_none() {
        return Ok(());
    }
    // Here a guess of the length is better than nothing.
    let facts = match sound.input {
        None => Some(sources.main),
        Some(input) => sources.further[input].facts.as_ref().ok(),
    };
    let whole = facts.and_then(|facts| facts.format.duration_seconds);
    let rest = whole.map(|seconds| seconds - sound.window.start_ms as f64 / 1000.0);
    let asked = sound.window.length_ms.map(|length| length as f64 / 1000.0);
    let ends = [rest, asked].into_iter().flatten().reduce(f64::min);
    if let (Some(ends), Some(own)) = (ends, own.seconds)
        && ends <= own + 0.1
    {
        return Ok(());
    }
    let message = "what is mixed in may be longer than the picture, without which segments cannot go on: \
                   mix until first, or into a file";
    Err(Fault::new(FaultCode::SpecUnfit, message))
}
