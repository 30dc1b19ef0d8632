//! Which outputs of one source one process can make.

use reelgate_domain::job::kind::transcode::VideoCodec;

use super::{Plan, Size};

/// What the pictures of all outputs of one process may come to, which an encoder keeps some sixty
/// of: as much as a single output may have.
const MOST_PIXELS: u64 = super::geometry::MOST_OUTPUT_PIXELS;

/// Whether one process can make both from the same source, each exactly as it would be made alone, but for rungs of
/// ladders, which are scaled from one another.
///
/// What they show has to start at the same moment, for the source is positioned once. How long they
/// are, which streams they take and what becomes of those is each one's own.
pub fn shareable(a: &Plan, b: &Plan) -> bool {
    !a.is_alone()
        && !b.is_alone()
        && (a.window.start_ms, a.window.seek) == (b.window.start_ms, b.window.seek)
        && a.pixels() + b.pixels() <= MOST_PIXELS
}

/// Puts outputs of one source, by their indices, into as few processes as they can share in the
/// order given.
pub fn groups(plans: &[&Plan]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        let fits = |group: &&mut Vec<usize>| {
            let together: u64 = group.iter().map(|&member| plans[member].pixels()).sum();
            shareable(plans[group[0]], plan) && together + plan.pixels() <= MOST_PIXELS
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

impl Plan {
    /// Pieces have processes of their own. Subtitles that cannot be read fail their output alone. What the encoder of VP9 learns in a first pass has a name that counts the
    /// streams of a process.
    fn is_alone(&self) -> bool {
        let video = self.video.as_ref();
        self.chunks.is_some()
            || !self.words.is_empty()
            || video.is_some_and(|video| video.two_pass && video.codec == VideoCodec::Vp9)
    }

    fn pixels(&self) -> u64 {
        // Nothing of a copy is decoded.
        let encoded = self.video.as_ref().filter(|video| !video.is_copied());
        encoded.map_or(0, |video| video.size.pixels())
    }
}

impl Size {
    pub(super) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::Capabilities;
    use crate::fixtures::facts;

    fn planned(format: &str, settings: &Value, clip: &Value) -> Plan {
        let mut settings = settings.clone();
        settings["container"] = json!({"format": "mp4"});
        let spec = json!({"object": {"bucket": "media", "key": "film.mp4"}, "settings": settings,
            "clip": clip});
        let mut facts = facts("bbb_720p25_aac51");
        facts.format.name = format.to_owned();
        let spec = serde_json::from_value(spec).unwrap();
        crate::plan::plan(&spec, &facts, &Capabilities::complete()).unwrap()
    }

    fn of_height(height: u32) -> Plan {
        let settings = json!({"video": {"height": height, "width": height}, "audio": {}});
        planned("mov", &settings, &json!(null))
    }

    #[test]
    fn what_starts_together_is_made_together() {
        let whole = of_height(360);
        let settings = json!({"video": {"height": 240}, "audio": {}});
        let part = |start_ms: u64, length_ms: u64| {
            let clip = json!({"start_ms": start_ms, "length": {"duration_ms": length_ms}});
            planned("mov", &settings, &clip)
        };
        assert!(shareable(&whole, &part(0, 500)));
        assert!(shareable(&part(1000, 500), &part(1000, 900)));
        assert!(!shareable(&whole, &part(1000, 500)));
        // Reached in different ways.
        let clip = json!({"start_ms": 1000});
        let decoded = planned("mpegts", &settings, &clip);
        assert!(!shareable(&part(1000, 500), &decoded));
        assert!(shareable(&decoded, &decoded));
        let sound = planned("mov", &json!({"audio": {}}), &json!(null));
        assert!(shareable(&whole, &sound));
    }

    #[test]
    fn two_passes_of_vp9_have_a_process_of_their_own() {
        let whole = of_height(360);
        let mut twice = whole.clone();
        if let Some(video) = &mut twice.video {
            (video.codec, video.two_pass) = (VideoCodec::Vp9, true);
        }
        assert_eq!(
            groups(&[&twice, &whole, &twice, &whole]),
            [vec![0], vec![1, 3], vec![2]]
        );
    }

    #[test]
    fn a_process_gets_no_more_pictures_than_it_has_memory_for() {
        let large = of_height(4096);
        let small = of_height(360);
        assert!(shareable(&large, &large));
        let plans = [&large, &small, &large, &large, &small];
        assert_eq!(groups(&plans), [vec![0, 1, 2, 4], vec![3]]);
        assert_eq!(groups(&[]), Vec::<Vec<usize>>::new());
    }
}
