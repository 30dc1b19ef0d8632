//! Where the pieces of a picture are in its source.

use super::{ChunkPlan, FrameRate, VideoPlan, Window, gcd};

/// When the pictures of a source's stream are shown, in its own unit of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moments {
    /// Seconds in a tick, as a fraction.
    pub(crate) tick: (u32, u32),
    /// In the order they are shown, each once.
    pub(crate) shown: Vec<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) ticks: i64,
    pub(crate) is_key: bool,
}

/// One piece of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its first frame, counted from the output's.
    pub(crate) first: u64,
    /// How many it has; absent for the last: as many as there are.
    pub(crate) frames: Option<u64>,
    /// From where the source is read, in microseconds from its start; absent: from the beginning.
    pub(crate) seek_micros: Option<i64>,
    /// What is taken off the source's times, so that frame `base` of the output is at zero. Both are exact: in
    /// each unit the other's is a whole number.
    pub(crate) shift_ticks: i64,
    pub(crate) base: u64,
    /// How many frames from there on are another piece's.
    pub(crate) skip: u64,
    /// Nothing before belongs to the output, in times that are shifted.
    pub(crate) cut_ticks: Option<i64>,
}

/// Why a source has no pieces.
pub(crate) type Unfit = &'static str;

/// The pieces of a picture. `start_micros` is when the source starts.
pub(crate) fn pieces(
    (video, chunks): (&VideoPlan, &ChunkPlan),
    window: &Window,
    moments: &Moments,
    start_micros: i64,
) -> Result<Vec<Piece>, Unfit> {
    let clock = Clock::new(moments.tick, video.fps).ok_or("its unit of time is none")?;
    let start = clock.ticks_of(start_micros);
    let origin = clock.ticks_of(start_micros + window.start_ms as i64 * 1000);
    let own: Vec<Moment> = moments
        .shown
        .iter()
        .map(|moment| Moment {
            ticks: moment.ticks - start,
            ..*moment
        })
        .collect();
    let cut = origin - start;
    let (Some(first), Some(last)) = (own.iter().find(|it| it.ticks >= cut), own.last()) else {
        return Err("it has no pictures there");
    };
    let whole = clock.frame_of(last.ticks - cut) + 1;
    let asked = window.length_ms.map_or(i64::MAX, |ms| {
        clock.frame_of(clock.ticks_of(ms as i64 * 1000))
    });
    let frames = u64::try_from(whole.min(asked)).unwrap_or(0);
    let starts = chunks.starts(video, frames);
    if starts.len() < 2 {
        return Err("it has too few pictures");
    }
    let ends = starts
        .iter()
        .skip(1)
        .map(|start| Some(*start))
        .chain([None]);
    let keys: Vec<&Moment> = own.iter().filter(|it| it.is_key).collect();
    let pieces = starts.iter().zip(ends).map(|(&start, end)| {
        let base = start - start % clock.step_frames;
        let base_ticks = (base / clock.step_frames) as i64 * clock.step_ticks;
        // What is shown when the piece begins may have appeared long before.
        let until = own.partition_point(|it| clock.frame_of(it.ticks - cut) <= start as i64);
        let shown = own[..until].last().filter(|it| it.ticks >= cut);
        let shown = shown.unwrap_or(first);
        let key = keys[..keys.partition_point(|it| it.ticks <= shown.ticks)].last();
        let is_first = |key: &&Moment| own.first().is_none_or(|first| key.ticks <= first.ticks);
        Piece {
            first: start,
            frames: end.map(|end| end - start),
            seek_micros: key
                .filter(|key| !is_first(key))
                .map(|key| clock.micros_of(key.ticks)),
            shift_ticks: cut + base_ticks,
            base,
            skip: start - base,
            cut_ticks: (cut > 0).then_some(-base_ticks),
        }
    });
    Ok(pieces.collect())
}

/// A source's unit of time and an output's frames.
struct Clock {
    tick: (i128, i128),
    fps: (i128, i128),
    /// The least number of frames that is a whole number of ticks, and that number.
    step_frames: u64,
    step_ticks: i64,
}

impl Clock {
    fn new(tick: (u32, u32), fps: FrameRate) -> Option<Self> {
        if tick.0 == 0 || tick.1 == 0 {
            return None;
        }
        // A frame has fps.den/fps.num seconds, a tick tick.0/tick.1.
        let ticks = u64::from(fps.den) * u64::from(tick.1);
        let frames = u64::from(fps.num) * u64::from(tick.0);
        let common = gcd(ticks, frames);
        Some(Self {
            tick: (i128::from(tick.0), i128::from(tick.1)),
            fps: (i128::from(fps.num), i128::from(fps.den)),
            step_frames: frames / common,
            step_ticks: i64::try_from(ticks / common).ok()?,
        })
    }

    /// The frame that a picture becomes, as the filter that makes the rate constant rounds.
    fn frame_of(&self, ticks: i64) -> i64 {
        let numerator = i128::from(ticks) * self.tick.0 * self.fps.0;
        nearest(numerator, self.tick.1 * self.fps.1)
    }

    /// Rounded as FFmpeg does.
    fn ticks_of(&self, micros: i64) -> i64 {
        nearest(i128::from(micros) * self.tick.1, 1_000_000 * self.tick.0)
    }

    /// Not before the moment.
    fn micros_of(&self, ticks: i64) -> i64 {
        let numerator = i128::from(ticks) * self.tick.0 * 1_000_000;
        let micros = (numerator + self.tick.1 - 1).div_euclid(self.tick.1);
        i64::try_from(micros).unwrap_or(i64::MAX)
    }
}

/// Halves away from zero.
fn nearest(numerator: i128, denominator: i128) -> i64 {
    let half = denominator / 2;
    let rounded = match numerator < 0 {
        true => -((-numerator + half) / denominator),
        false => (numerator + half) / denominator,
    };
    i64::try_from(rounded).unwrap_or(i64::MAX)
}
