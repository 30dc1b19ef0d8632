//! Rules of master playlists: what they say of their renditions, and how those go together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reelgate_domain::media::{MediaFacts, StreamDetail};

use super::hls::{Judged, ROUNDING_SECONDS};
use super::read::{Media, median, span};
use super::view::resolved;
use super::{Check, CheckError, Findings, Measured, Report, Rule, playlist_text, report};
use crate::playlist::{MasterPlaylist, Variant, codecs, is_master, segments_align};

const BANDWIDTH_SHARE: f64 = 0.1;
/// How much worse more bandwidth may look: measuring is no finer.
const SSIM_SLACK: f64 = 0.005;
/// Encoders of sound put at most so many packets before it.
const PRIMING_PACKETS: f64 = 2.0;

impl Check<'_> {
    pub(super) async fn master(&self, path: &Path, text: &str) -> Result<Report, CheckError> {
        let master = MasterPlaylist::parse(text)?;
        let mut findings = Findings::new(self.against.except);
        // A variant for each group of sound names the same pictures each time.
        let mut known: BTreeMap<&str, Judged> = BTreeMap::new();
        let lines = || master.variants.iter().chain(&master.media);
        for line in lines() {
            if !known.contains_key(line.uri.as_str()) {
                known.insert(&line.uri, self.named(path, &line.uri).await?);
            }
        }
        let judged = |line| named(line, &known);
        let renditions: Vec<_> = master.variants.iter().filter_map(judged).collect();
        let tracks: Vec<_> = master.media.iter().filter_map(judged).collect();
        for &(variant, judged) in &renditions {
            let heard: Vec<&Judged> = heard_with(variant, &tracks).collect();
            attributes(&mut findings, variant, judged, &heard);
            bandwidth(&mut findings, variant, judged, &heard);
            // What has no size is for those who want to hear alone.
            if variant.attributes.contains_key("RESOLUTION") {
                let heard = heard.iter().map(|it| &it.media);
                let made: Vec<&Media> = heard.chain([&judged.media]).collect();
                self.kept(&mut findings, &made);
            }
        }
        findings.judge(Rule::Aligned, aligned(&[&renditions[..], &tracks].concat()));
        if self.source.is_some() {
            findings.judge(Rule::Rungs, rungs(&renditions));
        }
        let mut report = report(path, findings, Measured::default());
        let of_line = |line: &Variant| known.remove(line.uri.as_str());
        report.renditions = lines().filter_map(of_line).map(|it| it.report).collect();
        Ok(report)
    }

    async fn named(&self, master: &Path, uri: &str) -> Result<Judged, CheckError> {
        let home = master.parent().unwrap_or(Path::new("/"));
        let path = resolved(home, uri)?;
        match playlist_text(&path)? {
            Some(text) if !is_master(&text) => self.rendition(&path, &text).await,
            // A master playlist of master playlists would have no end.
            _ => Err(CheckError::Playlist(
                crate::playlist::PlaylistError::NoSegment,
            )),
        }
    }
}

fn named<'a>(
    line: &'a Variant,
    known: &'a BTreeMap<&str, Judged>,
) -> Option<(&'a Variant, &'a Judged)> {
    Some((line, known.get(line.uri.as_str())?))
}

fn number(attributes: &BTreeMap<String, String>, name: &str) -> Option<f64> {
    attributes.get(name)?.parse().ok()
}

/// The sound that a player of `variant` chooses from.
fn heard_with<'a>(
    variant: &'a Variant,
    tracks: &'a [(&Variant, &Judged)],
) -> impl Iterator<Item = &'a Judged> {
    let is_heard = |track: &Variant, group: &String| {
        let said = |name: &str| track.attributes.get(name);
        said("GROUP-ID") == Some(group) && said("TYPE").is_some_and(|it| it == "AUDIO")
    };
    let group = variant.attributes.get("AUDIO");
    let tracks = tracks.iter();
    tracks
        .filter(move |(track, _)| group.is_some_and(|group| is_heard(track, group)))
        .map(|(_, judged)| *judged)
}

/// `heard` is the sound that goes with it, whose formats are named with its own (RFC 8216, 4.3.4.2).
pub(super) fn attributes(
    findings: &mut Findings<'_>,
    variant: &Variant,
    judged: &Judged,
    heard: &[&Judged],
) {
    let parts: Vec<&Judged> = [judged].iter().chain(heard).copied().collect();
    let found = named_all(variant, &parts).and_then(|()| described(variant, judged));
    findings.judge(Rule::Attributes, found);
    if parts.iter().any(|it| names(it).is_none()) {
        let why = format!("{}: CODECS of these streams has no rule here", variant.uri);
        findings.unjudged(Rule::Attributes, why);
    }
}

/// What CODECS has to say, where it is known: from headers of segments, or from the streams.
fn names(judged: &Judged) -> Option<String> {
    judged
        .codecs
        .clone()
        .or_else(|| codecs(&judged.media.facts))
}

/// The formats that CODECS names: their order, spaces and the case of their digits are free.
fn named_codecs(text: &str) -> BTreeSet<String> {
    let formats = text.split(',').map(str::trim);
    formats.map(str::to_ascii_lowercase).collect()
}

/// The formats of pictures and sound; several tracks may share one.
fn formats(facts: &MediaFacts) -> BTreeSet<&str> {
    let streams = facts.streams.iter().filter(|stream| match &stream.detail {
        StreamDetail::Video(video) => !video.is_picture,
        StreamDetail::Audio(_) => true,
        _ => false,
    });
    streams.filter_map(|it| it.codec_name.as_deref()).collect()
}

/// Whether CODECS names the formats of all `parts`, and no other.
fn named_all(variant: &Variant, parts: &[&Judged]) -> Result<(), String> {
    let uri = &variant.uri;
    let text = variant.attributes.get("CODECS");
    let text = text.ok_or_else(|| format!("{uri} has no CODECS"))?;
    let held = parts.iter().flat_map(|it| formats(&it.media.facts));
    let (named, held) = (named_codecs(text), held.collect::<BTreeSet<_>>().len());
    if named.len() < held {
        return Err(format!("{uri} has {held} formats and CODECS {text}"));
    }
    let known: Vec<String> = parts.iter().filter_map(|it| names(it)).collect();
    let true_ones: BTreeSet<String> = known.iter().flat_map(|it| named_codecs(it)).collect();
    // Of several tracks in one the first is known.
    let is_all = known.len() == parts.len() && true_ones.len() >= held;
    if !true_ones.is_subset(&named) || is_all && true_ones != named {
        let known = known.join(" with ");
        return Err(format!("{uri} says CODECS {text} and has {known}"));
    }
    Ok(())
}

fn described(variant: &Variant, judged: &Judged) -> Result<String, String> {
    let (said, facts) = (&variant.attributes, &judged.media.facts);
    let uri = &variant.uri;
    let missing = |name: &str| format!("{uri} has no {name}");
    number(said, "BANDWIDTH").ok_or_else(|| missing("BANDWIDTH"))?;
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

/// A player takes any one track of `heard` besides: the largest counts (RFC 8216, 4.3.4.2).
pub(super) fn bandwidth(
    findings: &mut Findings<'_>,
    variant: &Variant,
    judged: &Judged,
    heard: &[&Judged],
) {
    let said = number(&variant.attributes, "BANDWIDTH");
    let peak = |judged: &Judged| judged.report.measured.peak_bandwidth;
    let (Some(said), Some(own)) = (said, peak(judged)) else {
        return findings.unjudged(Rule::Bandwidth, "it is not said or cannot be measured");
    };
    let found = own + heard.iter().filter_map(|it| peak(it)).max().unwrap_or(0);
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

/// Whether all go together by one clock. Sound alone is cut at its packets and has to begin with the picture.
pub(super) fn aligned(renditions: &[(&Variant, &Judged)]) -> Result<String, String> {
    // A single picture has no time from one to the next.
    let moves = |it: &&(&Variant, &Judged)| it.1.media.frame_seconds() > 0.0;
    let pictures: Vec<_> = renditions.iter().filter(moves).collect();
    let Some((first, rest)) = pictures.split_first() else {
        return Ok("no pictures".to_owned());
    };
    let frame = first.1.media.frame_seconds();
    let keys = key_times(first.1);
    for other in rest {
        let sides =
            [first, other].map(|(variant, judged)| (variant.uri.as_str(), &judged.playlist));
        segments_align(sides[0], sides[1], frame).map_err(|error| error.to_string())?;
        let others = key_times(other.1);
        let is_same = |(a, b): (&f64, &f64)| (a - b).abs() < frame / 2.0;
        if keys.len() != others.len() || !keys.iter().zip(&others).all(is_same) {
            let at = |keys: &[f64]| keys.first().copied().unwrap_or(0.0);
            let (first, other) = (&first.0.uri, &other.0.uri);
            return Err(format!(
                "key frames of {first} and {other} are at different times: they begin at {:.3} s and {:.3} s",
                at(&keys),
                at(&others)
            ));
        }
    }
    let begins = key_times(first.1).first().copied().unwrap_or(0.0);
    for sound in renditions {
        together(sound, &first.0.uri, (begins, frame))?;
    }
    Ok(format!("{} renditions", renditions.len()))
}

/// Whether sound alone begins with a picture, but for what decoders need before it.
fn together(
    (variant, judged): &(&Variant, &Judged),
    picture: &str,
    (begins, frame): (f64, f64),
) -> Result<(), String> {
    let (sound, []) = (judged.media.audio_packets(), judged.media.video_packets()) else {
        return Ok(());
    };
    let Some((start, _)) = span(sound) else {
        return Ok(());
    };
    let start = start - judged.begins;
    let packet = median(sound.iter().map(|packet| packet.seconds).collect());
    let most = frame + PRIMING_PACKETS * packet + ROUNDING_SECONDS;
    if (start - begins).abs() > most {
        let sound = &variant.uri;
        return Err(format!(
            "the sound of {sound} begins at {start:.3} s, and the picture of {picture} at {begins:.3} s"
        ));
    }
    Ok(())
}

/// By the clock that players begin with.
fn key_times(judged: &Judged) -> Vec<f64> {
    let keys = judged.media.video_packets().iter().filter(|it| it.is_key);
    let mut times: Vec<f64> = keys.map(|packet| packet.pts - judged.begins).collect();
    times.sort_by(f64::total_cmp);
    times
}

pub(super) fn rungs(renditions: &[(&Variant, &Judged)]) -> Result<String, String> {
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

#[cfg(test)]
mod tests {
    use reelgate_domain::media::{AudioFacts, StreamFacts, VideoFacts};

    use super::super::Verdict;
    use super::super::read::Packet;
    use super::*;
    use crate::playlist::{MediaPlaylist, Segment};

    fn stream(index: u32, codec: &str, detail: StreamDetail) -> StreamFacts {
        StreamFacts {
            index,
            codec_name: Some(codec.to_owned()),
            profile: Some("High".to_owned()),
            detail,
            ..StreamFacts::default()
        }
    }

    fn picture() -> StreamFacts {
        let video = VideoFacts {
            width: 640,
            height: 360,
            level: Some(31),
            ..VideoFacts::default()
        };
        stream(0, "h264", StreamDetail::Video(video))
    }

    fn sound(index: u32, codec: &str) -> StreamFacts {
        stream(index, codec, StreamDetail::Audio(AudioFacts::default()))
    }

    /// 4 s in two segments at 25 pictures or packets a second, with a key frame every so many.
    fn judged(streams: Vec<StreamFacts>, keys: usize, peak: u64) -> Judged {
        let packet = |n: usize| Packet {
            pts: n as f64 / 25.0,
            seconds: 0.04,
            is_key: n.is_multiple_of(keys),
            ..Packet::default()
        };
        let packets = |it: &StreamFacts| (it.index, (0..100).map(packet).collect());
        let segment = || Segment {
            uri: "a.ts".to_owned(),
            seconds: 2.0,
        };
        let measured = Measured {
            peak_bandwidth: Some(peak),
            ..Measured::default()
        };
        Judged {
            codecs: None,
            begins: 0.0,
            report: report("/a.m3u8".as_ref(), Findings::new(&[]), measured),
            media: Media {
                packets: streams.iter().map(packets).collect(),
                facts: MediaFacts {
                    streams,
                    ..MediaFacts::default()
                },
            },
            playlist: MediaPlaylist {
                target_seconds: 2,
                init: None,
                segments: vec![segment(), segment()],
            },
        }
    }

    fn variant(attributes: &[(&str, &str)]) -> Variant {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Variant {
            uri: "a.m3u8".to_owned(),
            attributes: attributes.iter().map(owned).collect(),
        }
    }

    #[test]
    fn sound_of_its_own_is_part_of_the_bandwidth() {
        let said = |rate: &'static str, more: &[(&'static str, &'static str)]| {
            variant(&[&[("BANDWIDTH", rate)], more].concat())
        };
        let track = |group: &'static str| variant(&[("TYPE", "AUDIO"), ("GROUP-ID", group)]);
        let group = [track("a"), track("a"), track("b")];
        let rates = [64_000, 128_000, 900_000];
        let sounds = rates.map(|rate| judged(vec![sound(0, "aac")], 1, rate));
        let tracks: Vec<_> = group.iter().zip(&sounds).collect();
        let own = judged(vec![picture()], 50, 300_000);
        let verdict = |variant: &Variant| {
            let mut findings = Findings::new(&[]);
            let heard: Vec<_> = heard_with(variant, &tracks).collect();
            bandwidth(&mut findings, variant, &own, &heard);
            findings.list[0].verdict
        };
        let audio = [("AUDIO", "a")];
        assert_eq!(verdict(&said("428000", &audio)), Verdict::Right);
        assert_eq!(verdict(&said("300000", &audio)), Verdict::Wrong);
        assert_eq!(verdict(&said("300000", &[])), Verdict::Right);
        assert_eq!(verdict(&said("428000", &[])), Verdict::Wrong);
        assert_eq!(verdict(&said("1200000", &[("AUDIO", "b")])), Verdict::Right);
    }

    #[test]
    fn pictures_are_compared_whatever_is_named_first() {
        let any = variant(&[]);
        let alone = judged(vec![sound(0, "aac")], 1, 1);
        let of = |keys| judged(vec![picture()], keys, 1);
        let (slow, quick) = (&of(50), &of(25));
        let aligned = |parts: [&Judged; 3]| aligned(&parts.map(|it| (&any, it)));
        assert!(aligned([&alone, slow, &of(50)]).is_ok());
        for parts in [[&alone, slow, quick], [slow, &alone, quick]] {
            let error = aligned(parts).unwrap_err();
            assert!(error.contains("key frames"), "{error}");
        }
        let mut longer = of(50);
        longer.playlist.segments[0].seconds = 3.0;
        assert!(aligned([&alone, slow, &longer]).is_err());
    }

    /// Each began by its own first picture, and so no two clocks differed.
    #[test]
    fn renditions_go_by_one_clock() {
        let any = variant(&[]);
        let moved = |mut judged: Judged, seconds: f64| {
            let packets = judged.media.packets.values_mut().flatten();
            packets.for_each(|packet| packet.pts += seconds);
            judged
        };
        let picture = |seconds| moved(judged(vec![picture()], 50, 1), seconds);
        let sound = |seconds| moved(judged(vec![sound(0, "aac")], 1, 1), seconds);
        let verdict = |parts: &[&Judged]| {
            let named: Vec<_> = parts.iter().map(|it| (&any, *it)).collect();
            aligned(&named).map_err(|error| error.to_string())
        };
        let first = picture(10.0);
        assert!(verdict(&[&first, &picture(10.019), &sound(9.96)]).is_ok());
        let error = verdict(&[&first, &picture(2.4)]).unwrap_err();
        assert!(error.contains("10.000 s and 2.400 s"), "{error}");
        assert!(verdict(&[&first, &picture(10.021)]).is_err());
        // A frame and two packets.
        assert!(verdict(&[&first, &sound(9.88)]).is_ok());
        let error = verdict(&[&sound(9.87), &first]).unwrap_err();
        assert!(error.contains("the sound of a.m3u8"), "{error}");
        assert!(verdict(&[&first, &sound(40.0)]).is_err());
        assert!(verdict(&[&sound(40.0), &sound(2.4)]).is_ok());
        // Manifests tell where on its clock each begins.
        let mut told = picture(40.0);
        told.begins = 30.0;
        assert!(verdict(&[&first, &told]).is_ok());
        told.begins = 29.9;
        assert!(verdict(&[&first, &told]).is_err());
    }

    #[test]
    fn codecs_are_a_set() {
        let both = || vec![picture(), sound(1, "aac")];
        let verdicts_with = |streams, codecs: &str, more: &[(&str, &str)], heard: &[&str]| {
            let own = [
                ("BANDWIDTH", "1"),
                ("CODECS", codecs),
                ("RESOLUTION", "640x360"),
                ("FRAME-RATE", "25"),
            ];
            let mut findings = Findings::new(&[]);
            let variant = variant(&[&own, more].concat());
            let heard: Vec<_> = heard
                .iter()
                .map(|it| judged(vec![sound(0, it)], 1, 1))
                .collect();
            let heard: Vec<_> = heard.iter().collect();
            attributes(&mut findings, &variant, &judged(streams, 50, 1), &heard);
            let verdicts = findings.list.iter().map(|it| it.verdict);
            verdicts.collect::<Vec<_>>()
        };
        let verdicts = |streams, codecs: &str, more: &[(&str, &str)]| {
            verdicts_with(streams, codecs, more, &[])
        };
        let right = [Verdict::Right];
        assert_eq!(verdicts(both(), "avc1.64001F,mp4a.40.2", &[]), right);
        assert_eq!(verdicts(both(), "mp4a.40.2, avc1.64001f", &[]), right);
        let three = [both(), vec![sound(2, "aac")]].concat();
        assert_eq!(verdicts(three.clone(), "avc1.64001F,mp4a.40.2", &[]), right);
        let other = [both(), vec![sound(2, "ac3")]].concat();
        assert_eq!(
            verdicts(other.clone(), "avc1.64001F,mp4a.40.2,ac-3", &[]),
            right
        );
        let alone = || vec![picture()];
        let apart =
            |codecs: &str, heard: &[&str]| verdicts_with(alone(), codecs, &[("AUDIO", "a")], heard);
        assert_eq!(apart("avc1.64001F,mp4a.40.2", &["aac"]), right);
        assert_eq!(apart("avc1.64001F,mp4a.40.2", &["aac", "aac"]), right);
        let wrong = [Verdict::Wrong];
        // Any name went for that of the sound, and none was asked for.
        assert_eq!(apart("avc1.64001F", &["aac"]), wrong);
        assert_eq!(apart("avc1.64001F,ac-3", &["aac"]), wrong);
        assert_eq!(apart("avc1.64001F,mp4a.40.2,ac-3", &["aac"]), wrong);
        assert_eq!(
            apart("avc1.64001F,mp4a.40.2", &["aac", "ac3"])[0],
            Verdict::Wrong
        );
        let unknown = [Verdict::Right, Verdict::Unjudged];
        assert_eq!(
            apart("avc1.64001F,mp4a.40.2,ac-3", &["aac", "ac3"]),
            unknown
        );
        assert_eq!(verdicts(alone(), "avc1.64001F,mp4a.40.2", &[]), wrong);
        assert_eq!(apart("mp4a.40.2", &["aac"]), wrong);
        assert_eq!(verdicts(both(), "avc1.640028,mp4a.40.2", &[]), wrong);
        assert_eq!(verdicts(both(), "avc1.64001F", &[]), wrong);
        assert_eq!(verdicts(other, "avc1.64001F,mp4a.40.2", &[]), wrong);
        // A name that nobody knows is not right only because nobody knows the format.
        let opus = vec![picture(), sound(1, "opus")];
        let found = verdicts(opus, "x,y", &[]);
        assert_eq!(found, unknown);
    }
}
