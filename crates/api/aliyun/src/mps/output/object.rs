//! The name of an output's file: decoding, placeholders, the playlist's suffix.

use reelgate_domain::ObjectKey;
use reelgate_domain::job::kind::transcode::Container;

use crate::mps::errors::{Code, Refusal};
use crate::mps::input::{decoded, object_key};

/// The key of the output. Jobs get no suffix, except that a playlist or a manifest gets its own unless the caller
/// wrote it.
pub(super) fn key(
    output_object: &str,
    source: &ObjectKey,
    container: Container,
) -> Result<ObjectKey, Refusal> {
    let mut key = filled_in(&decoded(output_object)?, source, &[])?;
    if container.segment_seconds().is_some() {
        let suffix = format!(".{}", container.extension());
        if !key.ends_with(&suffix) {
            key.push_str(&suffix);
        }
        // Segments are named after the playlist without its suffix, which would leave nothing.
        if key == suffix || key.ends_with(&format!("/{suffix}")) {
            return Err(Refusal::new(Code::ObjectKey, key));
        }
    }
    object_key(key)
}

/// Puts the source's names in place of the placeholders. Whether `{ExtName}` has its dot is not documented; here it
/// has, so that `{ObjectPrefix}{FileName}{ExtName}` is the source's own name. `others` are further ones, each with what it
/// stands for.
pub(in crate::mps) fn filled_in(
    template: &str,
    source: &ObjectKey,
    others: &[(&str, &str)],
) -> Result<String, Refusal> {
    let name = source.file_name();
    let dot = name.rfind('.').filter(|at| *at > 0).unwrap_or(name.len());
    let (stem, extension) = name.split_at(dot);
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((placeholder, after)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        let other = others.iter().find(|(name, _)| *name == placeholder);
        let other = other.map(|(_, stands_for)| *stands_for);
        filled.push_str(match (placeholder, other) {
            ("ObjectPrefix", _) => source.folder(),
            ("FileName", _) => stem,
            ("ExtName", _) => extension,
            (_, Some(stands_for)) => stands_for,
            _ => return Err(Refusal::new(Code::NotSupported, "OutputObject")),
        });
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::transcode::SegmentFormat;

    use super::*;

    const HLS: Container = Container::Hls {
        segments: SegmentFormat::Ts,
        segment_seconds: 10,
    };

    fn check(
        output_object: &str,
        source: &str,
        container: Container,
        expected: Result<&str, Refusal>,
    ) {
        let source = ObjectKey::new(source).unwrap();
        let found = key(output_object, &source, container);
        let found = found.as_ref().map(ObjectKey::as_str).map_err(Clone::clone);
        assert_eq!(found, expected, "{output_object}");
    }

    #[test]
    fn placeholders_stand_for_parts_of_the_sources_name() {
        let mp4 = Container::Mp4;
        check(
            "%7BObjectPrefix%7D%7BFileName%7Dtest.mp4",
            "a/b/c.flv",
            mp4,
            Ok("a/b/ctest.mp4"),
        );
        check("x/{FileName}{ExtName}", "a/b/c.d.flv", mp4, Ok("x/c.d.flv"));
        check(
            "{ObjectPrefix}{FileName}{ExtName}",
            "a/b/c",
            mp4,
            Ok("a/b/c"),
        );
        check("x{ExtName}", ".hidden", mp4, Ok("x"));
        check("a}{b.mp4", "c", mp4, Ok("a}{b.mp4"));
    }

    #[test]
    fn placeholders_of_the_output_are_refused() {
        let refusal = Refusal::new(Code::NotSupported, "OutputObject");
        for name in [
            "{DestMd5}",
            "{DestAvgBitrate}",
            "{RunId}",
            "{}",
            "%7Bfilename%7D",
        ] {
            check(name, "c", Container::Mp4, Err(refusal.clone()));
        }
    }

    #[test]
    fn a_playlist_gets_its_suffix_once() {
        check("a/b", "c", HLS, Ok("a/b.m3u8"));
        check("a/b.m3u8", "c", HLS, Ok("a/b.m3u8"));
        check("a/b.mp4", "c", HLS, Ok("a/b.mp4.m3u8"));
        check("a.m3u8", "c", Container::Mp4, Ok("a.m3u8"));
        let dash = Container::Dash {
            segment_seconds: 10,
            hls: false,
        };
        check("a/b", "c", dash, Ok("a/b.mpd"));
        check("a/b.mpd", "c", dash, Ok("a/b.mpd"));
        check(
            ".mpd",
            "c",
            dash,
            Err(Refusal::new(Code::ObjectKey, ".mpd")),
        );
        check(
            "a/.m3u8",
            "c",
            HLS,
            Err(Refusal::new(Code::ObjectKey, "a/.m3u8")),
        );
    }

    #[test]
    fn keys_that_cannot_be_stored_are_refused() {
        for (name, shown) in [
            ("/a", "/a"),
            ("a%2F%2Fb", "a//b"),
            ("a/../b", "a/../b"),
            ("%FF", "%FF"),
        ] {
            check(
                name,
                "c",
                Container::Mp4,
                Err(Refusal::new(Code::ObjectKey, shown)),
            );
        }
    }
}
