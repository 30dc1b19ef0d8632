//! The same plot as a drawing, for pages and documents.

use std::fmt::Write;

use reelgate_client::{OutputQuality, QualityPoint};

const WIDTH: f64 = 800.0;
const LEFT: f64 = 60.0;
/// Of one plot.
const HEIGHT: f64 = 160.0;
const GAP: f64 = 40.0;

/// A whole SVG document: the SSIM of each part with that of its worst frame, below it kbit/s, and marks at the worst
/// moments.
pub(super) fn draw(output: &OutputQuality) -> String {
    let quality = &output.quality;
    let series = &quality.series;
    let seconds = quality.frames as f64 / quality.fps.max(f64::MIN_POSITIVE);
    let least = series.iter().map(|it| it.least_ssim).fold(1.0, f64::min);
    let floor = ((least * 20.0).floor() / 20.0).clamp(0.0, 0.9);
    let most = series.iter().map(|it| it.kbps).fold(1.0, f64::max);
    let height = 2.0 * (HEIGHT + GAP) + GAP;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<title>{}</title>\n",
        escaped(&output.object.to_string())
    );
    let upper = Panel {
        top: GAP,
        low: floor,
        high: 1.0,
        seconds,
    };
    let lower = Panel {
        top: 2.0 * GAP + HEIGHT,
        low: 0.0,
        high: most,
        seconds,
    };
    let ends = |panel: &Panel, digits: usize| {
        [panel.high, panel.low].map(|value| format!("{value:.digits$}"))
    };
    let vmaf = quality.vmaf.map(|vmaf| format!(", VMAF {vmaf:.2}"));
    let likeness = format!("SSIM {:.4}{}", quality.ssim, vmaf.unwrap_or_default());
    upper.frame(&mut text, &likeness, &ends(&upper, 2));
    upper.line(&mut text, series, |it| it.least_ssim, "#bbbbbb");
    upper.line(&mut text, series, |it| it.ssim, "#1f77b4");
    for moment in &quality.worst {
        let (x, y) = upper.place(moment.at_seconds, moment.ssim);
        let _infallible = writeln!(
            text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#d62728\"/>"
        );
    }
    let rate = format!("{:.0} kbit/s", quality.kbps);
    lower.frame(&mut text, &rate, &ends(&lower, 0));
    lower.line(&mut text, series, |it| it.kbps, "#2ca02c");
    text + "</svg>\n"
}

/// One of the plots.
struct Panel {
    top: f64,
    low: f64,
    high: f64,
    /// What its width stands for.
    seconds: f64,
}

impl Panel {
    fn place(&self, at_seconds: f64, value: f64) -> (f64, f64) {
        let across = at_seconds / self.seconds.max(f64::MIN_POSITIVE);
        let up = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        (
            LEFT + across.clamp(0.0, 1.0) * (WIDTH - LEFT - 10.0),
            self.top + (1.0 - up) * HEIGHT,
        )
    }

    fn frame(&self, text: &mut String, title: &str, [high, low]: &[String; 2]) {
        let (width, bottom) = (WIDTH - LEFT - 10.0, self.top + HEIGHT);
        let _infallible = writeln!(
            text,
            "<rect x=\"{LEFT}\" y=\"{}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"none\" stroke=\"#888888\"/>\n\
             <text x=\"{LEFT}\" y=\"{}\">{title}</text>\n\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"end\">{high}</text>\n\
             <text x=\"{x}\" y=\"{bottom}\" text-anchor=\"end\">{low}</text>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{:.0} s</text>",
            self.top,
            self.top - 6.0,
            self.top + 10.0,
            LEFT + width,
            bottom + 14.0,
            self.seconds,
            x = LEFT - 6.0,
        );
    }

    fn line(
        &self,
        text: &mut String,
        series: &[QualityPoint],
        value: impl Fn(&QualityPoint) -> f64,
        color: &str,
    ) {
        let starts = series.iter().map(|point| (point.at_seconds, value(point)));
        // The last part goes on to the end.
        let end = series.last().map(|point| (self.seconds, value(point)));
        let points: Vec<String> = starts
            .chain(end)
            .map(|(at_seconds, value)| {
                let (x, y) = self.place(at_seconds, value);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let _infallible = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\"/>",
            points.join(" ")
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of the lines of an output of so many frames at two a second.
    fn lines(frames: u64, ssims: &[f64]) -> Vec<String> {
        let seconds = ssims.iter().enumerate();
        let point = |(second, &ssim): (usize, &f64)| QualityPoint {
            at_seconds: second as f64,
            kbps: 100.0,
            ssim,
            least_ssim: ssim,
            psnr: 40.0,
            vmaf: None,
            xpsnr: None,
        };
        let output = serde_json::json!({
            "object": {"bucket": "media", "key": "film.mp4"},
            "quality": {
                "width": 320, "height": 180, "fps": 2.0, "frames": frames, "kbps": 100.0, "ssim": 0.9, "psnr": 40.0,
                "step_seconds": 1, "series": seconds.map(point).collect::<Vec<_>>(), "worst": [],
            },
        });
        let text = draw(&serde_json::from_value(output).unwrap());
        let lines = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once("<polyline points=\"")?;
            Some(rest.split_once('"')?.0.to_owned())
        });
        lines.collect()
    }

    /// A line of one place shows nothing, and the last second had no width.
    #[test]
    fn lines_go_on_to_the_end() {
        assert_eq!(lines(2, &[1.0])[1], "60.0,40.0 790.0,40.0");
        let expected = "60.0,40.0 425.0,200.0 790.0,200.0";
        assert_eq!(lines(4, &[1.0, 0.9])[1], expected);
        assert_eq!(lines(2, &[1.0]).len(), 3);
        assert_eq!(lines(1, &[])[0], "");
    }
}
