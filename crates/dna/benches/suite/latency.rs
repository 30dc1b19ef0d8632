//! How long a query of a minute takes, by the library's size, beside looking at every hash.

use reelgate_dna::params::QUERY_DENSITY;
use reelgate_dna::{Change, Code, Fingerprint, Index, Query, VideoPrint, VideoQuery, scan};

use crate::Options;
use crate::plot::{self, Growth};
use crate::stats::{on_processor, processor, quantile};

/// Hours of one file of the fill.
const FILE_HOURS: usize = 2;

/// As much is added to the library at once, at most.
const MOST_HOURS: usize = 350;
/// Queries of each kind that are timed at each size.
const ROUNDS: u64 = 24;

pub(crate) fn print(options: &Options) {
    println!(
        "\na query of 60 s against synthetic films: processor time of its one thread, {ROUNDS} queries each"
    );
    let passing = tempfile::tempdir_in(&options.cache).expect("a temporary directory");
    let dir = options.library.as_deref().unwrap_or(passing.path());
    let mut sizes = options.hours.clone();
    sizes.sort_unstable();
    // As a node opens its copy: every byte is read, so that none is seen for the first time by a query.
    let open = || Index::open(dir, true).expect("the index opens").index;
    let mut index = open();
    let flat = flat(&film(0, FILE_HOURS * 14_400)) / FILE_HOURS as f64 * 240.0;
    let mut filled = index.version() as usize;
    let mut known = curve("in the library");
    let mut unknown = curve("not in the library");
    let mut scanned = curve("every hash for every frame");
    sizes.retain(|hours| *hours >= filled);
    for hours in sizes {
        let before = processor().0;
        if filled < hours {
            fill(&index, &mut filled, hours);
            drop(index);
            index = open();
        }
        let built = processor().0 - before;
        let (mut times, mut others) = measured(&index, hours);
        let (p95, other) = (quantile(&mut times, 0.95), quantile(&mut others, 0.95));
        println!(
            "{hours:>5} h: known p50 {:.1} p95 {p95:.1} ms, unknown p50 {:.1} p95 {other:.1} ms; every hash for every frame {:.0} ms; {:.2} MB/h mapped; filled in {built:.0} s",
            quantile(&mut times, 0.5),
            quantile(&mut others, 0.5),
            flat * hours as f64,
            index.bytes() as f64 / 1e6 / hours as f64,
        );
        known.measured.push((hours as f64, p95));
        unknown.measured.push((hours as f64, other));
        scanned.measured.push((hours as f64, flat * hours as f64));
    }
    let mut curves = [known, unknown, scanned];
    for curve in &mut curves {
        if curve.measured.len() < 2 {
            continue;
        }
        let (constant, slope) = straight(&curve.measured);
        let at = |hours: f64| constant + slope * hours;
        println!(
            "{:<28} fits {constant:.2} ms + {slope:.4} ms an hour; predicts {:.0} ms at 10,000 h, which was not measured",
            curve.name,
            at(10_000.0)
        );
        curve.fitted = (4..=16)
            .map(|step| 10_f64.powf(f64::from(step) / 4.0))
            .map(|hours| (hours, at(hours)))
            .collect();
    }
    let title = "a query of 60 s, by the size of the library; dashes are fitted";
    plot::growth(&options.plots.join("latency.svg"), title, &curves);
}

fn curve(name: &'static str) -> Growth {
    Growth {
        name,
        measured: Vec::new(),
        fitted: Vec::new(),
    }
}

/// Adds films until there are so many hours, as a library grows: in parts, saved and merged.
fn fill(index: &Index, filled: &mut usize, hours: usize) {
    while *filled < hours {
        let end = hours.min(*filled + MOST_HOURS);
        let mut adds = Vec::new();
        while *filled < end {
            let print = print_of(&film(*filled as u64, FILE_HOURS * 14_400));
            *filled += FILE_HOURS;
            adds.push(Change::Add(*filled as u64, Box::new(print)));
        }
        index.apply(*filled as u64, adds);
        index.save().expect("the index is saved");
    }
    while index.merge().expect("the index is merged") {}
}

/// Milliseconds of queries for what is there, with some bits wrong, and for what is not.
fn measured(index: &Index, hours: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let from = 4_000 + round as usize * 97;
        let mut random = fastrand::Rng::with_seed(round);
        let file = round * 37 % (hours / FILE_HOURS) as u64;
        let excerpt = film(file * FILE_HOURS as u64, from + 240)
            .split_off(from)
            .into_iter()
            .map(|code| noisy(code, 20, &mut random))
            .collect();
        let (millis, found) = timed(index, excerpt);
        assert_eq!(found, 1, "round {round}");
        known.push(millis);
        let (millis, found) = timed(index, film(1 << 40 | round, 240));
        assert_eq!(found, 0, "round {round}");
        unknown.push(millis);
    }
    (known, unknown)
}

/// The straight line through points whose relative errors are least.
fn straight(points: &[(f64, f64)]) -> (f64, f64) {
    let sum = |value: &dyn Fn(f64, f64) -> f64| -> f64 {
        points.iter().map(|(x, y)| value(*x, *y) / (y * y)).sum()
    };
    let (n, x, y) = (sum(&|_, _| 1.0), sum(&|x, _| x), sum(&|_, y| y));
    let (xx, xy) = (sum(&|x, _| x * x), sum(&|x, y| x * y));
    let slope = (n * xy - x * y) / (n * xx - x * x).max(f64::MIN_POSITIVE);
    ((y - slope * x) / n, slope)
}

fn timed(index: &Index, codes: Vec<Code>) -> (f64, usize) {
    let query = Query {
        video: Some(VideoQuery::of_codes(dense(codes))),
        ..Query::default()
    };
    let before = on_processor();
    let found = index.search(&query).len();
    (on_processor() - before, found)
}

/// Milliseconds that it takes to compare one hash with all that are stored of a film: two a frame on average.
fn flat(film: &[Code]) -> f64 {
    let bytes: Vec<[u8; 32]> = film.iter().flat_map(|code| [code.to_bytes(); 2]).collect();
    let mut found = Vec::new();
    let before = on_processor();
    for wanted in film.iter().step_by(film.len() / 20) {
        scan(&bytes, wanted, 31, &mut found);
    }
    (on_processor() - before) / 20.0
}

/// Shots of three seconds on average in which frames differ in some 25 bits: half of the kept frames of the clips do so.
fn film(seed: u64, frames: usize) -> Vec<Code> {
    let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut code = Code::default();
    (0..frames)
        .map(|at| {
            if at == 0 || random.u32(0..12) == 0 {
                code = Code([0; 4].map(|_: i32| random.u64(..)));
            }
            code = noisy(code, 26, &mut random);
            code
        })
        .collect()
}

fn noisy(mut code: Code, bits: u32, random: &mut fastrand::Rng) -> Code {
    for _ in 0..bits {
        let bit = random.usize(0..256);
        code.0[bit / 64] ^= 1 << (bit % 64);
    }
    code
}

/// Three views that are unlike each other, as those of real frames are.
fn print_of(film: &[Code]) -> Fingerprint {
    let mut video = VideoPrint::default();
    for code in film {
        let view = |number: u64| {
            Code(
                code.0
                    .map(|word| word ^ number.wrapping_mul(0xA5C3_691E_5A3C_96E1)),
            )
        };
        video.push([view(0), view(1), view(2)]);
    }
    Fingerprint {
        video: Some(video),
        ..Fingerprint::default()
    }
}

/// As many frames for each as a query has, far enough apart to be looked up.
fn dense(codes: Vec<Code>) -> Vec<Code> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut frames = Vec::new();
    for code in codes {
        frames.extend((0..QUERY_DENSITY).map(|_| noisy(code, 8, &mut random)));
    }
    frames
}
