//! Which pixels of a source are painted over, and when.

use reelgate_domain::job::kind::transcode::{Area, Erasing, Spot};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::VideoFacts;

use super::Size;
use super::geometry::upright;

/// A rectangle that is painted over from what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// In pixels of the upright source, with a pixel at least on each side.
    pub area: Area,
    pub from_ms: u64,
    pub until_ms: Option<u64>,
}

pub(super) fn erased(wanted: &[Erasing], source: &VideoFacts) -> Result<Vec<Erased>, Fault> {
    let mut erased = Vec::new();
    for (number, moment) in wanted.iter().enumerate() {
        let until_ms = wanted.get(number + 1).map(|next| next.from_ms);
        for spot in &moment.places {
            let area = placed(*spot, upright(source))?;
            erased.push(Erased {
                area,
                from_ms: moment.from_ms,
                until_ms,
            });
        }
    }
    let format = source.pixel_format.as_deref().unwrap_or_default();
    if !erased.is_empty() && !FORMATS.contains(&format) {
        return Err(unfit(format!(
            "nothing can be painted over in a picture of {format}; it can in those of YUV with 8 bits"
        )));
    }
    Ok(erased)
}

/// What the filter takes, or becomes it without a loss.
const FORMATS: [&str; 9] = [
    "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv411p", "nv12", "gray",
];

/// The whole pixels of a place, which has pixels around it to be painted over from.
fn placed(spot: Spot, size: Size) -> Result<Area, Fault> {
    let pixels = |number: f64, whole: u32| match number > 1.0 {
        true => number as u32,
        false => (number * f64::from(whole)) as u32,
    };
    let area = Area {
        width: pixels(spot.width, size.width),
        height: pixels(spot.height, size.height),
        left: pixels(spot.left, size.width),
        top: pixels(spot.top, size.height),
    };
    let fits = |from: u32, length: u32, whole: u32| from > 0 && length > 0 && from + length < whole;
    if fits(area.left, area.width, size.width) && fits(area.top, area.height, size.height) {
        return Ok(area);
    }
    Err(unfit(format!(
        "the place of {}x{} pixels at {}:{} that is to be painted over does not lie inside of the source's picture of \
         {size}, with a pixel at least on each side",
        area.width, area.height, area.left, area.top
    )))
}

fn unfit(message: String) -> Fault {
    Fault::new(FaultCode::SpecUnfit, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> VideoFacts {
        VideoFacts {
            width: 640,
            height: 360,
            pixel_format: Some("yuv420p".to_owned()),
            ..VideoFacts::default()
        }
    }

    fn check(places: &str, source: &VideoFacts) -> Result<Vec<Erased>, Fault> {
        erased(
            &serde_json::from_str::<Vec<Erasing>>(places).unwrap(),
            source,
        )
    }

    #[test]
    fn shares_and_pixels_become_places_that_end_where_the_next_begin() {
        let wanted = r#"[{"from_ms":100,"places":[{"left":0.5,"top":0.25,"width":0.101,"height":20.9}]},
            {"from_ms":700,"places":[{"left":2,"top":0.5,"width":637,"height":50}]},{"from_ms":900,"places":[]}]"#;
        let found = check(wanted, &source()).unwrap();
        let area = |width, height, left, top| Area {
            width,
            height,
            left,
            top,
        };
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].area, area(64, 20, 320, 90));
        assert_eq!((found[0].from_ms, found[0].until_ms), (100, Some(700)));
        assert_eq!(found[1].area, area(637, 50, 2, 180));
        assert_eq!((found[1].from_ms, found[1].until_ms), (700, Some(900)));
    }

    #[test]
    fn places_outside_and_deep_pictures_are_refused() {
        for (left, top, width) in [(700, 9, 10), (0, 9, 10), (9, 0, 10), (630, 9, 10)] {
            let outside = format!(
                r#"[{{"places":[{{"left":{left},"top":{top},"width":{width},"height":10}}]}}]"#
            );
            let fault = check(&outside, &source()).unwrap_err();
            assert_eq!(fault.code, FaultCode::SpecUnfit);
            assert!(fault.message.contains("10x10"), "{}", fault.message);
        }
        let deep = VideoFacts {
            pixel_format: Some("yuv420p10le".to_owned()),
            ..source()
        };
        let place = r#"[{"places":[{"left":0.1,"top":0.1,"width":0.1,"height":0.1}]}]"#;
        let fault = check(place, &deep).unwrap_err();
        assert!(fault.message.contains("yuv420p10le"), "{}", fault.message);
        assert_eq!(check("[]", &deep).unwrap(), []);
    }
}
