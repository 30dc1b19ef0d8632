//! Rules that facts and packets alone tell of.

use std::path::Path;

use reelgate_domain::media::{StreamDetail, StreamFacts, VideoFacts};

use super::read::{Media, Packet, Subject, median, span, steps};
use super::{Against, Findings, Judging, Rule};
use crate::check::boxes;

/// Encoders put up to so much before sound, which containers without edit lists keep.
const PRIMING_SECONDS: f64 = 0.05;
/// Matroska and FLV count in milliseconds.
const ROUNDING_SECONDS: f64 = 0.0015;
/// Share of frames that may be lost, doubled or late.
const ODD_SHARE: f64 = 0.005;
const RATE_WINDOW_SECONDS: f64 = 2.0;
const RATE_SLACK: f64 = 1.1;

/// The rules of the boxes of an MP4.
pub(super) fn boxes(findings: &mut Findings<'_>, path: &Path) {
    let bytes = path.metadata().map_or(0, |meta| meta.len());
    match boxes::boxes(path) {
        Err(error) => {
            let detail = format!("its boxes cannot be followed: {error}");
            findings.judge(Rule::Whole, Err(detail));
        }
        Ok(boxes) => {
            let end = boxes.last().map_or(0, |last| last.end);
            let detail = format!("the last box ends at byte {end} of {bytes}");
            findings.holds(Rule::Whole, end == bytes, detail);
            let detail = format!("{} boxes", boxes.len());
            findings.holds(Rule::IndexFirst, boxes::is_index_first(&boxes), detail);
        }
    }
}

pub(super) fn judge(judging: &mut Judging<'_, '_>) {
    let (media, subject, against) = (judging.media, judging.subject, judging.check.against);
    let (findings, measured) = (&mut *judging.findings, &mut judging.measured);
    streams(findings, media);
    if let Some((stream, video)) = media.facts.video() {
        picture(findings, video);
        tag(findings, media, stream, subject);
    }
    times(findings, media);
    start(findings, media, subject);
    let packets = media.video_packets();
    if !packets.is_empty() {
        steady(findings, packets);
        measured.longest_key_interval_seconds = key_frames(findings, media, against);
        closed_groups(findings, packets);
        if let Some(kbps) = against.max_rate_kbps {
            max_rate(findings, packets, kbps);
        }
        measured.frames = Some(packets.len() as u64);
    }
    let main = if packets.is_empty() {
        media.audio_packets()
    } else {
        packets
    };
    measured.seconds = span(main).map(|(start, end)| end - start);
}

fn streams(findings: &mut Findings<'_>, media: &Media) {
    let streams = &media.facts.streams;
    let is_media = |stream: &&StreamFacts| {
        matches!(
            stream.detail,
            StreamDetail::Video(_) | StreamDetail::Audio(_)
        )
    };
    let other = |stream: &&StreamFacts| matches!(stream.detail, StreamDetail::Other);
    let found = match streams.iter().find(other) {
        Some(stream) => Err(format!(
            "stream {} is neither picture, sound nor text",
            stream.index
        )),
        None if !streams.iter().any(|stream| is_media(&stream)) => {
            Err("there is neither picture nor sound".to_owned())
        }
        None => Ok(format!("{} streams", streams.len())),
    };
    findings.judge(Rule::Streams, found);
}

fn picture(findings: &mut Findings<'_>, video: &VideoFacts) {
    let turned = format!("turned by {}", video.rotation);
    findings.holds(Rule::Upright, video.rotation == 0, turned);
    let sar = video.sar.as_deref().unwrap_or("1:1");
    let is_square = matches!(sar, "1:1" | "0:1");
    findings.holds(Rule::SquarePixels, is_square, format!("pixels are {sar}"));
    let size = format!("{}x{}", video.width, video.height);
    let is_even = video.width.is_multiple_of(2) && video.height.is_multiple_of(2);
    findings.holds(Rule::EvenSize, is_even && video.width > 0, size);
    findings.judge(Rule::Colours, colours(video));
}

fn colours(video: &VideoFacts) -> Result<String, String> {
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    let format = known(&video.pixel_format);
    let transfer = known(&video.color_transfer);
    let said = format!(
        "{format}, range {}, transfer {transfer}, primaries {}, matrix {}",
        known(&video.color_range),
        known(&video.color_primaries),
        known(&video.color_space)
    );
    let is_full = video.color_range.as_deref() == Some("pc") || format.starts_with("yuvj");
    let is_hdr = is_high_range(video);
    let has_room = format.contains("10") || format.contains("12");
    let is_wide = video.color_primaries.as_deref() == Some("bt2020");
    if is_full || is_hdr && !(has_room && is_wide) {
        return Err(said);
    }
    Ok(said)
}

/// Whether the transfer is one of high dynamic range.
pub(super) fn is_high_range(video: &VideoFacts) -> bool {
    let transfer = video.color_transfer.as_deref();
    matches!(transfer, Some("smpte2084" | "arib-std-b67"))
}

fn tag(findings: &mut Findings<'_>, media: &Media, stream: &StreamFacts, subject: &Subject) {
    if stream.codec_name.as_deref() != Some("hevc") {
        return;
    }
    let tag = stream.codec_tag_string.as_deref().unwrap_or_default();
    if media.is_of("mov") || subject.is_playlist {
        // Transport streams have numbers instead of names, which is how they show in playlists.
        findings.holds(Rule::CodecTag, tag == "hvc1", format!("the tag is {tag}"));
    }
}

fn times(findings: &mut Findings<'_>, media: &Media) {
    for (stream, packets) in &media.packets {
        let stored: Vec<f64> = packets.iter().filter_map(|packet| packet.dts).collect();
        if let Some(pair) = stored.windows(2).find(|pair| pair[1] < pair[0]) {
            let detail = format!(
                "stream {stream}: {:.3} s comes after {:.3} s",
                pair[1], pair[0]
            );
            return findings.judge(Rule::Times, Err(detail));
        }
        let early = |packet: &&Packet| packet.dts.is_some_and(|dts| packet.pts + 1e-6 < dts);
        if let Some(packet) = packets.iter().find(early) {
            let detail = format!(
                "stream {stream}: {:.3} s is shown before it is decoded",
                packet.pts
            );
            return findings.judge(Rule::Times, Err(detail));
        }
    }
    let pictures = media.video_packets();
    if let Some(index) = steps(pictures).iter().position(|step| *step <= 0.0) {
        let detail = format!("pictures {index} and {} have the same time", index + 1);
        return findings.judge(Rule::Times, Err(detail));
    }
    findings.judge(Rule::Times, Ok(format!("{} streams", media.packets.len())));
}

fn start(findings: &mut Findings<'_>, media: &Media, subject: &Subject) {
    let starts = [media.video_packets(), media.audio_packets()].map(span);
    let frame = media.frame_seconds();
    let first = starts.iter().flatten().map(|(start, _)| *start);
    let first = first.fold(f64::INFINITY, f64::min);
    // Transport streams start late on purpose, and FLV has no times below 0, which B-frames need.
    let is_free = subject.is_playlist || media.is_of("mpegts") || media.is_of("flv");
    let late = frame.max(PRIMING_SECONDS) + ROUNDING_SECONDS;
    if !is_free && !(-late..=late).contains(&first) {
        let detail = format!("the first moment is {first:.3} s");
        return findings.judge(Rule::Start, Err(detail));
    }
    let [Some((picture, _)), Some((sound, _))] = starts else {
        return findings.judge(Rule::Start, Ok(format!("at {first:.3} s")));
    };
    let apart = sound - picture;
    let detail = format!(
        "the sound starts {:.1} ms after the picture",
        apart * 1000.0
    );
    let most = frame + PRIMING_SECONDS + ROUNDING_SECONDS;
    findings.holds(Rule::Start, apart.abs() <= most, detail);
}

fn steady(findings: &mut Findings<'_>, packets: &[Packet]) {
    let steps = steps(packets);
    let usual = median(steps.clone());
    let slack = ROUNDING_SECONDS.max(usual * 0.05);
    let odd = steps
        .iter()
        .filter(|step| (**step - usual).abs() > slack)
        .count();
    let detail = format!("{odd} of {} steps are not {usual:.4} s", steps.len());
    let holds = odd as f64 <= steps.len() as f64 * ODD_SHARE;
    findings.holds(Rule::SteadyFrames, holds, detail);
}

/// The longest time from one key frame to the next, or to the end.
fn key_frames(findings: &mut Findings<'_>, media: &Media, against: &Against<'_>) -> Option<f64> {
    let packets = media.video_packets();
    let (_, end) = span(packets)?;
    let keys = packets.iter().filter(|packet| packet.is_key);
    let mut times: Vec<f64> = keys.map(|packet| packet.pts).chain([end]).collect();
    times.sort_by(f64::total_cmp);
    let longest = times
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .fold(0.0, f64::max);
    let begins = packets.first().is_some_and(|packet| packet.is_key);
    let most = against.key_seconds.unwrap_or(f64::INFINITY) + media.frame_seconds() / 2.0;
    let detail = match begins {
        true => format!("at most {longest:.3} s apart"),
        false => "the first picture is no key frame".to_owned(),
    };
    findings.holds(Rule::KeyFrames, begins && longest <= most, detail);
    Some(longest)
}

/// What is shown before a key frame is stored before it, or needs it.
fn closed_groups(findings: &mut Findings<'_>, packets: &[Packet]) {
    let mut key = f64::NEG_INFINITY;
    for packet in packets {
        if packet.is_key {
            key = packet.pts;
        } else if packet.pts < key {
            let detail = format!("the group at {key:.3} s begins with pictures of the one before");
            return findings.judge(Rule::ClosedGroups, Err(detail));
        }
    }
    let keys = packets.iter().filter(|packet| packet.is_key).count();
    findings.judge(Rule::ClosedGroups, Ok(format!("{keys} groups")));
}

fn max_rate(findings: &mut Findings<'_>, packets: &[Packet], kbps: u32) {
    let mut sorted: Vec<&Packet> = packets.iter().collect();
    sorted.sort_by(|a, b| a.pts.total_cmp(&b.pts));
    let (mut first, mut bytes, mut most) = (0, 0, 0);
    for (last, packet) in sorted.iter().enumerate() {
        bytes += packet.bytes;
        while first < last && packet.pts - sorted[first].pts >= RATE_WINDOW_SECONDS {
            bytes -= sorted[first].bytes;
            first += 1;
        }
        most = most.max(bytes);
    }
    let whole = span(packets).map_or(0.0, |(start, end)| end - start);
    let window = whole.clamp(f64::MIN_POSITIVE, RATE_WINDOW_SECONDS);
    let rate = most as f64 * 8.0 / window / 1000.0;
    let detail = format!("at most {rate:.0} kbit/s over 2 s, with a cap of {kbps}");
    findings.holds(Rule::MaxRate, rate <= f64::from(kbps) * RATE_SLACK, detail);
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    fn packets(times: &[(f64, bool)]) -> Vec<Packet> {
        let packet = |(pts, is_key): &(f64, bool)| Packet {
            pts: *pts,
            seconds: 0.04,
            bytes: 1000,
            is_key: *is_key,
            ..Packet::default()
        };
        times.iter().map(packet).collect()
    }

    fn verdict(judge: impl Fn(&mut Findings<'_>)) -> Verdict {
        let mut findings = Findings::new(&[]);
        judge(&mut findings);
        findings.list[0].verdict
    }

    #[test]
    fn pictures_before_a_key_frame_that_are_stored_after_it_open_its_group() {
        let closed = packets(&[(0.0, true), (0.08, false), (0.04, false), (0.12, true)]);
        assert_eq!(verdict(|it| closed_groups(it, &closed)), Verdict::Right);
        let open = packets(&[(0.0, true), (0.08, true), (0.04, false)]);
        assert_eq!(verdict(|it| closed_groups(it, &open)), Verdict::Wrong);
    }

    #[test]
    fn times_of_decoding_rise_and_each_picture_has_its_own() {
        let judged = |times: &[(f64, f64)]| {
            let packet = |(dts, pts): &(f64, f64)| Packet {
                pts: *pts,
                dts: Some(*dts),
                seconds: 0.04,
                ..Packet::default()
            };
            let mut media = Media {
                packets: [(0, times.iter().map(packet).collect())].into(),
                ..Media::default()
            };
            media.facts.streams.push(StreamFacts {
                detail: StreamDetail::Video(VideoFacts::default()),
                ..StreamFacts::default()
            });
            verdict(|it| super::times(it, &media))
        };
        let right = [(-0.04, 0.0), (0.0, 0.08), (0.04, 0.04), (0.08, 0.12)];
        assert_eq!(judged(&right), Verdict::Right);
        assert_eq!(
            judged(&[(0.0, 0.0), (0.08, 0.08), (0.04, 0.12)]),
            Verdict::Wrong
        );
        assert_eq!(
            judged(&[(0.0, 0.0), (0.04, 0.08), (0.08, 0.04)]),
            Verdict::Wrong
        );
        assert_eq!(
            judged(&[(0.0, 0.0), (0.04, 0.08), (0.08, 0.08)]),
            Verdict::Wrong
        );
    }

    #[test]
    fn a_lost_frame_is_not_steady() {
        let steady_ones: Vec<_> = (0..50).map(|n| (f64::from(n) * 0.04, n == 0)).collect();
        assert_eq!(
            verdict(|it| steady(it, &packets(&steady_ones))),
            Verdict::Right
        );
        let mut lost = steady_ones;
        lost.remove(20);
        assert_eq!(verdict(|it| steady(it, &packets(&lost))), Verdict::Wrong);
    }

    #[test]
    fn rates_are_measured_over_any_two_seconds() {
        // 1 kB every 0.1 s is 80 kbit/s, and a burst of ten more makes it 120 in its window.
        let mut rows: Vec<_> = (0..100).map(|n| (f64::from(n) / 10.0, n == 0)).collect();
        assert_eq!(
            verdict(|it| max_rate(it, &packets(&rows), 80)),
            Verdict::Right
        );
        rows.extend((0..10).map(|n| (5.0 + f64::from(n) / 100.0, false)));
        assert_eq!(
            verdict(|it| max_rate(it, &packets(&rows), 80)),
            Verdict::Wrong
        );
    }

    #[test]
    fn high_range_needs_room() {
        let of = |format: &str, transfer: &str| VideoFacts {
            pixel_format: Some(format.to_owned()),
            color_transfer: Some(transfer.to_owned()),
            color_primaries: Some("bt2020".to_owned()),
            color_range: Some("tv".to_owned()),
            ..VideoFacts::default()
        };
        assert!(colours(&of("yuv420p10le", "smpte2084")).is_ok());
        assert!(colours(&of("yuv420p", "smpte2084")).is_err());
        assert!(colours(&of("yuvj420p", "bt709")).is_err());
    }
}
