//! From grey frames to what is stored of a video, and to what a query looks for.

mod kept;
mod parts;

use crate::code::Code;
use crate::frame::border::{inside_flat, inside_still};
use crate::frame::dct::{self, Turn};
use crate::frame::{FrameError, Grey, Rect};
use crate::params::{
    CUT, MIN_QUALITY, OFF_CENTRE, QUERY_BLOCK, QUERY_DENSITY, QUERY_VIEWS, REFERENCE_BLOCK,
    REFERENCE_VIEWS, SAME_FRAME, TURNED_ASPECTS, TURNED_BY, WIDE_EVERY,
};

/// Views that are stored of each frame.
pub const VIEWS: usize = REFERENCE_VIEWS.len();
/// Ways in which one crop of a query's frame is looked at: its views, each plain and mirrored.
pub(crate) const WAYS: usize = QUERY_VIEWS.len() * 2;
/// Further ways, in which a frame is looked at if those explain nothing: sides and corners, and turned, each plain and
/// mirrored. They are counted on from the others.
pub(crate) const WIDE_WAYS: usize =
    (OFF_CENTRE.len() * 8 + TURNED_BY.len() * TURNED_ASPECTS.len()) * 2;
/// What a query's picture may be taken to be: the whole, what borders leave, what moves.
pub(crate) const CROPS: usize = 3;

/// The frames of a video or a picture as they are stored: each stands until the next one begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoPrint {
    /// How many frames there are, at `FRAMES_PER_SECOND`.
    pub frames: u32,
    /// The number of the frame that each kept one begins at, ascending.
    pub starts: Vec<u32>,
    /// The hashes of each kept frame's views. Blank frames have none; only every second frame has those of the smaller
    /// views, which a query that looks twice as often finds all the same.
    pub codes: Vec<[Code; VIEWS]>,
}

/// A query's frames in every way they are looked at, `QUERY_DENSITY` of them for each that would be stored.
#[derive(Clone, Debug, Default)]
pub struct VideoQuery {
    codes: Vec<Code>,
    /// For each frame where its codes begin; no codes are a blank frame.
    firsts: Vec<u32>,
    /// For each frame which crops it has, the whole being the first bit.
    crops: Vec<u8>,
    /// The further ways of every `WIDE_EVERY`th frame; those of blank ones are none.
    wide: Vec<Code>,
}

/// Takes frames, in order, and gives back both.
pub struct VideoExtractor {
    block: Vec<Grey>,
    print: VideoPrint,
    shot: Vec<Grey>,
    query: Option<VideoQuery>,
    pushed: usize,
}

impl VideoExtractor {
    /// For storing only: takes `FRAMES_PER_SECOND`.
    pub fn to_store() -> Self {
        Self {
            block: Vec::new(),
            print: VideoPrint::default(),
            shot: Vec::new(),
            query: None,
            pushed: 0,
        }
    }

    /// For searching, and for storing as well: takes `QUERY_DENSITY` times as many.
    pub fn to_search() -> Self {
        Self {
            query: Some(VideoQuery::default()),
            ..Self::to_store()
        }
    }

    /// Takes the next frame.
    pub fn push(&mut self, pixels: Vec<u8>) -> Result<(), FrameError> {
        let grey = Grey::new(pixels)?;
        if self.query.is_some() {
            let is_cut = self
                .shot
                .last()
                .is_some_and(|last| last.difference(&grey) >= CUT);
            if is_cut || self.shot.len() == QUERY_BLOCK {
                self.end_shot();
            }
            self.shot.push(grey.clone());
        }
        let at = self.pushed;
        self.pushed += 1;
        if self.query.is_some() && !at.is_multiple_of(QUERY_DENSITY) {
            return Ok(());
        }
        self.block.push(grey);
        if self.block.len() == REFERENCE_BLOCK {
            self.end_block();
        }
        Ok(())
    }

    pub fn finish(mut self) -> (VideoPrint, Option<VideoQuery>) {
        self.end_block();
        self.end_shot();
        (self.print, self.query)
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        let inside = inside_flat(block.iter());
        for grey in &block {
            let views = if self.print.has_all_views() { VIEWS } else { 1 };
            self.print.push(stored(grey, inside, views));
        }
    }

    fn end_shot(&mut self) {
        let shot = std::mem::take(&mut self.shot);
        let Some(query) = &mut self.query else {
            return;
        };
        let flat = inside_flat(shot.iter());
        let still = inside_still(&shot);
        let mut crops = vec![(0_u8, Rect::WHOLE)];
        for (number, crop) in [(1, flat), (2, still)] {
            if crops.iter().all(|(_, other)| !crop.is_about(other, 1.5)) {
                crops.push((number, crop));
            }
        }
        for grey in &shot {
            query.push(grey, &crops);
        }
    }
}

/// The hashes of a frame's first stored views, or none if it is blank.
fn stored(grey: &Grey, inside: Rect, views: usize) -> [Code; VIEWS] {
    let mut codes = [Code::default(); VIEWS];
    for (code, share) in codes.iter_mut().zip(REFERENCE_VIEWS).take(views) {
        let (spectrum, quality) = dct::look(grey, inside.middle(share));
        if quality < MIN_QUALITY {
            return [Code::default(); VIEWS];
        }
        *code = spectrum.code(Turn::NONE);
    }
    codes
}

/// What the stored smaller views show of a picture that lost a part of some sides, or was turned, since.
fn wide_looks(grey: &Grey, inside: Rect) -> impl Iterator<Item = dct::Spectrum> {
    let off_centre = OFF_CENTRE.into_iter().flat_map(move |lost| {
        let left = 1.0 - lost;
        let ends = [
            (0.0, (left - lost) / left),
            (lost, left),
            (lost / left, 1.0),
        ];
        let all = ends.into_iter().flat_map(move |x| ends.map(|y| (x, y)));
        all.filter(move |both| *both != (ends[1], ends[1]))
            .map(move |(x, y)| dct::look(grey, inside.part(x, y)).0)
    });
    let smallest = REFERENCE_VIEWS[VIEWS - 1];
    let turned = TURNED_BY.into_iter().flat_map(move |degrees| {
        TURNED_ASPECTS
            .map(|aspect| dct::look_turned(grey, inside.middle(smallest), degrees, aspect))
    });
    off_centre.chain(turned)
}

impl VideoPrint {
    /// The print of a single picture.
    pub fn of_picture(pixels: Vec<u8>) -> Result<Self, FrameError> {
        let grey = Grey::new(pixels)?;
        let mut print = Self::default();
        print.push(stored(&grey, inside_flat([&grey].into_iter()), VIEWS));
        Ok(print)
    }

    /// Whether of the next frame all views are stored, or that of the whole alone.
    fn has_all_views(&self) -> bool {
        self.frames.is_multiple_of(2)
    }

    /// Appends a frame, which is kept if it differs from the last one that was.
    pub fn push(&mut self, mut codes: [Code; VIEWS]) {
        if !self.has_all_views() {
            codes[1..].fill(Code::default());
        }
        let both = |(a, b): &(&Code, &Code)| !a.is_none() && !b.is_none();
        match self.codes.last_mut() {
            Some(last)
                if last[0].is_none() == codes[0].is_none()
                    && last
                        .iter()
                        .zip(&codes)
                        .filter(both)
                        .all(|(a, b)| a.distance(b) <= SAME_FRAME) =>
            {
                // One that stands for long has its views from the first frame that brings them.
                for (kept, code) in last.iter_mut().zip(&codes) {
                    if kept.is_none() {
                        *kept = *code;
                    }
                }
            }
            _ => {
                self.starts.push(self.frames);
                self.codes.push(codes);
            }
        }
        self.frames += 1;
    }

    /// Whether no frame has a hash: nothing could ever match it.
    pub fn is_blank(&self) -> bool {
        self.codes.iter().all(|codes| codes[0].is_none())
    }
}

impl VideoQuery {
    fn push(&mut self, grey: &Grey, crops: &[(u8, Rect)]) {
        self.firsts.push(self.codes.len() as u32);
        let mut has = 0;
        for (number, crop) in crops {
            let looks: Vec<_> = QUERY_VIEWS
                .map(|share| dct::look(grey, crop.middle(share)))
                .into();
            if looks[0].1 < MIN_QUALITY {
                // Without the whole there is nothing to fall back on.
                if *number == 0 && crops.len() == 1 {
                    break;
                }
            }
            has |= 1 << number;
            for (spectrum, _) in &looks {
                self.codes.push(spectrum.code(Turn::NONE));
                self.codes.push(spectrum.code(Turn::MIRRORED));
            }
        }
        if self.crops.len().is_multiple_of(WIDE_EVERY) {
            let first = self.wide.len();
            if has != 0 {
                let inside = crops.iter().find(|(number, _)| *number == 1);
                let inside = inside.map_or(Rect::WHOLE, |(_, crop)| *crop);
                let looks = wide_looks(grey, inside);
                self.wide.extend(looks.flat_map(|spectrum| {
                    [Turn::NONE, Turn::MIRRORED].map(|turn| spectrum.code(turn))
                }));
            }
            self.wide.resize(first + WIDE_WAYS, Code::default());
        }
        self.crops.push(has);
    }

    /// A query whose frames look the same however they are cropped, and like nothing when mirrored; for tests and figures.
    pub fn of_codes(codes: impl IntoIterator<Item = Code>) -> Self {
        let mut query = Self::default();
        for code in codes {
            query.firsts.push(query.codes.len() as u32);
            query.crops.push(u8::from(!code.is_none()));
            if !code.is_none() {
                let mirrored = Code(code.0.map(|word| word ^ 0x5A3C_96E1_A5C3_691E));
                let both = [code, mirrored].into_iter().cycle();
                query.codes.extend(both.clone().take(WAYS));
                if (query.crops.len() - 1).is_multiple_of(WIDE_EVERY) {
                    query.wide.extend(both.take(WIDE_WAYS));
                }
            } else if (query.crops.len() - 1).is_multiple_of(WIDE_EVERY) {
                query.wide.extend([Code::default(); WIDE_WAYS]);
            }
        }
        query
    }

    /// How many frames there would be at `FRAMES_PER_SECOND`.
    pub fn len(&self) -> usize {
        self.firsts.len().div_ceil(QUERY_DENSITY)
    }

    /// How many there are.
    pub(crate) fn frames(&self) -> usize {
        self.firsts.len()
    }

    /// The frames within an eighth of a second of a slot's time.
    pub(crate) fn around(&self, slot: usize) -> std::ops::Range<usize> {
        let middle = slot * QUERY_DENSITY;
        middle.saturating_sub(QUERY_DENSITY / 2)
            ..(middle + QUERY_DENSITY / 2 + 1).min(self.frames())
    }

    pub fn is_empty(&self) -> bool {
        self.firsts.is_empty()
    }

    /// Whether the frame was looked at in this crop.
    pub(crate) fn has(&self, frame: usize, crop: usize) -> bool {
        self.crops[frame] & (1 << crop) != 0
    }

    /// A frame's hash in a crop and a way. A crop that it lacks is the whole of it.
    #[inline]
    pub(crate) fn code(&self, frame: usize, crop: usize, way: usize) -> Option<Code> {
        let has = self.crops[frame];
        if has == 0 {
            return None;
        }
        if way >= WAYS {
            // They are of one crop, the whole or what borders leave.
            let is_there = crop == 0 && frame.is_multiple_of(WIDE_EVERY);
            return is_there.then(|| self.wide[frame / WIDE_EVERY * WIDE_WAYS + way - WAYS]);
        }
        let crop = if has & (1 << crop) == 0 { 0 } else { crop };
        let before = (has & ((1 << crop) - 1)).count_ones() as usize;
        let first = self.firsts[frame] as usize;
        Some(self.codes[first + before * WAYS + way])
    }
}

/// A picture's hashes as a query: its crops, views and turns.
#[derive(Clone, Debug, Default)]
pub struct PictureQuery {
    pub(crate) codes: Vec<(Code, bool)>,
}

impl PictureQuery {
    pub fn new(pixels: Vec<u8>) -> Result<Self, FrameError> {
        let grey = Grey::new(pixels)?;
        let inside = inside_flat([&grey].into_iter());
        let mut crops = vec![Rect::WHOLE];
        if !inside.is_about(&Rect::WHOLE, 1.5) {
            crops.push(inside);
        }
        let mut codes = Vec::new();
        for crop in crops {
            for share in QUERY_VIEWS {
                let (spectrum, quality) = dct::look(&grey, crop.middle(share));
                if quality >= MIN_QUALITY {
                    codes.extend(Turn::all().map(|turn| (spectrum.code(turn), turn.mirrored)));
                }
            }
        }
        Ok(Self { codes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::GREY_SIDE;

    fn noise(seed: u64, border: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        let coarse: Vec<u8> = (0..256).map(|_| random.u8(..)).collect();
        let inside = border..GREY_SIDE - border;
        (0..GREY_SIDE * GREY_SIDE)
            .map(|at| {
                let (x, y) = (at % GREY_SIDE, at / GREY_SIDE);
                let scaled = |v: usize| (v - border) * 16 / (GREY_SIDE - 2 * border);
                match inside.contains(&x) && inside.contains(&y) {
                    true => coarse[scaled(y) * 16 + scaled(x)],
                    false => 0,
                }
            })
            .collect()
    }

    #[test]
    fn frames_that_stand_still_are_kept_once_and_blank_ones_have_no_hash() {
        let mut extractor = VideoExtractor::to_search();
        for seed in [1, 1, 1, 2]
            .into_iter()
            .flat_map(|seed| [seed; QUERY_DENSITY])
        {
            extractor.push(noise(seed, 0)).unwrap();
        }
        for _ in 0..QUERY_DENSITY {
            extractor.push(vec![30; GREY_SIDE * GREY_SIDE]).unwrap();
        }
        let (print, query) = extractor.finish();
        assert_eq!((print.frames, &print.starts[..]), (5, &[0, 3, 4][..]));
        assert!(!print.codes[1][0].is_none() && print.codes[2][0].is_none());
        let query = query.unwrap();
        assert_eq!(query.len(), 5);
        assert_eq!(query.code(0, 0, 0), Some(print.codes[0][0]));
        assert_eq!(query.code(0, 2, 0), query.code(0, 0, 0));
        assert_eq!(query.code(4 * QUERY_DENSITY, 0, 0), None);
    }

    #[test]
    fn a_picture_with_borders_is_the_one_without_to_store_and_to_search() {
        let mut plain = VideoExtractor::to_search();
        let mut framed = VideoExtractor::to_search();
        for seed in (0..12).flat_map(|seed| [seed; QUERY_DENSITY]) {
            plain.push(noise(seed, 0)).unwrap();
            framed.push(noise(seed, 16)).unwrap();
        }
        let (plain, _) = plain.finish();
        let (framed, query) = framed.finish();
        let query = query.unwrap();
        for at in 0..12 {
            assert!(plain.codes[at][0].distance(&framed.codes[at][0]) < 30);
            let inside = query.code(at * QUERY_DENSITY, 1, 0).unwrap();
            assert!(plain.codes[at][0].distance(&inside) < 30);
            assert!(
                plain.codes[at][0].distance(&query.code(at * QUERY_DENSITY, 0, 0).unwrap()) > 60
            );
        }
    }

    #[test]
    fn a_frame_of_another_size_is_refused() {
        let error = VideoExtractor::to_store().push(vec![0; 5]).unwrap_err();
        assert_eq!(error.to_string(), "a frame has 5 bytes instead of 16384");
    }
}
