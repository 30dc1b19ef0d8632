//! What init segments and fragments of MP4 say, read from their bytes. Pure.

mod codec;
mod fields;

use fields::{Fields, child, children, path};

/// One track of an init segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    pub id: u32,
    pub kind: TrackKind,
    /// Ticks a second, at least 1.
    pub timescale: u32,
    /// Its codec's name in playlists and manifests (RFC 6381), from the parameters that the encoder wrote.
    pub codec: Option<String>,
    /// Whether a list of edits shifts its times.
    pub is_edited: bool,
    /// Ticks of samples of which fragments do not say it.
    default_ticks: u32,
}

/// What a track holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    Video,
    Audio,
    Other,
}

/// The samples of one track in a segment: when they are shown, in the track's ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    pub track: u32,
    pub start: i64,
    pub end: i64,
}

/// Sample durations and sizes and so on are there, by the flags of `trun`.
const DATA_OFFSET: u32 = 0x1;
const FIRST_FLAGS: u32 = 0x4;
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;
const FLAGS: u32 = 0x400;
const COMPOSITION: u32 = 0x800;

/// The tracks of an init segment; None if its bytes are none.
pub fn tracks(init: &[u8]) -> Option<Vec<Track>> {
    let movie = child(init, b"moov")?;
    let found: Option<Vec<Track>> = children(movie, b"trak")
        .map(|one| track(one, movie))
        .collect();
    found.filter(|tracks| !tracks.is_empty())
}

/// The names of the codecs of all tracks of picture and sound, as playlists list them; None if one has no name.
pub fn codecs(tracks: &[Track]) -> Option<String> {
    let media = tracks.iter().filter(|it| it.kind != TrackKind::Other);
    let names: Option<Vec<&str>> = media.map(|it| it.codec.as_deref()).collect();
    names
        .map(|names| names.join(","))
        .filter(|names| !names.is_empty())
}

/// When each track of a segment is shown, in the order they are stored in. The bytes may end after the descriptions of
/// the samples. None if they are no segment of `tracks`.
pub fn fragments(segment: &[u8], tracks: &[Track]) -> Option<Vec<Fragment>> {
    let mut found: Vec<Fragment> = Vec::new();
    for run in children(segment, b"moof").flat_map(|moof| children(moof, b"traf")) {
        let Some(new) = fragment(run, tracks)? else {
            continue;
        };
        match found.iter_mut().find(|it| it.track == new.track) {
            Some(known) => {
                known.start = known.start.min(new.start);
                known.end = known.end.max(new.end);
            }
            None => found.push(new),
        }
    }
    (!found.is_empty()).then_some(found)
}

fn track(track: &[u8], movie: &[u8]) -> Option<Track> {
    let id = header(child(track, b"tkhd")?, 0)?;
    let timescale = header(path(track, &[b"mdia", b"mdhd"])?, 0)?;
    let handler = path(track, &[b"mdia", b"hdlr"])?.get(8..12)?;
    let entries = path(track, &[b"mdia", b"minf", b"stbl", b"stsd"])?.get(8..)?;
    let kind = match handler {
        b"vide" => TrackKind::Video,
        b"soun" => TrackKind::Audio,
        _ => TrackKind::Other,
    };
    let defaults = child(movie, b"mvex")
        .into_iter()
        .flat_map(|it| children(it, b"trex"));
    let default_ticks = defaults.filter_map(|body| {
        let mut fields = Fields(body);
        let is_own = fields.skip(4)?.u32()? == id;
        is_own.then(|| fields.skip(4)?.u32()).flatten()
    });
    Some(Track {
        id,
        kind,
        timescale: Some(timescale).filter(|ticks| *ticks > 0)?,
        codec: codec::name(kind, entries),
        is_edited: path(track, &[b"edts", b"elst"]).is_some_and(shifts),
        default_ticks: default_ticks.last().unwrap_or(0),
    })
}

/// The field behind the two dates of a header, which are long in its second version, and after so many bytes more.
fn header(body: &[u8], after: usize) -> Option<u32> {
    let dates = if *body.first()? == 0 { 8 } else { 16 };
    Fields(body).skip(4 + dates + after)?.u32()
}

/// Whether a list of edits has one that does not begin with the first sample.
fn shifts(body: &[u8]) -> bool {
    let is_long = body.first() == Some(&1);
    let (size, at) = if is_long { (20, 8) } else { (12, 4) };
    let edits = body.get(8..).unwrap_or_default().chunks_exact(size);
    let width = if is_long { 8 } else { 4 };
    edits
        .map(|edit| &edit[at..at + width])
        .any(|time| time.iter().any(|byte| *byte != 0))
}

/// The outer None is for what cannot be read, the inner one for a run without samples.
fn fragment(body: &[u8], tracks: &[Track]) -> Option<Option<Fragment>> {
    let mut head = Fields(child(body, b"tfhd")?);
    let flags = head.u32()? & 0xff_ffff;
    let id = head.u32()?;
    let track = tracks.iter().find(|track| track.id == id)?;
    let before = [(0x1, 8), (0x2, 4)]
        .iter()
        .filter(|(flag, _)| flags & flag != 0);
    head.skip(before.map(|(_, bytes)| bytes).sum())?;
    let ticks = match flags & 0x8 {
        0 => track.default_ticks,
        _ => head.u32()?,
    };
    let mut time = Fields(child(body, b"tfdt")?);
    let mut at = match time.u32()? >> 24 {
        0 => i64::from(time.u32()?),
        _ => i64::try_from(time.u64()?).ok()?,
    };
    let mut span: Option<(i64, i64)> = None;
    for run in children(body, b"trun") {
        for (start, end) in samples(run, ticks, &mut at)? {
            let known = span.unwrap_or((start, end));
            span = Some((known.0.min(start), known.1.max(end)));
        }
    }
    Some(span.map(|(start, end)| Fragment {
        track: id,
        start,
        end,
    }))
}

/// From when to when the samples of a `trun` box are shown, which begin to be decoded at `at` and last `ticks` where it
/// does not say. Those that are all alike are one: only what bytes are spent on is counted.
fn samples(run: &[u8], ticks: u32, at: &mut i64) -> Option<Vec<(i64, i64)>> {
    let mut run = Fields(run);
    let flags = run.u32()?;
    let count = run.u32()?;
    let has = |flag: u32| flags & flag != 0;
    for flag in [DATA_OFFSET, FIRST_FLAGS] {
        run.skip(if has(flag) { 4 } else { 0 })?;
    }
    let told = [DURATION, SIZE, FLAGS, COMPOSITION].map(|flag| usize::from(has(flag)));
    if told.iter().sum::<usize>() == 0 {
        let start = *at;
        *at = start.checked_add(i64::from(ticks).checked_mul(i64::from(count))?)?;
        return Some(if count == 0 {
            Vec::new()
        } else {
            vec![(start, *at)]
        });
    }
    let mut shown = Vec::new();
    for _ in 0..count {
        let lasts = i64::from(if has(DURATION) { run.u32()? } else { ticks });
        run.skip(4 * (told[1] + told[2]))?;
        // Early versions have no negative ones, and FFmpeg reads all as signed.
        let later = if has(COMPOSITION) {
            run.u32()? as i32
        } else {
            0
        };
        let start = at.checked_add(i64::from(later))?;
        shown.push((start, start.checked_add(lasts)?));
        *at = at.checked_add(lasts)?;
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::fields::tests::{boxed, full};
    use super::*;

    fn init(edit: Option<i32>) -> Vec<u8> {
        let edits = edit.map(|time| {
            let entry = [
                0_u32.to_be_bytes(),
                time.to_be_bytes(),
                0x10000_u32.to_be_bytes(),
            ];
            let list = full(
                b"elst",
                0,
                &[&1_u32.to_be_bytes()[..], &entry.concat()].concat(),
            );
            boxed(b"edts", &list)
        });
        let header = full(b"tkhd", 0, &[[0; 4], [0; 4], 7_u32.to_be_bytes()].concat());
        let media = full(
            b"mdhd",
            0,
            &[[0; 4], [0; 4], 12_800_u32.to_be_bytes()].concat(),
        );
        let handler = full(b"hdlr", 0, b"\0\0\0\0vide");
        let entries = full(b"stsd", 0, &0_u32.to_be_bytes());
        let table = boxed(b"minf", &boxed(b"stbl", &entries));
        let media = boxed(b"mdia", &[media, handler, table].concat());
        let track = [header, edits.unwrap_or_default(), media].concat();
        boxed(b"moov", &boxed(b"trak", &track))
    }

    #[test]
    fn tracks_are_found_with_their_ticks_and_edits() {
        let found = tracks(&init(None)).unwrap();
        assert_eq!((found[0].id, found[0].timescale), (7, 12_800));
        assert_eq!(found[0].kind, TrackKind::Video);
        for (edit, is_edited) in [
            (None, false),
            (Some(0), false),
            (Some(-1), true),
            (Some(9), true),
        ] {
            assert_eq!(
                tracks(&init(edit)).unwrap()[0].is_edited,
                is_edited,
                "{edit:?}"
            );
        }
        assert_eq!(tracks(b"\0\0\0\x0cftypiso5"), None);
        for cut in 0..init(None).len() {
            tracks(&init(None)[..cut]);
        }
    }

    #[test]
    fn samples_are_shown_when_their_compositions_say() {
        let known = tracks(&init(None)).unwrap();
        let number = |value: u32| value.to_be_bytes();
        let head = boxed(b"tfhd", &[number(0x8), number(7), number(512)].concat());
        let time = full(b"tfdt", 1, &11_776_u64.to_be_bytes());
        let samples: Vec<u8> = [1024_u32, 2048, 512]
            .iter()
            .flat_map(|later| number(*later))
            .collect();
        let run = boxed(
            b"trun",
            &[&number(COMPOSITION)[..], &number(3), &samples].concat(),
        );
        let part = boxed(b"moof", &boxed(b"traf", &[head, time, run].concat()));
        let found = fragments(&part, &known).unwrap();
        let expected = Fragment {
            track: 7,
            start: 12_800,
            end: 11_776 + 512 + 2048 + 512,
        };
        assert_eq!(found, [expected]);
        for cut in 0..part.len() {
            assert_eq!(fragments(&part[..cut], &known), None, "{cut}");
        }
        assert_eq!(fragments(&part, &[]), None);
    }

    /// Sixteen bytes may tell of four thousand million samples.
    #[test]
    fn samples_that_are_all_alike_are_counted_at_once() {
        let known = tracks(&init(None)).unwrap();
        let number = |value: u32| value.to_be_bytes();
        let part = |start: u64, samples: u32, runs: usize| {
            let head = boxed(b"tfhd", &[number(0x8), number(7), number(512)].concat());
            let time = full(b"tfdt", 1, &start.to_be_bytes());
            let run = boxed(b"trun", &[number(0), number(samples)].concat());
            boxed(
                b"moof",
                &boxed(b"traf", &[head, time, run.repeat(runs)].concat()),
            )
        };
        let found = fragments(&part(1000, u32::MAX, 100_000), &known).unwrap();
        let end = 1000 + i64::from(u32::MAX) * 512 * 100_000;
        assert_eq!((found[0].start, found[0].end), (1000, end));
        assert_eq!(fragments(&part(0, 0, 1), &known), None);
        // No clock goes on for so long.
        let last = u64::try_from(i64::MAX).unwrap();
        assert_eq!(fragments(&part(last, 1, 1), &known), None);
    }
}
