//! MPEG-DASH manifests over segments of fragmented MP4 that are there already.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::{Shows, Stream, Times};

/// A manifest. Pictures are sets of one codec each, among which players change; each sound is a set of its own, the
/// first the one that is heard unless its listener chooses another. Time begins with the first picture, or with the
/// first sound where there is none; None if there is neither.
pub fn manifest(streams: &[Stream]) -> Option<String> {
    let is_picture = |stream: &&Stream| matches!(stream.shows, Shows::Picture { .. });
    let first = |times: &&Times, other: &&Times| {
        let start = |times: &Times| times.seconds(times.start);
        start(times).total_cmp(&start(other))
    };
    let pictures: Vec<&Stream> = streams.iter().filter(is_picture).collect();
    let origin = pictures.iter().map(|it| &it.times).min_by(first);
    let origin = origin.or(streams.iter().map(|it| &it.times).min_by(first))?;
    let begins = origin.seconds(origin.start);
    let ends = streams.iter().map(|it| it.times.end_seconds());
    let seconds = ends.fold(0.0, f64::max) - begins;
    let longest = |times: &Times| {
        times
            .durations
            .iter()
            .max()
            .map(|ticks| times.seconds(*ticks))
    };
    let buffered = streams
        .iter()
        .filter_map(|it| longest(&it.times))
        .fold(0.0, f64::max);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" \
         type=\"static\" mediaPresentationDuration=\"PT{seconds:.6}S\" minBufferTime=\"PT{buffered:.6}S\">\n\
         \x20 <Period id=\"0\" start=\"PT0S\">\n"
    );
    let mut id = 0;
    let mut add = |set: &[&Stream], head: String| {
        text += &head;
        for stream in set {
            add_stream(&mut text, stream, origin, id);
            id += 1;
        }
        text += "    </AdaptationSet>\n";
    };
    let mut codecs: Vec<&str> = Vec::new();
    for stream in &pictures {
        let codec = family(stream);
        if !codecs.contains(&codec) {
            codecs.push(codec);
        }
    }
    let common = "segmentAlignment=\"true\" startWithSAP=\"1\"";
    for (set, codec) in codecs.iter().enumerate() {
        let same = pictures.iter().filter(|it| family(it) == *codec);
        let same: Vec<&Stream> = same.copied().collect();
        add(
            &same,
            format!(
                "    <AdaptationSet id=\"{set}\" contentType=\"video\" mimeType=\"video/mp4\" {common}>\n"
            ),
        );
    }
    let sounds = streams.iter().filter(|it| !is_picture(it));
    for (place, stream) in sounds.enumerate() {
        let set = codecs.len() + place;
        add(&[stream], sound_set(stream, (set, place), common));
    }
    text += "  </Period>\n</MPD>\n";
    Some(text)
}

/// Players change between streams of one codec alone.
fn family(stream: &Stream) -> &str {
    stream.codecs.split('.').next().unwrap_or_default()
}

/// The head of a set of one sound.
fn sound_set(stream: &Stream, (set, place): (usize, usize), common: &str) -> String {
    let mut head =
        format!("    <AdaptationSet id=\"{set}\" contentType=\"audio\" mimeType=\"audio/mp4\"");
    let Shows::Sound { name, language, .. } = &stream.shows else {
        return head;
    };
    // Writing to a string cannot fail.
    if let Some(language) = language {
        let _ = write!(head, " lang=\"{}\"", escape(language.as_str()));
    }
    let role = if place == 0 { "main" } else { "alternate" };
    let _ = write!(
        head,
        " {common}>\n      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"{role}\"/>\n"
    );
    if let Some(name) = name {
        let _ = writeln!(head, "      <Label>{}</Label>", escape(name.as_str()));
    }
    head
}

fn add_stream(text: &mut String, stream: &Stream, origin: &Times, id: usize) {
    let Stream {
        bandwidth,
        codecs,
        times,
        init,
        media,
        first,
        ..
    } = stream;
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "      <Representation id=\"{id}\" bandwidth=\"{bandwidth}\" codecs=\"{codecs}\""
    );
    match &stream.shows {
        Shows::Picture {
            width,
            height,
            rate,
        } => {
            let _ = write!(text, " width=\"{width}\" height=\"{height}\" sar=\"1:1\"");
            if let Some(rate) = rate {
                let rate = rate.strip_suffix("/1").unwrap_or(rate);
                let _ = write!(text, " frameRate=\"{rate}\"");
            }
            *text += ">\n";
        }
        Shows::Sound {
            channels,
            sample_rate,
            ..
        } => {
            if let Some(rate) = sample_rate {
                let _ = write!(text, " audioSamplingRate=\"{rate}\"");
            }
            *text += ">\n";
            if let Some(layout) = channels.and_then(layout) {
                let _ = writeln!(
                    text,
                    "        <AudioChannelConfiguration \
                     schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"{layout}\"/>"
                );
            }
        }
    }
    let _ = writeln!(
        text,
        "        <SegmentTemplate timescale=\"{}\" presentationTimeOffset=\"{}\" startNumber=\"{first}\" \
         initialization=\"{init}\" media=\"{media}\">\n          <SegmentTimeline>",
        times.timescale,
        times.ticks_of(origin)
    );
    add_timeline(text, times);
    *text += "          </SegmentTimeline>\n        </SegmentTemplate>\n      </Representation>\n";
}

/// Segments of one length in a row are one line.
fn add_timeline(text: &mut String, times: &Times) {
    let mut at = format!(" t=\"{}\"", times.start);
    for row in times.durations.chunk_by(|one, next| one == next) {
        let repeated = match row.len() {
            1 => String::new(),
            count => format!(" r=\"{}\"", count - 1),
        };
        let _ = writeln!(text, "            <S{at} d=\"{}\"{repeated}/>", row[0]);
        at.clear();
    }
}

/// The number of so many channels in their usual places (ISO/IEC 23001-8, 8.1).
const fn layout(channels: u32) -> Option<u32> {
    match channels {
        1..=6 => Some(channels),
        8 => Some(12),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playlist::NUMBER;

    fn picture(height: u32, codecs: &str) -> Stream {
        Stream {
            init: format!("{height}-init.mp4"),
            media: format!("{height}-{NUMBER}.m4s"),
            first: 1,
            times: Times {
                timescale: 12_800,
                start: 128_000,
                durations: vec![25_600, 25_600, 12_800],
            },
            bandwidth: 1_000_000,
            codecs: codecs.to_owned(),
            shows: Shows::Picture {
                width: height * 2,
                height,
                rate: Some("25/1".to_owned()),
            },
        }
    }

    fn sound(name: &str) -> Stream {
        Stream {
            init: "en-init.mp4".to_owned(),
            media: format!("en-{NUMBER}.m4s"),
            first: 1,
            times: Times {
                timescale: 48_000,
                start: 478_976,
                durations: vec![96_256, 96_256, 49_152],
            },
            bandwidth: 128_000,
            codecs: "mp4a.40.2".to_owned(),
            shows: Shows::Sound {
                name: Some(name.to_owned()),
                language: Some("en".to_owned()),
                channels: Some(2),
                sample_rate: Some(48_000),
            },
        }
    }

    #[test]
    fn a_manifest_says_all_that_players_choose_by() {
        let streams = [picture(360, "avc1.64001E"), sound("English & more")];
        insta::assert_snapshot!(manifest(&streams).unwrap(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT5.013333S" minBufferTime="PT2.005333S">
          <Period id="0" start="PT0S">
            <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
              <Representation id="0" bandwidth="1000000" codecs="avc1.64001E" width="720" height="360" sar="1:1" frameRate="25">
                <SegmentTemplate timescale="12800" presentationTimeOffset="128000" startNumber="1" initialization="360-init.mp4" media="360-$Number%05d$.m4s">
                  <SegmentTimeline>
                    <S t="128000" d="25600" r="1"/>
                    <S d="12800"/>
                  </SegmentTimeline>
                </SegmentTemplate>
              </Representation>
            </AdaptationSet>
            <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
              <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
              <Label>English &amp; more</Label>
              <Representation id="1" bandwidth="128000" codecs="mp4a.40.2" audioSamplingRate="48000">
                <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
                <SegmentTemplate timescale="48000" presentationTimeOffset="480000" startNumber="1" initialization="en-init.mp4" media="en-$Number%05d$.m4s">
                  <SegmentTimeline>
                    <S t="478976" d="96256" r="1"/>
                    <S d="49152"/>
                  </SegmentTimeline>
                </SegmentTemplate>
              </Representation>
            </AdaptationSet>
          </Period>
        </MPD>
        "#);
    }

    #[test]
    fn pictures_of_one_codec_are_one_set() {
        let streams = [
            picture(720, "avc1.64001F"),
            picture(719, "hvc1.1.6.L93.90"),
            picture(360, "avc1.64001E"),
        ];
        let text = manifest(&streams).unwrap();
        assert_eq!(text.matches("<AdaptationSet").count(), 2);
        let at = |part: &str| text.find(part).unwrap();
        assert!(at("720-init") < at("360-init") && at("360-init") < at("719-init"));
        assert_eq!(manifest(&[]), None);
    }
}
