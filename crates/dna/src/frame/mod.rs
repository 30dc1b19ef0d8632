//! Small grey pictures, and the hashes of parts of them.

pub(crate) mod border;
pub(crate) mod dct;

use crate::params::GREY_SIDE;

/// A picture of `GREY_SIDE` by `GREY_SIDE` grey levels, row by row.
#[derive(Clone)]
pub struct Grey(pub(crate) Vec<u8>);

/// The bytes are not one frame.
#[derive(Debug, thiserror::Error)]
#[error("a frame has {got} bytes instead of {}", GREY_SIDE * GREY_SIDE)]
pub struct FrameError {
    got: usize,
}

/// A part of a picture, in pixels; ends are exclusive and need not be whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) right: f32,
    pub(crate) bottom: f32,
}

impl Grey {
    pub fn new(pixels: Vec<u8>) -> Result<Self, FrameError> {
        match pixels.len() == GREY_SIDE * GREY_SIDE {
            true => Ok(Self(pixels)),
            false => Err(FrameError { got: pixels.len() }),
        }
    }

    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.0[y * GREY_SIDE..][..GREY_SIDE]
    }

    /// The mean difference of its pixels from another's.
    pub(crate) fn difference(&self, other: &Self) -> u32 {
        let pairs = self.0.iter().zip(&other.0);
        let sum: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        sum / (GREY_SIDE * GREY_SIDE) as u32
    }
}

impl Rect {
    pub(crate) const WHOLE: Self = Self {
        left: 0.0,
        top: 0.0,
        right: GREY_SIDE as f32,
        bottom: GREY_SIDE as f32,
    };

    /// Its middle, `share` of its width and height.
    pub(crate) fn middle(&self, share: f32) -> Self {
        let x = (self.right - self.left) * (1.0 - share) / 2.0;
        let y = (self.bottom - self.top) * (1.0 - share) / 2.0;
        Self {
            left: self.left + x,
            top: self.top + y,
            right: self.right - x,
            bottom: self.bottom - y,
        }
    }

    /// A part of it, ends as shares of its width and height.
    pub(crate) fn part(&self, across: (f32, f32), down: (f32, f32)) -> Self {
        let (width, height) = (self.right - self.left, self.bottom - self.top);
        Self {
            left: self.left + width * across.0,
            top: self.top + height * down.0,
            right: self.left + width * across.1,
            bottom: self.top + height * down.1,
        }
    }

    /// Whether no side is further away than `pixels`.
    pub(crate) fn is_about(&self, other: &Self, pixels: f32) -> bool {
        let near = |a: f32, b: f32| (a - b).abs() <= pixels;
        near(self.left, other.left)
            && near(self.top, other.top)
            && near(self.right, other.right)
            && near(self.bottom, other.bottom)
    }
}
