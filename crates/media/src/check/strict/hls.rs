//! Rules of media playlists.

use std::path::Path;
use std::time::Duration;

use super::read::{Media, Packet, last_error, median, span};
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
    /// The moment of its clock at which players begin, in seconds: what manifests tell.
    pub(super) begins: f64,
}

impl Check<'_> {
    /// A playlist that no other one names.
    pub(super) async fn playlist(&self, path: &Path, text: &str) -> Result<Report, CheckError> {
        let Judged {
            mut report, media, ..
        } = self.rendition(path, text).await?;
        let mut findings = Findings::new(self.against.except);
        self.kept(&mut findings, &[&media]);
        report.findings.extend(findings.list);
        Ok(report)
    }

    /// A playlist that may have picture or sound alone, as others go with it.
    pub(super) async fn rendition(&self, path: &Path, text: &str) -> Result<Judged, CheckError> {
        let view = View::of(&self.tools, path, text)?;
        let subject = view.whole()?;
        let media = self.tools.media(&subject).await?;
        let mut findings = Findings::new(self.against.except);
        let mut measured = self.media(&mut findings, &media, &subject).await?;
        target(&mut findings, &view.playlist);
        let bytes = view.bytes()?;
        segment_times(&mut findings, &view.playlist, &media, &bytes);
        if findings.wants(Rule::Independent) {
            let found = self.independent(&view, &media).await?;
            findings.judge(Rule::Independent, found);
        }
        measured.peak_bandwidth = rates(&view.playlist, &bytes[1..]).map(|rates| rates.peak);
        Ok(Judged {
            report: report(path, findings, measured),
            media,
            codecs: view.codecs(),
            begins: 0.0,
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

/// `bytes` are those of the init segment and of each segment.
fn segment_times(
    findings: &mut Findings<'_>,
    playlist: &MediaPlaylist,
    media: &Media,
    bytes: &[u64],
) {
    let (packets, slack) = match media.video_packets() {
        [] => {
            // The first one may be shortened by what is cut off before the sound.
            let sound = media.audio_packets();
            let packet = median(sound.iter().map(|packet| packet.seconds).collect());
            (sound, 2.0 * packet)
        }
        pictures => (pictures, media.frame_seconds()),
    };
    let Some((start, end)) = span(packets) else {
        return findings.unjudged(Rule::SegmentTimes, "nothing is in them");
    };
    let slack = slack + ROUNDING_SECONDS;
    let (said, held) = (playlist.seconds(), end - start);
    let detail = format!("{said:.3} s are promised and {held:.3} s are there");
    findings.holds(Rule::SegmentTimes, (said - held).abs() <= slack, detail);
    let Some(starts) = starts(packets, bytes) else {
        return findings.unjudged(
            Rule::SegmentTimes,
            "FFmpeg does not tell which packets are in which segment",
        );
    };
    let ends = starts[1..].iter().chain([&end]);
    let lengths = starts.iter().zip(ends).map(|(start, end)| end - start);
    for (index, (segment, held)) in playlist.segments.iter().zip(lengths).enumerate() {
        if (segment.seconds - held).abs() > slack {
            let (number, said) = (index + 1, segment.seconds);
            let detail =
                format!("segment {number} is said to have {said:.3} s and has {held:.3} s");
            return findings.judge(Rule::SegmentTimes, Err(detail));
        }
    }
}

/// When each segment begins, by where its packets are stored; none if one of them seems to have none.
fn starts(packets: &[Packet], bytes: &[u64]) -> Option<Vec<f64>> {
    let (init, segments) = bytes.split_first()?;
    let mut ends = Vec::new();
    let mut end = *init;
    for size in segments {
        end += size;
        ends.push(end);
    }
    let mut starts = vec![f64::INFINITY; segments.len()];
    let mut segment = None;
    for packet in packets {
        if let Some(at) = packet.at_byte {
            segment = Some(ends.partition_point(|end| *end <= at));
        }
        if !packet.is_hidden {
            let start = starts.get_mut(segment?)?;
            *start = start.min(packet.pts);
        }
    }
    starts
        .iter()
        .all(|start| start.is_finite())
        .then_some(starts)
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
    use reelgate_domain::media::{AudioFacts, StreamDetail, StreamFacts};

    use super::super::Verdict;
    use super::*;
    use crate::playlist::Segment;

    fn of_lengths(lengths: &[f64]) -> MediaPlaylist {
        let segment = |seconds: &f64| Segment {
            uri: "a.ts".to_owned(),
            seconds: *seconds,
        };
        MediaPlaylist {
            target_seconds: 10,
            init: None,
            segments: lengths.iter().map(segment).collect(),
        }
    }

    /// Sound alone has no key frames that tell where segments begin.
    #[test]
    fn each_segment_is_as_long_as_is_said() {
        // Packets of 20 ms and 100 bytes, two of which are stored together: 2 s in each segment.
        let packet = |n: u32| Packet {
            pts: 1.4 + f64::from(n) * 0.02,
            seconds: 0.02,
            at_byte: n.is_multiple_of(2).then(|| 50 + u64::from(n) * 100),
            ..Packet::default()
        };
        let sound = StreamFacts {
            detail: StreamDetail::Audio(AudioFacts::default()),
            ..StreamFacts::default()
        };
        let mut media = Media {
            packets: [(0, (0..300).map(packet).collect())].into(),
            ..Media::default()
        };
        media.facts.streams.push(sound);
        let judged = |lengths: &[f64], bytes: &[u64]| {
            let mut findings = Findings::new(&[]);
            segment_times(&mut findings, &of_lengths(lengths), &media, bytes);
            let verdicts = findings.list.iter().map(|it| it.verdict);
            verdicts.collect::<Vec<_>>()
        };
        let bytes = [50, 10_000, 10_000, 10_000];
        assert_eq!(judged(&[2.0, 2.0, 2.0], &bytes), [Verdict::Right]);
        assert_eq!(judged(&[2.02, 1.98, 2.0], &bytes), [Verdict::Right]);
        assert_eq!(
            judged(&[1.0, 3.0, 2.0], &bytes),
            [Verdict::Right, Verdict::Wrong]
        );
        assert_eq!(
            judged(&[2.0, 1.0, 3.0], &bytes),
            [Verdict::Right, Verdict::Wrong]
        );
        assert_eq!(judged(&[2.0, 2.0], &bytes)[0], Verdict::Wrong);
        // Bytes that are nobody's.
        let strange = [50, 10_000, 10_000, 5_000];
        assert_eq!(
            judged(&[2.0; 3], &strange),
            [Verdict::Right, Verdict::Unjudged]
        );
    }

    #[test]
    fn each_segment_starts_with_a_key_frame() {
        let playlist = of_lengths(&[1.0, 1.0]);
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
