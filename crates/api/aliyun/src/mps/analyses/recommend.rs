//! Which presets suit a picture, by how many bits it was measured to take.
//!
//! The vendor does not say how it decides; docs/mps.md says how this does.

use reelgate_domain::job::kind::transcode::{Container, RateControl, Settings};
use reelgate_domain::media::{Complexity, SizeComplexity};

use super::config::Streaming;
use crate::mps::presets::{self, Preset};

/// The families that are recommended from.
const STATIC: &str = "S00000001-";
const NARROWBAND: &str = "S00000002-";
/// A picture that takes up to so much of a preset's rate would be made larger by it for nothing.
const MUCH_LESS: f64 = 0.6;
/// One that takes up to so much more than the rate still looks well at it.
const LITTLE_MORE: f64 = 1.5;

/// One width of presets, with its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    width: u32,
    kbps: u32,
}

/// The widths that presets have, the widest first.
pub(super) fn widths() -> Vec<u32> {
    levels().iter().map(|level| level.width).collect()
}

/// Presets that suit, the widest first.
pub(super) fn recommended(complexity: &Complexity, streaming: Streaming) -> Vec<&'static Preset> {
    let levels = levels();
    let measured: Vec<(Level, f64)> = levels
        .iter()
        .filter_map(|level| Some((*level, at(&complexity.sizes, level.width)?)))
        .collect();
    let mut chosen: Vec<(Level, &str)> = measured
        .iter()
        .filter_map(|(level, kbps)| Some((*level, family(*level, *kbps)?)))
        .collect();
    if chosen.is_empty() {
        // There is always one: the narrowest that does not enlarge the picture, or the narrowest of all.
        let narrowest = measured.last().map(|(level, _)| *level);
        let least = levels.last().copied();
        let is_narrower = |least: &Level| complexity.sizes.iter().all(|it| it.width < least.width);
        // What another API has measured at other widths says nothing of these presets.
        let narrowest = narrowest.or(least.filter(is_narrower));
        chosen.extend(narrowest.map(|it| (it, STATIC)));
    }
    let presets = chosen.into_iter().flat_map(|(level, family)| {
        let is_it = move |(preset, settings): &(&'static Preset, &'static Settings)| {
            preset.id.starts_with(family)
                && width(settings) == Some(level.width)
                && streaming.takes(settings.container)
        };
        presets::served().filter(is_it)
    });
    presets.map(|(preset, _)| preset).collect()
}

/// From which family the preset of a level is taken; from none where its rate is too low.
fn family(level: Level, kbps: f64) -> Option<&'static str> {
    let rate = f64::from(level.kbps);
    let has_narrowband = of(NARROWBAND).any(|(_, settings)| width(settings) == Some(level.width));
    if kbps <= MUCH_LESS * rate && has_narrowband {
        return Some(NARROWBAND);
    }
    (kbps <= LITTLE_MORE * rate).then_some(STATIC)
}

/// The rate that was measured at a width. Sides are even.
fn at(sizes: &[SizeComplexity], width: u32) -> Option<f64> {
    let found = sizes.iter().find(|size| size.width.abs_diff(width) <= 1);
    found.map(|size| size.kbps)
}

/// Those of the static presets, the widest first.
fn levels() -> Vec<Level> {
    let mut levels: Vec<Level> = of(STATIC)
        .filter_map(|(_, settings)| {
            let RateControl::Average { kbps, .. } = settings.video.as_ref()?.rate else {
                return None;
            };
            let width = width(settings)?;
            Some(Level { width, kbps })
        })
        .collect();
    levels.sort_by_key(|level| std::cmp::Reverse(level.width));
    levels.dedup();
    levels
}

fn of(family: &str) -> impl Iterator<Item = (&'static Preset, &'static Settings)> {
    presets::served().filter(move |(preset, _)| preset.id.starts_with(family))
}

fn width(settings: &Settings) -> Option<u32> {
    settings.video.as_ref()?.width
}

impl Streaming {
    const fn takes(self, container: Container) -> bool {
        match self {
            Self::Network => true,
            Self::Local => matches!(container, Container::Mp4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(sizes: &[(u32, f64)], streaming: Streaming) -> Vec<&'static str> {
        let sizes = sizes.iter().map(|&(width, kbps)| SizeComplexity {
            width,
            height: width / 2,
            kbps,
            bits_per_pixel: 0.1,
        });
        let complexity = Complexity {
            crf: 25,
            sampled_seconds: 30.0,
            sizes: sizes.collect(),
        };
        let found = recommended(&complexity, streaming);
        found.iter().map(|preset| preset.id.as_str()).collect()
    }

    #[test]
    fn widths_are_those_of_the_static_presets() {
        assert_eq!(widths(), [3840, 2048, 1920, 1280, 848, 640, 320]);
    }

    #[test]
    fn a_level_is_static_narrowband_or_left_out_by_what_the_picture_takes() {
        let local = |kbps| ids(&[(1280, kbps)], Streaming::Local);
        assert_eq!(local(300.0), ["S00000002-200040"]);
        assert_eq!(local(1080.0), ["S00000002-200040"]);
        assert_eq!(local(1081.0), ["S00000001-200030"]);
        assert_eq!(local(2700.0), ["S00000001-200030"]);
        let both = |first, second| ids(&[(1280, first), (848, second)], Streaming::Local);
        assert_eq!(both(2701.0, 900.0), ["S00000001-200020"]);
        // Nothing has enough for it: the narrowest comes closest.
        assert_eq!(both(9000.0, 5000.0), ["S00000001-200020"]);
        // There is no narrowband of 320 pixels.
        assert_eq!(ids(&[(320, 10.0)], Streaming::Local), ["S00000001-200050"]);
        // A picture narrower than any preset.
        assert_eq!(ids(&[(160, 10.0)], Streaming::Local), ["S00000001-200050"]);
        // Widths that no preset has.
        assert_eq!(ids(&[(1000, 10.0)], Streaming::Local), [""; 0]);
    }

    #[test]
    fn what_is_watched_over_a_network_has_all_containers() {
        assert_eq!(
            ids(&[(640, 400.0), (320, 200.0)], Streaming::Network),
            [
                "S00000001-000010",
                "S00000001-100010",
                "S00000001-200010",
                "S00000001-000050",
                "S00000001-100050",
                "S00000001-200050",
            ]
        );
    }
}
