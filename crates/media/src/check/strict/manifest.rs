//! Rules of MPEG-DASH manifests: what they say of their segments, and how those go together.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::hls::{Judged, ROUNDING_SECONDS};
use super::master::{aligned, attributes, bandwidth, rungs};
use super::read::Media;
use super::view::resolved;
use super::{Check, CheckError, Findings, Measured, Report, Rule, report};
use crate::mp4::{self, Track};
use crate::playlist::{Manifest, Representation, Variant};

/// What describes the samples of a segment stands before them; an hour's takes less.
const MOST_START_BYTES: u64 = 4 << 20;

impl Check<'_> {
    pub(super) async fn manifest(&self, path: &Path, text: &str) -> Result<Report, CheckError> {
        let manifest = Manifest::parse(text)?;
        let variants: Vec<Variant> = manifest.representations.iter().map(variant).collect();
        let mut findings = Findings::new(self.against.except);
        let mut renditions = Vec::new();
        for (one, variant) in manifest.representations.iter().zip(&variants) {
            let mut judged = self.rendition(path, &one.playlist()).await?;
            judged.begins = one.seconds(one.offset);
            judged.report.file = format!("{} {}", path.display(), variant.uri);
            attributes(&mut findings, variant, &judged, &[]);
            bandwidth(&mut findings, variant, &judged, &[]);
            findings.judge(Rule::Manifest, times(path, one)?);
            renditions.push((variant, judged));
        }
        findings.judge(Rule::Manifest, length(&manifest));
        // What has sound alone comes last: it tells nothing of where pictures change.
        renditions.sort_by_key(|(_, judged)| judged.media.video_packets().is_empty());
        let named: Vec<(&Variant, &Judged)> =
            renditions.iter().map(|(name, it)| (*name, it)).collect();
        findings.judge(Rule::Aligned, aligned(&named));
        if self.source.is_some() {
            findings.judge(Rule::Rungs, rungs(&named));
        }
        let made: Vec<&Media> = named.iter().map(|(_, it)| &it.media).collect();
        self.kept(&mut findings, &made);
        let mut report = report(path, findings, Measured::default());
        report.renditions = renditions.into_iter().map(|(_, it)| it.report).collect();
        Ok(report)
    }
}

/// A choice in the words of master playlists.
fn variant(one: &Representation) -> Variant {
    let told = |name: &str| one.attributes.get(name).cloned();
    let size = told("width").zip(told("height"));
    let rate = told("frameRate").and_then(|rate| fps(&rate));
    let words = [
        ("BANDWIDTH", told("bandwidth")),
        ("CODECS", told("codecs")),
        (
            "RESOLUTION",
            size.map(|(width, height)| format!("{width}x{height}")),
        ),
        ("FRAME-RATE", rate.map(|rate| rate.to_string())),
    ];
    let known = words
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Variant {
        uri: format!("representation {}", one.id()),
        attributes: known.collect(),
    }
}

/// `30000/1001` or `25`.
fn fps(text: &str) -> Option<f64> {
    let (over, under) = text.split_once('/').unwrap_or((text, "1"));
    let (over, under): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
    (under > 0.0).then(|| over / under)
}

/// Whether each segment starts when the manifest says, and the last ends so.
fn times(path: &Path, one: &Representation) -> Result<Result<String, String>, CheckError> {
    let id = one.id();
    let home = path.parent().unwrap_or(Path::new("/"));
    let unread = |uri: &str| format!("representation {id}: {uri} is none of fragmented MP4");
    let Some(tracks) = mp4::tracks(&start_of(&resolved(home, &one.init)?)?) else {
        return Ok(Err(unread(&one.init)));
    };
    let [track] = tracks.as_slice() else {
        return Ok(Err(format!(
            "representation {id} has {} tracks",
            tracks.len()
        )));
    };
    for segment in &one.segments {
        let bytes = start_of(&resolved(home, &segment.uri)?)?;
        let Some((start, end)) = shown(&bytes, track) else {
            return Ok(Err(unread(&segment.uri)));
        };
        let said = [segment.start, segment.start + segment.lasts].map(|it| one.seconds(it));
        for (said, found) in said.into_iter().zip([start, end]) {
            if (said - found).abs() > ROUNDING_SECONDS {
                return Ok(Err(format!(
                    "representation {id}: {} has {found:.3} s where {said:.3} s are told",
                    segment.uri
                )));
            }
        }
    }
    Ok(Ok(format!(
        "representation {id}: {} segments",
        one.segments.len()
    )))
}

/// From when to when the track is shown, in seconds.
fn shown(segment: &[u8], track: &Track) -> Option<(f64, f64)> {
    let found = mp4::fragments(segment, std::slice::from_ref(track))?;
    let seconds = |ticks: i64| ticks as f64 / f64::from(track.timescale);
    let first = found.first()?;
    Some((seconds(first.start), seconds(first.end)))
}

fn start_of(path: &Path) -> Result<Vec<u8>, CheckError> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MOST_START_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether all of it is as long as the longest of its choices.
fn length(manifest: &Manifest) -> Result<String, String> {
    let ends = manifest
        .representations
        .iter()
        .map(Representation::end_seconds);
    let found = ends.fold(0.0, f64::max);
    let detail = format!(
        "{:.3} s are promised and {found:.3} s listed",
        manifest.seconds
    );
    match (manifest.seconds - found).abs() <= ROUNDING_SECONDS {
        true => Ok(detail),
        false => Err(detail),
    }
}
