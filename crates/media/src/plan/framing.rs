//! What is taken of the source's picture, and how it comes to the output's size.

use reelgate_domain::job::kind::transcode::{Area, Fill, Fit, Sides, Upscale, VideoSettings};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::VideoFacts;

use super::geometry::{Size, check_between, check_made, check_source, display, even, upright};

/// The way from an upright picture of the source to one of the output, in the order of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// In pixels of the upright source.
    pub crop: Option<Area>,
    pub turn: Turn,
    pub scale: Size,
    /// What is kept of the scaled picture, from its middle.
    pub cut: Option<Size>,
    pub pad: Option<Padding>,
}

/// A turn that is asked for beside that of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    None,
    Clockwise,
    Half,
    CounterClockwise,
    /// Clockwise by degrees between the quarters. Pixels have to be square for that.
    By {
        degrees: u32,
        square: Size,
        /// What holds all of the turned picture.
        around: Size,
        fill: Fill,
    },
}

/// A larger picture around a smaller one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    pub size: Size,
    pub left: u32,
    pub top: u32,
    pub fill: Fill,
}

impl Framing {
    /// Nothing but scaled.
    pub const fn plain(scale: Size) -> Self {
        Self {
            crop: None,
            turn: Turn::None,
            scale,
            cut: None,
            pad: None,
        }
    }

    pub fn is_plain(&self) -> bool {
        *self == Self::plain(self.scale)
    }

    /// The output's size.
    pub fn size(&self) -> Size {
        let padded = self.pad.map(|pad| pad.size);
        padded.or(self.cut).unwrap_or(self.scale)
    }

    /// The filters that it needs beside the scaler.
    pub(super) fn filters(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        if self.crop.is_some() || self.cut.is_some() {
            names.push("crop");
        }
        names.extend(self.pad.map(|_| "pad"));
        names.extend::<&[&'static str]>(match self.turn {
            Turn::None => &[],
            Turn::Clockwise | Turn::CounterClockwise => &["transpose"],
            Turn::Half => &["hflip", "vflip"],
            Turn::By { .. } => &["rotate"],
        });
        names
    }
}

/// `inside` is what the survey found inside borders.
pub(super) fn framing(
    wanted: &VideoSettings,
    source: &VideoFacts,
    inside: Option<Area>,
) -> Result<Framing, Fault> {
    check_source(source)?;
    let (mut shown, upright) = (display(source), upright(source));
    let is_all = |area: &Area| (area.width, area.height) == (upright.width, upright.height);
    // What is all black has no borders.
    let inside = inside.filter(|area| wanted.crop_borders && !is_all(area));
    let crop = wanted.crop.or(inside);
    if let Some(area) = crop {
        check_area(area, upright)?;
        // Pixels may be wide.
        shown = (
            f64::from(area.width) * shown.0 / f64::from(upright.width),
            f64::from(area.height) * shown.1 / f64::from(upright.height),
        );
    }
    let (turn, shown) = turned(wanted, shown);
    let target = target(wanted, shown)?;
    let (scale, cut, pad) = fitted(wanted, shown, target);
    let pad = match wanted.pad {
        Some(area) => Some(placed(area, scale, wanted.fill)?),
        None => pad,
    };
    let framing = Framing {
        crop,
        turn,
        scale,
        cut,
        pad,
    };
    check_between(scale)?;
    if let Turn::By { around, .. } = framing.turn {
        check_between(around)?;
    }
    check_made(framing.size())?;
    Ok(framing)
}

fn check_area(area: Area, upright: Size) -> Result<(), Fault> {
    let fits = |from: u32, length: u32, whole: u32| {
        from.checked_add(length).is_some_and(|end| end <= whole)
    };
    if fits(area.left, area.width, upright.width) && fits(area.top, area.height, upright.height) {
        return Ok(());
    }
    Err(unfit(format!(
        "the crop of {}x{} pixels at {}:{} reaches beyond the source's picture of {upright}",
        area.width, area.height, area.left, area.top
    )))
}

fn turned(wanted: &VideoSettings, shown: (f64, f64)) -> (Turn, (f64, f64)) {
    let (width, height) = shown;
    match wanted.rotate % 360 {
        0 => (Turn::None, shown),
        90 => (Turn::Clockwise, (height, width)),
        180 => (Turn::Half, shown),
        270 => (Turn::CounterClockwise, (height, width)),
        degrees => {
            let square = rounded(shown);
            let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
            let (width, height) = (f64::from(square.width), f64::from(square.height));
            let up = |side: f64| (side / 2.0 - 1e-6).ceil() as u32 * 2;
            let around = Size {
                width: up(width * cos.abs() + height * sin.abs()),
                height: up(width * sin.abs() + height * cos.abs()),
            };
            let turn = Turn::By {
                degrees,
                square,
                around,
                fill: wanted.fill,
            };
            (turn, (f64::from(around.width), f64::from(around.height)))
        }
    }
}

/// The size that is asked for.
fn target(wanted: &VideoSettings, shown: (f64, f64)) -> Result<(f64, f64), Fault> {
    let is_upended = wanted.sides == Sides::LongShort && shown.0 < shown.1;
    let (width, height) = match is_upended {
        true => (wanted.height, wanted.width),
        false => (wanted.width, wanted.height),
    };
    let aspect = shown.0 / shown.1;
    let target = match (width, height) {
        (Some(width), Some(height)) => (f64::from(width), f64::from(height)),
        (Some(width), None) => (f64::from(width), f64::from(width) / aspect),
        (None, Some(height)) => (f64::from(height) * aspect, f64::from(height)),
        (None, None) => return Ok(shown),
    };
    let (source, asked) = (rounded(shown), rounded(target));
    if source.width >= asked.width && source.height >= asked.height {
        return Ok(target);
    }
    match wanted.upscale {
        Upscale::Allow => Ok(target),
        Upscale::KeepSize => Ok(shown),
        Upscale::Fail => Err(unfit(format!(
            "the source's picture of {source} is smaller than the output's of {asked}"
        ))),
    }
}

/// What the picture is scaled to, and what is then cut off or put around it.
fn fitted(
    wanted: &VideoSettings,
    shown: (f64, f64),
    target: (f64, f64),
) -> (Size, Option<Size>, Option<Padding>) {
    let size = rounded(target);
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let factors = (width / shown.0, height / shown.1);
    let scaled = |factor: f64, limit: fn(u32, u32) -> u32| Size {
        width: limit(even(shown.0 * factor + 0.5), size.width),
        height: limit(even(shown.1 * factor + 0.5), size.height),
    };
    match wanted.fit {
        Fit::Stretch => (size, None, None),
        Fit::Crop => {
            let scale = scaled(factors.0.max(factors.1), u32::max);
            (scale, (scale != size).then_some(size), None)
        }
        Fit::Pad => {
            let scale = scaled(factors.0.min(factors.1), u32::min);
            let half = |outer: u32, inner: u32| (outer - inner) / 4 * 2;
            let padding = Padding {
                size,
                left: half(size.width, scale.width),
                top: half(size.height, scale.height),
                fill: wanted.fill,
            };
            (scale, None, (scale != size).then_some(padding))
        }
    }
}

fn placed(area: Area, picture: Size, fill: Fill) -> Result<Padding, Fault> {
    let size = rounded((f64::from(area.width), f64::from(area.height)));
    // Colours are at every second pixel.
    let (left, top) = (area.left / 2 * 2, area.top / 2 * 2);
    let fits = |from: u32, length: u32, whole: u32| {
        from.checked_add(length).is_some_and(|end| end <= whole)
    };
    if !fits(left, picture.width, size.width) || !fits(top, picture.height, size.height) {
        return Err(unfit(format!(
            "a picture of {picture} at {}:{} does not fit into the padding's {size}",
            area.left, area.top
        )));
    }
    Ok(Padding {
        size,
        left,
        top,
        fill,
    })
}

fn rounded(size: (f64, f64)) -> Size {
    Size {
        width: even(size.0),
        height: even(size.1),
    }
}

fn unfit(message: String) -> Fault {
    Fault::new(FaultCode::SpecUnfit, message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn framed(wanted: Value, source: (u32, u32, &str, u32)) -> Result<Framing, Fault> {
        let source = VideoFacts {
            width: source.0,
            height: source.1,
            sar: Some(source.2.to_owned()),
            rotation: source.3,
            ..VideoFacts::default()
        };
        framing(&serde_json::from_value(wanted).unwrap(), &source, None)
    }

    fn check(wanted: Value, source: (u32, u32, &str, u32), scale: &str, size: &str) -> Framing {
        let framing = framed(wanted.clone(), source).unwrap();
        let found = (framing.scale.to_string(), framing.size().to_string());
        assert_eq!(found, (scale.to_owned(), size.to_owned()), "{wanted}");
        framing
    }

    const HD: (u32, u32, &str, u32) = (1280, 720, "1:1", 0);
    const UPRIGHT: (u32, u32, &str, u32) = (1280, 720, "1:1", 90);

    #[test]
    fn a_size_is_filled_or_held_in_proportion() {
        let square = |fit: &str| json!({"width": 360, "height": 360, "fit": fit});
        check(square("stretch"), HD, "360x360", "360x360");
        check(square("crop"), HD, "640x360", "360x360");
        let padded = check(square("pad"), HD, "360x202", "360x360");
        assert_eq!(padded.pad.map(|pad| (pad.left, pad.top)), Some((0, 78)));
        let same = check(
            json!({"width": 640, "height": 360, "fit": "pad"}),
            HD,
            "640x360",
            "640x360",
        );
        assert!(same.is_plain());
        // What lies between borders may be flatter than any output.
        let flat = json!({"width": 320, "height": 180, "fit": "pad"});
        check(flat, (1920, 80, "1:1", 0), "320x14", "320x180");
        // One side alone is in proportion anyway.
        check(
            json!({"width": 640, "fit": "crop"}),
            HD,
            "640x360",
            "640x360",
        );
    }

    #[test]
    fn the_longer_side_is_that_of_the_picture() {
        let wanted = json!({"width": 640, "height": 360, "sides": "long_short"});
        check(wanted.clone(), HD, "640x360", "640x360");
        check(wanted, UPRIGHT, "360x640", "360x640");
        let long = json!({"width": 640, "sides": "long_short"});
        check(long.clone(), UPRIGHT, "360x640", "360x640");
        // What is turned is no longer upright.
        let mut turned = long;
        turned["rotate"] = json!(90);
        check(turned, UPRIGHT, "640x360", "640x360");
    }

    #[test]
    fn nothing_grows_where_it_must_not() {
        let wanted = |upscale: &str| json!({"width": 1920, "height": 600, "upscale": upscale});
        check(wanted("allow"), HD, "1920x600", "1920x600");
        check(wanted("keep_size"), HD, "1280x720", "1280x720");
        let fault = framed(wanted("fail"), HD).unwrap_err();
        assert_eq!(fault.code, FaultCode::SpecUnfit);
        assert!(fault.message.contains("1280x720"), "{}", fault.message);
        check(
            json!({"width": 1280, "upscale": "fail"}),
            HD,
            "1280x720",
            "1280x720",
        );
    }

    #[test]
    fn crops_are_counted_in_the_upright_pictures_own_pixels() {
        let crop = |width, height, left, top| json!({"crop": {"width": width, "height": height, "left": left, "top": top}});
        check(crop(1280, 600, 0, 60), HD, "1280x600", "1280x600");
        check(crop(720, 1000, 0, 280), UPRIGHT, "720x1000", "720x1000");
        // Of pixels that are wide.
        check(
            crop(400, 640, 0, 0),
            (800, 640, "64:45", 0),
            "568x640",
            "568x640",
        );
        for beyond in [
            crop(1281, 600, 0, 0),
            crop(600, 600, 0, 121),
            crop(16, 16, u32::MAX, 0),
        ] {
            let fault = framed(beyond, HD).unwrap_err();
            assert_eq!(fault.code, FaultCode::SpecUnfit);
            assert!(fault.message.contains("1280x720"), "{}", fault.message);
        }
    }

    #[test]
    fn turned_pictures_are_held_whole() {
        check(json!({"rotate": 90}), HD, "720x1280", "720x1280");
        check(json!({"rotate": 180}), HD, "1280x720", "1280x720");
        check(
            json!({"rotate": 270, "width": 360}),
            HD,
            "360x640",
            "360x640",
        );
        let by = check(json!({"rotate": 45}), HD, "1416x1416", "1416x1416");
        assert!(matches!(by.turn, Turn::By { degrees: 45, .. }));
    }

    #[test]
    fn what_is_put_into_a_larger_picture_has_to_fit() {
        let pad = |left, top| json!({"width": 640, "pad": {"width": 720, "height": 480, "left": left, "top": top}});
        let padded = check(pad(40, 61), HD, "640x360", "720x480");
        assert_eq!(padded.pad.map(|pad| (pad.left, pad.top)), Some((40, 60)));
        for beyond in [pad(81 + 1, 0), pad(0, 122)] {
            assert_eq!(framed(beyond, HD).unwrap_err().code, FaultCode::SpecUnfit);
        }
    }
}
