//! Frame rates: exact fractions, and which one an output gets.

use std::fmt;

use reelgate_domain::job::kind::transcode::VideoSettings;
use reelgate_domain::media::VideoFacts;

/// Frames a second as a fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    pub num: u32,
    pub den: u32,
}

/// The rates cameras, cinema and broadcast use.
const STANDARD: [FrameRate; 16] = [
    FrameRate {
        num: 24_000,
        den: 1001,
    },
    FrameRate { num: 24, den: 1 },
    FrameRate { num: 25, den: 1 },
    FrameRate {
        num: 30_000,
        den: 1001,
    },
    FrameRate { num: 30, den: 1 },
    FrameRate { num: 48, den: 1 },
    FrameRate { num: 50, den: 1 },
    FrameRate {
        num: 60_000,
        den: 1001,
    },
    FrameRate { num: 60, den: 1 },
    FrameRate { num: 20, den: 1 },
    FrameRate { num: 15, den: 1 },
    FrameRate {
        num: 15_000,
        den: 1001,
    },
    FrameRate { num: 25, den: 2 },
    FrameRate { num: 12, den: 1 },
    FrameRate { num: 10, den: 1 },
    FrameRate { num: 5, den: 1 },
];

/// No output is faster.
const MOST: FrameRate = FrameRate { num: 60, den: 1 };
/// An asked-for 29.97 means 30000/1001; further away it means what it says.
const SAME_AS_ASKED: f64 = 0.000_5;
/// How far a measured average may be from the rate it stands for.
const SAME_AS_MEASURED: f64 = 0.01;
/// Base rates up to this much above the average are the rate; more means gaps between frames.
const BASE_OVER_AVERAGE: f64 = 1.1;

impl FrameRate {
    pub fn new(num: u32, den: u32) -> Option<Self> {
        if num == 0 || den == 0 {
            return None;
        }
        let divisor = u32::try_from(gcd(num.into(), den.into())).ok()?;
        Some(Self {
            num: num / divisor,
            den: den / divisor,
        })
    }

    /// Reads `num/den`.
    pub fn parse(text: &str) -> Option<Self> {
        let (num, den) = text.split_once('/')?;
        Self::new(num.parse().ok()?, den.parse().ok()?)
    }

    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// Seconds from one frame to the next.
    pub fn frame_seconds(self) -> f64 {
        f64::from(self.den) / f64::from(self.num)
    }

    /// The fraction meant by a decimal number.
    fn from_decimal(fps: f64) -> Self {
        if let Some(standard) = nearest_standard(fps, SAME_AS_ASKED) {
            return standard;
        }
        // Rates below one in a thousand seconds are written as whole periods.
        let fraction = if fps >= 0.001 {
            Self::new((fps * 1000.0).round() as u32, 1000)
        } else {
            Self::new(1, (1.0 / fps).round().min(f64::from(u32::MAX)) as u32)
        };
        fraction.unwrap_or(MOST)
    }

    fn at_most(self, most: Self) -> Self {
        if self.as_f64() > most.as_f64() {
            most
        } else {
            self
        }
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

/// The constant rate of an output: the one asked for, else the source's.
pub(super) fn output_rate(wanted: &VideoSettings, source: &VideoFacts) -> FrameRate {
    let own = || source_rate(source).at_most(MOST);
    match wanted.fps.map(FrameRate::from_decimal) {
        Some(rate) if wanted.fps_at_most_source => rate.at_most(own()),
        Some(rate) => rate,
        None => match wanted.max_fps.map(FrameRate::from_decimal) {
            Some(most) => own().at_most(most),
            None => own(),
        },
    }
}

pub(super) fn source_rate(source: &VideoFacts) -> FrameRate {
    let base = source.base_rate.as_deref().and_then(FrameRate::parse);
    let average = source.average_rate.as_deref().and_then(FrameRate::parse);
    match (base, average) {
        (Some(base), Some(average)) if base.as_f64() <= BASE_OVER_AVERAGE * average.as_f64() => {
            base
        }
        (_, Some(average)) => nearest_standard(average.as_f64(), SAME_AS_MEASURED)
            .unwrap_or_else(|| FrameRate::from_decimal(average.as_f64())),
        (Some(base), None) => base,
        (None, None) => FrameRate { num: 25, den: 1 },
    }
}

fn nearest_standard(fps: f64, tolerance: f64) -> Option<FrameRate> {
    let distance = |rate: &FrameRate| (rate.as_f64() / fps - 1.0).abs();
    STANDARD
        .into_iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .filter(|rate| distance(rate) <= tolerance)
}

/// The greatest number that divides both.
pub(crate) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: Option<f64>, base: &str, average: &str, expected: &str) {
        let wanted = VideoSettings {
            fps: asked,
            ..VideoSettings::default()
        };
        check_wanted(&wanted, base, average, expected);
    }

    fn check_wanted(wanted: &VideoSettings, base: &str, average: &str, expected: &str) {
        let source = VideoFacts {
            base_rate: Some(base.to_owned()),
            average_rate: Some(average.to_owned()),
            ..VideoFacts::default()
        };
        let rate = output_rate(wanted, &source);
        assert_eq!(rate.to_string(), expected, "{wanted:?} {base} {average}");
    }

    #[test]
    fn a_rate_asked_for_with_the_source_as_its_bound_is_the_lower_one() {
        let wanted = |fps| VideoSettings {
            fps: Some(fps),
            fps_at_most_source: true,
            ..VideoSettings::default()
        };
        check_wanted(&wanted(30.0), "25/1", "25/1", "25/1");
        check_wanted(&wanted(25.0), "30000/1001", "30000/1001", "25/1");
        check_wanted(&wanted(29.97), "30000/1001", "30000/1001", "30000/1001");
        check_wanted(&wanted(30.0), "30000/1001", "30000/1001", "30000/1001");
        // Variable: a base rate of 120 at an average of 29.88.
        check_wanted(&wanted(60.0), "120/1", "1192500/39913", "30000/1001");
        check_wanted(&wanted(60.0), "120/1", "120/1", "60/1");
    }

    #[test]
    fn a_bound_holds_where_no_rate_is_asked_for() {
        let wanted = |fps, max_fps| VideoSettings {
            fps,
            max_fps: Some(max_fps),
            ..VideoSettings::default()
        };
        check_wanted(&wanted(None, 30.0), "60/1", "60/1", "30/1");
        check_wanted(&wanted(None, 30.0), "25/1", "25/1", "25/1");
        check_wanted(
            &wanted(None, 29.97),
            "60000/1001",
            "60000/1001",
            "30000/1001",
        );
        check_wanted(&wanted(Some(50.0), 30.0), "25/1", "25/1", "50/1");
    }

    #[test]
    fn the_source_decides_when_nothing_is_asked() {
        check(None, "25/1", "25/1", "25/1");
        check(None, "30000/1001", "51600/1841", "30000/1001");
        // Variable: a base rate of 120 at an average of 29.88.
        check(None, "120/1", "1192500/39913", "30000/1001");
        check(None, "60/1", "1000/1", "60/1");
        check(None, "120/1", "120/1", "60/1");
        check(None, "1000/1", "1000/1", "60/1");
        check(None, "90000/1", "0/0", "60/1");
        check(None, "0/0", "0/0", "25/1");
        check(None, "25/2", "25/2", "25/2");
        check(None, "90000/1", "17/1", "17/1");
        check(None, "22500/39913", "45000/39913", "22500/39913");
    }

    #[test]
    fn decimals_mean_the_fractions_they_stand_for() {
        check(Some(29.97), "25/1", "25/1", "30000/1001");
        check(Some(23.976), "25/1", "25/1", "24000/1001");
        check(Some(24.0), "25/1", "25/1", "24/1");
        check(Some(12.5), "25/1", "25/1", "25/2");
        check(Some(59.94), "25/1", "25/1", "60000/1001");
        check(Some(7.3), "25/1", "25/1", "73/10");
        check(Some(0.000_1), "25/1", "25/1", "1/10000");
    }
}
