//! Recall, precision and boundary error of transformed copies.

use std::collections::BTreeMap;

use reelgate_dna::{
    AudioExtractor, AudioQuery, Change, Fingerprint, Found, Index, Query, Segment, VideoExtractor,
};

use crate::Options;
use crate::clips::{self, Clip, Excerpt, Way, copied_frames, copied_samples, frames, samples};
use crate::plot;
use crate::queries::{Around, LEAD, looked_at, of_excerpts};
use crate::stats::{Share, on_processor, quantile};
use crate::transforms::{self, Class, Transform};

/// Root mean square of samples below which there is nothing to be heard: a silent clip has no fingerprint.
const SILENT: f64 = 33.0;

/// What a query has to be found as.
pub(crate) struct Truth {
    pub(crate) id: u64,
    pub(crate) query: (f64, f64),
    pub(crate) reference: (f64, f64),
}

/// What came of the queries of a transform.
#[derive(Default)]
pub(crate) struct Tally {
    found: Share,
    /// Of all segments that were told, those that are right.
    right: Share,
    boundaries: Vec<f64>,
    millis: Vec<f64>,
    /// For each segment that was told its similarity and whether it is right.
    told: Vec<(f64, bool)>,
}

impl Tally {
    pub(crate) fn take(&mut self, truth: &Truth, found: &[Found], verbose: Option<&str>) {
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
                    self.told.push((segment.similarity, right));
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

    pub(crate) fn add(&mut self, other: &Self) {
        self.found.add(other.found);
        self.right.add(other.right);
        self.boundaries.extend(&other.boundaries);
        self.millis.extend(&other.millis);
        self.told.extend(&other.told);
    }

    pub(crate) fn print(&mut self, name: &str) {
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

    /// Recall and precision if only segments of at least some similarity counted, for each that occurs.
    fn curve(&self) -> Vec<(f64, f64)> {
        let mut told = self.told.clone();
        told.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut right = 0;
        (1..)
            .zip(&told)
            .map(|(count, (_, is_right))| {
                right += usize::from(*is_right);
                let recall = right as f64 / self.found.of.max(1) as f64;
                (recall.min(1.0), right as f64 / f64::from(count))
            })
            .collect()
    }
}

pub(crate) fn head(title: &str) {
    println!(
        "\n{title}\n{:<28} {:>5}  {:<24} {:<24} {:>6} {:>6} {:>8}",
        "", "pairs", "recall", "precision", "edge", "p95 s", "cpu ms"
    );
}

/// Rows of a table that are told as they come, and drawn anew with each.
struct Table<'a> {
    options: &'a Options,
    title: String,
    file: &'static str,
    bars: Vec<(String, Share)>,
    classes: BTreeMap<Class, Tally>,
}

impl<'a> Table<'a> {
    fn new(options: &'a Options, title: String, file: &'static str) -> Self {
        head(&title);
        Self {
            options,
            title,
            file,
            bars: Vec::new(),
            classes: BTreeMap::new(),
        }
    }

    fn row(&mut self, transform: &Transform, mut tally: Tally) {
        tally.print(transform.name);
        self.bars.push((transform.name.to_owned(), tally.found));
        self.classes.entry(transform.class).or_default().add(&tally);
        let path = |what: &str| self.options.plots.join(format!("{what}-{}.svg", self.file));
        plot::bars(&path("recall"), &self.title, &self.bars);
        let curve = |(class, tally): (&Class, &Tally)| (format!("{class:?}"), tally.curve());
        let curves: Vec<_> = self.classes.iter().map(curve).collect();
        plot::precision_recall(&path("precision"), &self.title, &curves);
    }

    fn end(mut self) {
        for (class, tally) in &mut self.classes {
            tally.print(&format!("= {class:?}"));
        }
    }
}

/// The transforms that were asked for.
fn asked(options: &Options, mut all: Vec<Transform>) -> Vec<Transform> {
    let (names, classes) = (&options.transforms, &options.classes);
    all.retain(|transform| names.is_empty() || names.iter().any(|name| name == transform.name));
    all.retain(|transform| classes.is_empty() || classes.contains(&transform.class));
    all
}

/// Transforms with those of all classes in turn, so that a run that is cut short tells of each.
fn in_turn(transforms: Vec<Transform>) -> Vec<Transform> {
    let mut seen: BTreeMap<Class, usize> = BTreeMap::new();
    let mut numbered: Vec<(usize, Transform)> = transforms
        .into_iter()
        .map(|transform| {
            let number = seen.entry(transform.class).or_default();
            *number += 1;
            (*number, transform)
        })
        .collect();
    numbered.sort_by_key(|(number, _)| *number);
    numbered
        .into_iter()
        .map(|(_, transform)| transform)
        .collect()
}

pub(crate) fn video(options: &Options) {
    let all = with_video(options);
    let index = Index::in_memory();
    let adds = (0..).zip(&all).map(|(id, clip)| {
        let print = Fingerprint {
            video: Some(stored_video(options, clip)),
            ..Fingerprint::default()
        };
        Change::Add(id, Box::new(print))
    });
    index.apply(1, adds.collect());
    // Something that is in no library, in front of each excerpt and behind it.
    let around = Around::new(&options.cache);
    for (seconds, file) in [(10.0, "video"), (5.0, "video-short")] {
        let title = format!(
            "video, excerpts of at most {seconds} s in the middle of something else, {:?} half",
            options.half
        );
        let mut table = Table::new(options, title, file);
        for transform in in_turn(asked(options, transforms::video())) {
            let mut tally = Tally::default();
            for (id, clip) in chosen(options, &all) {
                let excerpts = clips::excerpts(clip, seconds, options.step);
                let way = (&transform.way, transform.speed);
                let queries = of_excerpts(&options.cache, (clip, &excerpts), way, &around);
                for (excerpt, video) in queries {
                    let query = Query {
                        video: Some(video),
                        ..Query::default()
                    };
                    let case = (&transform, clip, excerpt);
                    one(options, &index, &query, case, (id, LEAD), &mut tally);
                }
            }
            table.row(&transform, tally);
        }
        table.end();
    }
}

fn with_video(options: &Options) -> Vec<Clip> {
    clips::all(&options.folders)
        .into_iter()
        .filter(|clip| clip.has_video)
        .collect()
}

pub(crate) fn chosen<'a>(
    options: &'a Options,
    all: &'a [Clip],
) -> impl Iterator<Item = (u64, &'a Clip)> {
    (0..).zip(all).filter(|(_, clip)| clip.half == options.half)
}

fn stored_video(options: &Options, clip: &Clip) -> reelgate_dna::VideoPrint {
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
    extractor.finish().0
}

fn one(
    options: &Options,
    index: &Index,
    query: &Query,
    (transform, clip, excerpt): (&Transform, &Clip, Excerpt),
    (id, begins): (u64, f64),
    tally: &mut Tally,
) {
    let truth = Truth {
        id,
        query: (begins, begins + excerpt.seconds / transform.speed),
        reference: (excerpt.from, excerpt.from + excerpt.seconds),
    };
    let before = on_processor();
    let found = index.search(query);
    tally.millis.push(on_processor() - before);
    let name = format!("{} {} at {:.2}", transform.name, clip.name(), excerpt.from);
    tally.take(&truth, &found, options.verbose.then_some(&name));
}

fn level(samples: &[i16]) -> f64 {
    let sum: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

fn sound_of(options: &Options, clip: &Clip) -> Vec<i16> {
    samples(
        &options.cache,
        clip,
        clip.from,
        clip.seconds,
        &Way::default(),
    )
}

/// Which excerpts of a clip can be heard; of the others there is nothing to be found.
fn audible(all: &[i16], excerpts: Vec<Excerpt>) -> (Vec<Excerpt>, usize) {
    let count = excerpts.len();
    let at = |seconds: f64| ((seconds * 11_025.0) as usize).min(all.len());
    let kept: Vec<Excerpt> = excerpts
        .into_iter()
        .filter(|part| level(&all[at(part.from)..at(part.from + part.seconds)]) >= SILENT)
        .collect();
    let silent = count - kept.len();
    (kept, silent)
}

fn with_sound(options: &Options) -> Vec<Clip> {
    // The speech that is laid over others is no clip.
    clips::all(&options.folders)
        .into_iter()
        .filter(|clip| clip.has_audio && clip.seconds >= 4.0)
        .filter(|clip| !clip.name().starts_with("speech_libri"))
        .collect()
}

fn audio_query(copy: &[i16]) -> AudioQuery {
    let mut extractor = AudioExtractor::to_search();
    extractor.push(copy);
    extractor.finish().1
}

pub(crate) fn audio(options: &Options) {
    let all = with_sound(options);
    let sounds: Vec<Vec<i16>> = all.iter().map(|clip| sound_of(options, clip)).collect();
    let index = Index::in_memory();
    let adds = (0..).zip(&sounds).map(|(id, samples)| {
        let mut extractor = AudioExtractor::to_store();
        extractor.push(samples);
        let print = Fingerprint {
            audio: Some(extractor.finish().0),
            ..Fingerprint::default()
        };
        Change::Add(id, Box::new(print))
    });
    index.apply(1, adds.collect());
    let title = format!("sound, excerpts of at most 10 s, {:?} half", options.half);
    let mut table = Table::new(options, title, "sound");
    let mut silent = 0;
    for transform in asked(options, transforms::audio()) {
        let mut tally = Tally::default();
        silent = 0;
        for (id, clip) in chosen(options, &all) {
            let sound = &sounds[id as usize];
            let excerpts = clips::excerpts(clip, 10.0, options.step);
            let (excerpts, too_still) = audible(sound, excerpts);
            silent += too_still;
            if excerpts.is_empty() {
                continue;
            }
            let way = transform.way_at(level(sound));
            let copies = copied_samples(&options.cache, clip, &excerpts, (&way, transform.speed));
            for (excerpt, copy) in excerpts.iter().zip(copies) {
                let query = Query {
                    audio: Some(audio_query(&copy)),
                    ..Query::default()
                };
                let case = (&transform, clip, *excerpt);
                one(options, &index, &query, case, (id, 0.0), &mut tally);
            }
        }
        table.row(&transform, tally);
    }
    table.end();
    println!("{silent} excerpts were left out of each: silence below -60 dB has no fingerprint");
}

/// Hard transforms of clips that can be heard, whose sound was encoded anew and is looked for as well.
pub(crate) fn together(options: &Options) {
    let all: Vec<Clip> = with_sound(options)
        .into_iter()
        .filter(|clip| clip.has_video)
        .collect();
    let sounds: Vec<Vec<i16>> = all.iter().map(|clip| sound_of(options, clip)).collect();
    let index = Index::in_memory();
    let adds = (0..).zip(&all).zip(&sounds).map(|((id, clip), samples)| {
        let mut extractor = AudioExtractor::to_store();
        extractor.push(samples);
        let print = Fingerprint {
            video: Some(stored_video(options, clip)),
            audio: Some(extractor.finish().0),
            text: None,
        };
        Change::Add(id, Box::new(print))
    });
    index.apply(1, adds.collect());
    let opus = &transforms::audio()[0];
    for (seconds, file) in [(10.0, "together"), (5.0, "together-short")] {
        let title = format!(
            "hard transforms with sound (opus 24k), excerpts of at most {seconds} s, {:?} half",
            options.half
        );
        let mut table = Table::new(options, title, file);
        for transform in transforms::video() {
            if transform.class != Class::Hard {
                continue;
            }
            let mut tally = Tally::default();
            for (id, clip) in chosen(options, &all) {
                let (excerpts, _) = audible(
                    &sounds[id as usize],
                    clips::excerpts(clip, seconds, options.step),
                );
                if excerpts.is_empty() {
                    continue;
                }
                let cache = &options.cache;
                let pictures = copied_frames(cache, clip, &excerpts, (&transform.way, 1.0));
                let sound = copied_samples(cache, clip, &excerpts, (&opus.way, 1.0));
                for ((excerpt, copy), sound) in excerpts.iter().zip(pictures).zip(sound) {
                    let query = Query {
                        video: Some(looked_at(&copy)),
                        audio: Some(audio_query(&sound)),
                        ..Query::default()
                    };
                    let case = (&transform, clip, *excerpt);
                    one(options, &index, &query, case, (id, 0.0), &mut tally);
                }
            }
            table.row(&transform, tally);
        }
        table.end();
    }
}
