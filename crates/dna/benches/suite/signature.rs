//! FFmpeg's own signature filter on the same frames, beside the engine.
//!
//! It compares only what one process decodes, so each pair is a process. It is given the grey frames that the engine is
//! given, and the stored side as densely as the query's: scaled, its own blocks of 32 by 32 are the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use reelgate_dna::params::{FRAMES_PER_SECOND, GREY_SIDE, QUERY_DENSITY};

use crate::Options;
use crate::clips::{self, Clip, Way, command, copied_frames, frames};
use crate::queries::{LEAD, lead, synthetic};
use crate::recall::chosen;
use crate::stats::{Share, processor, quantile};
use crate::transforms::{self, Class};

/// Of each clip so many excerpts at most are tried.
const MOST_EXCERPTS: usize = 1;

pub(crate) fn print(options: &Options) {
    println!(
        "\nFFmpeg's signature filter, excerpts of at most 10 s against their clip and against another, {:?} half\n{:<28} {:>5}  {:<24} {:<24}",
        options.half, "", "pairs", "recall", "false of other clips"
    );
    let all: Vec<Clip> = clips::all(&options.folders)
        .into_iter()
        .filter(|clip| clip.has_video)
        .collect();
    let around = synthetic(&options.cache);
    let lead = lead();
    let stored = tempfile::tempdir_in(&options.cache).expect("a temporary directory");
    let mut sizes = BTreeMap::new();
    for (id, clip) in chosen(options, &all) {
        let dense = frames(
            &options.cache,
            clip,
            clip.from,
            clip.seconds,
            &Way::default(),
            QUERY_DENSITY as u32,
        );
        let path = stored.path().join(format!("{id}.raw"));
        std::fs::write(&path, dense.concat()).expect("a temporary file can be written");
        sizes.insert(id, path);
    }
    let mut classes: BTreeMap<Class, (Share, Share)> = BTreeMap::new();
    let mut seconds = Vec::new();
    for transform in transforms::video() {
        let (mut found, mut wrong) = (Share::default(), Share::default());
        for (id, clip) in chosen(options, &all) {
            let mut excerpts = clips::excerpts(clip, 10.0, options.step);
            excerpts.truncate(MOST_EXCERPTS);
            let way = (&transform.way, transform.speed);
            for (excerpt, copy) in
                excerpts
                    .iter()
                    .zip(copied_frames(&options.cache, clip, &excerpts, way))
            {
                let query = stored.path().join("query.raw");
                let frames: Vec<u8> = around[..lead]
                    .iter()
                    .chain(&copy)
                    .chain(&around[lead..lead * 2])
                    .flatten()
                    .copied()
                    .collect();
                std::fs::write(&query, frames).expect("a temporary file can be written");
                let before = processor().1;
                let matches = matches(&sizes[&id], &query);
                seconds.push(processor().1 - before);
                let at = LEAD - excerpt.from * transform.speed.recip();
                // Right if it is on the line that leads from the one to the other, give or take a second.
                let is_right = matches.iter().any(|(reference, asked)| {
                    (asked - reference / transform.speed - at).abs() < 1.0
                });
                found.count(is_right);
                let other = sizes.iter().find(|(other, _)| **other > id);
                let (_, other) = other.or(sizes.iter().next()).expect("there are clips");
                wrong.count(!self::matches(other, &query).is_empty());
            }
        }
        println!(
            "{:<28} {:>5}  {:<24} {:<24}",
            transform.name,
            found.of,
            found.text(),
            wrong.text()
        );
        let class = classes.entry(transform.class).or_default();
        class.0.add(found);
        class.1.add(wrong);
    }
    for (class, (found, wrong)) in classes {
        println!(
            "{:<28} {:>5}  {:<24} {:<24}",
            format!("= {class:?}"),
            found.of,
            found.text(),
            wrong.text()
        );
    }
    println!(
        "processor time of one comparison with one clip: {:.2} s at the median",
        quantile(&mut seconds, 0.5)
    );
}

/// Seconds in both at which the filter says that they are alike.
fn matches(reference: &Path, query: &Path) -> Vec<(f64, f64)> {
    let rate = (FRAMES_PER_SECOND as usize * QUERY_DENSITY).to_string();
    let size = format!("{GREY_SIDE}x{GREY_SIDE}");
    let mut filter = command("ffmpeg");
    filter.args(["-hide_banner", "-nostdin", "-nostats"]);
    for path in [reference, query] {
        filter
            .args([
                "-f", "rawvideo", "-pix_fmt", "gray", "-s", &size, "-r", &rate, "-i",
            ])
            .arg(path);
    }
    filter.args([
        "-filter_complex",
        "[0:v][1:v]signature=nb_inputs=2:detectmode=full[out]",
        "-map",
        "[out]",
        "-f",
        "null",
        "-",
    ]);
    let output = filter
        .stderr(Stdio::piped())
        .output()
        .expect("ffmpeg starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines()
        .filter_map(|line| line.split("matching of video 0 at ").nth(1))
        .filter_map(|line| {
            let (reference, rest) = line.split_once(" and 1 at ")?;
            let (asked, _) = rest.split_once(',')?;
            Some((reference.parse().ok()?, asked.parse().ok()?))
        })
        .collect()
}
