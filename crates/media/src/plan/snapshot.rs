//! Which pictures are taken of a source, how large, and by how many processes. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reelgate_domain::job::kind::snapshot::{Moments, Naming, PictureFormat, SnapshotSpec, Sprite};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, VideoFacts};
use reelgate_domain::names::{InvalidName, ObjectKey};

use super::geometry::{Size, check_source, display};
use super::window::{self, Seek};
use super::{stall, video};
use crate::engine::{Capabilities, Part};

/// A snapshot job, fully decided.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotPlan {
    pub view: View,
    pub passes: Vec<Pass>,
    /// The picture after all others, which has a pass of its own.
    pub closing: Option<Closing>,
    /// What the pictures are called, in the order of their moments.
    pub names: Names,
    /// Absent: the pictures are all there is.
    pub sheets: Option<SheetPlan>,
    /// The longest time that a process may go without progress.
    pub stall: Duration,
}

/// What pictures are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// In the order of those that there turn out to be.
    InOrder(Vec<String>),
    /// Each by its moment.
    ByMoment(BTreeMap<u64, String>),
}

/// The last picture that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    pub pass: Pass,
    /// It is the last that the source has, whenever that turns out to be shown.
    pub is_last: bool,
}

/// How frames of a source become pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The source's stream, by its index in the file.
    pub stream: u32,
    pub size: Size,
    pub format: PictureFormat,
    pub tone: Tone,
    /// Whether frames that say so are taken for two fields each.
    pub deinterlace: bool,
    /// How long after the file's first moment the first picture is shown.
    pub origin_micros: u64,
    pub seek: Seek,
    /// When the last picture ends, as the file says. Absent: it does not say.
    pub ends_ms: Option<u64>,
}

/// How colours become those of a still picture, which has no tags to say what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As they are tagged.
    Tagged,
    /// Untagged, of this matrix by their size.
    Taken(&'static str),
    /// High dynamic range is brought down.
    Mapped {
        transfer: &'static str,
        is_full_range: bool,
    },
}

/// What one process takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Where it starts to read. Absent: at the beginning.
    pub seek_ms: Option<u64>,
    /// Rising.
    pub moments: Vec<u64>,
}

/// How pictures are tiled on sheets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetPlan {
    pub sprite: Sprite,
    pub format: PictureFormat,
    pub cell: Size,
    pub sheet: Size,
    /// As many as there may be.
    pub names: Vec<String>,
    /// What the file of WebVTT cues is called.
    pub cues: String,
}

/// The most pixels of a sheet.
const MOST_SHEET_PIXELS: u64 = 100_000_000;
/// What JPEG has room for in either direction.
const MOST_SIDE: u32 = 65_500;
/// How long before a moment reading starts: an index leads to a key frame before, and what it leads
/// to may need some frames until it looks right.
const LEAD_MS: u64 = 1000;
/// The same without an index, where a search lands anywhere between key frames.
const BLIND_LEAD_MS: u64 = 10_000;
/// A new process costs as much as decoding this much more: with key frames two seconds apart a picture by
/// a search took 0.32 s of processor in 1080p and 0.14 s in 480p, a second of decoding 0.08 and 0.03.
const START_MS: u64 = 4000;

impl Pass {
    /// One that takes pictures of these moments of what `seek` says how to search.
    pub(crate) fn of(moments: Vec<u64>, seek: Seek) -> Self {
        let first = moments.first().copied().unwrap_or(0);
        let lead = lead_ms(seek);
        Self {
            seek_ms: first.checked_sub(lead).filter(|at| *at > 0),
            moments,
        }
    }
}

impl SheetPlan {
    pub(crate) fn cells(&self) -> usize {
        (self.sprite.columns * self.sprite.rows) as usize
    }
}

/// Decides everything about a snapshot job.
pub fn snapshot_plan(
    spec: &SnapshotSpec,
    facts: &MediaFacts,
    capabilities: &Capabilities,
) -> Result<SnapshotPlan, Fault> {
    spec.validate().map_err(|error| unfit(error.to_string()))?;
    let keeps = spec.sprite.as_ref().is_none_or(|it| it.keep_pictures);
    let Some(mut view) = view(facts, sides(spec, facts), spec.format, capabilities)? else {
        let message = "the source has no video stream";
        return Err(Fault::new(FaultCode::NoVideoStream, message));
    };
    let Wanted { moments, closing } = wanted(spec, view.ends_ms)?;
    let count = moments.len() as u32 + u32::from(closing.is_some());
    let sheets = match &spec.sprite {
        Some(sprite) => Some(sheets(spec, sprite, facts, &view, count)?),
        None => None,
    };
    if let Some(sheets) = sheets.as_ref().filter(|_| !keeps) {
        // Nothing is lost twice, and nothing made larger than it has to be.
        view.size = sheets.cell;
        view.format = PictureFormat::Png;
    }
    let names = names_of(spec, &moments, closing.as_ref(), view.ends_ms)?;
    check_apart(&names, sheets.as_ref().filter(|_| keeps))?;
    // Without an index all may have to be decoded from the beginning.
    let last = closing.as_ref().map(|closing| closing.at_ms);
    let last = last.or(moments.last().copied());
    let passes = passes(moments, view.seek);
    let closing = closing.map(|closing| Closing {
        pass: Pass::of(vec![closing.at_ms], view.seek),
        is_last: closing.is_last,
    });
    let patience = window::Window {
        start_ms: last.unwrap_or(0),
        length_ms: None,
        seek: view.seek,
    };
    let plan = SnapshotPlan {
        passes,
        closing,
        names,
        sheets,
        stall: stall::stall(None, &patience),
        view,
    };
    let tiles = plan.sheets.is_some().then_some(Part::Filter("tile"));
    check_engine(&plan.view, tiles, capabilities)?;
    Ok(plan)
}

/// How frames of this source become pictures; none of what has no moving pictures.
pub(super) fn view(
    facts: &MediaFacts,
    (width, height): (Option<u32>, Option<u32>),
    format: PictureFormat,
    capabilities: &Capabilities,
) -> Result<Option<View>, Fault> {
    let Some((stream, source)) = facts.video() else {
        return Ok(None);
    };
    if stream.codec_name.is_none() {
        return Err(super::undecodable("video", stream.index));
    }
    check_source(source)?;
    let start = facts.format.start_seconds.unwrap_or(0.0);
    let origin = (stream.start_seconds.unwrap_or(start) - start).max(0.0);
    let whole = window::window_of(None, facts);
    let expected = window::expected(&whole, facts, [Some(stream), None]);
    let end = expected.video_seconds.or(expected.seconds);
    let ends_ms = end.map(|end| ((end - origin).max(0.0) * 1000.0).ceil() as u64);
    let has = |name| capabilities.has(Part::Filter(name));
    let is_plain_yuv = source
        .pixel_format
        .as_deref()
        .is_some_and(|name| name.starts_with("yuv4"));
    Ok(Some(View {
        stream: stream.index,
        size: size(width, height, source)?,
        format,
        tone: tone(source, has("zscale") && has("tonemap")),
        deinterlace: is_plain_yuv && has("bwdif"),
        origin_micros: (origin * 1e6).round() as u64,
        seek: whole.seek,
        ends_ms: ends_ms.filter(|end| *end > 0),
    }))
}

pub(super) fn check_engine(
    view: &View,
    more: Option<Part>,
    capabilities: &Capabilities,
) -> Result<(), Fault> {
    let encoder = match view.format {
        PictureFormat::Jpeg => "mjpeg",
        PictureFormat::Png => "png",
    };
    let filters = ["settb", "setpts", "fps", "select", "scale", "setsar"];
    let mut needs: Vec<Part> = filters.map(Part::Filter).into();
    needs.extend([Part::Encoder(encoder), Part::Muxer("image2")]);
    needs.extend(more);
    match needs.into_iter().find(|part| !capabilities.has(*part)) {
        None => Ok(()),
        Some(part) => Err(Fault::new(
            FaultCode::EngineLacks,
            format!("the FFmpeg installed was built without the {part}"),
        )),
    }
}

/// Sizes may be odd: no encoder of pictures minds.
fn size(width: Option<u32>, height: Option<u32>, source: &VideoFacts) -> Result<Size, Fault> {
    let shown = display(source);
    let aspect = shown.0 / shown.1;
    let side = |side: f64| side.round().clamp(1.0, f64::from(u32::MAX)) as u32;
    let size = match (width, height) {
        (Some(width), Some(height)) => Size { width, height },
        (Some(width), None) => Size {
            width,
            height: side(f64::from(width) / aspect),
        },
        (None, Some(height)) => Size {
            width: side(f64::from(height) * aspect),
            height,
        },
        (None, None) => Size {
            width: side(shown.0),
            height: side(shown.1),
        },
    };
    fitting(size, "a picture")
}

fn fitting(size: Size, what: &str) -> Result<Size, Fault> {
    if size.width.max(size.height) <= MOST_SIDE && size.pixels() <= MOST_SHEET_PIXELS {
        return Ok(size);
    }
    Err(unfit(format!(
        "{what} would measure {size} pixels, and at most {MOST_SIDE} in a direction and \
         {MOST_SHEET_PIXELS} in all can be made"
    )))
}

fn tone(source: &VideoFacts, can_map: bool) -> Tone {
    let transfer = super::tone::transfer(source);
    match transfer {
        Some(transfer) if can_map => Tone::Mapped {
            transfer,
            is_full_range: source.color_range.as_deref() == Some("pc"),
        },
        _ if source.color_space.is_some() => Tone::Tagged,
        _ => Tone::Taken(video::guess(source.width, source.height)),
    }
}

/// The sides that are asked for, where the longer one is for the source to tell.
fn sides(spec: &SnapshotSpec, facts: &MediaFacts) -> (Option<u32>, Option<u32>) {
    let (Some(long), Some((_, source))) = (spec.long_side, facts.video()) else {
        return (spec.width, spec.height);
    };
    let shown = display(source);
    match shown.0 >= shown.1 {
        true => (Some(long), None),
        false => (None, Some(long)),
    }
}

/// Moments inside the source.
struct Wanted {
    moments: Vec<u64>,
    closing: Option<Last>,
}

struct Last {
    at_ms: u64,
    is_last: bool,
}

fn wanted(spec: &SnapshotSpec, ends_ms: Option<u64>) -> Result<Wanted, Fault> {
    let moments = moments(&spec.moments, ends_ms)?;
    let Moments::Through {
        first_ms,
        length_ms,
        closing: true,
        ..
    } = spec.moments
    else {
        return Ok(Wanted {
            moments,
            closing: None,
        });
    };
    let end = known_end(ends_ms)?;
    let until = length_ms.map(|length| first_ms.saturating_add(length));
    let last = match until.filter(|until| *until < end) {
        Some(at_ms) => Last {
            at_ms,
            is_last: false,
        },
        None => Last {
            at_ms: end - 1,
            is_last: true,
        },
    };
    let before = moments.last().copied().unwrap_or(0);
    let is_apart = match spec.naming {
        // Two of one second would have one name.
        Naming::Seconds { .. } => before / 1000 < second(&last, end),
        Naming::Numbered | Naming::Sheets { .. } | Naming::Pattern { .. } => before < last.at_ms,
    };
    Ok(Wanted {
        moments,
        closing: is_apart.then_some(last),
    })
}

/// The second that the closing picture goes by.
fn second(last: &Last, end_ms: u64) -> u64 {
    match last.is_last {
        true => end_ms / 1000,
        false => last.at_ms / 1000,
    }
}

fn known_end(ends_ms: Option<u64>) -> Result<u64, Fault> {
    ends_ms.ok_or_else(|| {
        unfit("the source's length, by which pictures are taken, is not known".to_owned())
    })
}

fn names_of(
    spec: &SnapshotSpec,
    moments: &[u64],
    closing: Option<&Last>,
    ends_ms: Option<u64>,
) -> Result<Names, Fault> {
    let count = moments.len() + usize::from(closing.is_some());
    let numbers = 1..=count as u32;
    if spec.sprite.is_some() {
        return names(numbers, |number| spec.cell(number)).map(Names::InOrder);
    }
    let Naming::Seconds { .. } = spec.naming else {
        return names(numbers, |number| spec.numbered(number)).map(Names::InOrder);
    };
    let end = ends_ms.unwrap_or(0);
    let closing = closing.map(|last| (last.at_ms, second(last, end)));
    let seconds = moments.iter().map(|at| (*at, at / 1000)).chain(closing);
    let mut by_moment = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (at_ms, second) in seconds {
        let Some(key) = spec.at_second(second, count == 1) else {
            continue;
        };
        if !taken.insert(second) {
            let message = format!("two pictures of second {second} would have one name");
            return Err(unfit(message));
        }
        by_moment.insert(at_ms, name(key)?);
    }
    Ok(Names::ByMoment(by_moment))
}

/// Patterns that differ may still come to one name.
fn check_apart(names: &Names, sheets: Option<&SheetPlan>) -> Result<(), Fault> {
    let (Names::InOrder(pictures), Some(sheets)) = (names, sheets) else {
        return Ok(());
    };
    let pictures: BTreeSet<&String> = pictures.iter().collect();
    let mut others = sheets.names.iter().chain([&sheets.cues]);
    match others.find(|name| pictures.contains(name)) {
        None => Ok(()),
        Some(name) => Err(unfit(format!(
            "a picture and a sheet would both be called {name}"
        ))),
    }
}

fn moments(wanted: &Moments, ends_ms: Option<u64>) -> Result<Vec<u64>, Fault> {
    let all: Vec<u64> = match wanted {
        Moments::Through {
            first_ms,
            step_ms,
            length_ms,
            ..
        } => {
            let end = known_end(ends_ms)?;
            // What ends with the source has its first picture at least.
            let until = length_ms.map_or(end, |length| first_ms.saturating_add(length).min(end));
            let left = until.saturating_sub(*first_ms);
            let count = left.div_ceil(*step_ms).max(1);
            spaced(*first_ms, *step_ms, few_enough(count)?)
        }
        Moments::Shares { step_ppm } => {
            let end = known_end(ends_ms)?;
            let count = 1_000_000_u64.div_ceil(u64::from(*step_ppm));
            let at = |index: u64| {
                // Files state lengths of any size.
                let share = u128::from(index) * u128::from(*step_ppm);
                (u128::from(end) * share / 1_000_000) as u64
            };
            let mut times: Vec<u64> = (0..u64::from(few_enough(count)?)).map(at).collect();
            times.dedup();
            times
        }
        Moments::At(times) => times.clone(),
        Moments::Every {
            first_ms,
            step_ms,
            most,
        } => spaced(*first_ms, *step_ms, *most),
        Moments::Spread { first_ms, count } => {
            let Some(end) = ends_ms else {
                return Err(unfit(
                    "the source's length, over which to spread pictures, is not known".to_owned(),
                ));
            };
            let step = end.saturating_sub(*first_ms) / u64::from(*count);
            // In a source of less than a millisecond for each, several would be the same.
            spaced(*first_ms, step.max(1), *count)
        }
    };
    let is_inside = |at: &u64| ends_ms.is_none_or(|end| *at < end);
    let inside: Vec<u64> = all.iter().copied().filter(is_inside).collect();
    if inside.is_empty() {
        let (first, end) = (all.first().unwrap_or(&0), ends_ms.unwrap_or(0));
        return Err(unfit(format!(
            "the first picture is wanted at {first} ms and the source's end at {end} ms"
        )));
    }
    Ok(inside)
}

fn few_enough(count: u64) -> Result<u32, Fault> {
    match u32::try_from(count) {
        Ok(count) if count <= SnapshotSpec::MAX_THROUGH => Ok(count),
        _ => Err(unfit(format!(
            "{count} pictures would be taken, and at most {} can be",
            SnapshotSpec::MAX_THROUGH
        ))),
    }
}

fn spaced(first_ms: u64, step_ms: u64, count: u32) -> Vec<u64> {
    let at = |index: u32| first_ms.saturating_add(step_ms.saturating_mul(u64::from(index)));
    let mut times: Vec<u64> = (0..count).map(at).collect();
    times.dedup();
    times
}

fn lead_ms(seek: Seek) -> u64 {
    match seek {
        Seek::Index => LEAD_MS,
        Seek::Decode => BLIND_LEAD_MS,
    }
}

/// A moment far after the one before is cheaper to reach by a process of its own.
fn passes(moments: Vec<u64>, seek: Seek) -> Vec<Pass> {
    let far = lead_ms(seek) + START_MS;
    moments
        .chunk_by(|before, at| at - before < far)
        .map(|near| Pass::of(near.to_vec(), seek))
        .collect()
}

fn sheets(
    spec: &SnapshotSpec,
    sprite: &Sprite,
    facts: &MediaFacts,
    view: &View,
    count: u32,
) -> Result<SheetPlan, Fault> {
    let cell = match (sprite.cell_width, sprite.cell_height, facts.video()) {
        (None, None, _) | (_, _, None) => view.size,
        (width, height, Some((_, source))) => size(width, height, source)?,
    };
    let side = |count: u32, cell: u32| {
        let gaps = u64::from(count - 1) * u64::from(sprite.padding);
        let all = u64::from(count) * u64::from(cell) + gaps + 2 * u64::from(sprite.margin);
        u32::try_from(all).unwrap_or(u32::MAX)
    };
    let sheet = Size {
        width: side(sprite.columns, cell.width),
        height: side(sprite.rows, cell.height),
    };
    let most = count.div_ceil(sprite.columns * sprite.rows);
    Ok(SheetPlan {
        sprite: *sprite,
        format: spec.format,
        cell,
        sheet: fitting(sheet, "a sheet")?,
        names: names(1..=most, |number| spec.sheet(number))?,
        cues: name(spec.cues())?,
    })
}

fn names(
    numbers: impl Iterator<Item = u32>,
    key: impl Fn(u32) -> Result<ObjectKey, InvalidName>,
) -> Result<Vec<String>, Fault> {
    numbers.map(|number| name(key(number))).collect()
}

fn name(key: Result<ObjectKey, InvalidName>) -> Result<String, Fault> {
    match key {
        Ok(key) => Ok(key.file_name().to_owned()),
        Err(error) => Err(unfit(format!("the output's key has no room: {error}"))),
    }
}

fn unfit(message: String) -> Fault {
    Fault::new(FaultCode::SpecUnfit, message)
}
