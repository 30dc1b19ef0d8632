//! Which pictures are taken of a source, how large, and by how many processes. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reelgate_domain::job::kind::snapshot::{
    Moments, Naming, NotBlack, PictureFormat, SnapshotSpec, Sprite,
};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, VideoFacts};
use reelgate_domain::names::{InvalidName, ObjectKey};

use super::geometry::{Size, check_source, display};
use super::moments::{known_end, moments};
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
    /// What the picture of the first moment must not be.
    pub not_black: Option<FirstLook>,
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

/// How the first picture is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstLook {
    pub black: NotBlack,
    /// All frames are looked at, also where only key frames are wanted otherwise.
    pub view: View,
    /// Of the first moment alone.
    pub pass: Pass,
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
    /// Whether key frames are all that is looked at.
    pub key_frames: bool,
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

impl View {
    fn pass(&self, moments: Vec<u64>) -> Pass {
        match self.is_read_through() {
            true => Pass {
                seek_ms: None,
                moments,
            },
            false => Pass::of(moments, self.seek),
        }
    }

    /// The key frame before a moment may be any distance away, and without an index nothing leads to it.
    fn is_read_through(&self) -> bool {
        self.key_frames && self.seek == Seek::Decode
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
    let not_black = moments.first().zip(spec.not_black);
    let not_black = not_black.map(|(first, black)| FirstLook {
        black,
        pass: Pass::of(vec![*first], view.seek),
        view: view.clone(),
    });
    // Without a length nobody knows for how long the last key frame is the right one.
    view.key_frames = spec.key_frames && view.ends_ms.is_some();
    let names = names_of(spec, &moments, closing.as_ref(), view.ends_ms)?;
    check_apart(&names, sheets.as_ref().filter(|_| keeps))?;
    // Without an index all may have to be decoded from the beginning.
    let last = closing.as_ref().map(|closing| closing.at_ms);
    let last = last.or(moments.last().copied());
    let passes = passes(moments, &view);
    let closing = closing.map(|closing| Closing {
        pass: view.pass(vec![closing.at_ms]),
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
        not_black,
        names,
        sheets,
        stall: stall::stall(None, &patience),
        view,
    };
    let filters = [
        (plan.sheets.is_some(), "tile"),
        (plan.view.key_frames, "tpad"),
        (plan.view.key_frames, "trim"),
        (plan.not_black.is_some(), "trim"),
        (plan.not_black.is_some(), "blackframe"),
        (plan.not_black.is_some(), "metadata"),
    ];
    let filters = filters.iter().filter(|(is_used, _)| *is_used);
    let filters = filters.map(|(_, name)| Part::Filter(name));
    check_engine(&plan.view, filters, capabilities)?;
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
        key_frames: false,
        origin_micros: (origin * 1e6).round() as u64,
        seek: whole.seek,
        ends_ms: ends_ms.filter(|end| *end > 0),
    }))
}

pub(super) fn check_engine(
    view: &View,
    more: impl IntoIterator<Item = Part>,
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

fn names_of(
    spec: &SnapshotSpec,
    moments: &[u64],
    closing: Option<&Last>,
    ends_ms: Option<u64>,
) -> Result<Names, Fault> {
    let count = moments.len() + usize::from(closing.is_some());
    let numbers = 1..=count as u32;
    let times = moments.iter().copied();
    let times = times.chain(closing.map(|last| last.at_ms));
    let timed = times.zip(numbers.clone());
    let timed = timed.filter_map(|(at_ms, number)| Some((at_ms, spec.at_moment(number, at_ms)?)));
    let timed = timed.map(|(at_ms, key)| Ok((at_ms, name(key)?)));
    let timed: BTreeMap<u64, String> = timed.collect::<Result<_, Fault>>()?;
    if !timed.is_empty() {
        return Ok(Names::ByMoment(timed));
    }
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
    let Some(sheets) = sheets else {
        return Ok(());
    };
    let pictures: BTreeSet<&String> = match names {
        Names::InOrder(names) => names.iter().collect(),
        Names::ByMoment(names) => names.values().collect(),
    };
    let mut others = sheets.names.iter().chain([&sheets.cues]);
    match others.find(|name| pictures.contains(name)) {
        None => Ok(()),
        Some(name) => Err(unfit(format!(
            "a picture and a sheet would both be called {name}"
        ))),
    }
}

fn lead_ms(seek: Seek) -> u64 {
    match seek {
        Seek::Index => LEAD_MS,
        Seek::Decode => BLIND_LEAD_MS,
    }
}

/// A moment far after the one before is cheaper to reach by a process of its own.
fn passes(moments: Vec<u64>, view: &View) -> Vec<Pass> {
    if view.is_read_through() {
        return vec![view.pass(moments)];
    }
    let far = lead_ms(view.seek) + START_MS;
    moments
        .chunk_by(|before, at| at - before < far)
        .map(|near| view.pass(near.to_vec()))
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
    let shown = count.div_ceil(sprite.every);
    let most = shown.div_ceil(sprite.columns * sprite.rows);
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

pub(super) fn unfit(message: String) -> Fault {
    Fault::new(FaultCode::SpecUnfit, message)
}
