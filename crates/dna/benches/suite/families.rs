//! Real copies among the clips.

use reelgate_dna::params::QUERY_DENSITY;
use reelgate_dna::{Change, Channel, Fingerprint, Index, Query, VideoExtractor};

use crate::Options;
use crate::clips::{Clip, Half, Way, frames};

/// Files called `X_copy_Y`, of the one called `X_orig`.
pub(crate) fn print(options: &Options) {
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
