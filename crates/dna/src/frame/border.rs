//! The part of a picture that is no border, told from frames that belong together.

use crate::frame::{Grey, Rect};
use crate::params::{BORDER_SPREAD, GREY_SIDE, MIN_ACTIVE};

/// How far apart in time the levels of a pixel may be that stands still; encoders leave some noise.
const STILL: u8 = 6;

/// What is left of the picture when one-coloured borders are taken away, or the whole.
pub(crate) fn inside_flat<'a>(frames: impl Iterator<Item = &'a Grey> + Clone) -> Rect {
    let Some(first) = frames.clone().next() else {
        return Rect::WHOLE;
    };
    // A border has one colour for all its frames, that of the corner it begins in.
    let spread = i16::from(BORDER_SPREAD);
    let is_flat = |levels: &mut dyn Iterator<Item = u8>, colour: u8| {
        let mut outliers = 0;
        let mut count = 0;
        for level in levels {
            count += 1;
            outliers += usize::from((i16::from(level) - i16::from(colour)).abs() > spread);
        }
        outliers * 40 <= count
    };
    let last = GREY_SIDE - 1;
    let colours = (first.0[0], first.0[last * GREY_SIDE + last]);
    let row = |y: usize, colour: u8| {
        frames
            .clone()
            .all(|frame| is_flat(&mut frame.row(y).iter().copied(), colour))
    };
    let top = (0..GREY_SIDE).take_while(|y| row(*y, colours.0)).count();
    let bottom = (0..GREY_SIDE)
        .take_while(|y| row(last - y, colours.1))
        .count();
    if top + bottom >= GREY_SIDE {
        return Rect::WHOLE;
    }
    let rows = top..GREY_SIDE - bottom;
    let column = |x: usize, colour: u8| {
        frames.clone().all(|frame| {
            let mut levels = rows.clone().map(|y| frame.0[y * GREY_SIDE + x]);
            is_flat(&mut levels, colour)
        })
    };
    let left = (0..GREY_SIDE).take_while(|x| column(*x, colours.0)).count();
    let right = (0..GREY_SIDE)
        .take_while(|x| column(last - x, colours.1))
        .count();
    rect(left, top, right, bottom)
}

/// What is left when everything around it that stands still is taken away, or the whole.
pub(crate) fn inside_still(frames: &[Grey]) -> Rect {
    if frames.len() < 8 {
        return Rect::WHOLE;
    }
    let mut low = frames[0].0.clone();
    let mut high = low.clone();
    for frame in &frames[1..] {
        for ((low, high), level) in low.iter_mut().zip(&mut high).zip(&frame.0) {
            *low = (*low).min(*level);
            *high = (*high).max(*level);
        }
    }
    let moves: Vec<bool> = low.iter().zip(&high).map(|(l, h)| h - l > STILL).collect();
    let few = GREY_SIDE / 20;
    let row = |y: usize| {
        moves[y * GREY_SIDE..][..GREY_SIDE]
            .iter()
            .filter(|m| **m)
            .count()
            <= few
    };
    let column = |x: usize| {
        moves
            .iter()
            .skip(x)
            .step_by(GREY_SIDE)
            .filter(|m| **m)
            .count()
            <= few
    };
    let last = GREY_SIDE - 1;
    rect(
        (0..GREY_SIDE).take_while(|x| column(*x)).count(),
        (0..GREY_SIDE).take_while(|y| row(*y)).count(),
        (0..GREY_SIDE).take_while(|x| column(last - x)).count(),
        (0..GREY_SIDE).take_while(|y| row(last - y)).count(),
    )
}

/// Borders that leave too little are none: the picture is dark, or nothing moves in it.
fn rect(left: usize, top: usize, right: usize, bottom: usize) -> Rect {
    let least = (MIN_ACTIVE * GREY_SIDE as f32) as usize;
    let side = |near: usize, far: usize| match near + far + least <= GREY_SIDE {
        // The innermost row of a border is often half picture; the outermost one of the picture half border.
        true => (near as f32, (GREY_SIDE - far) as f32),
        false => (0.0, GREY_SIDE as f32),
    };
    let ((left, right), (top, bottom)) = (side(left, right), side(top, bottom));
    Rect {
        left,
        top,
        right,
        bottom,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(left: usize, top: usize, right: usize, bottom: usize, seed: u64) -> Grey {
        let mut random = fastrand::Rng::with_seed(seed);
        let pixels = (0..GREY_SIDE * GREY_SIDE).map(|at| {
            let (x, y) = (at % GREY_SIDE, at / GREY_SIDE);
            let inside =
                (left..GREY_SIDE - right).contains(&x) && (top..GREY_SIDE - bottom).contains(&y);
            match inside {
                true => random.u8(..),
                false => 16 + random.u8(..4),
            }
        });
        Grey(pixels.collect())
    }

    #[test]
    fn borders_are_found_on_each_side_for_itself() {
        let frames: Vec<Grey> = (0..10).map(|seed| framed(10, 20, 0, 5, seed)).collect();
        let expected = Rect {
            left: 10.0,
            top: 20.0,
            right: 128.0,
            bottom: 123.0,
        };
        assert_eq!(inside_flat(frames.iter()), expected);
        assert_eq!(inside_still(&frames), expected);
    }

    #[test]
    fn a_picture_without_borders_and_a_dark_one_stay_whole() {
        let full = framed(0, 0, 0, 0, 1);
        assert_eq!(inside_flat([&full].into_iter()), Rect::WHOLE);
        let dark = Grey(vec![16; GREY_SIDE * GREY_SIDE]);
        assert_eq!(inside_flat([&dark].into_iter()), Rect::WHOLE);
        assert_eq!(inside_still(&vec![dark; 10]), Rect::WHOLE);
        assert_eq!(inside_flat([].into_iter()), Rect::WHOLE);
    }
}
