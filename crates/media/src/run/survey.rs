//! Measuring a source: one look at it, and some more at its sounds where a limit changes how loud they are.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::pin::{Pin, pin};

use reelgate_domain::job::kind::transcode::{Area, Volume};
use reelgate_domain::job::{Fault, FaultCode, StopMode};

use super::progress::ProgressReader;
use super::step::Steps;
use super::transcode::TranscodeError;
use super::{Limits, Runner};
use crate::argv::survey::{Look, survey_argv};
use crate::engine::Engine;
use crate::plan::{
    Fields, Findings, Level, Loudness, SurveyPlan, decibels, first_level, is_certain, next_level,
};

/// What is measured, and where.
#[derive(Clone, Copy, Debug)]
pub struct Survey<'a> {
    pub plan: &'a SurveyPlan,
    /// An absolute path.
    pub input: &'a Path,
    /// An empty directory, as an absolute path. The processes run in it and may write below.
    pub dir: &'a Path,
    /// These hold for all processes together. Where they name no stall, the plan's holds.
    pub limits: &'a Limits,
}

/// How often a sound is measured again at most: each time brings it closer by some two thirds.
const MOST_TRIES: u32 = 5;

/// Looks at a source, and answers with what each of the plan's outputs asked for, in their order. `stop` ends the
/// work when it completes; dropping the future kills the process that runs.
pub async fn survey(
    runner: &Runner,
    engine: &Engine,
    job: Survey<'_>,
    stop: impl Future<Output = StopMode>,
) -> Result<Vec<Findings>, TranscodeError> {
    let plan = job.plan;
    plan.check_engine(engine.capabilities())?;
    let surveyor = Surveyor {
        steps: Steps::new(runner, engine, (job.input, job.dir), job.limits, plan.stall),
        plan,
    };
    let mut stop = pin!(stop);
    let (seen, heard) = surveyor.look(stop.as_mut()).await?;
    let levels = surveyor.levels(&heard, stop).await?;
    let of = |asked: &crate::plan::Asked| {
        let picture = asked.picture.map(|place| &seen[place]);
        let level = asked.sound.and_then(|asked| {
            let mut levels = levels.iter();
            levels.find(|tried| tried.asked == asked)?.level
        });
        Findings {
            inside: picture.and_then(Figures::inside),
            fields: picture.and_then(Figures::fields),
            level,
        }
    };
    Ok(plan.outputs.iter().map(of).collect())
}

struct Surveyor<'a> {
    steps: Steps<'a>,
    plan: &'a SurveyPlan,
}

/// A level that is looked for.
struct Tried {
    /// The place of a sound, and how loud it is to be.
    asked: (usize, Volume),
    level: Option<Level>,
    is_done: bool,
}

impl Surveyor<'_> {
    /// What is seen of each picture and heard of each sound of the plan.
    async fn look(
        &self,
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(Vec<Figures>, Vec<Figures>), TranscodeError> {
        let pictures = self.plan.pictures.iter().enumerate();
        let pictures = pictures.map(|(place, look)| Look::Picture {
            look,
            file: format!("picture-{place}.txt"),
        });
        let sounds = self.plan.sounds.iter().enumerate();
        let sounds = sounds.map(|(place, plan)| heard(place, *plan));
        let looks: Vec<_> = pictures.chain(sounds).collect();
        let mut seen = self.run(&looks, stop).await?;
        let heard = seen.split_off(self.plan.pictures.len());
        Ok((seen, heard))
    }

    /// The levels of all that is asked for. What has to be measured again is measured by one process at a time.
    async fn levels(
        &self,
        heard_first: &[Figures],
        mut stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<Vec<Tried>, TranscodeError> {
        let mut all: Vec<Tried> = Vec::new();
        for asked in self.plan.outputs.iter().filter_map(|asked| asked.sound) {
            if all.iter().all(|tried| tried.asked != asked) {
                all.push(Tried::first(asked, heard_first[asked.0].loudness()));
            }
        }
        for _ in 0..MOST_TRIES {
            let mut open: Vec<_> = all.iter_mut().filter(|tried| !tried.is_done).collect();
            if open.is_empty() {
                break;
            }
            let looks = open.iter().enumerate().map(|(place, tried)| {
                let mut plan = self.plan.sounds[tried.asked.0];
                plan.level = tried.level;
                heard(place, plan)
            });
            let looks: Vec<_> = looks.collect();
            let figures = self.run(&looks, stop.as_mut()).await?;
            for (tried, figures) in open.iter_mut().zip(figures) {
                tried.go_on(figures.loudness());
            }
        }
        Ok(all)
    }

    /// One process, and the figures of each look.
    async fn run(
        &self,
        looks: &[Look<'_>],
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<Vec<Figures>, TranscodeError> {
        let args = survey_argv(&self.plan.window, looks, self.steps.input);
        let mut progress = ProgressReader::default();
        self.steps
            .run(args, |chunk| progress.push(chunk), stop)
            .await?;
        let read = |look: &Look<'_>| match look {
            Look::Picture { file, .. } => Figures::read(&[&self.steps.dir.join(file)]),
            Look::Sound { loudness, peak, .. } => {
                Figures::read(&[&self.steps.dir.join(loudness), &self.steps.dir.join(peak)])
            }
        };
        looks.iter().map(read).collect()
    }
}

fn heard<'a>(place: usize, plan: crate::plan::AudioPlan) -> Look<'a> {
    Look::Sound {
        plan,
        loudness: format!("loudness-{place}.txt"),
        peak: format!("peak-{place}.txt"),
    }
}

impl Tried {
    fn first(asked: (usize, Volume), found: Option<Loudness>) -> Self {
        let first = found.and_then(|found| Some((first_level(asked.1, found)?, found)));
        Self {
            asked,
            level: first.map(|(level, _)| level),
            is_done: first.is_none_or(|(level, found)| is_certain(asked.1, level, found)),
        }
    }

    fn go_on(&mut self, found: Option<Loudness>) {
        let level = self.level.zip(found);
        match level.and_then(|(level, found)| next_level(self.asked.1, level, found)) {
            Some(next) => self.level = Some(next),
            None => self.is_done = true,
        }
    }
}

/// All that is said of one frame, and more.
const TAIL_BYTES: u64 = 16 * 1024;

/// What filters printed: of each figure the last, which is one of all frames.
#[derive(Debug, Default)]
struct Figures {
    /// Left, top, width and height.
    inside: [Option<f64>; 4],
    /// Frames with the upper field first, with the lower one first, and whole ones.
    fields: [Option<f64>; 3],
    integrated: Option<f64>,
    true_peak: f64,
}

impl Figures {
    /// A file is not there if there was no frame.
    fn read(files: &[&Path]) -> Result<Self, TranscodeError> {
        let mut figures = Self::default();
        for file in files {
            match tail(file) {
                Ok(text) => figures.take(&String::from_utf8_lossy(&text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    let message = format!("what was measured cannot be read: {error}");
                    return Err(Fault::new(FaultCode::StorageFailed, message).into());
                }
            }
        }
        Ok(figures)
    }

    fn take(&mut self, text: &str) {
        for line in text.lines() {
            let figure = line.split_once('=');
            let figure =
                figure.and_then(|(key, value)| Some((key, value.trim().parse::<f64>().ok()?)));
            let Some((key, value)) = figure else {
                continue;
            };
            match key {
                "lavfi.cropdetect.x" => self.inside[0] = Some(value),
                "lavfi.cropdetect.y" => self.inside[1] = Some(value),
                "lavfi.cropdetect.w" => self.inside[2] = Some(value),
                "lavfi.cropdetect.h" => self.inside[3] = Some(value),
                "lavfi.idet.multiple.tff" => self.fields[0] = Some(value),
                "lavfi.idet.multiple.bff" => self.fields[1] = Some(value),
                "lavfi.idet.multiple.progressive" => self.fields[2] = Some(value),
                "lavfi.r128.I" => self.integrated = Some(value),
                "lavfi.r128.true_peak" => self.true_peak = value,
                _ => {}
            }
        }
    }

    /// Nothing inside means that all was black.
    fn inside(&self) -> Option<Area> {
        let [Some(left), Some(top), Some(width), Some(height)] = self.inside else {
            return None;
        };
        let is_picture = left >= 0.0 && top >= 0.0 && width >= 16.0 && height >= 16.0;
        is_picture.then_some(Area {
            width: width as u32,
            height: height as u32,
            left: left as u32,
            top: top as u32,
        })
    }

    /// Absent where nothing moved, which tells nothing. Film that was made fit for television by repeating fields has
    /// more whole frames than mixed ones.
    fn fields(&self) -> Option<Fields> {
        let [Some(top), Some(bottom), Some(whole)] = self.fields else {
            return None;
        };
        if top + bottom + whole <= 0.0 {
            return None;
        }
        Some(if top + bottom <= whole {
            Fields::Progressive
        } else if top >= bottom {
            Fields::TopFirst
        } else {
            Fields::BottomFirst
        })
    }

    /// -70 LUFS is what the standard takes for silence.
    fn loudness(&self) -> Option<Loudness> {
        let integrated = self.integrated?;
        Some(Loudness {
            integrated: Some(integrated).filter(|lufs| *lufs > -70.0),
            true_peak: decibels(self.true_peak),
        })
    }
}

/// The end of a file, from the start of a line on.
fn tail(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    let begin = file.metadata()?.len().saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(begin))?;
    let mut text = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut text)?;
    if begin > 0 {
        let line = text.iter().position(|byte| *byte == b'\n');
        text.drain(..line.map_or(text.len(), |end| end + 1));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_figure_the_last_one_counts() {
        let mut seen = Figures::default();
        seen.take("frame:0 pts:0 pts_time:0\nlavfi.r128.I=-70.000\n");
        seen.take("lavfi.r128.true_peak=0.500\nlavfi.r128.I=-20.5\n");
        let found = seen.loudness().unwrap();
        assert_eq!(found.integrated, Some(-20.5));
        assert!((found.true_peak + 6.02).abs() < 0.01);
        assert_eq!((seen.inside(), seen.fields()), (None, None));
        seen.take("lavfi.idet.multiple.tff=0.00\nlavfi.idet.multiple.bff=0.00\n");
        seen.take("lavfi.idet.multiple.progressive=0.00\n");
        assert_eq!(seen.fields(), None, "nothing has moved yet");
        seen.take("lavfi.idet.multiple.bff=3.00\n");
        seen.take("lavfi.idet.multiple.progressive=2.00\n");
        assert_eq!(seen.fields(), Some(Fields::BottomFirst));
        seen.take("lavfi.cropdetect.w=-320\nlavfi.cropdetect.h=-240\n");
        seen.take("lavfi.cropdetect.x=0\nlavfi.cropdetect.y=30\n");
        assert_eq!(seen.inside(), None);
        seen.take("lavfi.cropdetect.w=320\nlavfi.cropdetect.h=180\n");
        let inside = seen.inside().unwrap();
        assert_eq!((inside.top, inside.height), (30, 180));
    }

    #[test]
    fn the_end_of_a_long_file_begins_with_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.txt");
        std::fs::write(&path, "lavfi.r128.I=-23.5\n".repeat(2000)).unwrap();
        let text = String::from_utf8(tail(&path).unwrap()).unwrap();
        assert!(text.len() <= TAIL_BYTES as usize && text.len() > 16_000);
        assert!(text.lines().all(|line| line == "lavfi.r128.I=-23.5"));
    }
}
