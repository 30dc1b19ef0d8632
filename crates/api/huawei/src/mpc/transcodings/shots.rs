//! What a task shows of the pictures that it has taken.

use reelgate_domain::job::Job;
use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult};
use serde_json::{Value, json as value};

use super::pictures::{KeptSet, Member};
use crate::mpc::facts::Members;

/// A set of pictures that there is.
struct Shot<'a> {
    spec: &'a SnapshotSpec,
    kept: &'a KeptSet,
    files: &'a [OutputFile],
    facts: &'a MediaFacts,
}

/// Every set that was taken by a task that has succeeded.
fn all<'a>(job: &'a Job, kept: &'a [KeptSet]) -> impl Iterator<Item = Shot<'a>> {
    let spec = job.spec.transcode();
    let sets = spec.into_iter().flat_map(|spec| &spec.pictures);
    let results = job
        .results
        .iter()
        .skip(spec.map_or(0, |spec| spec.outputs.len()));
    let sets = sets.zip(kept).zip(results);
    sets.filter_map(|((spec, kept), result)| match result {
        OutputResult::Done { files, facts, .. } => Some(Shot {
            spec,
            kept,
            files,
            facts,
        }),
        OutputResult::Failed { .. } => None,
    })
}

/// The names of all files.
pub(super) fn names<'a>(job: &'a Job, kept: &'a [KeptSet]) -> Vec<&'a str> {
    let files = all(job, kept).flat_map(|shot| shot.files);
    files.map(|file| file.key.file_name()).collect()
}

/// Adds the members that are about pictures.
pub(super) fn put(members: &mut Members, job: &Job, kept: &[KeptSet]) {
    let (mut several, mut sheets) = (Vec::new(), Vec::new());
    for shot in all(job, kept) {
        match shot.kept.member {
            Member::Thumbnail => {
                members.put("thumbnail_output", Some(shot.kept.output.clone()));
                members.put("thumbnail_outputname", shot.spec.archive.as_deref());
                members.put("pic_info", shot.pictures());
            }
            Member::Thumbnails => several.push(shot.thumbnails()),
            Member::ImageSprites => sheets.push(shot.sheets()),
        }
    }
    let some = |list: Vec<Value>| Some(list).filter(|list| !list.is_empty());
    members.put("thumbnails_info", some(several));
    members.put("image_sprite_info", some(sheets));
}

/// `OutputThumbnailPara`: the first set of thumbnails.
pub(super) fn para(job: &Job, kept: &[KeptSet]) -> Option<Value> {
    let shot = all(job, kept).find(|shot| shot.kept.member != Member::ImageSprites)?;
    let mut members = Members::default();
    let whole = shot.facts.streams.first();
    members.put("total_pictures", whole.and_then(|stream| stream.frames));
    if let Some((_, picture)) = shot.facts.video() {
        members.put("width", Some(picture.width));
        members.put("height", Some(picture.height));
    }
    let file = shot.files.first().map(|file| file.key.file_name());
    members.put("file_name", file);
    members.put("output", Some(shot.kept.output.clone()));
    Some(Value::Object(members.0))
}

impl Shot<'_> {
    /// None of what is packed into one file.
    fn pictures(&self) -> Option<Vec<Value>> {
        let names = self.files.iter().map(|file| file.key.file_name());
        let pictures = names.map(|name| value!({"pic_name": name}));
        self.spec.archive.is_none().then(|| pictures.collect())
    }

    fn thumbnails(&self) -> Value {
        let mut members = Members::default();
        members.put("pic_info", self.pictures());
        members.put("output", Some(self.kept.output.clone()));
        members.put("output_name", self.spec.archive.as_deref());
        Value::Object(members.0)
    }

    fn sheets(&self) -> Value {
        let mut members = Members::default();
        let names = self.files.iter().map(|file| file.key.file_name());
        let (cues, sheets): (Vec<&str>, Vec<&str>) = names.partition(|name| {
            let cues = self.spec.cues();
            cues.is_ok_and(|cues| cues.file_name() == *name)
        });
        if let Some(sprite) = &self.spec.sprite {
            members.put("row_count", Some(sprite.rows));
            members.put("column_count", Some(sprite.columns));
            let whole = self.facts.streams.first();
            members.put("total_count", whole.and_then(|stream| stream.frames));
            if let Some((_, sheet)) = self.facts.video() {
                members.put("width", Some(sheet.width / sprite.columns.max(1)));
                members.put("height", Some(sheet.height / sprite.rows.max(1)));
            }
        }
        members.put("output_image_name", Some(sheets));
        members.put("output_webvtt_name", cues.first().copied());
        members.put("output", Some(self.kept.output.clone()));
        Value::Object(members.0)
    }
}
