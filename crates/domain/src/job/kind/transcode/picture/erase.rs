//! Places of a picture that are painted over.

use serde::{Deserialize, Serialize};

use super::super::{OutOfRange, check};

/// What is painted over from a moment on, until the next one that is named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasing {
    /// Of the output's time.
    #[serde(default)]
    pub from_ms: u64,
    /// None: nothing is painted over any more.
    pub places: Vec<Spot>,
}

/// A rectangle of the source's upright picture. Numbers above 1 are pixels, others are shares of its width or
/// height; what comes out is cut to whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spot {
    #[serde(default)]
    pub left: f64,
    #[serde(default)]
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Erasing {
    /// The most moments of one output.
    pub const MOST: usize = 100;
    /// The most places at one moment.
    pub const MOST_PLACES: usize = 10;

    pub(super) fn validate(all: &[Self]) -> Result<(), OutOfRange> {
        const FIELD: &str = "video.erase";
        check(all.len() <= Self::MOST, FIELD, "at most 100 moments")?;
        let day = 24 * 60 * 60 * 1000;
        let is_sorted = all.is_sorted_by(|a, b| a.from_ms < b.from_ms);
        let is_within = all.iter().all(|moment| moment.from_ms < day);
        check(
            is_sorted && is_within,
            FIELD,
            "of rising moments below 86400000 milliseconds",
        )?;
        let is_few = |moment: &Self| moment.places.len() <= Self::MOST_PLACES;
        check(
            all.iter().all(is_few),
            FIELD,
            "at most 10 places at a moment",
        )?;
        let mut spots = all.iter().flat_map(|moment| &moment.places);
        check(
            spots.all(Spot::is_fit),
            FIELD,
            "of rectangles of 0 to 8192 pixels, or shares to 1, that are not empty",
        )
    }
}

impl Spot {
    fn is_fit(&self) -> bool {
        let is_place = |number: f64| (0.0..=8192.0).contains(&number);
        is_place(self.left)
            && is_place(self.top)
            && is_place(self.width)
            && is_place(self.height)
            && self.width > 0.0
            && self.height > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(text: &str) -> bool {
        let all: Vec<Erasing> = serde_json::from_str(text).unwrap();
        Erasing::validate(&all).is_ok()
    }

    #[test]
    fn moments_rise_and_places_are_rectangles() {
        assert!(valid(
            r#"[{"places":[{"width":0.1,"height":40}]},{"from_ms":500,"places":[]}]"#
        ));
        for wrong in [
            r#"[{"from_ms":5,"places":[]},{"from_ms":5,"places":[]}]"#,
            r#"[{"from_ms":86400000,"places":[]}]"#,
            r#"[{"places":[{"width":0,"height":40}]}]"#,
            r#"[{"places":[{"left":-1,"width":10,"height":40}]}]"#,
            r#"[{"places":[{"width":8193,"height":40}]}]"#,
        ] {
            assert!(!valid(wrong), "{wrong}");
        }
        let place = r#"{"width":10,"height":10}"#;
        let crowd = [place; 11].join(",");
        assert!(!valid(&format!(r#"[{{"places":[{crowd}]}}]"#)));
    }
}
