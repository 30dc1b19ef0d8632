//! How many bits a picture takes: samples of it are encoded at a constant quality, at several sizes.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;

use reelgate_domain::job::kind::media_info::ComplexitySpec;
use reelgate_domain::job::kind::transcode::{
    Clip, ClipLength, Container, EncoderPreset, OutputSpec, RateControl, Settings, Upscale,
    VideoSettings,
};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{Complexity, MediaFacts, OutputResult, SizeComplexity};
use reelgate_domain::{JobId, ObjectRef};
use reelgate_media::plan::Size;
use reelgate_media::{Findings, Limits, Plan};

use super::{Made, Outcome, Planned, Process, Source};
use crate::workbench::Workbench;

/// How many samples are taken of a source that is longer than all of them.
const SAMPLES: u64 = 3;
/// As long as it is from one key frame to the next where nothing is said, so that these do not weigh more.
const SAMPLE_MS: u64 = 10_000;

/// What samples are taken of, and how.
pub(crate) struct Samples<'a> {
    pub(crate) bench: &'a Arc<dyn Workbench>,
    pub(crate) job: JobId,
    pub(crate) object: &'a ObjectRef,
    pub(crate) spec: &'a ComplexitySpec,
    pub(crate) source: &'a Source,
    /// A directory that does not exist yet.
    pub(crate) dir: &'a Path,
    pub(crate) limits: &'a Limits,
}

/// What the samples have come to at one size.
struct Sum {
    size: Size,
    bits: f64,
    seconds: f64,
    frames: f64,
}

impl Samples<'_> {
    /// Takes them. Those that cannot be decoded are left out; one has to be whole. `on_progress` hears 0 to 100,
    /// rising. Dropping the future kills what runs.
    pub(crate) async fn measure(
        &self,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Complexity, Fault> {
        let findings = self.findings().await?;
        let clips = clips(&self.source.facts);
        let mut sums: Vec<Sum> = Vec::new();
        let mut failed = None;
        for (number, clip) in clips.iter().enumerate() {
            let done = number * 100 / clips.len();
            let share = clips.len();
            let mut tell = |percent: usize| {
                let percent = u8::try_from(done + percent / share).unwrap_or(100);
                on_progress(percent.min(100));
            };
            match self.sample(number, *clip, &findings, &mut tell).await {
                Ok(sample) => add(&mut sums, sample),
                Err(fault) if is_of_its_place(&fault) => failed = failed.or(Some(fault)),
                Err(fault) => return Err(fault),
            }
        }
        let measured = sums.first().map(|sum| sum.seconds);
        match (measured, failed) {
            (Some(seconds), _) => Ok(Complexity {
                crf: self.spec.crf,
                sampled_seconds: thousandths(seconds),
                sizes: sums.iter().map(Sum::result).collect(),
            }),
            (None, Some(fault)) => Err(fault),
            (None, None) => {
                let message = "there is nothing to take a sample of";
                Err(Fault::new(FaultCode::SourceUnreadable, message))
            }
        }
    }

    /// What has to be known of the source, which is the same for all samples.
    async fn findings(&self) -> Result<Findings, Fault> {
        let spec = self.output(None, None);
        let dir = self.dir.join("survey");
        let specs = [&spec];
        let looks = self.bench.survey(&specs, self.source, &dir, self.limits);
        let found = looks.await.into_iter().next();
        found.unwrap_or_else(|| Ok(Findings::default()))
    }

    /// Encodes one sample at all sizes, the widest first.
    async fn sample(
        &self,
        number: usize,
        clip: Clip,
        findings: &Findings,
        on_progress: &mut (dyn FnMut(usize) + Send),
    ) -> Result<Vec<Sum>, Fault> {
        let planned = self.planned(clip, findings)?;
        let plans: Vec<&Plan> = planned.iter().map(|part| &part.plan).collect();
        let groups = reelgate_media::groups(&plans);
        let mut sums = Vec::with_capacity(planned.len());
        let mut percents = vec![0_usize; planned.len()];
        for (process, group) in groups.iter().enumerate() {
            let parts: Vec<Planned> = group.iter().map(|&part| planned[part].clone()).collect();
            let dir = self.dir.join(format!("{number}-{process}"));
            let process = Process {
                input: &self.source.path,
                further: &[],
                parts: &parts,
                dir: &dir,
                kept: None,
                limits: *self.limits,
            };
            let mut tell = |part: usize, percent: u8| {
                percents[group[part]] = usize::from(percent);
                on_progress(percents.iter().sum::<usize>() / percents.len());
            };
            let outcome = self.bench.make(process, &mut tell, Box::pin(pending()));
            let made = match outcome.await {
                Outcome::Made(made) => made,
                Outcome::Failed(fault) => return Err(fault),
                Outcome::Stopped(_) => {
                    return Err(Fault::new(FaultCode::EngineFailed, "it was stopped"));
                }
            };
            for (part, made) in parts.iter().zip(made) {
                sums.push(Sum::of(&part.plan, made)?);
            }
            if let Err(error) = self.bench.remove(&dir).await {
                tracing::warn!(%error, "a sample stays in the scratch directory for now");
            }
        }
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.size.width));
        Ok(sums)
    }

    /// The outputs of a sample, each of another size.
    fn planned(&self, clip: Clip, findings: &Findings) -> Result<Vec<Planned>, Fault> {
        let mut widths: Vec<Option<u32>> = self.spec.widths.iter().copied().map(Some).collect();
        widths.sort_by_key(|width| std::cmp::Reverse(*width));
        widths.dedup();
        if widths.is_empty() {
            widths.push(None);
        }
        let mut planned: Vec<Planned> = Vec::with_capacity(widths.len());
        let mut smaller = None;
        for (index, width) in widths.into_iter().enumerate() {
            let spec = self.output(width, Some(clip));
            let (facts, can) = (&self.source.facts, self.bench.capabilities());
            let plan = reelgate_media::plan_with(&spec, facts, findings, can)?;
            let size = |plan: &Plan| plan.video.as_ref().map(|video| video.size);
            let made = size(&plan);
            if planned.iter().any(|part| size(&part.plan) == made) {
                continue;
            }
            let part = Planned {
                job: self.job,
                index,
                spec,
                plan,
                // A sample is short, and the job's own bound holds.
                scratch_bytes: 0,
            };
            // Sides are even.
            match width {
                Some(width) if made.map_or(0, |size| size.width) + 1 < width => {
                    smaller = Some(part);
                }
                _ => planned.push(part),
            }
        }
        if planned.is_empty() {
            planned.extend(smaller);
        }
        Ok(planned)
    }

    fn output(&self, width: Option<u32>, clip: Option<Clip>) -> OutputSpec {
        let video = VideoSettings {
            width,
            upscale: Upscale::KeepSize,
            crop: self.spec.crop,
            crop_borders: self.spec.crop_borders,
            scan: self.spec.scan,
            rate: RateControl::Crf {
                crf: f64::from(self.spec.crf),
                cap: None,
            },
            preset: EncoderPreset::Veryfast,
            ..VideoSettings::default()
        };
        let settings = Settings {
            container: Container::Mkv,
            video: Some(video),
            audio: None,
            stall_seconds: None,
        };
        OutputSpec {
            clip,
            ..OutputSpec::new(self.object.clone(), settings)
        }
    }
}

impl Sum {
    fn of(plan: &Plan, made: Made) -> Result<Self, Fault> {
        let (size, rate) = match &plan.video {
            Some(video) => (video.size, video.fps.as_f64()),
            None => return Err(Fault::new(FaultCode::NoVideoStream, "there is no picture")),
        };
        let facts = match made.result {
            OutputResult::Done { facts, .. } => facts,
            OutputResult::Failed { fault, .. } => return Err(fault),
        };
        let seconds = facts.format.duration_seconds.unwrap_or(0.0);
        if seconds <= 0.0 {
            let message = "nothing can be decoded where a sample was to be taken";
            return Err(Fault::new(FaultCode::SourceUnreadable, message));
        }
        Ok(Self {
            size,
            bits: facts.format.size_bytes as f64 * 8.0,
            seconds,
            frames: seconds * rate,
        })
    }

    fn result(&self) -> SizeComplexity {
        let pixels = f64::from(self.size.width) * f64::from(self.size.height);
        SizeComplexity {
            width: self.size.width,
            height: self.size.height,
            kbps: thousandths(self.bits / self.seconds / 1000.0),
            bits_per_pixel: thousandths(self.bits / (pixels * self.frames)),
        }
    }
}

/// Adds what another sample has come to, size by size.
fn add(sums: &mut Vec<Sum>, sample: Vec<Sum>) {
    for one in sample {
        match sums.iter_mut().find(|sum| sum.size == one.size) {
            Some(sum) => {
                sum.bits += one.bits;
                sum.seconds += one.seconds;
                sum.frames += one.frames;
            }
            None => sums.push(one),
        }
    }
}

/// Where samples are taken: in the middle of equal parts of the source, or from its beginning on where it is short or
/// does not say how long it is.
fn clips(facts: &MediaFacts) -> Vec<Clip> {
    let stream = facts
        .video()
        .and_then(|(stream, _)| stream.duration_seconds);
    let seconds = stream.or(facts.format.duration_seconds).unwrap_or(0.0);
    let source_ms = (seconds * 1000.0) as u64;
    if source_ms <= SAMPLES * SAMPLE_MS {
        return vec![clip(0, SAMPLES * SAMPLE_MS)];
    }
    let middle = |number: u64| source_ms * (2 * number + 1) / (2 * SAMPLES);
    let each = (0..SAMPLES).map(|number| clip(middle(number) - SAMPLE_MS / 2, SAMPLE_MS));
    each.collect()
}

const fn clip(start_ms: u64, length_ms: u64) -> Clip {
    Clip {
        start_ms,
        length: Some(ClipLength::DurationMs(length_ms)),
    }
}

/// Whether a sample may have failed because of what is in its place alone.
fn is_of_its_place(fault: &Fault) -> bool {
    matches!(
        fault.code,
        FaultCode::SourceUnreadable | FaultCode::EngineFailed | FaultCode::SpecUnfit
    )
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use reelgate_domain::media::{StreamDetail, StreamFacts, VideoFacts};

    use super::*;

    fn starts(seconds: Option<f64>) -> Vec<u64> {
        let facts = MediaFacts {
            streams: vec![StreamFacts {
                duration_seconds: seconds,
                detail: StreamDetail::Video(VideoFacts::default()),
                ..StreamFacts::default()
            }],
            ..MediaFacts::default()
        };
        clips(&facts).iter().map(|clip| clip.start_ms).collect()
    }

    #[test]
    fn samples_lie_in_the_middle_of_equal_parts() {
        assert_eq!(starts(None), [0]);
        assert_eq!(starts(Some(30.0)), [0]);
        assert_eq!(starts(Some(30.6)), [100, 10_300, 20_500]);
        assert_eq!(starts(Some(600.0)), [95_000, 295_000, 495_000]);
    }
}
