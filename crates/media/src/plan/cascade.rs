//! Ladders: pictures that are scaled one from another, not each from the source's.

use super::{Finish, Matrix, Plan, Range, VideoPlan};

/// For each output of one process the one whose scaled picture its own is scaled from: the smallest that has all that
/// it shows. Nothing where it is scaled from the source's.
pub(crate) fn above(plans: &[&Plan]) -> Vec<Option<usize>> {
    let rungs: Vec<Option<&VideoPlan>> = plans.iter().map(|plan| rung(plan)).collect();
    let above = |(index, below): (usize, &Option<&VideoPlan>)| {
        let below = (*below)?;
        let feeding = rungs.iter().enumerate().filter_map(|(other, above)| {
            let above = (*above)?;
            // Of two of one size the first is the source of the second.
            let is_before = above.framing.scale != below.framing.scale || other < index;
            (is_before && feeds(above, below)).then_some((above.framing.scale.pixels(), other))
        });
        feeding.min().map(|(_, other)| other)
    };
    rungs.iter().enumerate().map(above).collect()
}

/// The picture of an output that may be part of a ladder.
fn rung(plan: &Plan) -> Option<&VideoPlan> {
    let video = plan.video.as_ref();
    video.filter(|video| video.cascades && plan.parts.is_empty())
}

/// Whether scaling the one after it was scaled to `above` shows what scaling the source's picture would.
fn feeds(above: &VideoPlan, below: &VideoPlan) -> bool {
    let (from, to) = (&above.framing, &below.framing);
    let before = |video: &VideoPlan| {
        // Fields are taken apart before a picture is scaled.
        let is_fields = video.finish == Finish::Fields;
        let origin = (video.stream, video.steady, video.deinterlace);
        (origin, is_fields, video.tone)
    };
    let is_converted = |video: &VideoPlan| matches!(video.matrix, Matrix::ConvertTo(_));
    from.scale.width >= to.scale.width
        && from.scale.height >= to.scale.height
        && (from.crop, from.turn) == (to.crop, to.turn)
        && before(above) == before(below)
        && above.erased == below.erased
        && above.pixel_format == below.pixel_format
        && (above.matrix == below.matrix || (!is_converted(above) && !is_converted(below)))
        // Frames of the source that need no copy pass as they are.
        && (below.range != Range::Keep || above.range == Range::Keep)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::Capabilities;
    use crate::fixtures::facts;

    fn planned(clip: &str, video: &Value) -> Plan {
        let settings = json!({"container": {"format": "mp4"}, "video": video});
        let spec = json!({"object": {"bucket": "media", "key": "film.mp4"}, "settings": settings});
        let spec = serde_json::from_value(spec).unwrap();
        crate::plan::plan(&spec, &facts(clip), &Capabilities::complete()).unwrap()
    }

    /// Rungs of the heights, with members of their own.
    fn ladder(clip: &str, rungs: &[(u32, Value)]) -> Vec<Option<usize>> {
        let planned = |(height, own): &(u32, Value)| {
            let mut video = json!({"height": height, "cascade": true});
            for (name, value) in own.as_object().unwrap() {
                video[name] = value.clone();
            }
            planned(clip, &video)
        };
        let plans: Vec<Plan> = rungs.iter().map(planned).collect();
        above(&plans.iter().collect::<Vec<_>>())
    }

    fn of(rungs: &[(u32, Value)]) -> Vec<Option<usize>> {
        ladder("bbb_720p25_aac51", rungs)
    }

    #[test]
    fn each_rung_is_scaled_from_the_next_larger_one_in_whatever_order_they_are_given() {
        let plain = |height| (height, json!({}));
        let rungs = [240, 720, 480, 360].map(plain);
        assert_eq!(of(&rungs), [Some(3), None, Some(1), Some(2)]);
        // Of one size, at different rates.
        let same = [plain(360), plain(360), plain(360), plain(240)];
        assert_eq!(of(&same), [None, Some(0), Some(0), Some(0)]);
    }

    #[test]
    fn nothing_is_taken_from_an_enlarged_picture() {
        let plain = |height| (height, json!({}));
        assert_eq!(of(&[1080, 720, 360].map(plain)), [None, None, Some(1)]);
        assert_eq!(of(&[1440, 1080].map(plain)), [None, None]);
    }

    #[test]
    fn only_what_asks_for_it_and_goes_the_same_way_is_in_a_ladder() {
        let rung = |height: u32, own: Value| (height, own);
        for other in [
            json!({"cascade": false}),
            json!({"crop": {"width": 640, "height": 360}}),
            json!({"rotate": 180}),
            json!({"pixel_format": "yuv444p"}),
            json!({"scan": "interlaced"}),
            // Lower, and wider than what is above it.
            json!({"width": 1200}),
        ] {
            let rungs = [rung(480, json!({})), rung(240, other.clone())];
            assert_eq!(of(&rungs), [None, None], "{other}");
        }
        // What comes after scaling, and how it is encoded, is each one's own.
        for own in [
            json!({"fps": 10.0}),
            json!({"codec": "vp9", "profile": "main"}),
            json!({"width": 240, "fit": "pad"}),
            json!({"width": 240, "fit": "crop"}),
        ] {
            let rungs = [rung(480, json!({})), rung(240, own.clone())];
            assert_eq!(of(&rungs), [None, Some(0)], "{own}");
        }
        let cropped = json!({"crop": {"width": 1280, "height": 480}});
        let rungs = [rung(400, cropped.clone()), rung(240, cropped)];
        assert_eq!(of(&rungs), [None, Some(0)]);
    }

    #[test]
    fn high_range_is_brought_down_once() {
        let plain = |height| (height, json!({}));
        let found = ladder("hdr10_av1_vertical_720x1280", &[1280, 640].map(plain));
        assert_eq!(found, [None, Some(0)]);
    }
}
