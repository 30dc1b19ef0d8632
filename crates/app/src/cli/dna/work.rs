//! What adding and searching have in common: a file becomes an object, and a fingerprint job works on it.

use anyhow::{Context, Result};
use clap::Args;
use reelgate_client::{Client, Job, Library, NewFingerprint, SaveMode};
use reelgate_domain::{BucketName, ObjectRef};

use super::media::Media;
use crate::cli::address;
use crate::cli::screen::remark;
use crate::cli::source::{Source, unique_key};

/// How a job is to be done.
#[derive(Debug, Args)]
pub(super) struct How {
    /// What the file is. Default: what the library is made of; a picture that is looked for in films is known by its name.
    #[arg(long, value_enum)]
    media: Option<Media>,
    /// From which similarity on something counts as found, 0 to 1. Default: 0.5.
    #[arg(long, value_name = "SIMILARITY", value_parser = similarity)]
    min_similarity: Option<f64>,
    /// The bucket for uploaded files (uploads/) and for what was found (dna/).
    #[arg(long, default_value = "media")]
    bucket: BucketName,
    /// The pipeline, by id or name; `default` when left out.
    #[arg(long)]
    pipeline: Option<String>,
    /// 1 to 10, 10 first.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=10))]
    priority: Option<u8>,
}

fn similarity(text: &str) -> Result<f64, String> {
    let value = text.parse().ok();
    let fits = value.filter(|value| (0.0..=1.0).contains(value));
    fits.ok_or_else(|| "a similarity is 0 to 1, such as 0.5".to_owned())
}

/// A job that was submitted, and what it works on.
pub(super) struct Work {
    pub(super) job: Job,
    input: ObjectRef,
    is_uploaded: bool,
}

impl How {
    /// Uploads what is on this machine, and submits the job.
    pub(super) async fn submit(
        &self,
        client: &Client,
        library: &Library,
        source: &Source,
        key: &str,
        save: SaveMode,
    ) -> Result<Work> {
        let name = source.name()?;
        let media = self.media.unwrap_or_else(|| Media::of(library.model, name));
        let result = match save {
            SaveMode::Only => None,
            SaveMode::Never | SaveMode::IfNew | SaveMode::Always => Some(self.result(name)?),
        };
        let input = source.stored(client, &self.bucket).await?;
        let job = NewFingerprint {
            input: address::url(&input),
            library: library.id.clone(),
            key: key.to_owned(),
            media: media.media(),
            save,
            min_similarity: self.min_similarity,
            result,
            pipeline: self.pipeline.clone(),
            priority: self.priority,
            user_data: None,
        };
        let work = Work {
            job: client.submit_fingerprint(&job).await?,
            input,
            is_uploaded: matches!(source, Source::File(_)),
        };
        Ok(work)
    }

    /// Where a job writes what it finds.
    fn result(&self, name: &str) -> Result<String> {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let key = unique_key("dna", &format!("{stem}.json"))
            .with_context(|| format!("{name} cannot name what is found of it"))?;
        Ok(format!("oss://{}/{key}", self.bucket))
    }
}

impl Work {
    /// Takes away what was uploaded, where nothing refers to it any more.
    pub(super) async fn forget(&self, client: &Client) {
        if !self.is_uploaded {
            return;
        }
        if let Err(error) = client.delete_object(&self.input).await {
            remark(&format!("{} was uploaded and is left: {error}", self.input));
        }
    }
}
