//! What a snapshot job has made, by kind, as its message shows it.

use reelgate_domain::ObjectKey;
use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::{Job, JobSpec};

use crate::vod::snapshot::list_snapshots::{Kind, made_by};

/// Stands for a number of five digits in names.
const NUMBER: &str = "{SnapshotCount}";

/// Pictures of one kind.
pub(super) struct Pictures {
    pub(super) word: &'static str,
    pub(super) count: usize,
    /// Their key, with the place of the number.
    pub(super) format: String,
}

pub(super) fn infos(job: &Job) -> Vec<Pictures> {
    let JobSpec::Snapshot(spec) = &job.spec else {
        return Vec::new();
    };
    let kinds = [
        (Kind::Normal, "NormalSnapshot"),
        (Kind::Sprite, "SpriteSnapshot"),
        (Kind::SpriteOrigin, "SpriteOriginSnapshot"),
    ];
    let infos = kinds.into_iter().filter_map(|(kind, word)| {
        let keys = made_by(kind, job);
        let first = keys.first()?;
        Some(Pictures {
            word,
            count: keys.len(),
            format: format(spec, first),
        })
    });
    infos.collect()
}

/// A key with its number, if it has one, replaced.
fn format(spec: &SnapshotSpec, key: &ObjectKey) -> String {
    let text = key.as_str();
    if *key == spec.output.key {
        return text.to_owned();
    }
    let (stem, extension) = text.rsplit_once('.').unwrap_or((text, ""));
    match stem.rsplit_once('-') {
        Some((stem, _)) => format!("{stem}-{NUMBER}.{extension}"),
        None => text.to_owned(),
    }
}
