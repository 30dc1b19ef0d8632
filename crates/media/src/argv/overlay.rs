//! Filters that lay pictures and texts over the picture of an output.

use std::fmt::Write;

use reelgate_domain::job::kind::transcode::{Color, Corner};

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
    /// Where the picture comes from, as a graph names it.
    pub(super) main: String,
    /// What is done to the picture up to its frame rate, and what makes that.
    pub(super) filters: &'a [String],
    pub(super) rate: &'a str,
    pub(super) overlays: &'a [OverlayPlan],
    /// The number of the input of each overlay that has one.
    pub(super) inputs: &'a [Option<usize>],
}

impl Graph<'_> {
    /// What the last filter's output is called.
    pub(super) fn label(&self) -> String {
        format!("[v{}]", self.part)
    }

    /// The whole of it.
    ///
    /// What looks the same at all times is laid over before frames are repeated, which then share their memory; all
    /// else afterwards, or it would change only when the source has a new frame.
    pub(super) fn text(&self) -> String {
        let is_steady = self.overlays.iter().all(OverlayPlan::is_steady);
        let mut filters = self.filters.to_vec();
        if !is_steady {
            filters.push(self.rate.to_owned());
        }
        // What is joined has been made alike already.
        if filters.is_empty() {
            filters.push("null".to_owned());
        }
        let mut graph = format!("[{}]{}", self.main, filters.join(","));
        for (place, overlay) in self.overlays.iter().enumerate() {
            match &overlay.seen {
                Seen::Picture { .. } => self.lay_picture(&mut graph, place, overlay),
                Seen::Text { .. } => {
                    graph.push(',');
                    graph.push_str(&self.drawn(place, overlay));
                }
            }
        }
        if is_steady {
            graph.push(',');
            graph.push_str(self.rate);
        }
        graph + &self.label()
    }

    /// Ends the chain so far, and goes on with what it and the picture make together.
    fn lay_picture(&self, graph: &mut String, place: usize, overlay: &OverlayPlan) {
        let (below, above) = (
            format!("[b{}x{place}]", self.part),
            format!("[m{}x{place}]", self.part),
        );
        let Seen::Picture {
            stream,
            size,
            gray,
            moves,
            once,
            matrix,
            ..
        } = &overlay.seen
        else {
            return;
        };
        let input = self.inputs[place].unwrap_or_default();
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
        let _infallible = write!(
            graph,
            "{below};[{input}:{stream}]{moved}scale=w={}:h={}:flags=bicubic+accurate_rnd\
             :out_range=tv:out_color_matrix={matrix},setsar=1,format=yuva420p{gray}{above};\
             {below}{above}overlay=x={x}:y={y}{shortest}{}",
            size.width,
            size.height,
            enabled(&overlay.showing),
        );
    }

    fn drawn(&self, place: usize, overlay: &OverlayPlan) -> String {
        let Seen::Text {
            font,
            size,
            color,
            alpha,
            border,
            border_color,
            ..
        } = &overlay.seen
        else {
            return String::new();
        };
        let (x, y) = text_position(overlay.at);
        format!(
            "drawtext=textfile={}:fontfile='{}':expansion=none:fontsize={size}:fontcolor={}:borderw={border}\
             :bordercolor={}:x={x}:y={y}{}",
            text_file(self.part, place),
            font.display(),
            named(*color, *alpha),
            named(*border_color, *alpha),
            enabled(&overlay.showing),
        )
    }
}

fn named(Color([red, green, blue]): Color, alpha: f64) -> String {
    format!("0x{red:02x}{green:02x}{blue:02x}@{alpha}")
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
