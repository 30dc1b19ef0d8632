//! Every number that was chosen by looking at clips, in one place.
//!
//! Tuned on one half of the clips, named in [`TUNED_ON`]; figures that are published come from the others. What is
//! stored depends on the first section, so changing it there means a new version of the stored form.

/// The half of the clips on which the numbers below were chosen. The last two were to be among the others, until what was
/// missed of them decided how densely queries are looked at and what counts as blank.
pub const TUNED_ON: &[&str] = &[
    "bbb_720p25_aac51.mp4",
    "chair_orig_22s_480x720.mp4",
    "music_vibe_ace_coverart.ogg",
    "tos_battle_800x332_vp8.webm",
    "traffic_12.5fps_432p.mp4",
];

// What is stored.

/// Frames looked at in a second.
pub const FRAMES_PER_SECOND: u32 = 4;
/// Width and height of the grey frames that FFmpeg scales to.
pub const GREY_SIDE: usize = 128;
/// The share of the picture's width and height that a stored view shows.
pub const REFERENCE_VIEWS: [f32; 3] = [1.0, 0.9, 0.8];
/// A frame is as good as its predecessor if all its views are within this distance.
pub const SAME_FRAME: u32 = 10;
/// Frames with less detail are blank: their hashes would be noise.
pub const MIN_QUALITY: u32 = 3;
/// Borders of stored pictures are looked for in so many frames together.
pub const REFERENCE_BLOCK: usize = 240;
/// Samples in a second of the sound that fingerprints are made of.
pub const SAMPLES_PER_SECOND: u32 = 11_025;
/// Seconds from one term of sound to the next.
pub const TERM_SECONDS: f64 = 1_365.0 / 11_025.0;
/// Tokens that one term of text is made of.
pub const TOKENS_PER_TERM: usize = 5;
/// Of so many terms of text in a row at least one is kept.
pub const TEXT_WINDOW: usize = 4;

// How a query looks at its own pictures.

/// Frames of a query that are looked at for each stored one. Where the camera moves fast, frames an eighth, or even a
/// twentieth, of a second apart have nothing in common any more; one of these is never further than a fiftieth.
pub const QUERY_DENSITY: usize = 6;
/// The shares of the query's picture that are compared; with the stored views they leave no gap from 0.8 to 1.
pub const QUERY_VIEWS: [f32; 4] = [1.0, 0.97, 0.945, 0.92];
/// Of every so many of these, more is looked at if the rest explained nothing: what is left of a picture that was cropped
/// off its centre, or turned.
pub const WIDE_EVERY: usize = 3;
/// The shares of width or height that such a crop may have taken from a side or a corner.
pub const OFF_CENTRE: [f32; 2] = [0.05, 0.1];
/// Degrees by which a picture may have been turned.
pub const TURNED_BY: [f32; 2] = [-2.25, 2.25];
/// Widths of pictures by their heights, of which the hash knows nothing, that are tried when they are turned.
pub const TURNED_ASPECTS: [f32; 2] = [1.6, 0.625];
/// Borders of a query's pictures are looked for in so many frames at most, and never across a cut.
pub const QUERY_BLOCK: usize = 480;
/// Mean difference of two grey frames from which on there is a cut between them.
pub const CUT: u32 = 24;
/// How far the pixels of a border may be from its colour, in grey levels.
pub const BORDER_SPREAD: u8 = 10;
/// The least share of width or height that is left between borders.
pub const MIN_ACTIVE: f32 = 0.4;
/// Speeds at which a query's sound is extracted anew, for sound that was played faster or slower.
pub const SOUND_SPEEDS: [f32; 11] = [
    1.0, 0.95, 0.96, 0.97, 0.98, 0.99, 1.01, 1.02, 1.03, 1.04, 1.05,
];

// How candidates are found.

/// Up to this distance the search for one hash misses nothing.
pub const EXACT_RADIUS: u32 = 31;
/// A stored frame this near to a query's is worth trying a run through it.
pub const SEED_DISTANCE: u32 = 80;
/// How many of the 16 bits beside a list's entry may differ before the entry is passed over.
pub const CHECK_BITS: u32 = 3;
/// So many hashes of a second of query are looked up.
pub const PROBES_PER_SECOND: usize = 8;
/// And so many more of a second that no run has explained, in further ways.
pub const WIDE_PROBES_PER_SECOND: usize = 6;
/// Of a query that is not short each lookup reads one of so many parts of the bands, in turn.
pub const BAND_TURNS: usize = 2;
/// A query of no more than so many quarters of a second is short: one-bit flips are tried.
pub const SHORT_QUERY_SLOTS: usize = 60;
/// So many hashes of a short query are looked up.
pub const PROBES_OF_SHORT: usize = 1_000;
/// Terms that make up more than this share of a list say nothing.
pub const COMMON_TERM: f64 = 0.001;
/// Lists shorter than this are never common.
pub const COMMON_TERM_LEAST: usize = 64;

// How runs are judged.

/// The slowest and the fastest copy, as reference time by query time.
pub const SPEEDS: (f32, f32) = (0.94, 1.06);
/// Steps between speeds that are tried.
pub const SPEED_STEP: f32 = 0.01;
/// A run goes on while frames are nearer than this on average; unrelated ones are at 123 to 128.
pub const RUN_DISTANCE: u32 = 88;
/// A run ends where this much has been lost since its best point: two seconds of unrelated frames.
pub const RUN_DROP: i32 = 288;
/// What a frame that is blank on one side only counts as.
pub const BLANK_DISTANCE: u32 = 104;
/// Distance from which on a frame tells something its predecessor did not.
pub const NEW_FRAME: u32 = 24;
/// Frames that tell something new, and the mean distance up to which so many are believed; between two of these numbers
/// the distance is between theirs.
pub const BELIEVED: [(usize, u32); 5] = [(16, 82), (10, 66), (5, 54), (2, 44), (1, 32)];
/// The shortest run of pictures, in frames.
pub const MIN_FRAMES: usize = 4;
/// Wrong bits of a term, of 32, up to which a run of sound goes on; unrelated ones are at 12.6 to 16.
pub const SOUND_RUN_DISTANCE: f32 = 10.5;
/// The same as [`RUN_DROP`], in wrong bits.
pub const SOUND_RUN_DROP: f32 = 72.0;
/// Terms that differ from their predecessor, and the mean number of wrong bits up to which so many are believed.
pub const SOUND_BELIEVED: [(usize, f32); 3] = [(48, 9.6), (24, 9.0), (12, 7.5)];
/// The shortest run of sound, in terms.
pub const MIN_TERMS: usize = 16;
/// The shortest run of text, in tokens.
pub const MIN_TOKENS: usize = 8;
/// Another place that fits the same part of a query this much worse, of 256 bits or of 32, is a tie.
pub const TIE: (f32, f32) = (3.0, 0.7);
/// Pictures this near are copies of each other.
pub const SAME_PICTURE: u32 = 56;
/// No more candidates than this are tried for one query.
pub const MAX_CANDIDATES: usize = 2_000;
