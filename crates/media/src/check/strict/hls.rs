//! Rules of media playlists.

use std::path::Path;
use std::time::Duration;

use super::read::{Media, Packet, last_error, span};
use super::view::View;
use super::{Check, CheckError, Findings, Report, Rule, report};
use crate::argv::Args;
use crate::playlist::{MediaPlaylist, rates};
use crate::run::Ended;

/// A few frames tell whether a segment can be started with.
const FRAMES: &str = "5";
const PATIENCE: Duration = Duration::from_secs(30);
/// Transport streams count in 90,000ths, playlists in millionths.
pub(super) const ROUNDING_SECONDS: f64 = 0.002;

/// A media playlist that was judged, for judging it beside others.
pub(super) struct Judged {
    pub(super) report: Report,
    pub(super) media: Media,
    pub(super) playlist: MediaPlaylist,
    /// From the header of the segments, where they have one.
    pub(super) codecs: Option<String>,
}

impl Check<'_> {
    pub(super) async fn playlist(&self, path: &Path, text: &str) -> Result<Judged, CheckError> {
        let view = View::of(&self.tools, path, text)?;
        let subject = view.whole()?;
        let media = self.tools.media(&subject).await?;
        let mut findings = Findings::new(self.against.except);
        let mut measured = self.media(&mut findings, &media, &subject).await?;
        target(&mut findings, &view.playlist);
        segment_times(&mut findings, &view.playlist, &media);
        if findings.wants(Rule::Independent) {
            let found = self.independent(&view, &media).await?;
            findings.judge(Rule::Independent, found);
        }
        let sizes = view.segments.iter().map(|file| file.metadata());
        let bytes: Vec<u64> = sizes.flatten().map(|meta| meta.len()).collect();
        measured.peak_bandwidth = rates(&view.playlist, &bytes).map(|rates| rates.peak);
        Ok(Judged {
            report: report(path, findings, measured),
            media,
            codecs: view.codecs(),
            playlist: view.playlist,
        })
    }

    async fn independent(
        &self,
        view: &View,
        media: &Media,
    ) -> Result<Result<String, String>, CheckError> {
        let frame = media.frame_seconds();
        if let Some(number) = without_key(&view.playlist, media.video_packets(), frame) {
            return Ok(Err(format!("segment {number} starts with no key frame")));
        }
        for index in 0..view.segments.len() {
            let subject = view.alone(index)?;
            let mut args = Args::default();
            args.add(&["-nostdin", "-hide_banner", "-nostats"]).add(&[
                "-loglevel",
                "level+error",
                "-xerror",
            ]);
            subject.open(&mut args);
            args.add(&["-frames:v", FRAMES, "-frames:a", FRAMES, "-f", "null", "-"]);
            let ffmpeg = self.tools.engine.ffmpeg();
            let captured = self.tools.run(ffmpeg, args.0, &subject, PATIENCE).await?;
            if captured.ended != Ended::Exited(0) {
                let (number, error) = (index + 1, last_error(&captured.log_tail));
                return Ok(Err(format!(
                    "segment {number} does not decode alone: {error}"
                )));
            }
        }
        Ok(Ok(format!("{} segments", view.segments.len())))
    }
}

fn target(findings: &mut Findings<'_>, playlist: &MediaPlaylist) {
    let lengths = playlist.segments.iter().map(|segment| segment.seconds);
    let longest = lengths.fold(0.0, f64::max);
    let target = playlist.target_seconds;
    let detail = format!("the longest segment has {longest:.3} s, the target is {target} s");
    findings.holds(
        Rule::TargetDuration,
        longest.round() <= f64::from(target),
        detail,
    );
}

fn segment_times(findings: &mut Findings<'_>, playlist: &MediaPlaylist, media: &Media) {
    let (packets, slack) = match media.video_packets() {
        [] => {
            let packet = media.audio_packets().first();
            let packet = packet.map_or(0.0, |packet| packet.seconds);
            (media.audio_packets(), 2.0 * packet)
        }
        pictures => (pictures, media.frame_seconds()),
    };
    let Some((start, end)) = span(packets) else {
        return findings.unjudged(Rule::SegmentTimes, "nothing is in them");
    };
    let (said, held) = (playlist.seconds(), end - start);
    let detail = format!("{said:.3} s are promised and {held:.3} s are there");
    findings.holds(
        Rule::SegmentTimes,
        (said - held).abs() <= slack + ROUNDING_SECONDS,
        detail,
    );
}

/// The first segment, counted from 1, at whose start there is no key frame.
fn without_key(playlist: &MediaPlaylist, pictures: &[Packet], frame: f64) -> Option<usize> {
    let (start, _) = span(pictures)?;
    let mut at = start;
    for (index, segment) in playlist.segments.iter().enumerate() {
        let near = |packet: &&Packet| (packet.pts - at).abs() <= frame / 2.0 + ROUNDING_SECONDS;
        if !pictures.iter().filter(near).any(|packet| packet.is_key) {
            return Some(index + 1);
        }
        at += segment.seconds;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playlist::Segment;

    #[test]
    fn each_segment_starts_with_a_key_frame() {
        let segment = |seconds| Segment {
            uri: "a.ts".to_owned(),
            seconds,
        };
        let playlist = MediaPlaylist {
            target_seconds: 1,
            init: None,
            segments: vec![segment(1.0), segment(1.0)],
        };
        let pictures = |key: usize| -> Vec<Packet> {
            let packet = |n: usize| Packet {
                pts: 1.4 + n as f64 / 25.0,
                seconds: 0.04,
                is_key: n == 0 || n == key,
                ..Packet::default()
            };
            (0..50).map(packet).collect()
        };
        assert_eq!(without_key(&playlist, &pictures(25), 0.04), None);
        assert_eq!(without_key(&playlist, &pictures(26), 0.04), Some(2));
    }
}
