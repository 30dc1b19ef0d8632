//! Whether frames of two fields are made whole.

use reelgate_domain::job::kind::transcode::Scan;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::VideoFacts;

use super::{Deinterlace, Fields, Size};

/// A picture of which nothing could be seen goes by its tags.
pub(super) fn deinterlace(
    wanted: Scan,
    source: &VideoFacts,
    found: Option<Fields>,
) -> Option<Deinterlace> {
    match (wanted, found) {
        (Scan::AsTagged | Scan::Interlaced, _) | (Scan::Auto, None) => {
            is_tagged(source).then_some(Deinterlace::Tagged)
        }
        (Scan::Auto, Some(Fields::Progressive)) => None,
        (Scan::Auto, Some(Fields::TopFirst)) => Some(Deinterlace::All { top_first: true }),
        (Scan::Auto, Some(Fields::BottomFirst)) => Some(Deinterlace::All { top_first: false }),
    }
}

/// Colours lie between two lines of one field, and so between four of the frame.
pub(super) fn check_made(wanted: Scan, size: Size) -> Result<(), Fault> {
    if wanted != Scan::Interlaced || size.height.is_multiple_of(4) {
        return Ok(());
    }
    let message = format!(
        "frames of two fields need a height that can be divided by 4, and the output would measure {size}"
    );
    Err(Fault::new(FaultCode::SpecUnfit, message))
}

fn is_tagged(source: &VideoFacts) -> bool {
    let order = source.field_order.as_deref();
    matches!(order, Some("tt" | "bb" | "tb" | "bt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_two_fields_is_made_whole() {
        let check = |scan, order: &str, found| {
            let source = VideoFacts {
                field_order: Some(order.to_owned()),
                ..VideoFacts::default()
            };
            deinterlace(scan, &source, found)
        };
        let all = |top_first| Some(Deinterlace::All { top_first });
        let tagged = Some(Deinterlace::Tagged);
        assert_eq!(check(Scan::AsTagged, "tb", None), tagged);
        assert_eq!(check(Scan::AsTagged, "progressive", None), None);
        assert_eq!(check(Scan::Auto, "tt", None), tagged);
        assert_eq!(check(Scan::Auto, "tt", Some(Fields::Progressive)), None);
        assert_eq!(
            check(Scan::Auto, "progressive", Some(Fields::TopFirst)),
            all(true)
        );
        assert_eq!(
            check(Scan::Auto, "progressive", Some(Fields::BottomFirst)),
            all(false)
        );
    }
}
