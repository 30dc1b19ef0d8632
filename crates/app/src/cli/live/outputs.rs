//! The outputs of a stream on a command line.

use anyhow::{Result, bail};
use clap::Args;
use reelgate_client::{SourceAddress, StreamOutput, StreamTarget};
use reelgate_domain::ObjectRef;

use crate::cli::address;

/// How a stream is encoded where nobody says it: not at all.
const COPY: &str = "copy";

#[derive(Debug, Args)]
pub(super) struct Outputs {
    /// Send it to this RTMP, RTMPS or SRT address; may be repeated.
    #[arg(long = "output", value_name = "URL")]
    pushes: Vec<String>,
    /// Write it as HLS into a bucket: the playlist, such as media/live/news.m3u8; may be repeated.
    #[arg(long, value_name = "BUCKET/KEY.m3u8", value_parser = address::object)]
    hls: Vec<ObjectRef>,
    /// Record it into files in this folder of a bucket, such as media/recordings; may be repeated.
    #[arg(long = "record", value_name = "BUCKET/FOLDER", value_parser = folder)]
    recordings: Vec<ObjectRef>,
    /// Seconds of a segment of HLS, 1 to 60.
    #[arg(long, value_name = "N", default_value_t = 4)]
    segment_seconds: u32,
    /// How many of the newest segments the playlist names, older ones are removed; 0 keeps all.
    #[arg(long, value_name = "N", default_value_t = 6)]
    window: u32,
    /// How it is encoded, by the name or id of a template; once for all outputs, or once for each: those of --output
    /// first, then those of --hls, then those of --record.
    #[arg(long = "template", value_name = "TEMPLATE")]
    templates: Vec<String>,
}

impl Outputs {
    /// Whether any place is named.
    pub(super) fn are_named(&self) -> bool {
        !(self.pushes.is_empty() && self.hls.is_empty() && self.recordings.is_empty())
    }

    /// The template for whatever outputs there are, where no place is named.
    pub(super) fn template(&self) -> Result<Option<String>> {
        match self.templates.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            _ => bail!("several templates want the outputs that each is for"),
        }
    }

    pub(super) fn read(&self) -> Result<Vec<StreamOutput>> {
        let targets = self.targets();
        let template = |at: usize| match self.templates.as_slice() {
            [] => COPY.to_owned(),
            [all] => all.clone(),
            each => each[at].clone(),
        };
        if self.templates.len() > 1 && self.templates.len() != targets.len() {
            bail!(
                "there are {} templates for {} outputs: name one for all, or one for each",
                self.templates.len(),
                targets.len()
            );
        }
        let outputs = targets.into_iter().enumerate();
        Ok(outputs
            .map(|(at, target)| StreamOutput {
                target,
                template: template(at),
            })
            .collect())
    }

    fn targets(&self) -> Vec<StreamTarget> {
        let pushes = self.pushes.iter().map(|address| StreamTarget::Push {
            address: SourceAddress::new(address),
        });
        let playlists = self.hls.iter().map(|place| StreamTarget::Hls {
            bucket: place.bucket.to_string(),
            playlist: place.key.to_string(),
            segment_seconds: self.segment_seconds,
            window: self.window,
        });
        let recordings = self.recordings.iter().map(|place| StreamTarget::Recording {
            bucket: place.bucket.to_string(),
            folder: place.key.to_string(),
        });
        pushes.chain(playlists).chain(recordings).collect()
    }
}

/// `BUCKET/FOLDER`, with or without a slash at its end.
fn folder(text: &str) -> Result<ObjectRef, String> {
    address::object(text.trim_end_matches('/'))
}
