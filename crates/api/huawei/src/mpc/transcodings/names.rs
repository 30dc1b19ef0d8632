//! What outputs are called: as the caller says, or after the source and the output's place in the task.

use reelgate_domain::job::kind::transcode::Container;

use crate::errors::ApiError;
use crate::mpc::address::{Address, check_file_name};
use crate::mpc::errors::invalid;

/// Longer names would leave no room for those of segments.
const MOST_STEM_BYTES: usize = 120;

/// The name of an output whose name is left to us, such as `clip_0.mp4` for the first output of `clip.mov`.
pub(super) fn generated(input: &Address, place: usize, container: Container) -> String {
    let file = input.object.rsplit('/').next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let stem = match stem {
        "" => "output",
        stem => stem,
    };
    let mut end = stem.len().min(MOST_STEM_BYTES);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{place}.{}", &stem[..end], container.extension())
}

/// A name that the caller gave: the format's ending follows unless it has it.
pub(super) fn given(name: &str, path: &str, container: Container) -> Result<String, ApiError> {
    check_file_name(name, path)?;
    let ending = container.extension();
    let stem = match name.rsplit_once('.') {
        Some((stem, last)) if last.eq_ignore_ascii_case(ending) => stem,
        _ => name,
    };
    if stem.is_empty() {
        return Err(invalid(&format!("{path} must be a name")));
    }
    if matches!(container, Container::Hls { .. }) && stem == "index" {
        return Err(invalid(&format!("{path} must not be index for HLS")));
    }
    Ok(format!("{stem}.{ending}"))
}

/// A format as answers name it.
pub(super) const fn format(container: Container) -> &'static str {
    match container {
        Container::Mp4 => "MP4",
        Container::Hls { .. } => "HLS",
        Container::Dash { .. } => "DASH",
        Container::Mp3 => "MP3",
        Container::Adts => "ADTS",
        // No task of this product makes them.
        Container::Mov => "MOV",
        Container::Mkv => "MKV",
        Container::Webm => "WEBM",
        Container::Ts => "TS",
        Container::Flv => "FLV",
        Container::M4a => "M4A",
        Container::Ogg => "OGG",
        Container::Flac => "FLAC",
        Container::Wav => "WAV",
        Container::Gif { .. } => "GIF",
        Container::Webp { .. } => "WEBP",
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::transcode::SegmentFormat;

    use super::*;
    use crate::mpc::fields::Fields;

    const DASH: Container = Container::Dash {
        segment_seconds: 5,
        hls: true,
    };
    const HLS: Container = Container::Hls {
        segments: SegmentFormat::Ts,
        segment_seconds: 5,
    };

    fn input(object: &str) -> Address {
        let text = format!(r#"{{"bucket":"abc","location":"x","object":"{object}"}}"#);
        Address::read(Fields::body(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn names_follow_the_source_and_the_place() {
        for (object, place, container, expected) in [
            ("in/clip.mov", 0, Container::Mp4, "clip_0.mp4"),
            ("clip", 3, HLS, "clip_3.m3u8"),
            ("a/.hidden", 1, Container::Mp4, "output_1.mp4"),
            ("a/b.c.d", 0, Container::Mp4, "b.c_0.mp4"),
        ] {
            assert_eq!(generated(&input(object), place, container), expected);
        }
        let long = "é".repeat(100);
        let name = generated(&input(&long), 8, Container::Mp4);
        assert_eq!(name, format!("{}_8.mp4", "é".repeat(60)));
    }

    #[test]
    fn a_given_name_gets_the_ending_of_its_format() {
        for (name, container, expected) in [
            ("a", Container::Mp4, "a.mp4"),
            ("a.mp4", Container::Mp4, "a.mp4"),
            ("a.MP4", Container::Mp4, "a.mp4"),
            ("a.mov", Container::Mp4, "a.mov.mp4"),
            ("index", Container::Mp4, "index.mp4"),
            ("a.m3u8", HLS, "a.m3u8"),
            ("a", DASH, "a.mpd"),
            ("a.mpd", DASH, "a.mpd"),
        ] {
            assert_eq!(given(name, "x", container).unwrap(), expected);
        }
        for (name, container) in [
            ("index", HLS),
            ("index.m3u8", HLS),
            (".mp4", Container::Mp4),
            ("", Container::Mp4),
            ("a/b", Container::Mp4),
        ] {
            let refused = given(name, "output_filenames[0]", container).unwrap_err();
            assert!(refused.message().contains("output_filenames[0]"), "{name}");
        }
    }
}
