//! Filters that lay pictures and texts over the picture of an output.

use std::fmt::Write;

use reelgate_domain::job::kind::transcode::{Color, Corner, PixelFormat};

use super::seconds;
use crate::plan::{At, OverlayPlan, Seen, Showing, Size};

/// The name of the file that a text lies in, in the directory that the process runs in. What callers write never
/// stands in an argument.
pub(crate) fn text_file(part: usize, overlay: usize) -> String {
    format!("text-{part}-{overlay}.txt")
}

/// One output's filters: those of its own picture, and what is laid over it.
pub(super) struct Graph<'a> {
    /// Its place among those of the process.
    pub(super) part: usize,
    pub(super) size: Size,
    pub(super) format: PixelFormat,
    /// Where the picture comes from, as a graph names it.
    pub(super) main: String,
    /// What is done to the picture up to its frame rate, and what makes that.
    pub(super) filters: &'a [String],
    pub(super) rate: &'a str,
    /// What comes last, with a comma before it.
    pub(super) finish: &'a str,
    pub(super) overlays: &'a [OverlayPlan],
    /// The number of the input of each overlay that has one.
    pub(super) inputs: &'a [Option<usize>],
}

impl Graph<'_> {
    /// What the last filter's output is called.
    pub(super) fn label(&self) -> String {
        format!("[v{}]", self.part)
    }

    /// The whole of it. Frames are repeated before anything is laid over them: what is laid over may change between two
    /// of the source, and its last one would be lost behind it.
    pub(super) fn text(&self) -> String {
        let mut filters = self.filters.to_vec();
        filters.push(self.rate.to_owned());
        let mut graph = format!("[{}]{}", self.main, filters.join(","));
        for (place, overlay) in self.overlays.iter().enumerate() {
            self.lay_over(&mut graph, place, overlay);
        }
        graph + self.finish + &self.label()
    }

    /// Ends the chain so far, and goes on with what it and the overlay make together.
    fn lay_over(&self, graph: &mut String, place: usize, overlay: &OverlayPlan) {
        let (below, above) = (
            format!("[b{}x{place}]", self.part),
            format!("[m{}x{place}]", self.part),
        );
        let (alpha, mode) = forms(self.format);
        let range = if self.format.is_full_range() {
            "pc"
        } else {
            "tv"
        };
        let colours = format!(
            ":flags=bicubic+accurate_rnd:out_range={range}:out_color_matrix={}",
            overlay.matrix
        );
        let (seen, at) = match &overlay.seen {
            Seen::Picture { .. } => self.picture(place, overlay, &colours, alpha),
            Seen::Text { .. } => self.drawn(place, overlay, &colours, alpha),
        };
        let _infallible = write!(
            graph,
            "{below};{seen}{above};{below}{above}overlay={at}:format={mode}{}",
            enabled(&overlay.showing),
        );
    }

    /// A picture in the output's colours, and where it lies.
    fn picture(
        &self,
        place: usize,
        overlay: &OverlayPlan,
        colours: &str,
        alpha: &str,
    ) -> (String, String) {
        let Seen::Picture {
            stream,
            size,
            gray,
            moves,
            once,
            ..
        } = &overlay.seen
        else {
            return Default::default();
        };
        // FFmpeg refuses a number that no input has.
        let input = self.inputs[place].unwrap_or(usize::MAX);
        let gray = if *gray { ",hue=s=0" } else { "" };
        // What moves begins when it appears.
        let moved = match (moves, overlay.showing.start_ms) {
            (true, start) if start > 0 => format!("setpts=PTS+{}/TB,", seconds(start)),
            _ => String::new(),
        };
        // Nor does it go on when what it is laid over is over.
        let moved = match (once, overlay.showing.end_ms) {
            (true, Some(end)) => format!("{moved}trim=end={},", seconds(end)),
            _ => moved,
        };
        let (x, y) = overlay.at.position(*size, self.size);
        let shortest = match (moves, once) {
            // A loop has no end.
            (true, false) => ":shortest=1",
            (true, true) => ":eof_action=pass",
            (false, _) => "",
        };
        let seen = format!(
            "[{input}:{stream}]{moved}scale=w={}:h={}{colours},setsar=1,format={alpha}{gray}",
            size.width, size.height,
        );
        (seen, format!("x={x}:y={y}{shortest}"))
    }

    /// A text on one clear picture as large as the output: drawn on the output's own it would have the colours of small
    /// pictures, whatever its matrix is.
    fn drawn(
        &self,
        place: usize,
        overlay: &OverlayPlan,
        colours: &str,
        alpha: &str,
    ) -> (String, String) {
        let Seen::Text {
            font,
            size,
            color,
            alpha: opacity,
            border,
            border_color,
            ..
        } = &overlay.seen
        else {
            return Default::default();
        };
        let (x, y) = text_position(overlay.at);
        // The colour at the edges of letters.
        let ground = named(if *border > 0 { *border_color } else { *color });
        let seen = format!(
            "color=c={ground}@0:s={}:r=1:d=1,format=rgba,drawtext=textfile={}:fontfile='{}':expansion=none\
             :fontsize={size}:fontcolor={}:borderw={border}:bordercolor={}:x={x}:y={y},colorchannelmixer=aa={opacity},\
             scale=w=iw:h=ih{colours},setsar=1,format={alpha}",
            self.size,
            text_file(self.part, place),
            font.display(),
            named(*color),
            named(*border_color),
        );
        (seen, "x=0:y=0".to_owned())
    }
}

/// The form with transparency that lies over one of these samples, and what `overlay` calls that.
const fn forms(format: PixelFormat) -> (&'static str, &'static str) {
    match format {
        PixelFormat::Yuv420p | PixelFormat::Yuvj420p => ("yuva420p", "yuv420"),
        PixelFormat::Yuv422p => ("yuva422p", "yuv422"),
        PixelFormat::Yuv444p => ("yuva444p", "yuv444"),
        PixelFormat::Yuv420p10 => ("yuva420p10le", "yuv420p10"),
    }
}

fn named(Color([red, green, blue]): Color) -> String {
    format!("0x{red:02x}{green:02x}{blue:02x}")
}

/// How large a text is, is known only when it is drawn.
fn text_position(at: At) -> (String, String) {
    let x = match at.corner {
        Corner::TopLeft | Corner::BottomLeft => format!("{}", at.dx),
        Corner::TopRight | Corner::BottomRight => format!("w-tw-({})", at.dx),
        Corner::Center => format!("(w-tw)/2+({})", at.dx),
    };
    let y = match at.corner {
        Corner::TopLeft | Corner::TopRight => format!("{}", at.dy),
        Corner::BottomLeft | Corner::BottomRight => format!("h-th-({})", at.dy),
        Corner::Center => format!("(h-th)/2+({})", at.dy),
    };
    (x, y)
}

fn enabled(showing: &Showing) -> String {
    // A little early, so that a frame at that very moment counts.
    let from = |ms: u64| format!("gte(t+0.0005,{})", seconds(ms));
    match (showing.start_ms, showing.end_ms) {
        (0, None) => String::new(),
        (start, None) => format!(":enable='{}'", from(start)),
        (start, Some(end)) => format!(":enable='{}*lt(t+0.0005,{})'", from(start), seconds(end)),
    }
}
