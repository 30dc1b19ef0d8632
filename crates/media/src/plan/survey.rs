//! What is measured of a source before its outputs are planned, because no file says it. Pure.

use std::time::Duration;

use reelgate_domain::job::kind::transcode::{Area, AudioCodec, OutputSpec, Scan, Volume};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::MediaFacts;

use super::copy::Way;
use super::geometry::{check_source, upright};
use super::{AudioPlan, Level, Size, Window, audio, join, sources, stall, window};
use crate::engine::{Capabilities, Part};

/// How much of an output's part of the source is looked at for borders and fields.
pub(crate) const SEEN_SECONDS: u64 = 120;

/// What was found out about an output's source. What was not asked for, or could not be seen, is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Findings {
    /// What is inside the borders of the upright picture.
    pub inside: Option<Area>,
    pub fields: Option<Fields>,
    pub level: Option<Level>,
}

/// How the frames of a source were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    Progressive,
    TopFirst,
    BottomFirst,
}

/// How loud a sound is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loudness {
    /// LUFS. Absent: there is nothing but silence.
    pub integrated: Option<f64>,
    /// dBTP.
    pub true_peak: f64,
}

/// One look at a part of a source, for all outputs that are made of that part.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyPlan {
    pub window: Window,
    /// Each stream once.
    pub pictures: Vec<PictureLook>,
    /// As outputs will have them, without their encoding; each once.
    pub sounds: Vec<AudioPlan>,
    pub outputs: Vec<Asked>,
    /// The longest time without progress.
    pub stall: Duration,
}

/// What is looked for in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLook {
    pub stream: u32,
    /// That of the upright picture.
    pub size: Size,
    pub borders: bool,
    pub fields: bool,
}

/// What one output wants to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// Its place among those that the survey was planned for.
    pub output: usize,
    /// The place of its picture in the plan.
    pub picture: Option<usize>,
    /// The place of its sound, and how loud that is to be.
    pub sound: Option<(usize, Volume)>,
}

/// The looks that these outputs of one source need; none for those that need none or cannot be made.
pub fn survey_plans(specs: &[&OutputSpec], facts: &MediaFacts) -> Vec<SurveyPlan> {
    let mut plans: Vec<SurveyPlan> = Vec::new();
    for (output, spec) in specs.iter().enumerate() {
        let Ok(window) = window::window(join::own_clip(spec), facts) else {
            continue;
        };
        let (picture, sound) = (picture(spec, facts), sound(spec, facts, &window));
        if picture.is_none() && sound.is_none() {
            continue;
        }
        let stall = stall::stall(spec.settings.stall_seconds, &window);
        let place = plans.iter().position(|plan| plan.window == window);
        let place = place.unwrap_or_else(|| {
            plans.push(SurveyPlan::of(window));
            plans.len() - 1
        });
        let plan = &mut plans[place];
        plan.stall = plan.stall.max(stall);
        let picture = picture.map(|picture| plan.see(picture));
        let sound = sound.map(|(sound, volume)| (plan.hear(sound), volume));
        plan.outputs.push(Asked {
            output,
            picture,
            sound,
        });
    }
    plans
}

fn picture(spec: &OutputSpec, facts: &MediaFacts) -> Option<PictureLook> {
    let wanted = spec.settings.video.as_ref()?;
    let (stream, source) = sources::video(facts, spec.streams).ok()??;
    check_source(source).ok()?;
    let look = PictureLook {
        stream: stream.index,
        size: upright(source),
        borders: wanted.crop_borders,
        fields: wanted.scan == Scan::Auto,
    };
    (look.borders || look.fields).then_some(look)
}

fn sound(spec: &OutputSpec, facts: &MediaFacts, window: &Window) -> Option<(AudioPlan, Volume)> {
    let wanted = spec.settings.audio.as_ref()?;
    let volume = wanted.volume.filter(|volume| volume.is_measured())?;
    let (stream, source) = sources::audio(facts, spec.streams).ok()??;
    let way = Way {
        container: spec.settings.container,
        window,
        facts,
        stream,
        findings: &Findings::default(),
    };
    let plan = audio::audio(wanted, way, source).ok()?;
    // How it is encoded does not change how loud it is, nor does a rate that holds all that is heard.
    let plan = AudioPlan {
        codec: AudioCodec::Pcm,
        codec_name: "",
        kbps: 0,
        sample_bits: 16,
        sample_rate: match plan.sample_rate {
            low @ ..44_100 => low,
            _ => 48_000,
        },
        ..plan
    };
    Some((plan, volume))
}

impl SurveyPlan {
    const fn of(window: Window) -> Self {
        Self {
            window,
            pictures: Vec::new(),
            sounds: Vec::new(),
            outputs: Vec::new(),
            stall: Duration::ZERO,
        }
    }

    fn see(&mut self, look: PictureLook) -> usize {
        let same = |known: &PictureLook| known.stream == look.stream;
        let Some(place) = self.pictures.iter().position(same) else {
            self.pictures.push(look);
            return self.pictures.len() - 1;
        };
        self.pictures[place].borders |= look.borders;
        self.pictures[place].fields |= look.fields;
        place
    }

    fn hear(&mut self, sound: AudioPlan) -> usize {
        let place = self.sounds.iter().position(|known| *known == sound);
        place.unwrap_or_else(|| {
            self.sounds.push(sound);
            self.sounds.len() - 1
        })
    }

    /// Fails with `EngineLacks` where it cannot be done.
    pub(crate) fn check_engine(&self, capabilities: &Capabilities) -> Result<(), Fault> {
        let mut filters = Vec::new();
        if !self.pictures.is_empty() {
            filters.extend(["metadata", "cropdetect", "idet"]);
        }
        if !self.sounds.is_empty() {
            filters.extend(["ebur128", "ametadata", "volume", "alimiter"]);
        }
        let lacking = filters
            .into_iter()
            .map(Part::Filter)
            .find(|part| !capabilities.has(*part));
        lacking.map_or(Ok(()), |part| {
            let message = format!("the FFmpeg installed was built without the {part}");
            Err(Fault::new(FaultCode::EngineLacks, message))
        })
    }
}
