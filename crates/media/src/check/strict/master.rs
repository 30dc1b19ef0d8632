//! Rules of master playlists: what they say of their renditions, and how those go together.

use std::collections::BTreeMap;
use std::path::Path;

use reelgate_domain::media::StreamDetail;

use super::hls::Judged;
use super::read::Packet;
use super::view::resolved;
use super::{Check, CheckError, Findings, Measured, Report, Rule, playlist_text, report};
use crate::playlist::{MasterPlaylist, Variant, codecs, is_master, segments_align};

const BANDWIDTH_SHARE: f64 = 0.1;
/// How much worse more bandwidth may look: measuring is no finer.
const SSIM_SLACK: f64 = 0.005;

impl Check<'_> {
    pub(super) async fn master(&self, path: &Path, text: &str) -> Result<Report, CheckError> {
        let master = MasterPlaylist::parse(text)?;
        let mut findings = Findings::new(self.against.except);
        let mut renditions = Vec::new();
        for variant in &master.variants {
            renditions.push((variant, self.named(path, &variant.uri).await?));
        }
        for (variant, judged) in &renditions {
            findings.judge(Rule::Attributes, attributes(variant, judged));
            bandwidth(&mut findings, variant, judged);
        }
        findings.judge(Rule::Aligned, aligned(&renditions));
        if self.source.is_some() {
            findings.judge(Rule::Rungs, rungs(&renditions));
        }
        let mut reports: Vec<Report> = renditions.into_iter().map(|(_, it)| it.report).collect();
        for uri in &master.media {
            reports.push(self.named(path, uri).await?.report);
        }
        let mut report = report(path, findings, Measured::default());
        report.renditions = reports;
        Ok(report)
    }

    async fn named(&self, master: &Path, uri: &str) -> Result<Judged, CheckError> {
        let home = master.parent().unwrap_or(Path::new("/"));
        let path = resolved(home, uri)?;
        match playlist_text(&path)? {
            Some(text) if !is_master(&text) => self.playlist(&path, &text).await,
            // A master playlist of master playlists would have no end.
            _ => Err(CheckError::Playlist(
                crate::playlist::PlaylistError::NoSegment,
            )),
        }
    }
}

fn number(attributes: &BTreeMap<String, String>, name: &str) -> Option<f64> {
    attributes.get(name)?.parse().ok()
}

pub(super) fn attributes(variant: &Variant, judged: &Judged) -> Result<String, String> {
    let (said, facts) = (&variant.attributes, &judged.media.facts);
    let uri = &variant.uri;
    let missing = |name: &str| format!("{uri} has no {name}");
    number(said, "BANDWIDTH").ok_or_else(|| missing("BANDWIDTH"))?;
    let named = said.get("CODECS").ok_or_else(|| missing("CODECS"))?;
    let is_media = |detail: &StreamDetail| !matches!(detail, StreamDetail::Other);
    let streams = facts
        .streams
        .iter()
        .filter(|it| is_media(&it.detail))
        .count();
    if named.split(',').count() < streams && !said.contains_key("AUDIO") {
        return Err(format!("{uri} has {streams} streams and CODECS {named}"));
    }
    // A track of sound that lies apart is named with the picture it goes with.
    let is_said = |one: &str| named.split(',').any(|it| it == one);
    let differs = |true_ones: &String| match said.contains_key("AUDIO") {
        true => !true_ones.split(',').all(is_said),
        false => true_ones != named,
    };
    let found = judged.codecs.clone().or_else(|| codecs(facts));
    if let Some(true_ones) = found.filter(differs) {
        return Err(format!("{uri} says CODECS {named} and has {true_ones}"));
    }
    if let Some((_, video)) = facts.video() {
        let size = format!("{}x{}", video.width, video.height);
        let told = said
            .get("RESOLUTION")
            .ok_or_else(|| missing("RESOLUTION"))?;
        if *told != size {
            return Err(format!("{uri} says RESOLUTION {told} and has {size}"));
        }
        let told = number(said, "FRAME-RATE").ok_or_else(|| missing("FRAME-RATE"))?;
        let fps = 1.0 / judged.media.frame_seconds();
        if (told - fps).abs() > fps * 0.005 {
            return Err(format!("{uri} says FRAME-RATE {told} and has {fps:.3}"));
        }
    }
    Ok(uri.clone())
}

pub(super) fn bandwidth(findings: &mut Findings<'_>, variant: &Variant, judged: &Judged) {
    let said = number(&variant.attributes, "BANDWIDTH");
    let found = judged.report.measured.peak_bandwidth;
    let (Some(said), Some(found)) = (said, found) else {
        return findings.unjudged(Rule::Bandwidth, "it is not said or cannot be measured");
    };
    let detail = format!(
        "{} says {said} and has a peak of {found} bit/s",
        variant.uri
    );
    let found = found as f64;
    findings.holds(
        Rule::Bandwidth,
        (said - found).abs() <= found * BANDWIDTH_SHARE,
        detail,
    );
}

pub(super) fn aligned(renditions: &[(&Variant, Judged)]) -> Result<String, String> {
    let Some((first, rest)) = renditions.split_first() else {
        return Ok("nothing".to_owned());
    };
    let frame = first.1.media.frame_seconds();
    let keys = key_times(first.1.media.video_packets());
    for other in rest {
        let sides =
            [first, other].map(|(variant, judged)| (variant.uri.as_str(), &judged.playlist));
        // What has sound alone is cut at its packets.
        if frame == 0.0 || other.1.media.video_packets().is_empty() {
            continue;
        }
        segments_align(sides[0], sides[1], frame).map_err(|error| error.to_string())?;
        let others = key_times(other.1.media.video_packets());
        let is_same = |(a, b): (&f64, &f64)| (a - b).abs() < frame / 2.0;
        if keys.len() != others.len() || !keys.iter().zip(&others).all(is_same) {
            let (first, other) = (&first.0.uri, &other.0.uri);
            return Err(format!(
                "key frames of {first} and {other} are at different times"
            ));
        }
    }
    Ok(format!("{} renditions", renditions.len()))
}

/// From the first picture on.
fn key_times(packets: &[Packet]) -> Vec<f64> {
    let start = packets
        .iter()
        .map(|packet| packet.pts)
        .fold(f64::INFINITY, f64::min);
    let keys = packets.iter().filter(|packet| packet.is_key);
    let mut times: Vec<f64> = keys.map(|packet| packet.pts - start).collect();
    times.sort_by(f64::total_cmp);
    times
}

pub(super) fn rungs(renditions: &[(&Variant, Judged)]) -> Result<String, String> {
    // The bits of another codec go further or less far.
    let mut seen: Vec<(&str, f64, f64)> = renditions
        .iter()
        .filter_map(|(variant, judged)| {
            let codecs = variant.attributes.get("CODECS");
            let codec = codecs.and_then(|names| names.split('.').next());
            let bandwidth = number(&variant.attributes, "BANDWIDTH")?;
            Some((
                codec.unwrap_or_default(),
                bandwidth,
                judged.report.measured.ssim?,
            ))
        })
        .collect();
    seen.sort_by(|a, b| a.0.cmp(b.0).then(a.1.total_cmp(&b.1)));
    let is_worse =
        |pair: &&[(&str, f64, f64)]| pair[0].0 == pair[1].0 && pair[1].2 + SSIM_SLACK < pair[0].2;
    match seen.windows(2).find(is_worse) {
        Some(pair) => Err(format!(
            "at {:.0} bit/s it looks like the source by {:.4}, at {:.0} by {:.4}",
            pair[0].1, pair[0].2, pair[1].1, pair[1].2
        )),
        None => Ok(format!("{} renditions", seen.len())),
    }
}
