//! Names of codecs in playlists and manifests (RFC 6381), from what encoders wrote into sample entries.

use std::fmt::Write as _;

use super::TrackKind;
use super::fields::{Fields, boxes, child};

/// What stands before the boxes of a sample entry.
const VISUAL_BYTES: usize = 78;
const SOUND_BYTES: usize = 28;

/// Primaries, transfer and matrix by their numbers (ITU-T H.273), and whether the range is full.
struct Colour {
    primaries: u16,
    transfer: u16,
    matrix: u16,
    is_full: bool,
}

/// The name of the first of the sample entries.
pub(super) fn name(kind: TrackKind, entries: &[u8]) -> Option<String> {
    let (entry, body) = boxes(entries).next()?;
    match kind {
        TrackKind::Video => video(entry, body.get(VISUAL_BYTES..)?),
        TrackKind::Audio => sound(entry, body.get(SOUND_BYTES..)?),
        TrackKind::Other => None,
    }
}

fn video(entry: &[u8], body: &[u8]) -> Option<String> {
    match entry {
        b"avc1" | b"avc3" => {
            let known = child(body, b"avcC")?.get(1..4)?;
            Some(format!("{}.{}", text(entry), hex::encode_upper(known)))
        }
        b"hvc1" | b"hev1" => hevc(entry, child(body, b"hvcC")?),
        b"vp09" => vp9(child(body, b"vpcC")?),
        b"av01" => av1(child(body, b"av1C")?, colour(body)),
        _ => None,
    }
}

/// ISO/IEC 14496-15, annex E.3: profile, compatibilities, tier with level, and constraints up to the last that is one.
fn hevc(entry: &[u8], body: &[u8]) -> Option<String> {
    let mut fields = Fields(body);
    let profile = fields.skip(1)?.u8()?;
    let compatible = fields.u32()?.reverse_bits();
    let constraints = fields.take(6)?;
    let level = fields.u8()?;
    let space = ["", "A", "B", "C"][usize::from(profile >> 6)];
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let mut name = format!(
        "{}.{space}{}.{compatible:X}.{tier}{level}",
        text(entry),
        profile & 0x1f
    );
    let used = constraints.iter().rposition(|byte| *byte != 0);
    for byte in &constraints[..used.map_or(0, |last| last + 1)] {
        // Writing to a string cannot fail.
        let _ = write!(name, ".{byte:X}");
    }
    Some(name)
}

/// "VP Codec ISO Media File Format Binding": all fields, of which the later ones may be left out only together.
fn vp9(body: &[u8]) -> Option<String> {
    let mut fields = Fields(body);
    let (profile, level) = (fields.skip(4)?.u8()?, fields.u8()?);
    let form = fields.u8()?;
    let (primaries, transfer, matrix) = (fields.u8()?, fields.u8()?, fields.u8()?);
    let (depth, chroma, range) = (form >> 4, (form >> 1) & 0x7, form & 1);
    Some(format!(
        "vp09.{profile:02}.{level:02}.{depth:02}.{chroma:02}.{primaries:02}.{transfer:02}.{matrix:02}.{range:02}"
    ))
}

/// "AV1 Codec ISO Media File Format Binding", section 5: what describes colours is left out where it is BT.709.
fn av1(body: &[u8], colour: Option<Colour>) -> Option<String> {
    let (levels, form) = (*body.get(1)?, *body.get(2)?);
    let bit = |at: u8| (form >> at) & 1;
    let tier = if bit(7) == 0 { 'M' } else { 'H' };
    let depth = match (bit(6), bit(5)) {
        (0, _) => 8,
        (_, 0) => 10,
        _ => 12,
    };
    let mut name = format!("av01.{}.{:02}{tier}.{depth:02}", levels >> 5, levels & 0x1f);
    // 2 is what was not said.
    let is_said = |it: &Colour| {
        let is_usual = |value: u16| matches!(value, 1 | 2);
        let all = [it.primaries, it.transfer, it.matrix];
        it.is_full || !all.into_iter().all(is_usual)
    };
    let chroma = (bit(4), bit(3), bit(2), form & 3);
    let is_usual_chroma = matches!(chroma, (0, 1, 1, _));
    let colour = colour.filter(is_said);
    if colour.is_none() && is_usual_chroma {
        return Some(name);
    }
    let colour = colour.unwrap_or(Colour {
        primaries: 1,
        transfer: 1,
        matrix: 1,
        is_full: false,
    });
    let (mono, across, down, position) = chroma;
    let Colour {
        primaries,
        transfer,
        matrix,
        ..
    } = colour;
    // Where the samples of colour lie is told of 4:2:0 alone.
    let position = if (across, down) == (1, 1) {
        position
    } else {
        0
    };
    // Writing to a string cannot fail.
    let _ = write!(
        name,
        ".{mono}.{across}{down}{position}.{primaries:02}.{transfer:02}.{matrix:02}.{}",
        u8::from(colour.is_full)
    );
    Some(name)
}

fn colour(body: &[u8]) -> Option<Colour> {
    let mut fields = Fields(child(body, b"colr")?);
    if fields.take(4)? != b"nclx" {
        return None;
    }
    Some(Colour {
        primaries: fields.u16()?,
        transfer: fields.u16()?,
        matrix: fields.u16()?,
        is_full: fields.u8()? & 0x80 != 0,
    })
}

fn sound(entry: &[u8], body: &[u8]) -> Option<String> {
    match entry {
        b"mp4a" => mpeg4(child(body, b"esds")?.get(4..)?),
        b"Opus" => Some("opus".to_owned()),
        b"ac-3" | b"ec-3" | b"fLaC" | b"alac" => Some(text(entry)),
        _ => None,
    }
}

/// The kind of object, and of MPEG-4 sound the kind of sound (ISO/IEC 14496-1, 7.2.6, and 14496-3, 1.6).
fn mpeg4(body: &[u8]) -> Option<String> {
    const STREAM: u8 = 3;
    const DECODER: u8 = 4;
    const SPECIFIC: u8 = 5;
    const MPEG4_SOUND: u8 = 0x40;
    let mut stream = Fields(descriptor(&mut Fields(body), STREAM)?);
    let flags = stream.skip(2)?.u8()?;
    // What it depends on, and where it comes from: neither is in files.
    if flags & 0xe0 != 0 {
        return None;
    }
    let mut decoder = Fields(descriptor(&mut stream, DECODER)?);
    let kind = decoder.u8()?;
    if kind != MPEG4_SOUND {
        return Some(format!("mp4a.{kind:02X}"));
    }
    let specific = descriptor(decoder.skip(12)?, SPECIFIC)?;
    let first = *specific.first()?;
    let sound = match first >> 3 {
        31 => 32 + (((first & 0x7) << 3) | (specific.get(1)? >> 5)),
        sound => sound,
    };
    Some(format!("mp4a.{kind:02X}.{sound}"))
}

/// The body of the next descriptor, which has to be of this kind. Lengths have seven bits a byte.
fn descriptor<'a>(fields: &mut Fields<'a>, kind: u8) -> Option<&'a [u8]> {
    if fields.u8()? != kind {
        return None;
    }
    let mut length = 0;
    for _ in 0..4 {
        let byte = fields.u8()?;
        length = (length << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return fields.take(length);
        }
    }
    None
}

/// The kinds of boxes that come here are plain letters.
fn text(kind: &[u8]) -> String {
    String::from_utf8_lossy(kind).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::fields::tests::boxed;
    use super::*;

    fn named(kind: TrackKind, entry: &[u8; 4], boxes: &[u8]) -> Option<String> {
        let before = match kind {
            TrackKind::Audio => SOUND_BYTES,
            _ => VISUAL_BYTES,
        };
        name(kind, &boxed(entry, &[&vec![0; before][..], boxes].concat()))
    }

    fn nclx(primaries: u8, transfer: u8, matrix: u8) -> Vec<u8> {
        let body = [
            b'n', b'c', b'l', b'x', 0, primaries, 0, transfer, 0, matrix, 0,
        ];
        boxed(b"colr", &body)
    }

    #[test]
    fn pictures_are_named_by_what_their_encoders_wrote() {
        let of = |entry: &[u8; 4], kind: &[u8; 4], body: &[u8]| {
            named(TrackKind::Video, entry, &boxed(kind, body))
        };
        let avc = of(b"avc1", b"avcC", &[1, 0x64, 0, 0x1f]);
        assert_eq!(avc.as_deref(), Some("avc1.64001F"));
        // The examples of ISO/IEC 14496-15, annex E.3, but for their tiers.
        let main = [1, 1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93];
        assert_eq!(
            of(b"hvc1", b"hvcC", &main).as_deref(),
            Some("hvc1.1.6.L93.B0")
        );
        let high = [1, 0x62, 0x20, 0, 0, 0, 0x90, 0, 1, 0, 0, 0, 150];
        assert_eq!(
            of(b"hev1", b"hvcC", &high).as_deref(),
            Some("hev1.A2.4.H150.90.0.1")
        );
        // The example of the binding: profile 2, level 1.0, 10 bits, BT.2020 and PQ.
        let hdr = [1, 0, 0, 0, 2, 10, 0xa2, 9, 16, 9];
        assert_eq!(
            of(b"vp09", b"vpcC", &hdr).as_deref(),
            Some("vp09.02.10.10.01.09.16.09.00")
        );
        assert_eq!(of(b"mp4v", b"esds", &[]), None);
        assert_eq!(of(b"hvc1", b"hvcC", &main[..8]), None);
    }

    #[test]
    fn av1_is_named_with_its_colours_where_they_are_not_the_usual_ones() {
        let of = |form: u8, colours: &[u8]| {
            let head = boxed(b"av1C", &[0x81, 0x04, form, 0]);
            named(
                TrackKind::Video,
                b"av01",
                &[head, colours.to_vec()].concat(),
            )
            .unwrap()
        };
        assert_eq!(of(0x0c, &[]), "av01.0.04M.08");
        assert_eq!(of(0x0c, &nclx(1, 1, 1)), "av01.0.04M.08");
        assert_eq!(of(0x4e, &nclx(9, 16, 9)), "av01.0.04M.10.0.112.09.16.09.0");
        assert_eq!(of(0x1c, &[]), "av01.0.04M.08.1.110.01.01.01.0");
    }

    #[test]
    fn sound_is_named_by_its_kind() {
        let esds = |kind: u8, specific: &[u8]| {
            let described = |tag: u8, body: &[u8]| {
                [
                    &[tag, 0x80, 0x80, 0x80, u8::try_from(body.len()).unwrap()][..],
                    body,
                ]
                .concat()
            };
            let decoder = [&[kind][..], &[0; 12], &described(5, specific)].concat();
            let stream = [&[0, 1, 0][..], &described(4, &decoder)].concat();
            let body = [&[0; 4][..], &described(3, &stream)].concat();
            named(TrackKind::Audio, b"mp4a", &boxed(b"esds", &body))
        };
        assert_eq!(esds(0x40, &[0x11, 0x90]).as_deref(), Some("mp4a.40.2"));
        assert_eq!(esds(0x40, &[0x2b, 0x92]).as_deref(), Some("mp4a.40.5"));
        assert_eq!(esds(0x40, &[0xf9, 0x46]).as_deref(), Some("mp4a.40.42"));
        assert_eq!(esds(0x6b, &[]).as_deref(), Some("mp4a.6B"));
        assert_eq!(esds(0x40, &[]), None);
        let opus = named(TrackKind::Audio, b"Opus", &[]);
        assert_eq!(opus.as_deref(), Some("opus"));
    }
}
