//! Lays fingerprints out as a segment, reading each as often as needed so that little has to be in memory at once.

use std::io::{self, Cursor, Seek, SeekFrom, Write};

use crate::code::{BANDS, Code};
use crate::print::Fingerprint;
use crate::text::winnow;

use super::segment::{
    ENTRY, Entry, HEAD, Lists, MAGIC, Part, SECTIONS, Segment, place_bytes, section, views,
};

impl Segment {
    /// A segment in memory.
    pub(super) fn of(prints: &[(u64, Fingerprint)]) -> Self {
        let parts: Vec<Part<'_>> = prints
            .iter()
            .map(|(id, print)| Part::of(*id, print))
            .collect();
        Self::of_parts(&parts)
    }

    pub(super) fn of_parts(parts: &[Part<'_>]) -> Self {
        let mut bytes = Cursor::new(Vec::new());
        build(parts, &mut bytes).expect("writing to memory does not fail");
        Self::owned(bytes.into_inner())
    }
}

/// Sections that are written one after the other, or in turns, once their sizes are known.
struct Sections<'a, W> {
    out: &'a mut W,
    places: [(u64, u64); SECTIONS],
    written: [u64; SECTIONS],
    sums: [crc32fast::Hasher; SECTIONS],
}

impl<W: Write + Seek> Sections<'_, W> {
    fn append(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        let place = self.places[at].0 + self.written[at];
        self.out.seek(SeekFrom::Start(place))?;
        self.out.write_all(bytes)?;
        self.written[at] += bytes.len() as u64;
        self.sums[at].update(bytes);
        Ok(())
    }

    fn append_numbers(&mut self, at: usize, numbers: &[u32]) -> io::Result<()> {
        // In pieces, so that the bytes are not all there a second time.
        for piece in numbers.chunks(1 << 16) {
            let bytes: Vec<u8> = piece
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect();
            self.append(at, &bytes)?;
        }
        Ok(())
    }
}

/// Writes the segment of `parts`, its head last.
pub(super) fn build(parts: &[Part<'_>], out: &mut (impl Write + Seek)) -> io::Result<()> {
    let listed_codes: usize = parts.iter().map(|part| part.codes.len()).sum();
    let kept: usize = parts.iter().map(|part| part.starts.len()).sum();
    let terms: usize = parts.iter().map(|part| part.terms.len()).sum();
    let tokens: usize = parts.iter().map(|part| part.tokens.len()).sum();
    let text = text_terms(parts);
    let band_bits = bits(listed_codes).min(16);
    let (sound_bits, text_bits) = (bits(terms), bits(text.len()));
    let firsts = |count: usize, bits: u32| match count {
        0 => 0,
        _ => ((1_usize << bits) + 1) * 4,
    };
    let mut sizes = [0_usize; SECTIONS];
    sizes[section::ENTRIES] = parts.len() * ENTRY;
    sizes[section::STARTS] = kept * 4;
    sizes[section::CODES] = listed_codes * 32;
    sizes[section::FIRST_CODES] = kept * 4;
    sizes[section::BAND_FIRSTS] = firsts(listed_codes, band_bits) * BANDS;
    sizes[section::BAND_CODES] = listed_codes * BANDS * place_bytes(listed_codes);
    sizes[section::BAND_CHECKS] = listed_codes * BANDS * 2;
    sizes[section::TERMS] = terms * 4;
    sizes[section::TOKENS] = tokens * 4;
    sizes[section::TOKEN_PLACES] = tokens * 12;
    for (first, count, bits) in [
        (section::SOUND, terms, sound_bits),
        (section::TEXT, text.len(), text_bits),
    ] {
        sizes[first] = firsts(count, bits);
        sizes[first + 1] = count * 4;
        sizes[first + 2] = count * 4;
    }
    let mut next = HEAD as u64;
    let places = sizes.map(|size| {
        let place = (next, size as u64);
        next += size as u64;
        place
    });
    let mut sections = Sections {
        out,
        places,
        written: [0; SECTIONS],
        sums: std::array::from_fn(|_| crc32fast::Hasher::new()),
    };
    columns(parts, &mut sections)?;
    for band in 0..BANDS {
        if listed_codes > 0 {
            band_lists(parts, band, listed_codes, band_bits, &mut sections)?;
        }
    }
    let mut sound: Vec<(u32, u32)> = Vec::with_capacity(terms);
    let all = parts.iter().flat_map(|part| part.terms.iter());
    sound.extend(
        (0..)
            .zip(all)
            .map(|(at, term)| (u32::from_le_bytes(*term), at)),
    );
    term_lists(sound, Lists::Sound, sound_bits, &mut sections)?;
    term_lists(text, Lists::Text, text_bits, &mut sections)?;
    head(sections)
}

/// Lists of about eight entries.
fn bits(entries: usize) -> u32 {
    entries
        .checked_ilog2()
        .unwrap_or(0)
        .saturating_sub(3)
        .clamp(1, 22)
}

fn codes<'a>(part: &'a Part<'_>) -> impl Iterator<Item = Code> + 'a {
    part.codes.iter().map(Code::from_bytes)
}

fn text_terms(parts: &[Part<'_>]) -> Vec<(u32, u32)> {
    let mut first = 0;
    let mut all = Vec::new();
    for part in parts {
        let tokens: Vec<u32> = part
            .tokens
            .iter()
            .map(|token| u32::from_le_bytes(*token))
            .collect();
        all.extend(
            winnow(&tokens)
                .into_iter()
                .map(|(term, at)| (term, first + at)),
        );
        first += tokens.len() as u32;
    }
    all
}

fn columns(parts: &[Part<'_>], out: &mut Sections<'_, impl Write + Seek>) -> io::Result<()> {
    let mut entry = Entry {
        id: 0,
        millis: 0,
        frames: 0,
        first_kept: 0,
        first_term: 0,
        terms: 0,
        first_token: 0,
        tokens: 0,
    };
    let mut first_code = 0_u32;
    for part in parts {
        entry.id = part.id;
        entry.millis = part.millis;
        entry.frames = part.frames;
        entry.terms = part.terms.len() as u32;
        entry.tokens = part.tokens.len() as u32;
        out.append(section::ENTRIES, &entry.write())?;
        entry.first_kept += part.starts.len() as u32;
        entry.first_term += entry.terms;
        entry.first_token += entry.tokens;
        out.append(section::STARTS, part.starts.as_flattened())?;
        let firsts: Vec<u32> = part
            .starts
            .iter()
            .map(|word| {
                let first = first_code;
                first_code += views(word).count_ones();
                first
            })
            .collect();
        out.append_numbers(section::FIRST_CODES, &firsts)?;
        out.append(section::CODES, part.codes.as_flattened())?;
        out.append(section::TERMS, part.terms.as_flattened())?;
        out.append(section::TOKENS, part.tokens.as_flattened())?;
        out.append(section::TOKEN_PLACES, part.places.as_flattened())?;
    }
    Ok(())
}

/// Sorts all hashes by the first bits of one band.
fn band_lists(
    parts: &[Part<'_>],
    band: usize,
    count: usize,
    bits: u32,
    out: &mut Sections<'_, impl Write + Seek>,
) -> io::Result<()> {
    let key = |code: &Code| usize::from(code.band(band)) >> (16 - bits);
    let mut firsts = vec![0_u32; (1 << bits) + 1];
    for code in parts.iter().flat_map(codes) {
        firsts[key(&code) + 1] += 1;
    }
    for at in 1..firsts.len() {
        firsts[at] += firsts[at - 1];
    }
    out.append_numbers(section::BAND_FIRSTS, &firsts)?;
    let mut places = vec![0_u32; count];
    let mut checks = vec![[0_u8; 2]; count];
    for (at, code) in (0..).zip(parts.iter().flat_map(codes)) {
        let next = &mut firsts[key(&code)];
        places[*next as usize] = at;
        checks[*next as usize] = code.check(band).to_le_bytes();
        *next += 1;
    }
    let width = place_bytes(count);
    for piece in places.chunks(1 << 16) {
        let bytes: Vec<u8> = piece
            .iter()
            .flat_map(|place| place.to_le_bytes().into_iter().take(width))
            .collect();
        out.append(section::BAND_CODES, &bytes)?;
    }
    out.append(section::BAND_CHECKS, checks.as_flattened())
}

fn term_lists(
    mut terms: Vec<(u32, u32)>,
    lists: Lists,
    bits: u32,
    out: &mut Sections<'_, impl Write + Seek>,
) -> io::Result<()> {
    if terms.is_empty() {
        return Ok(());
    }
    terms.sort_unstable();
    let mut firsts = vec![0_u32; (1 << bits) + 1];
    for (term, _) in &terms {
        firsts[(term >> (32 - bits)) as usize + 1] += 1;
    }
    for at in 1..firsts.len() {
        firsts[at] += firsts[at - 1];
    }
    let section = lists.section();
    out.append_numbers(section, &firsts)?;
    let sorted: Vec<u32> = terms.iter().map(|(term, _)| *term).collect();
    out.append_numbers(section + 1, &sorted)?;
    let places: Vec<u32> = terms.iter().map(|(_, place)| *place).collect();
    out.append_numbers(section + 2, &places)
}

fn head(sections: Sections<'_, impl Write + Seek>) -> io::Result<()> {
    let mut head = MAGIC.to_vec();
    for ((place, size), sum) in sections.places.into_iter().zip(sections.sums) {
        head.extend(place.to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(u64::from(sum.finalize()).to_le_bytes());
    }
    head.extend(crc32fast::hash(&head).to_le_bytes());
    sections.out.seek(SeekFrom::Start(0))?;
    sections.out.write_all(&head)?;
    sections.out.flush()
}
