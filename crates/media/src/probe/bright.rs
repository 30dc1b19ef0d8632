//! What ffprobe says of the display that a picture of high dynamic range was mastered on.

use reelgate_domain::media::{Light, Mastering};
use serde::Deserialize;

/// Members of one entry of a stream's or frame's side data.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct SideData {
    red_x: Option<String>,
    red_y: Option<String>,
    green_x: Option<String>,
    green_y: Option<String>,
    blue_x: Option<String>,
    blue_y: Option<String>,
    white_point_x: Option<String>,
    white_point_y: Option<String>,
    min_luminance: Option<String>,
    max_luminance: Option<String>,
    max_content: Option<u32>,
    max_average: Option<u32>,
}

impl SideData {
    /// All of it, or nothing.
    pub(super) fn mastering(&self) -> Option<Mastering> {
        let point = |x: &Option<String>, y: &Option<String>| Some([colour(x)?, colour(y)?]);
        Some(Mastering {
            red: point(&self.red_x, &self.red_y)?,
            green: point(&self.green_x, &self.green_y)?,
            blue: point(&self.blue_x, &self.blue_y)?,
            white: point(&self.white_point_x, &self.white_point_y)?,
            most_luminance: scaled(&self.max_luminance, 10_000.0)?,
            least_luminance: scaled(&self.min_luminance, 10_000.0)?,
        })
    }

    pub(super) fn light(&self) -> Option<Light> {
        let light = Light {
            most: self.max_content?,
            most_average: self.max_average?,
        };
        // Neither is known.
        (light.most > 0 || light.most_average > 0).then_some(light)
    }
}

fn colour(text: &Option<String>) -> Option<u32> {
    scaled(text, 50_000.0).filter(|units| *units <= 50_000)
}

/// A fraction in units.
fn scaled(text: &Option<String>, units: f64) -> Option<u32> {
    let (over, under) = text.as_deref()?.split_once('/')?;
    let (over, under) = (over.parse::<f64>().ok()?, under.parse::<f64>().ok()?);
    let number = (over / under * units).round();
    (0.0..=f64::from(u32::MAX))
        .contains(&number)
        .then_some(number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_are_told_in_the_units_of_their_standard() {
        let said = r#"{"side_data_type": "Mastering display metadata",
            "red_x": "35400/50000", "red_y": "14600/50000", "green_x": "8500/50000", "green_y": "39850/50000",
            "blue_x": "6550/50000", "blue_y": "2300/50000", "white_point_x": "15635/50000",
            "white_point_y": "16450/50000", "min_luminance": "1/2", "max_luminance": "1000/1"}"#;
        let data: SideData = serde_json::from_str(said).unwrap();
        let expected = Mastering {
            red: [35_400, 14_600],
            green: [8500, 39_850],
            blue: [6550, 2300],
            white: [15_635, 16_450],
            most_luminance: 10_000_000,
            least_luminance: 5000,
        };
        assert_eq!(data.mastering(), Some(expected));
        assert_eq!(data.light(), None);
        let part = r#"{"red_x": "1/0", "max_content": 1000, "max_average": 400}"#;
        let data: SideData = serde_json::from_str(part).unwrap();
        assert_eq!(data.mastering(), None);
        let light = data.light().unwrap();
        assert_eq!((light.most, light.most_average), (1000, 400));
    }
}
