//! Recall, precision and boundary error of transformed copies.

use std::collections::BTreeMap;
use std::time::Instant;

use reelgate_dna::{
    AudioExtractor, Change, Channel, Fingerprint, Found, Index, Query, Segment, VideoExtractor,
};

use reelgate_dna::params::QUERY_DENSITY;

use crate::Options;
use crate::clips::{self, Clip, Half, Way, frames, samples};
use crate::stats::{Share, quantile};
use crate::transforms::{self, Class, Transform};

/// What a query has to be found as.
struct Truth {
    id: u64,
    query: (f64, f64),
    reference: (f64, f64),
}

/// What came of the queries of a transform.
#[derive(Default)]
struct Tally {
    found: Share,
    /// Of all segments that were told, those that are right.
    right: Share,
    boundaries: Vec<f64>,
    millis: Vec<f64>,
}

impl Tally {
    fn take(&mut self, truth: &Truth, found: &[Found], verbose: Option<&str>) {
        let both = |a: (f64, f64), b: (f64, f64)| {
            (a.1.min(b.1) - a.0.max(b.0)).max(0.0) / (a.1.max(b.1) - a.0.min(b.0))
        };
        let is_right = |id: u64, segment: &Segment| {
            id == truth.id
                && both(segment.query, truth.query) >= 0.5
                && both(segment.reference, truth.reference) >= 0.5
        };
        let mut hit: Option<&Segment> = None;
        for each in found {
            for segment in &each.segments {
                let right = is_right(each.id, segment);
                if right {
                    hit = Some(segment);
                }
                // A place that fits as well within the same file is no mistake, it is said to be one of several.
                if !(segment.is_tie && each.id == truth.id) || right {
                    self.right.count(right);
                    if let (Some(name), false) = (verbose, right) {
                        println!("    wrong: {name}: found {} {segment:?}", each.id);
                    }
                }
            }
        }
        self.found.count(hit.is_some());
        match hit {
            Some(segment) => self.boundaries.extend([
                (segment.query.0 - truth.query.0).abs(),
                (segment.query.1 - truth.query.1).abs(),
            ]),
            None => {
                if let Some(name) = verbose {
                    println!("    missed: {name}");
                }
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.found.add(other.found);
        self.right.add(other.right);
        self.boundaries.extend(&other.boundaries);
        self.millis.extend(&other.millis);
    }

    fn print(&mut self, name: &str) {
        println!(
            "{name:<28} {:>5}  {:<24} {:<24} {:>6.2} {:>6.2} {:>8.1}",
            self.found.of,
            self.found.text(),
            self.right.text(),
            quantile(&mut self.boundaries, 0.5),
            quantile(&mut self.boundaries, 0.95),
            quantile(&mut self.millis, 0.5),
        );
    }
}

fn head(title: &str) {
    println!(
        "\n{title}\n{:<28} {:>5}  {:<24} {:<24} {:>6} {:>6} {:>8}",
        "", "pairs", "recall", "precision", "edge", "p95 s", "ms"
    );
}

/// Where queries of a clip begin: as many as fit, six seconds apart and never on a frame of the grid.
fn starts(clip: &Clip, seconds: f64) -> Vec<f64> {
    let mut at = clip.from + 0.37;
    let mut starts = Vec::new();
    while at + seconds * 1.06 + 0.1 <= clip.from + clip.seconds {
        starts.push(at);
        at += 6.2;
    }
    starts
}

pub(crate) fn video(options: &Options) {
    let all: Vec<Clip> = clips::all(&options.folders)
        .into_iter()
        .filter(|clip| clip.has_video)
        .collect();
    let index = Index::in_memory();
    let mut changes = Vec::new();
    for (id, clip) in (0..).zip(&all) {
        let mut extractor = VideoExtractor::to_store();
        for frame in frames(
            &options.cache,
            clip,
            clip.from,
            clip.seconds,
            &Way::default(),
            1,
        ) {
            extractor.push(frame).expect("FFmpeg gives whole frames");
        }
        let print = Fingerprint {
            video: Some(extractor.finish().0),
            ..Fingerprint::default()
        };
        changes.push(Change::Add(id, Box::new(print)));
    }
    index.apply(1, changes);
    // Something that is in no library, in front of each excerpt and behind it.
    let around: Vec<Vec<u8>> = synthetic(&options.cache);
    for seconds in [10.0, 5.0] {
        head(&format!(
            "video, excerpts of {seconds} s in the middle of something else, {:?} half",
            options.half
        ));
        let mut classes: BTreeMap<Class, Tally> = BTreeMap::new();
        for transform in transforms::video() {
            let mut tally = Tally::default();
            for (id, clip) in (0..)
                .zip(&all)
                .filter(|(_, clip)| clip.half == options.half)
            {
                for from in starts(clip, seconds) {
                    one_video(
                        options,
                        &index,
                        &transform,
                        (id, clip),
                        (from, seconds),
                        &around,
                        &mut tally,
                    );
                }
            }
            tally.print(transform.name);
            classes.entry(transform.class).or_default().add(&tally);
        }
        for (class, mut tally) in classes {
            tally.print(&format!("= {class:?}"));
        }
    }
}

fn one_video(
    options: &Options,
    index: &Index,
    transform: &Transform,
    (id, clip): (u64, &Clip),
    (from, seconds): (f64, f64),
    around: &[Vec<u8>],
    tally: &mut Tally,
) {
    let copy = frames(
        &options.cache,
        clip,
        from,
        seconds,
        &transform.way,
        QUERY_DENSITY as u32,
    );
    let lead = 18 * QUERY_DENSITY;
    let mut extractor = VideoExtractor::to_search();
    let all = around[..lead].iter().chain(&copy).chain(&around[lead..]);
    for frame in all {
        extractor
            .push(frame.clone())
            .expect("FFmpeg gives whole frames");
    }
    let query = Query {
        video: extractor.finish().1,
        ..Query::default()
    };
    let begins = 4.5;
    let length = seconds / transform.speed;
    let truth = Truth {
        id,
        query: (begins, begins + length),
        reference: (from - clip.from, from - clip.from + seconds),
    };
    let started = Instant::now();
    let found = index.search(&query);
    tally.millis.push(started.elapsed().as_secs_f64() * 1_000.0);
    let name = format!("{} {} at {from}", transform.name, clip.name());
    tally.take(&truth, &found, options.verbose.then_some(&name));
}

/// Pictures that FFmpeg computes.
fn synthetic(cache: &std::path::Path) -> Vec<Vec<u8>> {
    let kept = cache.join("around24.v");
    if !kept.exists() {
        let source =
            "mandelbrot=size=320x240:rate=24:start_scale=0.4,scale=128:128:flags=area,format=gray";
        let output = clips::command("ffmpeg")
            .args([
                "-v", "error", "-f", "lavfi", "-i", source, "-t", "9", "-f", "rawvideo", "-",
            ])
            .output()
            .expect("ffmpeg starts");
        std::fs::write(&kept, output.stdout).expect("the cache can be written");
    }
    let bytes = std::fs::read(&kept).expect("the cache can be read");
    bytes.chunks_exact(128 * 128).map(<[u8]>::to_vec).collect()
}

pub(crate) fn audio(options: &Options) {
    let all: Vec<Clip> = clips::all(&options.folders)
        .into_iter()
        .filter(|clip| clip.has_audio && clip.seconds >= 4.0 && !clip.name().starts_with("speech"))
        .collect();
    let index = Index::in_memory();
    let mut changes = Vec::new();
    for (id, clip) in (0..).zip(&all) {
        let mut extractor = AudioExtractor::to_store();
        extractor.push(&samples(
            &options.cache,
            clip,
            clip.from,
            clip.seconds,
            &Way::default(),
        ));
        let print = Fingerprint {
            audio: Some(extractor.finish().0),
            ..Fingerprint::default()
        };
        changes.push(Change::Add(id, Box::new(print)));
    }
    index.apply(1, changes);
    head(&format!("sound, excerpts of 10 s, {:?} half", options.half));
    let mut total = Tally::default();
    for transform in transforms::audio() {
        let mut tally = Tally::default();
        for (id, clip) in (0..)
            .zip(&all)
            .filter(|(_, clip)| clip.half == options.half)
        {
            for from in starts(clip, 10.0) {
                let copy = samples(&options.cache, clip, from, 10.0, &transform.way);
                let mut extractor = AudioExtractor::to_search();
                extractor.push(&copy);
                let query = Query {
                    audio: Some(extractor.finish().1),
                    ..Query::default()
                };
                let truth = Truth {
                    id,
                    query: (0.0, 10.0 / transform.speed),
                    reference: (from - clip.from, from - clip.from + 10.0),
                };
                let started = Instant::now();
                let found = index.search(&query);
                tally.millis.push(started.elapsed().as_secs_f64() * 1_000.0);
                let name = format!("{} {} at {from}", transform.name, clip.name());
                tally.take(&truth, &found, options.verbose.then_some(&name));
            }
        }
        tally.print(transform.name);
        total.add(&tally);
    }
    total.print("= all");
}

/// Real copies among the clips: files called `X_copy_Y`, of the one called `X_orig`.
pub(crate) fn families(options: &Options) {
    println!("\ncopies among the clips");
    let mut paths: Vec<_> = options
        .folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("the folder can be read"))
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    let name = |path: &std::path::Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    for copy in paths.iter().filter(|path| name(path).contains("_copy_")) {
        let family = name(copy)
            .split("_copy_")
            .next()
            .unwrap_or_default()
            .to_owned();
        let Some(original) = paths
            .iter()
            .find(|path| name(path).starts_with(&format!("{family}_orig")))
        else {
            continue;
        };
        let clip = |path: &std::path::Path| Clip {
            path: path.to_owned(),
            from: 0.0,
            seconds: 3_600.0,
            has_video: true,
            has_audio: false,
            half: Half::Other,
        };
        let look = |path: &std::path::Path, density| {
            frames(
                &options.cache,
                &clip(path),
                0.0,
                3_600.0,
                &Way::default(),
                density,
            )
        };
        let index = Index::in_memory();
        let mut stored = VideoExtractor::to_store();
        for frame in look(original, 1) {
            stored.push(frame).expect("FFmpeg gives whole frames");
        }
        let print = Fingerprint {
            video: Some(stored.finish().0),
            ..Fingerprint::default()
        };
        index.apply(1, vec![Change::Add(1, Box::new(print))]);
        let mut asked = VideoExtractor::to_search();
        for frame in look(copy, QUERY_DENSITY as u32) {
            asked.push(frame).expect("FFmpeg gives whole frames");
        }
        let query = Query {
            video: asked.finish().1,
            ..Query::default()
        };
        for found in index.search(&query) {
            for segment in found
                .segments
                .iter()
                .filter(|segment| segment.channel == Channel::Video)
            {
                println!(
                    "{} {:?} is {:?} of {}, similarity {:.3}",
                    name(copy),
                    segment.query,
                    segment.reference,
                    name(original),
                    segment.similarity
                );
            }
        }
    }
}
