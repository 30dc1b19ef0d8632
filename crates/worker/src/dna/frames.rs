//! Frames as they come from FFmpeg: what is stored of them, and what is looked for, in windows that go to the disk.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use reelgate_dna::params::{FRAMES_PER_SECOND, GREY_SIDE, QUERY_DENSITY};
use reelgate_dna::{VideoExtractor, VideoPrint};

const FRAME_BYTES: usize = GREY_SIDE * GREY_SIDE;
/// Frames that a query takes in a second.
pub(super) const DENSE: usize = FRAMES_PER_SECOND as usize * QUERY_DENSITY;
/// How long a window is. Its hashes take up to 17 MB.
const WINDOW_SECONDS: usize = 600;
/// How much of its end is in the next one too: a run that goes on there is found in both.
const OVERLAP_SECONDS: usize = 30;
const WINDOW: usize = WINDOW_SECONDS * DENSE;
const STEP: usize = (WINDOW_SECONDS - OVERLAP_SECONDS) * DENSE;

/// A part of a query that is in a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    /// Where it begins in the input.
    pub(super) seconds: f64,
    pub(super) path: PathBuf,
}

/// Takes frames: `DENSE` a second if it is to search, else `FRAMES_PER_SECOND`.
pub(super) struct Frames {
    pushed: usize,
    print: VideoExtractor,
    search: Option<Windows>,
}

struct Windows {
    dir: PathBuf,
    /// Where each begins, and what it has come to.
    open: VecDeque<(usize, VideoExtractor)>,
    closed: Vec<Window>,
}

/// What became of the frames.
pub(super) struct TakenFrames {
    pub(super) frames: usize,
    pub(super) print: VideoPrint,
    pub(super) windows: Vec<Window>,
}

impl Frames {
    /// `dir` is where windows go, if it is to search.
    pub(super) fn new(dir: Option<&Path>) -> Self {
        Self {
            pushed: 0,
            print: VideoExtractor::to_store(),
            search: dir.map(|dir| Windows {
                dir: dir.to_owned(),
                open: VecDeque::new(),
                closed: Vec::new(),
            }),
        }
    }

    /// Takes all frames that there are.
    pub(super) fn take(mut self, from: &mut impl Read) -> io::Result<TakenFrames> {
        loop {
            let mut frame = Vec::with_capacity(FRAME_BYTES);
            from.by_ref()
                .take(FRAME_BYTES as u64)
                .read_to_end(&mut frame)?;
            // What ends within a frame has ended.
            if frame.len() < FRAME_BYTES {
                return self.finish();
            }
            self.push(frame)?;
        }
    }

    fn push(&mut self, frame: Vec<u8>) -> io::Result<()> {
        let at = self.pushed;
        self.pushed += 1;
        let Some(windows) = &mut self.search else {
            return self.print.push(frame).map_err(io::Error::other);
        };
        windows.push(at, &frame)?;
        match at.is_multiple_of(QUERY_DENSITY) {
            true => self.print.push(frame).map_err(io::Error::other),
            false => Ok(()),
        }
    }

    fn finish(self) -> io::Result<TakenFrames> {
        let windows = self.search.map(|windows| windows.finish(self.pushed));
        Ok(TakenFrames {
            frames: self.pushed,
            print: self.print.finish().0,
            windows: windows.transpose()?.unwrap_or_default(),
        })
    }
}

impl Windows {
    fn push(&mut self, at: usize, frame: &[u8]) -> io::Result<()> {
        if at.is_multiple_of(STEP) {
            self.open.push_back((at, VideoExtractor::to_search()));
        }
        for (_, extractor) in &mut self.open {
            extractor.push(frame.to_owned()).map_err(io::Error::other)?;
        }
        match self.open.front() {
            Some((first, _)) if at + 1 - first == WINDOW => self.close(),
            _ => Ok(()),
        }
    }

    fn close(&mut self) -> io::Result<()> {
        let Some((first, extractor)) = self.open.pop_front() else {
            return Ok(());
        };
        let query = extractor.finish().1.unwrap_or_default();
        let path = self.dir.join(format!("window-{:05}", self.closed.len()));
        std::fs::write(&path, query.to_bytes())?;
        self.closed.push(Window {
            seconds: first as f64 / DENSE as f64,
            path,
        });
        Ok(())
    }

    fn finish(mut self, pushed: usize) -> io::Result<Vec<Window>> {
        while let Some((first, _)) = self.open.front() {
            // All of it is in the one before.
            if !self.closed.is_empty() && pushed - first <= WINDOW - STEP {
                break;
            }
            self.close()?;
        }
        Ok(self.closed)
    }
}

#[cfg(test)]
mod tests {
    use reelgate_dna::VideoQuery;

    use super::*;

    fn frame(at: usize) -> Vec<u8> {
        let mut random = fastrand::Rng::with_seed((at / 12) as u64);
        let coarse: Vec<u8> = (0..64).map(|_| random.u8(..)).collect();
        let pixel = |pixel: usize| coarse[pixel / GREY_SIDE / 16 * 8 + pixel % GREY_SIDE / 16];
        (0..FRAME_BYTES).map(pixel).collect()
    }

    #[test]
    fn what_is_stored_does_not_depend_on_whether_something_is_looked_for() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = |every: usize| -> Vec<u8> {
            let frames = (0..10 * DENSE).step_by(every).map(frame);
            // The last frame is cut off.
            frames.flatten().chain([1, 2, 3]).collect()
        };
        let dense = Frames::new(Some(dir.path())).take(&mut &bytes(1)[..]);
        let sparse = Frames::new(None).take(&mut &bytes(QUERY_DENSITY)[..]);
        let (dense, sparse) = (dense.unwrap(), sparse.unwrap());
        assert_eq!((dense.frames, sparse.frames), (240, 40));
        assert_eq!(dense.print, sparse.print);
        assert_eq!((dense.windows.len(), sparse.windows.len()), (1, 0));
        let kept = std::fs::read(&dense.windows[0].path).unwrap();
        assert_eq!(VideoQuery::from_bytes(&kept).unwrap().len(), 40);
    }

    #[test]
    fn windows_overlap_and_one_that_is_in_another_is_left_out() {
        let length = |pushed: usize| {
            let dir = tempfile::tempdir().unwrap();
            let mut windows = Windows {
                dir: dir.path().to_owned(),
                open: VecDeque::new(),
                closed: Vec::new(),
            };
            let blank = vec![7; FRAME_BYTES];
            // The frames in between change nothing but the time that it takes.
            for at in 0..pushed {
                let near = |other: usize| at % STEP == other || (at + 1) % STEP == other;
                if near(0) || at + 1 == WINDOW || at + 1 == WINDOW + STEP {
                    windows.push(at, &blank).unwrap();
                }
            }
            let closed = windows.finish(pushed).unwrap();
            closed.iter().map(|it| it.seconds).collect::<Vec<_>>()
        };
        assert_eq!(length(1), [0.0]);
        assert_eq!(length(STEP + 5), [0.0]);
        assert_eq!(length(WINDOW), [0.0]);
        assert_eq!(length(WINDOW + 1), [0.0, 570.0]);
        assert_eq!(length(WINDOW + STEP + 1), [0.0, 570.0, 1140.0]);
        assert_eq!(length(0), [] as [f64; 0]);
    }
}
