//! Figures of how like its source an output looks, from the lines that FFmpeg prints of each frame and each packet.

use reelgate_domain::quality::{MOST_POINTS, QualityPoint, WORST_MOMENTS};

use crate::argv::quality::Also;
use crate::run::lines::Lines;

/// The least difference that is told: there is none at all below it.
const MOST_PSNR: f64 = 100.0;

/// What is known of each second of an output.
#[derive(Debug)]
pub(crate) struct Figures {
    lines: Lines,
    fps: f64,
    /// The highest value of a sample.
    peak: f64,
    also: Also,
    seconds: Vec<Second>,
    compared: u64,
    squared: u64,
    weighed: u64,
    judged: u64,
    /// The column of VMAF, counted from 0.
    vmaf_column: Option<usize>,
    packets: u64,
    /// Seconds of a tick of the packets' times.
    tick: Option<f64>,
    first_pts: Option<i64>,
}

/// Sums over the frames of a second.
#[derive(Clone, Copy, Debug)]
struct Second {
    frames: u64,
    ssim: f64,
    least: f64,
    least_frame: u64,
    /// Mean squared errors.
    mse: f64,
    /// Weighted errors, as shares of the highest value.
    weighed: f64,
    vmaf: f64,
    bytes: u64,
}

const NOTHING: Second = Second {
    frames: 0,
    ssim: 0.0,
    least: 1.0,
    least_frame: 0,
    mse: 0.0,
    weighed: 0.0,
    vmaf: 0.0,
    bytes: 0,
};

/// A second that looks bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Worst {
    pub(crate) frame: u64,
    pub(crate) ssim: f64,
    pub(crate) psnr: f64,
}

impl Figures {
    pub(crate) fn new(fps: f64, sample_bits: u32, also: Also) -> Self {
        Self {
            lines: Lines::default(),
            fps,
            peak: ((1_u32 << sample_bits) - 1) as f64,
            also,
            seconds: Vec::new(),
            compared: 0,
            squared: 0,
            weighed: 0,
            judged: 0,
            vmaf_column: None,
            packets: 0,
            tick: None,
            first_pts: None,
        }
    }

    /// Whether `chunk` tells of another frame or packet.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> bool {
        let mut moved = false;
        for line in self.lines.ended(chunk) {
            moved |= self.take(&line).is_some();
        }
        moved
    }

    /// Takes `n:1 mse_avg:0.52 …`, `n:1 Y:0.99 … All:0.99 (20.0)`, `n:    1  XPSNR y: 41.7  …`, `#tb 0: 1/12800` or
    /// `0, 0, 512, 512, 4711, 0x…`.
    fn take(&mut self, line: &str) -> Option<()> {
        if let Some(base) = line.strip_prefix("#tb 0: ") {
            let (num, den) = base.trim().split_once('/')?;
            self.tick = Some(num.parse::<f64>().ok()? / den.parse::<f64>().ok()?);
            return None;
        }
        let Some(rest) = line.strip_prefix("n:") else {
            return self.take_packet(line);
        };
        let frame = rest.split_whitespace().next()?.parse::<u64>().ok()?;
        let frame = frame.checked_sub(1)?;
        let number = |name: &str| {
            let (_, rest) = line.split_once(name)?;
            rest.split_whitespace().next()?.parse::<f64>().ok()
        };
        if let Some(mse) = number("mse_avg:") {
            self.second(frame as f64 / self.fps)?.mse += mse;
            self.squared += 1;
        } else if let Some(ssim) = number("All:") {
            let second = self.second(frame as f64 / self.fps)?;
            second.frames += 1;
            second.ssim += ssim;
            if ssim < second.least {
                (second.least, second.least_frame) = (ssim, frame);
            }
            self.compared += 1;
        } else if let Some(xpsnr) = number("XPSNR y:") {
            // As FFmpeg takes the mean of more frames than one; what is the same has none.
            self.second(frame as f64 / self.fps)?.weighed += 10_f64.powf(-xpsnr / 20.0);
            self.weighed += 1;
        }
        Some(())
    }

    /// Takes a line of the file that VMAF is written to: `Frame,…,vmaf,` and then `0,…,96.3,` for each frame.
    pub(crate) fn take_vmaf(&mut self, line: &str) -> Option<()> {
        let Some(column) = self.vmaf_column else {
            self.vmaf_column = line.split(',').position(|name| name.trim() == "vmaf");
            return None;
        };
        let frame: u64 = line.split(',').next()?.trim().parse().ok()?;
        let vmaf: f64 = line.split(',').nth(column)?.trim().parse().ok()?;
        self.second(frame as f64 / self.fps)?.vmaf += vmaf;
        self.judged += 1;
        Some(())
    }

    fn take_packet(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split(',').map(str::trim);
        let stream = fields.next()?;
        let (pts, bytes) = (fields.nth(1)?, fields.nth(1)?);
        let (pts, bytes) = (pts.parse::<i64>().ok()?, bytes.parse::<u64>().ok()?);
        let tick = self.tick.filter(|_| stream == "0")?;
        // The first one shown is the first one there: groups begin with it.
        let first = *self.first_pts.get_or_insert(pts);
        let at = pts.saturating_sub(first).max(0) as f64 * tick;
        self.second(at)?.bytes += bytes;
        self.packets += 1;
        Some(())
    }

    /// The second that a moment is in; nothing beyond what an output can last.
    fn second(&mut self, seconds: f64) -> Option<&mut Second> {
        // Times are rounded to ticks.
        let place = (seconds + 0.000_5) as usize;
        if place > crate::plan::MOST_SECONDS as usize {
            return None;
        }
        if place >= self.seconds.len() {
            self.seconds.resize(place + 1, NOTHING);
        }
        self.seconds.get_mut(place)
    }

    /// How many frames were compared, if that is all of them and each was measured in every way.
    pub(crate) fn frames(&self) -> Option<u64> {
        let all = self.compared == self.squared
            && self.compared == self.packets
            && (!self.also.xpsnr || self.compared == self.weighed)
            && (!self.also.vmaf || self.compared == self.judged);
        (all && self.compared > 0).then_some(self.compared)
    }

    /// How many were compared, and how many there are.
    pub(crate) const fn counts(&self) -> (u64, u64) {
        (self.compared, self.packets)
    }

    /// Of the whole.
    pub(crate) fn whole(&self) -> QualityPoint {
        self.point(0, self.seconds.len())
    }

    /// How many seconds a point has, and the points: each has a frame at least.
    pub(crate) fn series(&self) -> (u32, Vec<QualityPoint>) {
        let frame = (1.0 / self.fps).ceil() as usize;
        let step = self.seconds.len().div_ceil(MOST_POINTS).max(frame).max(1);
        let starts = (0..self.seconds.len()).step_by(step);
        let points = starts.map(|start| self.point(start, start + step));
        (u32::try_from(step).unwrap_or(u32::MAX), points.collect())
    }

    fn point(&self, start: usize, end: usize) -> QualityPoint {
        let end = end.min(self.seconds.len());
        let sum = self.seconds[start..end]
            .iter()
            .fold(NOTHING, |sum, one| Second {
                frames: sum.frames + one.frames,
                ssim: sum.ssim + one.ssim,
                least: sum.least.min(one.least),
                least_frame: 0,
                mse: sum.mse + one.mse,
                weighed: sum.weighed + one.weighed,
                vmaf: sum.vmaf + one.vmaf,
                bytes: sum.bytes + one.bytes,
            });
        let frames = sum.frames.max(1) as f64;
        let seconds = frames / self.fps;
        QualityPoint {
            at_seconds: start as f64,
            kbps: rounded(sum.bytes as f64 * 8.0 / 1000.0 / seconds, 1),
            ssim: rounded(sum.ssim / frames, 6),
            least_ssim: rounded(sum.least, 6),
            psnr: self.psnr(sum.mse / frames),
            vmaf: (self.also.vmaf).then(|| rounded(sum.vmaf / frames, 3)),
            xpsnr: (self.also.xpsnr).then(|| decibels(frames / sum.weighed, 20.0)),
        }
    }

    fn psnr(&self, mse: f64) -> f64 {
        decibels(self.peak * self.peak / mse, 10.0)
    }

    /// The worst seconds, none beside another.
    pub(crate) fn worst(&self) -> Vec<Worst> {
        let mean = |second: &Second| second.ssim / second.frames as f64;
        let shown = self.seconds.iter().enumerate();
        let mut order: Vec<(usize, &Second)> =
            shown.filter(|(_, second)| second.frames > 0).collect();
        order.sort_by(|a, b| mean(a.1).total_cmp(&mean(b.1)));
        let mut taken: Vec<usize> = Vec::new();
        for (place, _) in &order {
            if taken.len() < WORST_MOMENTS && taken.iter().all(|it| it.abs_diff(*place) > 1) {
                taken.push(*place);
            }
        }
        let worst = taken.into_iter().map(|place| {
            let second = &self.seconds[place];
            Worst {
                frame: second.least_frame,
                ssim: rounded(mean(second), 6),
                psnr: self.psnr(second.mse / second.frames as f64),
            }
        });
        worst.collect()
    }
}

/// A ratio, which is infinite where nothing was lost.
fn decibels(ratio: f64, tenfold: f64) -> f64 {
    rounded((tenfold * ratio.log10()).min(MOST_PSNR), 3)
}

fn rounded(value: f64, digits: i32) -> f64 {
    let factor = 10_f64.powi(digits);
    (value * factor).round() / factor
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of two a second with these likenesses, each of them a packet of 1000 bytes.
    fn figures(ssims: &[f64]) -> Figures {
        figures_of(1, ssims)
    }

    /// The same with so many half seconds to a frame.
    fn figures_of(halves: usize, ssims: &[f64]) -> Figures {
        let mut text = "#tb 0: 1/1000\n".to_owned();
        for (frame, ssim) in ssims.iter().enumerate() {
            let (n, pts) = (frame + 1, 1400 + frame * halves * 500);
            text.push_str(&format!(
                "n:{n} mse_avg:6.50 mse_y:1 psnr_avg:40.00 \nn:{n} Y:0.1 U:0.2 V:0.3 All:{ssim} (20.0)\n\
                 0, {pts}, {pts}, 500, 1000, 0x0\n"
            ));
        }
        let mut figures = Figures::new(2.0 / halves as f64, 8, Also::default());
        let mut moved = false;
        for chunk in text.as_bytes().chunks(7) {
            moved |= figures.push(chunk);
        }
        assert!(moved);
        figures
    }

    #[test]
    fn frames_are_summed_up_by_the_second() {
        let figures = figures(&[0.9, 0.8, 1.0, 1.0, 0.7]);
        assert_eq!(figures.frames(), Some(5));
        let (step, series) = figures.series();
        assert_eq!((step, series.len()), (1, 3));
        assert_eq!((series[0].ssim, series[0].least_ssim), (0.85, 0.8));
        // The last one is half a second long.
        assert_eq!((series[0].kbps, series[2].kbps), (16.0, 16.0));
        assert_eq!(series[1].psnr, 40.002);
        let whole = figures.whole();
        assert_eq!((whole.ssim, whole.kbps), (0.88, 16.0));
    }

    /// Seconds without a frame looked as if nothing in them was alike, and as if nothing was lost.
    #[test]
    fn frames_that_last_longer_than_a_second_are_points_of_their_own() {
        let figures = figures_of(4, &[0.9, 0.8, 1.0]);
        let (step, series) = figures.series();
        let ssims: Vec<f64> = series.iter().map(|it| it.ssim).collect();
        assert_eq!((step, ssims), (2, vec![0.9, 0.8, 1.0]));
        let starts: Vec<f64> = series.iter().map(|it| it.at_seconds).collect();
        assert_eq!(starts, [0.0, 2.0, 4.0]);
        assert!(series.iter().all(|it| it.kbps == 4.0 && it.psnr == 40.002));
        let (step, series) = figures_of(7, &[0.9; 5]).series();
        assert_eq!((step, series.len()), (4, 4));
        assert!(series.iter().all(|it| it.ssim == 0.9));
    }

    #[test]
    fn the_worst_seconds_are_not_beside_each_other() {
        let worst = figures(&[0.5, 0.4, 0.6, 0.6, 1.0, 1.0, 0.9, 0.8]).worst();
        let frames: Vec<u64> = worst.iter().map(|it| it.frame).collect();
        assert_eq!(frames, [1, 7]);
        assert_eq!(worst[0].ssim, 0.45);
    }

    #[test]
    fn a_frame_that_was_not_compared_is_noticed() {
        let mut figures = figures(&[1.0, 1.0]);
        figures.push(b"0, 2400, 2400, 500, 1000, 0x0\n");
        assert_eq!((figures.frames(), figures.counts()), (None, (2, 3)));
    }

    #[test]
    fn what_only_some_engines_measure_is_told_where_it_was() {
        let also = Also {
            vmaf: true,
            xpsnr: true,
        };
        let mut figures = Figures::new(2.0, 8, also);
        for (frame, xpsnr) in ["40.0000", "20.0000", "inf"].iter().enumerate() {
            let (n, pts) = (frame + 1, frame * 500);
            figures.push(
                format!(
                    "#tb 0: 1/1000\n0, {pts}, {pts}, 500, 1000, 0x0\nn:{n} mse_avg:0.00 \n\
                     n:{n} Y:1 All:1.0 (inf)\nn:    {n}  XPSNR y: {xpsnr}  XPSNR u: 9.0000\n"
                )
                .as_bytes(),
            );
        }
        assert_eq!(figures.frames(), None);
        for line in ["Frame,a,vmaf,", "0,7,96.0,", "1,7,90.0,", "2,7,60.5,"] {
            figures.take_vmaf(line);
        }
        assert_eq!(figures.frames(), Some(3));
        let (_, series) = figures.series();
        assert_eq!((series[0].vmaf, series[1].vmaf), (Some(93.0), Some(60.5)));
        // Of errors of 1 % and 10 %, the mean is 5.5 %.
        assert_eq!(
            (series[0].xpsnr, series[1].xpsnr),
            (Some(25.193), Some(100.0))
        );
        assert_eq!(figures.whole().vmaf, Some(82.167));
        assert_eq!(series[1].psnr, 100.0);
    }

    #[test]
    fn long_outputs_have_coarser_points() {
        let (step, series) = figures(&vec![0.9; 1300]).series();
        assert_eq!((step, series.len()), (2, 325));
    }
}
