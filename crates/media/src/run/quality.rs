//! Measuring how like its source an output looks: what its encoder was given is made once more and held against it.

use std::path::PathBuf;
use std::pin::Pin;

use reelgate_domain::job::kind::transcode::PixelFormat;
use reelgate_domain::job::{Fault, FaultCode, StopMode};
use reelgate_domain::quality::{DOCUMENT_SUFFIX, Quality, WorstMoment};

use tokio::io::{AsyncBufReadExt, BufReader};

use super::Runner;
use super::step::Steps;
use super::transcode::{Part, Transcode, TranscodeError};
use crate::argv::quality::{self as argv, Also};
use crate::check::made::{MadeFile, Transcoded};
use crate::check::quality::Figures;
use crate::engine::{Engine, Part as Component};
use crate::plan::VideoPlan;

/// libvmaf falls over smaller pictures: it halves them four times.
const LEAST_VMAF_SIDE: u32 = 32;

/// Measures the output of one part of a transcode that was made and named, and puts the document and the pictures of
/// its worst moments before its files. `stop` ends the work when it completes; dropping the future kills the process.
pub async fn quality(
    runner: &Runner,
    engine: &Engine,
    job: Transcode<'_>,
    place: usize,
    transcoded: &mut Transcoded,
    stop: Pin<&mut impl Future<Output = StopMode>>,
) -> Result<(), TranscodeError> {
    let part = &job.parts[place];
    let Some(video) = part.plan.video.as_ref().filter(|it| !it.is_copied()) else {
        let message = "the quality of a picture that is copied is the source's";
        return Err(Fault::new(FaultCode::SpecUnfit, message).into());
    };
    let also = check_engine(engine, video)?;
    let Some(main) = transcoded.files.last() else {
        return Ok(());
    };
    let output = part.out_dir.join(&main.name);
    let mut read = job.further.to_vec();
    read.push(part.out_dir);
    let patience = part.plan.stall;
    let steps = Steps::new(runner, engine, (job.input, job.dir), job.limits, patience);
    let measuring = Measuring {
        steps: steps.reading(&read),
        job,
        part,
        place,
        video,
        also,
        output,
        name: main.name.clone(),
    };
    let files = measuring.measure(stop).await?;
    transcoded.files.splice(0..0, files);
    Ok(())
}

/// What can be measured besides what always is.
fn check_engine(engine: &Engine, video: &VideoPlan) -> Result<Also, Fault> {
    let capabilities = engine.capabilities();
    let parts = ["ssim", "psnr", "metadata"].map(Component::Filter);
    if let Some(part) = parts.iter().find(|part| !capabilities.has(**part)) {
        let message = format!("the FFmpeg installed was built without the {part}");
        return Err(Fault::new(FaultCode::EngineLacks, message));
    }
    let is_large = video.size.width.min(video.size.height) >= LEAST_VMAF_SIDE;
    Ok(Also {
        vmaf: is_large && capabilities.has(Component::Filter("libvmaf")),
        xpsnr: capabilities.has(Component::Filter("xpsnr")),
    })
}

struct Measuring<'a> {
    steps: Steps<'a>,
    job: Transcode<'a>,
    part: &'a Part<'a>,
    place: usize,
    video: &'a VideoPlan,
    also: Also,
    output: PathBuf,
    /// Of the output's main file.
    name: String,
}

impl Measuring<'_> {
    /// The files that are new: pictures first, the document last.
    async fn measure(
        &self,
        mut stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<Vec<MadeFile>, TranscodeError> {
        let figures = self.figures(stop.as_mut()).await?;
        let Some(frames) = figures.frames() else {
            let (compared, all) = figures.counts();
            let message = format!(
                "the quality of {} could not be measured: of its {all} frames {compared} could be compared",
                self.name
            );
            return Err(Fault::new(FaultCode::EngineFailed, message).into());
        };
        let (mut files, worst) = self.worst(&figures, stop).await?;
        let whole = figures.whole();
        let (step_seconds, series) = figures.series();
        let quality = Quality {
            width: self.video.size.width,
            height: self.video.size.height,
            fps: self.video.fps.as_f64(),
            frames,
            kbps: whole.kbps,
            ssim: whole.ssim,
            psnr: whole.psnr,
            vmaf: whole.vmaf,
            xpsnr: whole.xpsnr,
            step_seconds,
            series,
            worst,
        };
        files.push(self.document(&quality).await?);
        Ok(files)
    }

    async fn figures(
        &self,
        mut stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<Figures, TranscodeError> {
        let bits = match self.video.pixel_format {
            PixelFormat::Yuv420p10 => 10,
            _ => 8,
        };
        let mut figures = Figures::new(self.video.fps.as_f64(), bits, self.also);
        let packets = argv::packets(&self.output);
        self.steps
            .run(packets, |chunk| figures.push(chunk), stop.as_mut())
            .await?;
        let read = (self.job.input, self.job.further);
        let plan = (self.part.plan, self.place);
        if let Some(args) = argv::comparison(plan, read, &self.output, self.also) {
            self.steps
                .run(args, |chunk| figures.push(chunk), stop)
                .await?;
        }
        if self.also.vmaf {
            self.read_vmaf(&mut figures).await?;
        }
        Ok(figures)
    }

    async fn read_vmaf(&self, figures: &mut Figures) -> Result<(), Fault> {
        let path = self.job.dir.join(argv::VMAF_FILE);
        let unread = |error: std::io::Error| {
            let message = format!("the VMAF of {} cannot be read: {}", self.name, error.kind());
            Fault::new(FaultCode::StorageFailed, message)
        };
        // A process that was taken over could have left a link or a pipe.
        let meta = tokio::fs::symlink_metadata(&path).await.map_err(unread)?;
        if !meta.is_file() {
            return Err(unread(std::io::ErrorKind::InvalidInput.into()));
        }
        let file = tokio::fs::File::open(&path).await.map_err(unread)?;
        let mut lines = BufReader::new(file).lines();
        while let Some(line) = lines.next_line().await.map_err(unread)? {
            figures.take_vmaf(&line);
        }
        // It grows with the output, and is not for the next part to find.
        tokio::fs::remove_file(&path).await.map_err(unread)
    }

    /// The pictures of the worst moments, and what is told of them, both in the order of how bad they are.
    async fn worst(
        &self,
        figures: &Figures,
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(Vec<MadeFile>, Vec<WorstMoment>), TranscodeError> {
        let moments = figures.worst();
        let mut frames: Vec<u64> = moments.iter().map(|moment| moment.frame).collect();
        frames.sort_unstable();
        let args = argv::stills(&self.output, &frames);
        self.steps.run(args, |_: &[u8]| true, stop).await?;
        let (mut files, mut worst) = (Vec::new(), Vec::new());
        for (number, moment) in moments.into_iter().enumerate() {
            let name = format!("{}.worst-{}.jpg", self.name, number + 1);
            let place = frames.partition_point(|frame| *frame < moment.frame);
            // Names are the caller's: none of them stands in an argument.
            let plain = self.job.dir.join(argv::still_file(place));
            let renamed = tokio::fs::rename(&plain, self.part.out_dir.join(&name)).await;
            renamed.map_err(|error| unwritten(&name, &error))?;
            files.push(self.made(&name).await?);
            let at_seconds = moment.frame as f64 * self.video.fps.frame_seconds();
            worst.push(WorstMoment {
                at_seconds: (at_seconds * 1000.0).round() / 1000.0,
                ssim: moment.ssim,
                psnr: moment.psnr,
                still: name,
            });
        }
        Ok((files, worst))
    }

    async fn document(&self, quality: &Quality) -> Result<MadeFile, TranscodeError> {
        let name = format!("{}{DOCUMENT_SUFFIX}", self.name);
        let text = serde_json::to_vec_pretty(quality)
            .map_err(|error| Fault::new(FaultCode::StorageFailed, error.to_string()))?;
        let written = tokio::fs::write(self.part.out_dir.join(&name), text).await;
        written.map_err(|error| unwritten(&name, &error))?;
        self.made(&name).await
    }

    async fn made(&self, name: &str) -> Result<MadeFile, TranscodeError> {
        let found = tokio::fs::metadata(self.part.out_dir.join(name)).await;
        let found = found.map_err(|error| unwritten(name, &error))?;
        Ok(MadeFile {
            name: name.to_owned(),
            bytes: found.len(),
        })
    }
}

fn unwritten(name: &str, error: &std::io::Error) -> Fault {
    let message = format!("{name} could not be written: {}", error.kind());
    Fault::new(FaultCode::StorageFailed, message)
}
