//! What is laid over the picture of an output: where, how large, and when.

use std::path::PathBuf;

use reelgate_domain::job::kind::transcode::{
    Color, Corner, Edge, Length, Mark, Overlay, PictureMark, TextMark,
};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::MediaFacts;

use super::geometry::{check_source, display};
use super::sources::Sources;
use super::{Size, VideoPlan};
use crate::engine::{Capabilities, Part};

/// One thing that is laid over.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlayPlan {
    pub seen: Seen,
    pub at: At,
    pub showing: Showing,
    /// Between RGB and the output's YUV.
    pub matrix: &'static str,
}

/// What is to be seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Picture {
        /// Its place among the further inputs.
        input: usize,
        stream: u32,
        size: Size,
        gray: bool,
        /// Whether it has more than one frame.
        moves: bool,
        /// Whether it is gone after its last frame, and does not start anew.
        once: bool,
    },
    Text {
        text: String,
        font: PathBuf,
        size: u32,
        color: Color,
        alpha: f64,
        border: u32,
        border_color: Color,
    },
}

/// Pixels from a corner towards the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    pub corner: Corner,
    pub dx: i32,
    pub dy: i32,
}

/// When it is seen, in milliseconds of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Showing {
    pub start_ms: u64,
    pub end_ms: Option<u64>,
}

/// Formats of pictures that never move.
const STILLS: [&str; 8] = [
    "image2",
    "png_pipe",
    "jpeg_pipe",
    "webp_pipe",
    "bmp_pipe",
    "tiff_pipe",
    "jpegxl_pipe",
    "mjpeg",
];
const MOST_SIDE: u32 = 8192;

pub(super) fn overlays(
    wanted: &[Overlay],
    (video, seconds): (&VideoPlan, Option<f64>),
    sources: &Sources<'_>,
    capabilities: &Capabilities,
) -> Result<Vec<OverlayPlan>, Fault> {
    let each = wanted.iter().enumerate();
    let mut plans = each
        .map(|(place, overlay)| overlay_plan(place, overlay, video, sources, capabilities))
        .collect::<Result<Vec<_>, _>>()?;
    // A film that is seen once may be longer than what it is laid over.
    let end_ms = seconds.map(|seconds| (seconds * 1000.0).round() as u64);
    for plan in &mut plans {
        if let Seen::Picture { once: true, .. } = plan.seen {
            plan.showing.end_ms = plan.showing.end_ms.into_iter().chain(end_ms).min();
        }
    }
    Ok(plans)
}

fn overlay_plan(
    place: usize,
    overlay: &Overlay,
    video: &VideoPlan,
    sources: &Sources<'_>,
    capabilities: &Capabilities,
) -> Result<OverlayPlan, Fault> {
    let output = video.size;
    let at = At {
        corner: overlay.corner,
        dx: pixels(overlay.dx, output.width, (0.0, output)),
        dy: pixels(overlay.dy, output.height, (0.0, output)),
    };
    let seen = match &overlay.mark {
        Mark::Picture(mark) => {
            let (seen, size) = picture(mark, video, sources)?;
            at.check(place, size, output)?;
            seen
        }
        Mark::Text(mark) => text(mark, capabilities)?,
    };
    Ok(OverlayPlan {
        seen,
        at,
        showing: Showing {
            start_ms: overlay.start_ms,
            end_ms: overlay.duration_ms.map(|length| overlay.start_ms + length),
        },
        matrix: video.matrix_name(),
    })
}

/// A length along a side of the output, of another one, or of the picture's own where that is meant.
fn pixels(length: Length, side: u32, (own, output): (f64, Size)) -> i32 {
    let (ratio, side) = match length {
        Length::Own => return own.round() as i32,
        Length::Px(px) => return px,
        Length::Ratio(ratio) => (ratio, side),
        Length::Share { ratio, of } => (ratio, edge(of, output)),
    };
    (ratio * f64::from(side)).round() as i32
}

fn edge(edge: Edge, output: Size) -> u32 {
    let Size { width, height } = output;
    match edge {
        Edge::Width => width,
        Edge::Height => height,
        Edge::Long => width.max(height),
        Edge::Short => width.min(height),
    }
}

fn picture(
    mark: &PictureMark,
    video: &VideoPlan,
    sources: &Sources<'_>,
) -> Result<(Seen, Size), Fault> {
    let (input, facts) = sources.find(&mark.object)?;
    let Some((stream, source)) = facts.video() else {
        let message = format!("input {} has no picture to lay over", mark.object);
        return Err(Fault::new(FaultCode::NoVideoStream, message));
    };
    check_source(source).map_err(|fault| {
        Fault::new(
            fault.code,
            format!("input {}: {}", mark.object, fault.message),
        )
    })?;
    let (width, height) = display(source);
    let size = scaled(mark, (width, height), video.size)?;
    let seen = Seen::Picture {
        input,
        stream: stream.index,
        size,
        gray: mark.gray,
        moves: moves(facts),
        once: mark.once,
    };
    Ok((seen, size))
}

fn moves(facts: &MediaFacts) -> bool {
    !facts
        .format
        .name
        .split(',')
        .any(|name| STILLS.contains(&name))
}

fn scaled(mark: &PictureMark, source: (f64, f64), output: Size) -> Result<Size, Fault> {
    let side =
        |length: Length, side: u32, own: f64| f64::from(pixels(length, side, (own, output)).max(1));
    let width = (mark.width).map(|length| side(length, output.width, source.0));
    let height = (mark.height).map(|length| side(length, output.height, source.1));
    let aspect = source.0 / source.1;
    let (width, height) = match (width, height) {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, width / aspect),
        (None, Some(height)) => (height * aspect, height),
        (None, None) => source,
    };
    let size = Size {
        width: width.round().max(1.0) as u32,
        height: height.round().max(1.0) as u32,
    };
    if size.width > MOST_SIDE || size.height > MOST_SIDE {
        let message = format!(
            "input {} would be laid over with {size} pixels, and sides are at most {MOST_SIDE}",
            mark.object
        );
        return Err(Fault::new(FaultCode::SpecUnfit, message));
    }
    Ok(size)
}

fn text(mark: &TextMark, capabilities: &Capabilities) -> Result<Seen, Fault> {
    let font = capabilities
        .fonts
        .find(mark.font.as_deref(), &mark.text)
        .map_err(|error| Fault::new(FaultCode::EngineLacks, error.to_string()))?;
    Ok(Seen::Text {
        text: mark.text.clone(),
        font,
        size: mark.size,
        color: mark.color,
        alpha: mark.alpha,
        border: mark.border,
        border_color: mark.border_color,
    })
}

impl At {
    /// The left upper corner of something so large on an output.
    pub(crate) fn position(self, size: Size, output: Size) -> (i64, i64) {
        let far = |side: u32, own: u32, distance: i32| {
            i64::from(side) - i64::from(own) - i64::from(distance)
        };
        let middle = |side: u32, own: u32, distance: i32| {
            (i64::from(side) - i64::from(own)) / 2 + i64::from(distance)
        };
        let x = match self.corner {
            Corner::TopLeft | Corner::BottomLeft => i64::from(self.dx),
            Corner::TopRight | Corner::BottomRight => far(output.width, size.width, self.dx),
            Corner::Center => middle(output.width, size.width, self.dx),
        };
        let y = match self.corner {
            Corner::TopLeft | Corner::TopRight => i64::from(self.dy),
            Corner::BottomLeft | Corner::BottomRight => far(output.height, size.height, self.dy),
            Corner::Center => middle(output.height, size.height, self.dy),
        };
        (x, y)
    }

    /// Something that nobody would see is a mistake.
    fn check(self, place: usize, size: Size, output: Size) -> Result<(), Fault> {
        let (x, y) = self.position(size, output);
        let is_inside =
            |at: i64, own: u32, side: u32| at < i64::from(side) && at + i64::from(own) > 0;
        if is_inside(x, size.width, output.width) && is_inside(y, size.height, output.height) {
            return Ok(());
        }
        let message = format!(
            "overlay {place} of {size} pixels at {x},{y} lies outside of the picture of {output}"
        );
        Err(Fault::new(FaultCode::SpecUnfit, message))
    }
}

impl OverlayPlan {
    pub(super) fn needs(&self) -> Vec<Part> {
        match &self.seen {
            Seen::Picture { gray: true, .. } => vec![Part::Filter("overlay"), Part::Filter("hue")],
            Seen::Picture { .. } => vec![Part::Filter("overlay")],
            Seen::Text { .. } => ["color", "drawtext", "colorchannelmixer", "overlay"]
                .map(Part::Filter)
                .to_vec(),
        }
    }
}
