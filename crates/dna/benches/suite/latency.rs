//! How long a query of a minute takes, by the library's size, beside looking at every hash.

use std::time::Instant;

use reelgate_dna::params::QUERY_DENSITY;
use reelgate_dna::{Change, Code, Fingerprint, Index, Query, VIEWS, VideoPrint, VideoQuery, scan};

use rustix::time::{ClockId, clock_gettime};

use crate::Options;
use crate::stats::quantile;

/// Hours of one file of the fill.
const FILE_HOURS: usize = 2;

pub(crate) fn print(options: &Options) {
    println!("\na query of 60 s against synthetic films: processor time of its one thread");
    let dir = tempfile::tempdir_in(&options.cache).expect("a temporary directory");
    let mut sizes = options.hours.clone();
    sizes.sort_unstable();
    let index = Index::open(dir.path(), false)
        .expect("the index opens")
        .index;
    let mut filled = 0;
    let mut version = 0;
    let mut last: Option<(f64, f64)> = None;
    for hours in sizes {
        let started = Instant::now();
        while filled < hours {
            version += 1;
            let adds = (0..5).map(|_| {
                let film = film(filled as u64, FILE_HOURS * 14_400);
                filled += FILE_HOURS;
                Change::Add(filled as u64, Box::new(print_of(&film)))
            });
            index.apply(version, adds.collect());
            if filled % 100 == 0 {
                index.save().expect("the index is saved");
            }
        }
        index.save().expect("the index is saved");
        while index.merge().expect("the index is merged") {}
        let built = started.elapsed().as_secs_f64();
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for round in 0..24_u64 {
            let from = 4_000 + round as usize * 97;
            let mut random = fastrand::Rng::with_seed(round);
            let excerpt = film(
                (round % (hours / FILE_HOURS) as u64) * FILE_HOURS as u64,
                from + 240,
            )
            .split_off(from)
            .into_iter()
            .map(|code| noisy(code, 20, &mut random))
            .collect();
            let (millis, found) = timed(&index, excerpt);
            assert_eq!(found, 1, "round {round}");
            known.push(millis);
            let (millis, found) = timed(&index, film(1 << 40 | round, 240));
            assert_eq!(found, 0, "round {round}");
            unknown.push(millis);
        }
        let flat = flat(&film(0, FILE_HOURS * 14_400)) * (hours / FILE_HOURS) as f64 * 240.0;
        let p95 = quantile(&mut unknown, 0.95);
        println!(
            "{hours:>5} h: known p50 {:.1} p95 {:.1} ms, unknown p50 {:.1} p95 {p95:.1} ms; every hash once per frame {flat:.0} ms; {:.2} MB/h mapped; built in {built:.0} s",
            quantile(&mut known, 0.5),
            quantile(&mut known, 0.95),
            quantile(&mut unknown, 0.5),
            index.bytes() as f64 / 1e6 / hours as f64,
        );
        if let Some((hours_before, before)) = last {
            let power = (p95 / before).ln() / (hours as f64 / hours_before).ln();
            let predicted = p95 * (10_000.0 / hours as f64).powf(power);
            println!(
                "         grows with hours^{power:.2}; at 10,000 h that would be {predicted:.0} ms"
            );
        }
        last = Some((hours as f64, p95));
    }
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

/// Milliseconds that it takes to compare one hash with every view of every frame.
fn flat(film: &[Code]) -> f64 {
    let bytes: Vec<[u8; 32]> = film
        .iter()
        .flat_map(|code| [code.to_bytes(); VIEWS])
        .collect();
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

/// Milliseconds that this thread has been on a processor: on a busy machine the clock tells of the neighbours.
fn on_processor() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
