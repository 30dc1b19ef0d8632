//! Pictures of a source: taken pass by pass, checked, tiled, and named.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};

use reelgate_domain::job::{Fault, FaultCode, StopMode};

use super::progress::ProgressReader;
use super::step::Steps;
use super::transcode::TranscodeError;
use super::{Limits, Runner};
use crate::argv::snapshot::{self as argv, TAKEN};
use crate::check::dark::DarkReader;
use crate::check::made::MadeFile;
use crate::check::picture::measured;
use crate::cues::cues;
use crate::engine::Engine;
use crate::plan::{Closing, FirstLook, Names, Pass, Seek, SheetPlan, Size, SnapshotPlan, View};

/// What is taken, of what, and where.
#[derive(Clone, Copy, Debug)]
pub struct Snapshots<'a> {
    pub plan: &'a SnapshotPlan,
    /// An absolute path.
    pub input: &'a Path,
    /// An empty directory, as an absolute path. The processes run in it and may write below, and the
    /// files are in it at the end.
    pub dir: &'a Path,
    /// These hold for all processes together. Where they name no stall, the plan's holds.
    pub limits: &'a Limits,
}

/// The files of a snapshot job, each checked and under its own name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// In the order of their moments; empty where only sheets are kept.
    pub pictures: Vec<Picture>,
    /// A sheet's moment is that of its first picture.
    pub sheets: Vec<Picture>,
    /// WebVTT that says when which part of which sheet is shown; there is one if there are sheets.
    pub cues: Option<MadeFile>,
    /// How many moments there are pictures of.
    pub count: usize,
}

/// A file of one picture, by its name in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub name: String,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
    /// The moment it was taken at, from the source's first picture on.
    pub at_ms: u64,
}

/// Takes the pictures of a plan. Moments that the source turns out to end before are left out; it is a
/// fault if none is left. `on_progress` hears 0 to 100, rising; `stop` ends the work when it completes.
/// Dropping the future kills the process that runs.
pub async fn snapshots(
    runner: &Runner,
    engine: &Engine,
    job: Snapshots<'_>,
    on_progress: impl FnMut(u8),
    stop: impl Future<Output = StopMode>,
) -> Result<Taken, TranscodeError> {
    let plan = job.plan;
    let paths = (job.input, job.dir);
    let work = Work {
        steps: Steps::new(runner, engine, paths, job.limits, plan.stall),
        plan,
        taken: job.dir.join(TAKEN),
    };
    let mut stop = pin!(stop);
    let mut progress = Progress::new(plan, on_progress);
    stored(std::fs::create_dir_all(&work.taken))?;
    let pictures = work.take(&mut progress, stop.as_mut()).await?;
    let count = pictures.len();
    let made = match &plan.sheets {
        None => Taken {
            pictures: work.name(pictures)?,
            count,
            ..Taken::default()
        },
        Some(sheets) => {
            let pictures = work.number(pictures, sheets.sprite.every as usize)?;
            let tiled = work.tile(sheets, &pictures, stop).await?;
            Taken {
                pictures: match sheets.sprite.keep_pictures {
                    true => work.name(pictures)?,
                    false => Vec::new(),
                },
                ..tiled
            }
        }
    };
    stored(std::fs::remove_dir_all(&work.taken))?;
    progress.tell(100);
    Ok(made)
}

/// How long before its end a source is looked through for its last picture.
const TAIL_MS: u64 = 15_000;

/// A picture under its scratch name.
struct Scratch {
    at_ms: u64,
    path: PathBuf,
    size: Size,
}

struct Work<'a> {
    steps: Steps<'a>,
    plan: &'a SnapshotPlan,
    taken: PathBuf,
}

impl Work<'_> {
    async fn take(
        &self,
        progress: &mut Progress<impl FnMut(u8)>,
        mut stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<Vec<Scratch>, TranscodeError> {
        let mut found = BTreeMap::new();
        let view = &self.plan.view;
        for (index, pass) in self.plan.passes.iter().enumerate() {
            let folder = self.taken.join(index.to_string());
            self.pass(view, pass, folder, &mut found, progress, stop.as_mut())
                .await?;
            let is_missing = |at: &u64| !found.contains_key(at);
            let was_sought = pass.seek_ms.is_some() && view.seek == Seek::Decode;
            if was_sought && pass.moments.iter().any(is_missing) {
                // A search without an index may lead anywhere; what is read from the beginning is
                // right, and one process does that for all that is left.
                let left = self.plan.passes[index..].iter().flat_map(|it| &it.moments);
                let rest = Pass {
                    seek_ms: None,
                    moments: left.copied().filter(|at| is_missing(at)).collect(),
                };
                let folder = self.taken.join("rest");
                self.pass(view, &rest, folder, &mut found, progress, stop.as_mut())
                    .await?;
                break;
            }
        }
        if let Some(look) = &self.plan.not_black {
            self.lighten(look, &mut found, progress, stop.as_mut())
                .await?;
        }
        if let Some(closing) = &self.plan.closing {
            self.close(closing, &mut found, progress, stop).await?;
        }
        if found.is_empty() {
            return Err(self.none_found().into());
        }
        Ok(found.into_values().collect())
    }

    /// Puts the picture of the first frame that is not black in the place of a first one that is, under its moment.
    async fn lighten(
        &self,
        look: &FirstLook,
        found: &mut BTreeMap<u64, Scratch>,
        progress: &mut Progress<impl FnMut(u8)>,
        mut stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(), TranscodeError> {
        let Some(first) = look.pass.moments.first().copied() else {
            return Ok(());
        };
        let mut reader = DarkReader::new(look.black.percent);
        let args = argv::dark_argv(look, self.steps.input);
        let hear = |chunk: &[u8]| reader.push(chunk);
        self.steps.run(args, hear, stop.as_mut()).await?;
        let Some(later) = reader.later_ms() else {
            return Ok(());
        };
        let at_ms = first + later;
        let pass = Pass::of(vec![at_ms], look.view.seek);
        let folder = self.taken.join("light");
        let mut light = BTreeMap::new();
        self.pass(&look.view, &pass, folder, &mut light, progress, stop)
            .await?;
        if let Some(picture) = light.remove(&at_ms) {
            let at_ms = first;
            found.insert(first, Scratch { at_ms, ..picture });
        }
        Ok(())
    }

    /// Takes the closing picture. Lengths that files state are not always those of their pictures: the last of them
    /// is looked for near the end, and then from the beginning on.
    async fn close(
        &self,
        closing: &Closing,
        found: &mut BTreeMap<u64, Scratch>,
        progress: &mut Progress<impl FnMut(u8)>,
        mut stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(), TranscodeError> {
        let Some(at_ms) = closing.pass.moments.first().copied() else {
            return Ok(());
        };
        let folder = self.taken.join("closing");
        let view = &self.plan.view;
        self.pass(
            view,
            &closing.pass,
            folder.clone(),
            found,
            progress,
            stop.as_mut(),
        )
        .await?;
        let mut starts = vec![at_ms.checked_sub(TAIL_MS), None];
        starts.dedup();
        for seek in starts {
            if found.contains_key(&at_ms) || !closing.is_last {
                break;
            }
            let args = argv::last_argv(view, seek, self.steps.input);
            let mut reader = ProgressReader::default();
            let hear = |chunk: &[u8]| reader.push(chunk);
            self.steps.run(args, hear, stop.as_mut()).await?;
            let name = argv::scratch_name(view.format, 0);
            let (from, path) = (self.taken.join(&name), folder.join(&name));
            if let Some(size) = checked(&from, view.size)? {
                stored(std::fs::rename(from, &path))?;
                found.insert(at_ms, Scratch { at_ms, path, size });
            }
        }
        Ok(())
    }

    /// Takes the pictures of one pass; `found` has those that there are.
    async fn pass(
        &self,
        view: &View,
        pass: &Pass,
        folder: PathBuf,
        found: &mut BTreeMap<u64, Scratch>,
        progress: &mut Progress<impl FnMut(u8)>,
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(), TranscodeError> {
        let before = found.len() as u64;
        let args = argv::pass_argv(view, pass, self.steps.input);
        let mut reader = ProgressReader::default();
        let hear = |chunk: &[u8]| {
            let moved = reader.push(chunk);
            progress.count(before + reader.frames().unwrap_or(0));
            moved
        };
        self.steps.run(args, hear, stop).await?;
        stored(std::fs::create_dir_all(&folder))?;
        for (tick, at_ms) in argv::ticks(pass) {
            let name = argv::scratch_name(view.format, tick);
            let (from, path) = (self.taken.join(&name), folder.join(&name));
            if let Some(size) = checked(&from, view.size)? {
                // The next pass has a picture of the same name.
                stored(std::fs::rename(from, &path))?;
                found.insert(at_ms, Scratch { at_ms, path, size });
            }
        }
        Ok(())
    }

    fn none_found(&self) -> Fault {
        let first = self
            .plan
            .passes
            .iter()
            .flat_map(|pass| &pass.moments)
            .next();
        let first = first.copied().unwrap_or(0);
        match self.plan.view.ends_ms {
            Some(_) => Fault::new(
                FaultCode::SourceUnreadable,
                "no frame of the source could be decoded at these moments",
            ),
            None if first == 0 => Fault::new(
                FaultCode::SourceUnreadable,
                "nothing of the source could be decoded",
            ),
            None => Fault::new(
                FaultCode::SpecUnfit,
                format!("the source has no picture at {first} ms or later"),
            ),
        }
    }

    /// Gives each so many-th picture the name by which FFmpeg reads them in their order.
    fn number(&self, pictures: Vec<Scratch>, every: usize) -> Result<Vec<Scratch>, Fault> {
        let format = self.plan.view.format;
        let renamed = pictures.into_iter().enumerate().map(|(index, picture)| {
            if index % every != 0 {
                return Ok(picture);
            }
            let name = argv::cell_name(format, index / every + 1);
            let path = self.taken.join(name);
            stored(std::fs::rename(&picture.path, &path))?;
            Ok(Scratch { path, ..picture })
        });
        renamed.collect()
    }

    async fn tile(
        &self,
        sheets: &SheetPlan,
        pictures: &[Scratch],
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<Taken, TranscodeError> {
        let cells: Vec<&Scratch> = pictures
            .iter()
            .step_by(sheets.sprite.every as usize)
            .collect();
        let count = cells.len().div_ceil(sheets.cells());
        let format = sheets.format;
        let args = argv::sheet_argv(sheets, self.plan.view.format, count);
        let mut reader = ProgressReader::default();
        let hear = |chunk: &[u8]| reader.push(chunk);
        self.steps.run(args, hear, stop).await?;
        let mut made = Vec::with_capacity(count);
        for (index, name) in sheets.names.iter().take(count).enumerate() {
            let path = self.taken.join(argv::sheet_name(format, index + 1));
            let Some(size) = checked(&path, sheets.sheet)? else {
                let message = "a sheet is missing";
                return Err(Fault::new(FaultCode::EngineFailed, message).into());
            };
            let at_ms = cells[index * sheets.cells()].at_ms;
            made.push(self.keep(&Scratch { at_ms, path, size }, name)?);
        }
        let moments: Vec<u64> = cells.iter().map(|picture| picture.at_ms).collect();
        let text = cues(sheets, &moments, self.plan.view.ends_ms);
        let path = self.steps.dir.join(&sheets.cues);
        stored(std::fs::write(path, &text))?;
        Ok(Taken {
            pictures: Vec::new(),
            sheets: made,
            cues: Some(MadeFile {
                name: sheets.cues.clone(),
                bytes: text.len() as u64,
            }),
            count: pictures.len(),
        })
    }

    /// Gives pictures their own names.
    fn name(&self, pictures: Vec<Scratch>) -> Result<Vec<Picture>, Fault> {
        let named = pictures.iter().enumerate().map(|(place, picture)| {
            let name = match &self.plan.names {
                Names::InOrder(names) => names.get(place),
                Names::ByMoment(names) => names.get(&picture.at_ms),
            };
            let nameless = || {
                let message = "a picture was made that nobody wanted";
                Fault::new(FaultCode::EngineFailed, message)
            };
            self.keep(picture, name.ok_or_else(nameless)?)
        });
        named.collect()
    }

    fn keep(&self, picture: &Scratch, name: &str) -> Result<Picture, Fault> {
        kept(
            picture.path.as_path(),
            self.steps.dir,
            name,
            picture.size,
            picture.at_ms,
        )
    }
}

/// Moves a checked picture to where its own name is.
pub(super) fn kept(
    path: &Path,
    dir: &Path,
    name: &str,
    size: Size,
    at_ms: u64,
) -> Result<Picture, Fault> {
    let target = dir.join(name);
    let bytes = stored(std::fs::symlink_metadata(path))?.len();
    stored(std::fs::rename(path, target))?;
    Ok(Picture {
        name: name.to_owned(),
        bytes,
        width: size.width,
        height: size.height,
        at_ms,
    })
}

/// The size of a picture that was made, if one was; a fault if it is not what was wanted.
pub(super) fn checked(path: &Path, wanted: Size) -> Result<Option<Size>, Fault> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => {}
        // What a process that was taken over has left.
        Ok(_) => {
            let message = "a picture is no file";
            return Err(Fault::new(FaultCode::EngineFailed, message));
        }
        Err(_) => return Ok(None),
    }
    match stored(measured(path))? {
        Some(size) if size == wanted => Ok(Some(size)),
        Some(size) => Err(Fault::new(
            FaultCode::EngineFailed,
            format!("a picture measures {size} pixels instead of {wanted}"),
        )),
        None => {
            let message = "a picture's file is not complete";
            Err(Fault::new(FaultCode::StorageFailed, message))
        }
    }
}

pub(super) fn stored<T>(result: io::Result<T>) -> Result<T, Fault> {
    result.map_err(|error| {
        Fault::new(
            FaultCode::StorageFailed,
            format!("the pictures could not be stored: {}", error.kind()),
        )
    })
}

/// Says how much is done, and nothing twice.
struct Progress<F> {
    planned: u64,
    told: Option<u8>,
    on_progress: F,
}

impl<F: FnMut(u8)> Progress<F> {
    fn new(plan: &SnapshotPlan, on_progress: F) -> Self {
        let closing = plan.closing.iter().map(|closing| &closing.pass);
        let passes = plan.passes.iter().chain(closing);
        let planned = passes.map(|pass| pass.moments.len() as u64);
        Self {
            planned: planned.sum::<u64>().max(1),
            told: None,
            on_progress,
        }
    }

    fn count(&mut self, pictures: u64) {
        self.tell((pictures * 100 / self.planned).min(99) as u8);
    }

    fn tell(&mut self, percent: u8) {
        if self.told.is_none_or(|before| percent > before) {
            self.told = Some(percent);
            (self.on_progress)(percent);
        }
    }
}
