//! From a part of a picture to its hash: 64 by 64 means, their 16 by 16 lowest frequencies, cut at the median.

use std::sync::LazyLock;

use crate::code::Code;
use crate::frame::{Grey, Rect};
use crate::params::GREY_SIDE;

/// Side of the tile that is transformed.
const TILE: usize = 64;
/// Frequencies that are kept in each direction. The constant one is left out, for it is brightness alone.
const KEPT: usize = 16;
const BITS: usize = KEPT * KEPT;

/// The lowest frequencies of a tile, the vertical ones in rows.
pub(crate) struct Spectrum([f32; BITS]);

/// How a picture is turned before it is hashed; the frequencies know without looking at the picture again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) mirrored: bool,
    pub(crate) flipped: bool,
    pub(crate) transposed: bool,
}

impl Turn {
    pub(crate) const NONE: Self = Self {
        mirrored: false,
        flipped: false,
        transposed: false,
    };
    pub(crate) const MIRRORED: Self = Self {
        mirrored: true,
        ..Self::NONE
    };

    /// All eight, the untouched one first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..8).map(|bits| Self {
            mirrored: bits & 1 != 0,
            flipped: bits & 2 != 0,
            transposed: bits & 4 != 0,
        })
    }
}

static BASIS: LazyLock<Vec<[f32; TILE]>> = LazyLock::new(|| {
    let step = std::f32::consts::PI / TILE as f32;
    (1..=KEPT)
        .map(|frequency| {
            std::array::from_fn(|at| (step * frequency as f32 * (at as f32 + 0.5)).cos())
        })
        .collect()
});

/// The same by place, with all frequencies of a place side by side.
static ACROSS: LazyLock<[[f32; KEPT]; TILE]> = LazyLock::new(|| {
    std::array::from_fn(|at| std::array::from_fn(|frequency| BASIS[frequency][at]))
});

/// Where each frequency's bit goes. Neighbouring frequencies change together, so a band takes its bits from all over.
static PLACES: LazyLock<[u8; BITS]> = LazyLock::new(|| {
    let mut places: [u8; BITS] = std::array::from_fn(|at| at as u8);
    // Part of the stored form: a generator of our own, so that no library's next version changes it.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for last in (1..BITS).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        places.swap(last, (state % (last as u64 + 1)) as usize);
    }
    places
});

/// Looks at a part of a picture: its frequencies, and how much detail it has, from 0 to 100.
pub(crate) fn look(grey: &Grey, part: Rect) -> (Spectrum, u32) {
    let tile = tile(grey, part);
    let quality = quality(&tile);
    (spectrum(&tile), quality)
}

/// Looks at the middle of a picture, `share` of it, as it would be when turned by `degrees`; `aspect` is its width by its
/// height before it was made square. For small angles only: their cosine is taken to be 1.
pub(crate) fn look_turned(grey: &Grey, part: Rect, degrees: f32, aspect: f32) -> Spectrum {
    let sine = degrees.to_radians().sin();
    let (across, down) = (part.right - part.left, part.bottom - part.top);
    let middle = (
        (part.left + part.right) / 2.0,
        (part.top + part.bottom) / 2.0,
    );
    let step = |at: usize| (at as f32 + 0.5) / TILE as f32 - 0.5;
    let last = (GREY_SIDE - 1) as f32 - 0.001;
    let mut tile = vec![0.0; TILE * TILE];
    for (at, value) in tile.iter_mut().enumerate() {
        let (u, v) = (step(at % TILE) * across, step(at / TILE) * down);
        let x = (middle.0 + u - v * sine / aspect - 0.5).clamp(0.0, last);
        let y = (middle.1 + v + u * sine * aspect - 0.5).clamp(0.0, last);
        let (left, top) = (x as usize, y as usize);
        let (right, below) = (x.fract(), y.fract());
        let pixel = |x: usize, y: usize| f32::from(grey.0[y * GREY_SIDE + x]);
        let upper = pixel(left, top) * (1.0 - right) + pixel(left + 1, top) * right;
        let lower = pixel(left, top + 1) * (1.0 - right) + pixel(left + 1, top + 1) * right;
        *value = upper * (1.0 - below) + lower * below;
    }
    spectrum(&tile)
}

/// Most source pixels that one of the tile's pixels covers, in one direction.
const COVERED: usize = 4;

/// For each of the tile's pixels in one direction: the first source pixel, and the weights from there on.
struct Taps {
    firsts: [usize; TILE],
    weights: [[f32; COVERED]; TILE],
}

/// Scales by area: each of the tile's pixels is the mean of what it covers.
fn tile(grey: &Grey, part: Rect) -> Vec<f32> {
    let columns = taps(part.left, part.right);
    let rows = taps(part.top, part.bottom);
    let mut tile = vec![0.0; TILE * TILE];
    for (at, line) in tile.chunks_exact_mut(TILE).enumerate() {
        // Rows first, since whole rows are added quickly.
        let mut wide = [0.0_f32; GREY_SIDE];
        for (y, weight) in (rows.firsts[at]..).zip(rows.weights[at]) {
            let row: &[u8; GREY_SIDE] = grey.row(y).try_into().expect("a row is as wide as that");
            for (sum, pixel) in wide.iter_mut().zip(row) {
                *sum += f32::from(*pixel) * weight;
            }
        }
        for (out, (first, weights)) in line
            .iter_mut()
            .zip(columns.firsts.iter().zip(&columns.weights))
        {
            let covered = &wide[*first..*first + COVERED];
            *out = (covered[0] * weights[0] + covered[1] * weights[1])
                + (covered[2] * weights[2] + covered[3] * weights[3]);
        }
    }
    tile
}

fn taps(from: f32, to: f32) -> Taps {
    let from = from.clamp(0.0, GREY_SIDE as f32 - 2.0);
    let to = to.clamp(from + 2.0, GREY_SIDE as f32);
    let step = (to - from) / TILE as f32;
    let mut taps = Taps {
        firsts: [0; TILE],
        weights: [[0.0; COVERED]; TILE],
    };
    for at in 0..TILE {
        let low = from + at as f32 * step;
        let high = (low + step).min(GREY_SIDE as f32);
        // Always four source pixels, those that are not covered with no weight.
        let first = (low as usize).min(GREY_SIDE - COVERED);
        let weights = &mut taps.weights[at];
        for (weight, pixel) in weights.iter_mut().zip(first..) {
            *weight = (high.min(pixel as f32 + 1.0) - low.max(pixel as f32)).max(0.0);
        }
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        taps.firsts[at] = first;
    }
    taps
}

/// How much neighbouring pixels differ altogether; flat pictures have little of it.
fn quality(tile: &[f32]) -> u32 {
    let steps = |a: f32, b: f32| ((a - b).abs() * 100.0 / 255.0) as u32;
    let across: u32 = tile
        .chunks_exact(TILE)
        .flat_map(|line| line.windows(2).map(move |pair| steps(pair[0], pair[1])))
        .sum();
    let down: u32 = tile
        .iter()
        .zip(&tile[TILE..])
        .map(|(above, below)| steps(*above, *below))
        .sum();
    ((across + down) / 90).min(100)
}

fn spectrum(tile: &[f32]) -> Spectrum {
    // A cosine is the same, or the same with the other sign, seen from the other end: half of the products are enough.
    let mut rows = [[0.0_f32; TILE]; KEPT];
    for at in 0..TILE / 2 {
        let near = &tile[at * TILE..][..TILE];
        let far = &tile[(TILE - 1 - at) * TILE..][..TILE];
        let (mut sums, mut differences) = ([0.0_f32; TILE], [0.0_f32; TILE]);
        for x in 0..TILE {
            sums[x] = near[x] + far[x];
            differences[x] = near[x] - far[x];
        }
        for (number, (row, basis)) in rows.iter_mut().zip(BASIS.iter()).enumerate() {
            // The first of them is an odd frequency.
            let folded = if number % 2 == 0 { &differences } else { &sums };
            for (out, value) in row.iter_mut().zip(folded) {
                *out += value * basis[at];
            }
        }
    }
    let mut kept = [0.0; BITS];
    for (out, row) in kept.chunks_exact_mut(KEPT).zip(&rows) {
        for (value, weights) in row.iter().zip(ACROSS.iter()) {
            for (sum, weight) in out.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
    }
    Spectrum(kept)
}

impl Spectrum {
    /// The hash of the picture as it would be when turned.
    pub(crate) fn code(&self, turn: Turn) -> Code {
        let mut values = [0.0_f32; BITS];
        for (at, value) in values.iter_mut().enumerate() {
            let (row, column) = (at / KEPT, at % KEPT);
            let from = match turn.transposed {
                true => column * KEPT + row,
                false => at,
            };
            // Place 0 is the first frequency, which changes its sign when mirrored, as all odd ones do.
            let negative = (turn.mirrored && column % 2 == 0) != (turn.flipped && row % 2 == 0);
            *value = match negative {
                true => -self.0[from],
                false => self.0[from],
            };
        }
        let mut sorted = values;
        let (_, median, _) = sorted.select_nth_unstable_by(BITS / 2, f32::total_cmp);
        let mut words = [0_u64; 4];
        for (value, place) in values.iter().zip(PLACES.iter()) {
            if *value > *median {
                words[usize::from(place / 64)] |= 1 << (place % 64);
            }
        }
        // All zeros is how a blank frame is stored.
        match words == [0; 4] {
            true => Code([1, 0, 0, 0]),
            false => Code(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture with detail, made of a few waves.
    pub(crate) fn picture(seed: u64) -> Grey {
        let mut random = fastrand::Rng::with_seed(seed);
        let waves: Vec<[f32; 4]> = (0..24).map(|_| [0; 4].map(|_: i32| random.f32())).collect();
        let level = |x: f32, y: f32| {
            let sum: f32 = waves
                .iter()
                .map(|[a, b, c, d]| (a * 0.4 * x + (b - 0.5) * 0.5 * y + c * 6.3).sin() * d)
                .sum();
            (128.0 + sum * 16.0).clamp(0.0, 255.0) as u8
        };
        let pixels = (0..GREY_SIDE * GREY_SIDE)
            .map(|at| level((at % GREY_SIDE) as f32, (at / GREY_SIDE) as f32));
        Grey(pixels.collect())
    }

    fn turned(grey: &Grey, from: impl Fn(usize, usize) -> (usize, usize)) -> Grey {
        let pixel = |at: usize| {
            let (x, y) = from(at % GREY_SIDE, at / GREY_SIDE);
            grey.0[y * GREY_SIDE + x]
        };
        Grey((0..GREY_SIDE * GREY_SIDE).map(pixel).collect())
    }

    fn code(grey: &Grey, turn: Turn) -> Code {
        look(grey, Rect::WHOLE).0.code(turn)
    }

    #[test]
    fn turning_the_frequencies_is_turning_the_picture() {
        let last = GREY_SIDE - 1;
        for seed in 0..5 {
            let grey = picture(seed);
            let mirrored = turned(&grey, |x, y| (last - x, y));
            let flipped = turned(&grey, |x, y| (x, last - y));
            let transposed = turned(&grey, |x, y| (y, x));
            let rotated = turned(&grey, |x, y| (y, last - x));
            let rotation = Turn {
                transposed: true,
                mirrored: true,
                flipped: false,
            };
            let upside_down = Turn {
                flipped: true,
                ..Turn::NONE
            };
            let swapped = Turn {
                transposed: true,
                ..Turn::NONE
            };
            for (picture, turn) in [
                (mirrored, Turn::MIRRORED),
                (flipped, upside_down),
                (transposed, swapped),
                (rotated, rotation),
            ] {
                let near = Turn::all()
                    .map(|any| (code(&grey, any).distance(&code(&picture, Turn::NONE)), any))
                    .min_by_key(|(distance, _)| *distance)
                    .unwrap();
                assert!(near.0 <= 4, "{near:?} for {turn:?}");
                assert!(code(&grey, Turn::NONE).distance(&code(&picture, Turn::NONE)) > 60);
            }
        }
    }

    #[test]
    fn brightness_and_contrast_change_few_bits_and_other_pictures_half_of_them() {
        let grey = picture(7);
        let dull = Grey(grey.0.iter().map(|level| level / 2 + 40).collect());
        let plain = code(&grey, Turn::NONE);
        assert!(plain.distance(&code(&dull, Turn::NONE)) <= 8);
        let other = code(&picture(8), Turn::NONE);
        assert!((80..=176).contains(&plain.distance(&other)));
    }

    #[test]
    fn flat_pictures_have_no_quality() {
        let flat = Grey(vec![90; GREY_SIDE * GREY_SIDE]);
        assert_eq!(look(&flat, Rect::WHOLE).1, 0);
        assert!(look(&picture(1), Rect::WHOLE).1 > 50);
    }
}
