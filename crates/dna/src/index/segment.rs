//! A segment: many fingerprints laid out for searching, in a file that is mapped or in memory.
//!
//! ```text
//! "RGSEG" version 0 0   (offset length crc32 0)* for each section   crc32 of all before it   sections
//! ```
//!
//! Nothing in it is ever changed. Numbers are little-endian and read where they lie.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

use crate::code::{BANDS, Code, near_checks, near_codes, prefetch};
use crate::print::Fingerprint;
use crate::video::VIEWS;

pub(super) const MAGIC: &[u8; 8] = b"RGSEG\x02\0\0";
pub(super) const SECTIONS: usize = 16;
pub(super) const HEAD: usize = MAGIC.len() + SECTIONS * 24 + 4;

/// The sections' places in the table.
pub(super) mod section {
    pub(crate) const ENTRIES: usize = 0;
    pub(crate) const STARTS: usize = 1;
    pub(crate) const CODES: usize = 2;
    pub(crate) const BAND_FIRSTS: usize = 3;
    pub(crate) const BAND_CODES: usize = 4;
    pub(crate) const BAND_CHECKS: usize = 5;
    pub(crate) const TERMS: usize = 6;
    /// Firsts, terms and places of the lists of sound, and those of text.
    pub(crate) const SOUND: usize = 7;
    pub(crate) const TOKENS: usize = 10;
    pub(crate) const TOKEN_PLACES: usize = 11;
    pub(crate) const TEXT: usize = 12;
    /// For each kept frame the number of its first hash.
    pub(crate) const FIRST_CODES: usize = 15;
}

/// A kept frame's word: which views it has in the upper bits, and where it begins.
const START_BITS: u32 = 32 - VIEWS as u32;
/// Up to so many hashes a place in a list takes three bytes, beyond four. Merges make no larger segments.
pub(super) const MOST_SHORT: usize = 1 << 24;

/// The frame that a kept one's word says it begins at.
#[inline]
pub(crate) fn begins(word: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*word) & ((1 << START_BITS) - 1)
}

/// Which views a kept frame's word says it has, the first being the lowest bit.
#[inline]
pub(super) fn views(word: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*word) >> START_BITS
}

/// Bytes of a place in a list.
pub(super) fn place_bytes(codes: usize) -> usize {
    if codes <= MOST_SHORT { 3 } else { 4 }
}

pub(super) const ENTRY: usize = 40;
/// Bytes that a processor reads at once.
const LINE: usize = 64;

/// Where a fingerprint's things are in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) millis: u64,
    pub(crate) frames: u32,
    pub(crate) first_kept: u32,
    pub(crate) first_term: u32,
    pub(crate) terms: u32,
    pub(crate) first_token: u32,
    pub(crate) tokens: u32,
}

/// A fingerprint as it lies in a segment, or is about to.
pub(crate) struct Part<'a> {
    pub(crate) id: u64,
    pub(crate) millis: u64,
    pub(crate) frames: u32,
    /// The words of its kept frames.
    pub(crate) starts: Cow<'a, [[u8; 4]]>,
    /// The hashes that there are, frame by frame.
    pub(crate) codes: Cow<'a, [[u8; 32]]>,
    pub(crate) terms: Cow<'a, [[u8; 4]]>,
    pub(crate) tokens: Cow<'a, [[u8; 4]]>,
    pub(crate) places: Cow<'a, [[u8; 12]]>,
}

enum Bytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

/// Lists of the places where a term stands.
#[derive(Clone, Copy)]
pub(crate) enum Lists {
    Sound,
    Text,
}

/// How far a lookup reaches.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    /// Hashes that are farther are not told.
    pub(crate) radius: u32,
    /// Whether lists of each band with one bit flipped are read as well.
    pub(crate) flips: bool,
    /// Entries whose check differs in more bits are passed over.
    pub(crate) checked: u32,
    /// Of the bands every so manieth is read, beginning with that of this turn.
    pub(crate) turns: usize,
    pub(crate) turn: usize,
}

impl Reach {
    /// All bands, flipped bits, and no entry passed over: no hash within 31 is missed, since of 16 bands at least one
    /// has at most one wrong bit.
    pub(crate) fn exact(radius: u32) -> Self {
        Self {
            radius,
            flips: true,
            checked: 16,
            turns: 1,
            turn: 0,
        }
    }
}

pub(crate) struct Segment {
    bytes: Bytes,
    sections: [(usize, usize); SECTIONS],
    /// Bits of a band by which its lists begin.
    band_bits: u32,
    list_bits: [u32; 2],
    entries: Vec<Entry>,
}

impl Segment {
    /// Maps a file. The error says what is wrong with it, if it is not the system that is.
    pub(super) fn map(path: &Path, thorough: bool) -> io::Result<Result<Self, &'static str>> {
        let file = File::open(path)?;
        // SAFETY: files of an index are written before they get their name and never changed afterwards; whoever else
        // writes in its directory is asked not to.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self::read(Bytes::Mapped(map), thorough))
    }

    pub(super) fn owned(bytes: Vec<u8>) -> Self {
        Self::read(Bytes::Owned(bytes), false).expect("what was just built has its head")
    }

    fn read(bytes: Bytes, thorough: bool) -> Result<Self, &'static str> {
        let all = bytes.all();
        let head = all.get(..HEAD).ok_or("shorter than its head")?;
        if !head.starts_with(MAGIC) {
            return Err("of another form");
        }
        let (summed, sum) = head
            .split_last_chunk::<4>()
            .ok_or("shorter than its head")?;
        if crc32fast::hash(summed) != u32::from_le_bytes(*sum) {
            return Err("its head is damaged");
        }
        let mut sections = [(0, 0); SECTIONS];
        for (at, section) in sections.iter_mut().enumerate() {
            let row = &summed[MAGIC.len() + at * 24..];
            let number = |from: usize| u64::from_le_bytes(std::array::from_fn(|n| row[from + n]));
            let (from, length) = (number(0) as usize, number(8) as usize);
            let content = from
                .checked_add(length)
                .and_then(|end| all.get(from..end))
                .ok_or("cut off")?;
            if thorough && crc32fast::hash(content) != number(16) as u32 {
                return Err("a section is damaged");
            }
            *section = (from, from + length);
        }
        let mut segment = Self {
            bytes,
            sections,
            band_bits: 0,
            list_bits: [0; 2],
            entries: Vec::new(),
        };
        let bits = |firsts: usize| firsts.saturating_sub(1).checked_ilog2().unwrap_or(0);
        segment.band_bits = bits(segment.numbers(section::BAND_FIRSTS).len() / BANDS);
        segment.list_bits =
            [section::SOUND, section::TEXT].map(|first| bits(segment.numbers(first).len()));
        segment.entries = segment
            .section(section::ENTRIES)
            .as_chunks::<ENTRY>()
            .0
            .iter()
            .map(Entry::read)
            .collect();
        Ok(segment)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.all()
    }

    fn section(&self, at: usize) -> &[u8] {
        let (from, to) = self.sections[at];
        &self.bytes.all()[from..to]
    }

    fn numbers(&self, at: usize) -> &[[u8; 4]] {
        self.section(at).as_chunks().0
    }

    /// How many fingerprints it has.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entry(&self, part: usize) -> Entry {
        self.entries[part]
    }

    /// Kept frames of a fingerprint, as a range of all.
    pub(crate) fn kept(&self, part: usize) -> std::ops::Range<usize> {
        let end = match self.entries.get(part + 1) {
            Some(next) => next.first_kept as usize,
            None => self.numbers(section::STARTS).len(),
        };
        self.entries[part].first_kept as usize..end
    }

    /// The fingerprint that a kept frame is of.
    pub(crate) fn part_of_kept(&self, kept: u32) -> usize {
        self.entries
            .partition_point(|entry| entry.first_kept <= kept)
            - 1
    }

    pub(crate) fn part_of_term(&self, term: u32) -> usize {
        self.entries
            .partition_point(|entry| entry.first_term <= term)
            - 1
    }

    pub(crate) fn part_of_token(&self, token: u32) -> usize {
        self.entries
            .partition_point(|entry| entry.first_token <= token)
            - 1
    }

    /// The frame, counted from its file's first, that a kept one begins at.
    pub(crate) fn start(&self, kept: usize) -> u32 {
        begins(&self.numbers(section::STARTS)[kept])
    }

    /// The words of a fingerprint's kept frames, which [`begins`] reads.
    pub(crate) fn starts(&self, part: usize) -> &[[u8; 4]] {
        &self.numbers(section::STARTS)[self.kept(part)]
    }

    /// All hashes that there are, frame by frame.
    pub(crate) fn codes(&self) -> &[[u8; 32]] {
        self.section(section::CODES).as_chunks().0
    }

    fn first_code(&self, kept: usize) -> usize {
        match self.numbers(section::FIRST_CODES).get(kept) {
            Some(first) => u32::from_le_bytes(*first) as usize,
            None => self.codes().len(),
        }
    }

    /// The hash of a kept frame's view; `None` if it is not stored, or the frame is blank.
    #[inline]
    pub(crate) fn code(&self, kept: usize, view: usize) -> Option<Code> {
        let has = views(&self.numbers(section::STARTS)[kept]);
        if has >> view & 1 == 0 {
            return None;
        }
        let before = (has & ((1 << view) - 1)).count_ones() as usize;
        let code = &self.codes()[self.first_code(kept) + before];
        Some(Code::from_bytes(code))
    }

    /// The kept frame and the view that a hash is of.
    pub(crate) fn place_of(&self, code: u32) -> (u32, usize) {
        let firsts = self.numbers(section::FIRST_CODES);
        let kept = firsts.partition_point(|first| u32::from_le_bytes(*first) <= code) - 1;
        let before = code as usize - self.first_code(kept);
        let has = views(&self.numbers(section::STARTS)[kept]);
        let mut present = (0..VIEWS).filter(|view| has >> view & 1 == 1);
        let view = present
            .nth(before)
            .expect("a hash belongs to a view of its frame");
        (kept as u32, view)
    }

    pub(crate) fn terms(&self, part: usize) -> &[[u8; 4]] {
        let entry = self.entries[part];
        &self.numbers(section::TERMS)[entry.first_term as usize..][..entry.terms as usize]
    }

    pub(crate) fn tokens(&self, part: usize) -> &[[u8; 4]] {
        let entry = self.entries[part];
        &self.numbers(section::TOKENS)[entry.first_token as usize..][..entry.tokens as usize]
    }

    /// The piece of a token and its bytes there.
    pub(crate) fn token_place(&self, part: usize, token: usize) -> [u32; 3] {
        let first = self.entries[part].first_token as usize;
        let place = self.section(section::TOKEN_PLACES).as_chunks::<12>().0[first + token];
        let (numbers, _) = place.as_chunks::<4>();
        [0, 1, 2].map(|at: usize| u32::from_le_bytes(numbers[at]))
    }

    pub(crate) fn part(&self, part: usize) -> Part<'_> {
        let entry = self.entries[part];
        let kept = self.kept(part);
        let first = entry.first_token as usize;
        let places = self.section(section::TOKEN_PLACES).as_chunks().0;
        let codes = self.first_code(kept.start)..self.first_code(kept.end);
        Part {
            id: entry.id,
            millis: entry.millis,
            frames: entry.frames,
            starts: Cow::Borrowed(self.starts(part)),
            codes: Cow::Borrowed(&self.codes()[codes]),
            terms: Cow::Borrowed(self.terms(part)),
            tokens: Cow::Borrowed(self.tokens(part)),
            places: Cow::Borrowed(&places[first..first + entry.tokens as usize]),
        }
    }

    /// Finds hashes within the radius: their places among all, with their distance, ascending.
    pub(crate) fn probe(&self, code: &Code, reach: Reach, found: &mut Vec<(u32, u32)>) {
        let firsts = self.numbers(section::BAND_FIRSTS);
        if firsts.is_empty() {
            return;
        }
        let all = self.codes();
        let in_band = all.len();
        let all_checks = self.section(section::BAND_CHECKS).as_chunks::<2>().0;
        // Lists are seldom in the cache: what is read in one step was asked for in the one before.
        let keys = self.keys(code, reach);
        for (band, key) in &keys {
            prefetch(&firsts[band * self.list_stride() + key]);
        }
        let ranges: Vec<(usize, usize, usize)> = keys
            .into_iter()
            .map(|(band, key)| {
                let firsts = &firsts[band * self.list_stride() + key..][..2];
                let [from, to] = [0, 1].map(|at: usize| u32::from_le_bytes(firsts[at]) as usize);
                let checks = &all_checks[band * in_band..][from..to];
                checks.iter().step_by(LINE / 2).for_each(prefetch);
                (band, from, to)
            })
            .collect();
        let places = self.section(section::BAND_CODES);
        let width = place_bytes(in_band);
        let mut near = Vec::new();
        let mut candidates = Vec::new();
        for (band, from, to) in ranges {
            let checks = &all_checks[band * in_band..][from..to];
            near.clear();
            near_checks(checks, 0, code.check(band), reach.checked, &mut near);
            candidates.extend(near.iter().map(|at| {
                let listed = band * in_band + from + *at as usize;
                prefetch(&places[listed * width]);
                listed
            }));
        }
        near.clear();
        near.extend(candidates.into_iter().map(|listed| {
            let place = self.listed_code(listed);
            prefetch(&all[place as usize]);
            place
        }));
        let before = found.len();
        near_codes(all, &near, code, reach.radius, found);
        found[before..].sort_unstable();
        found.dedup();
    }

    /// Numbers in a band's table of lists.
    fn list_stride(&self) -> usize {
        (1 << self.band_bits) + 1
    }

    /// Which lists are read for a hash, as bands and keys in them.
    fn keys(&self, code: &Code, reach: Reach) -> Vec<(usize, usize)> {
        let in_band = |band: usize| {
            let key = usize::from(code.band(band)) >> (16 - self.band_bits);
            let flipped = (0..self.band_bits).map(move |bit| key ^ (1 << bit));
            std::iter::once(key)
                .chain(flipped.filter(move |_| reach.flips))
                .map(move |key| (band, key))
        };
        let bands = (reach.turn..BANDS).step_by(reach.turns);
        bands.flat_map(in_band).collect()
    }

    #[inline]
    fn listed_code(&self, at: usize) -> u32 {
        let places = self.section(section::BAND_CODES);
        match place_bytes(self.codes().len()) {
            3 => {
                let place = places.as_chunks::<3>().0[at];
                u32::from_le_bytes([place[0], place[1], place[2], 0])
            }
            _ => u32::from_le_bytes(places.as_chunks::<4>().0[at]),
        }
    }

    /// How many entries the lists of a kind have altogether.
    pub(crate) fn listed(&self, lists: Lists) -> usize {
        self.numbers(lists.section() + 1).len()
    }

    /// All places of a term.
    pub(crate) fn places(&self, lists: Lists, term: u32) -> &[[u8; 4]] {
        let section = lists.section();
        let firsts = self.numbers(section);
        if firsts.is_empty() {
            return &[];
        }
        let bits = self.list_bits[lists as usize];
        let key = (u64::from(term) >> (32 - bits)) as usize;
        let [from, to] = [key, key + 1].map(|key| u32::from_le_bytes(firsts[key]) as usize);
        let terms = &self.numbers(section + 1)[from..to];
        let low = terms.partition_point(|other| u32::from_le_bytes(*other) < term);
        let count = terms[low..].partition_point(|other| u32::from_le_bytes(*other) == term);
        &self.numbers(section + 2)[from + low..][..count]
    }
}

impl Lists {
    pub(super) fn section(self) -> usize {
        match self {
            Self::Sound => section::SOUND,
            Self::Text => section::TEXT,
        }
    }
}

impl Bytes {
    fn all(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Entry {
    fn read(bytes: &[u8; ENTRY]) -> Self {
        let (longs, _) = bytes.as_chunks::<8>();
        let (shorts, _) = bytes[16..].as_chunks::<4>();
        let short = |at: usize| u32::from_le_bytes(shorts[at]);
        Self {
            id: u64::from_le_bytes(longs[0]),
            millis: u64::from_le_bytes(longs[1]),
            frames: short(0),
            first_kept: short(1),
            first_term: short(2),
            terms: short(3),
            first_token: short(4),
            tokens: short(5),
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let longs = [self.id, self.millis]
            .into_iter()
            .flat_map(u64::to_le_bytes);
        let shorts = [
            self.frames,
            self.first_kept,
            self.first_term,
            self.terms,
            self.first_token,
            self.tokens,
        ];
        longs
            .chain(shorts.into_iter().flat_map(u32::to_le_bytes))
            .collect()
    }
}

impl Part<'static> {
    pub(super) fn of(id: u64, print: &Fingerprint) -> Self {
        let video = print.video.clone().unwrap_or_default();
        let audio = print.audio.clone().unwrap_or_default();
        let tokens = print
            .text
            .as_ref()
            .map(|text| text.tokens())
            .unwrap_or_default();
        let place = |numbers: [u32; 3]| {
            let mut bytes = [0; 12];
            for (chunk, number) in bytes.chunks_exact_mut(4).zip(numbers) {
                chunk.copy_from_slice(&number.to_le_bytes());
            }
            bytes
        };
        Self {
            id,
            millis: audio.millis,
            frames: video.frames,
            starts: video
                .starts
                .iter()
                .zip(&video.codes)
                .map(|(start, codes)| word(*start, codes).to_le_bytes())
                .collect(),
            codes: video
                .codes
                .iter()
                .flatten()
                .filter(|code| !code.is_none())
                .map(|code| code.to_bytes())
                .collect(),
            terms: audio.terms.iter().map(|term| term.to_le_bytes()).collect(),
            tokens: tokens
                .iter()
                .map(|token| token.hash.to_le_bytes())
                .collect(),
            places: tokens
                .iter()
                .map(|token| place([token.piece, token.from, token.to]))
                .collect(),
        }
    }
}

/// A kept frame's word.
fn word(start: u32, codes: &[Code; VIEWS]) -> u32 {
    let has: u32 = (0..VIEWS)
        .map(|view| u32::from(!codes[view].is_none()) << view)
        .sum();
    has << START_BITS | start
}
