//! Picture sizes: what a source looks like on a screen, and what an output measures.

use std::fmt;

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::VideoFacts;

/// Width and height in square pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// The largest picture that is decoded, 8192x8192: twice what the highest levels of H.264, HEVC and
/// AV1 in use allow. A decoder may keep 16 of them, which is 2 GB.
pub(crate) const MOST_SOURCE_PIXELS: u64 = 1 << 26;
/// The largest picture of H.264's highest level, in blocks of 16x16 pixels. The encoder keeps some
/// sixty of them.
pub(super) const MOST_OUTPUT_PIXELS: u64 = 139_264 * 16 * 16;
/// What the encoder takes in either direction.
const SIDES: std::ops::RangeInclusive<u32> = 16..=16_384;

/// The size of the picture as a player shows it, turned and with square pixels, in even numbers.
pub fn display_size(source: &VideoFacts) -> Size {
    let (width, height) = display(source);
    Size {
        width: even(width),
        height: even(height),
    }
}

/// Whether an encoder and the memory have room for pictures of this size.
pub(super) fn check_made(size: Size) -> Result<(), Fault> {
    if !SIDES.contains(&size.width) || !SIDES.contains(&size.height) {
        return Err(Fault::new(
            FaultCode::SpecUnfit,
            format!(
                "the output would measure {size} pixels, and sides are {} to {}",
                SIDES.start(),
                SIDES.end()
            ),
        ));
    }
    if size.pixels() > MOST_OUTPUT_PIXELS {
        return Err(Fault::new(
            FaultCode::SpecUnfit,
            format!(
                "the output would measure {size} pixels, more than the {MOST_OUTPUT_PIXELS} that H.264 allows"
            ),
        ));
    }
    Ok(())
}

/// A size that a picture has on its way to the output's.
pub(super) fn check_between(size: Size) -> Result<(), Fault> {
    let most = SIDES.end();
    let is_side = |side: u32| (2..=*most).contains(&side);
    if is_side(size.width) && is_side(size.height) && size.pixels() <= MOST_SOURCE_PIXELS {
        return Ok(());
    }
    let message = format!(
        "the picture would measure {size} pixels on its way to the output, and sides are 2 to {most} with at most \
         {MOST_SOURCE_PIXELS} pixels in all"
    );
    Err(Fault::new(FaultCode::SpecUnfit, message))
}

/// A picture that the decoder may take apart. Beyond its limit the probe sees no size either, unless
/// the container tells.
pub(super) fn check_source(source: &VideoFacts) -> Result<(), Fault> {
    let size = Size {
        width: source.width,
        height: source.height,
    };
    let problem = match size.pixels() {
        0 => format!("no picture size, or one beyond {MOST_SOURCE_PIXELS} pixels"),
        1..=MOST_SOURCE_PIXELS => return Ok(()),
        _ => format!("pictures of {size} pixels, and at most {MOST_SOURCE_PIXELS} can be read"),
    };
    Err(Fault::new(
        FaultCode::SourceUnreadable,
        format!("the source's video stream has {problem}"),
    ))
}

pub(super) fn display(source: &VideoFacts) -> (f64, f64) {
    let squared = f64::from(source.width) * pixel_aspect(source);
    let height = f64::from(source.height);
    match source.rotation {
        90 | 270 => (height, squared),
        _ => (squared, height),
    }
}

/// Stored pixels, turned as the source asks.
pub(super) fn upright(source: &VideoFacts) -> Size {
    let (width, height) = match source.rotation {
        90 | 270 => (source.height, source.width),
        _ => (source.width, source.height),
    };
    Size { width, height }
}

/// Width over height of one pixel; absurd values are mistakes of the file.
fn pixel_aspect(source: &VideoFacts) -> f64 {
    let parse = |text: &str| {
        let (num, den) = text.split_once(':')?;
        Some(num.parse::<f64>().ok()? / den.parse::<f64>().ok()?)
    };
    source
        .sar
        .as_deref()
        .and_then(parse)
        .filter(|aspect| (0.1..=10.0).contains(aspect))
        .unwrap_or(1.0)
}

/// Half the resolution is kept for colours, so sides are even.
pub(super) fn even(side: f64) -> u32 {
    // Halves go down, so that an odd size never grows beyond its source.
    let pairs = (side / 2.0 - 0.5).ceil();
    (pairs * 2.0).clamp(0.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::transcode::VideoSettings;

    use super::*;
    use crate::plan::framing::{Framing, framing};

    fn output_size(wanted: &VideoSettings, source: &VideoFacts) -> Result<Size, Fault> {
        framing(wanted, source, None).map(|framing: Framing| framing.size())
    }

    fn source(width: u32, height: u32, sar: &str, rotation: u32) -> VideoFacts {
        VideoFacts {
            width,
            height,
            sar: Some(sar.to_owned()),
            rotation,
            ..VideoFacts::default()
        }
    }

    fn check(source: &VideoFacts, wanted: (Option<u32>, Option<u32>), expected: &str) {
        let wanted = VideoSettings {
            width: wanted.0,
            height: wanted.1,
            ..VideoSettings::default()
        };
        let size = output_size(&wanted, source).unwrap();
        assert_eq!(size.to_string(), expected);
    }

    #[test]
    fn sizes_follow_the_display_aspect() {
        let plain = source(1280, 720, "1:1", 0);
        check(&plain, (None, None), "1280x720");
        check(&plain, (Some(640), None), "640x360");
        check(&plain, (None, Some(480)), "854x480");
        check(&plain, (Some(300), Some(700)), "300x700");
        check(&plain, (Some(301), Some(301)), "300x300");
    }

    #[test]
    fn pixels_become_square() {
        let wide = source(800, 640, "64:45", 0);
        check(&wide, (None, None), "1138x640");
        check(&wide, (Some(640), None), "640x360");
        check(&source(800, 332, "399:400", 0), (None, None), "798x332");
        check(&source(800, 332, "0:1", 0), (None, None), "800x332");
        check(&source(800, 332, "N/A", 0), (None, None), "800x332");
    }

    #[test]
    fn turned_pictures_swap_their_sides_once() {
        let turned = source(1920, 1080, "1:1", 90);
        check(&turned, (None, None), "1080x1920");
        check(&turned, (Some(540), None), "540x960");
        check(
            &source(1920, 1080, "1:1", 180),
            (Some(640), None),
            "640x360",
        );
        check(&source(720, 576, "16:15", 270), (None, None), "576x768");
    }

    #[test]
    fn odd_sources_become_even_without_growing() {
        check(&source(853, 479, "1:1", 0), (None, None), "852x478");
    }

    #[test]
    fn a_strip_that_no_encoder_takes_is_refused() {
        let strip = source(4000, 8, "1:1", 0);
        let fault = output_size(&VideoSettings::default(), &strip).unwrap_err();
        assert_eq!(fault.code, FaultCode::SpecUnfit);
    }

    #[test]
    fn pictures_beyond_what_memory_holds_are_refused_before_they_are_decoded() {
        let wanted = VideoSettings {
            height: Some(360),
            ..VideoSettings::default()
        };
        let fault = |width, height| {
            let source = source(width, height, "1:1", 0);
            output_size(&wanted, &source).unwrap_err()
        };
        assert!(output_size(&wanted, &source(8192, 8192, "1:1", 0)).is_ok());
        for (width, height) in [(8193, 8192), (16_384, 16_384), (u32::MAX, u32::MAX), (0, 0)] {
            let fault = fault(width, height);
            assert_eq!(fault.code, FaultCode::SourceUnreadable);
            assert!(fault.message.contains("67108864"), "{}", fault.message);
        }
    }

    #[test]
    fn outputs_keep_within_the_highest_level() {
        let fault = output_size(&VideoSettings::default(), &source(8192, 8192, "1:1", 0));
        assert_eq!(fault.unwrap_err().code, FaultCode::SpecUnfit);
        check(&source(8192, 4320, "1:1", 0), (None, None), "8192x4320");
    }
}
