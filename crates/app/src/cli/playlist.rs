//! `reelgate playlist`: write master playlists over finished HLS jobs.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use reelgate_client::{Client, NewPlaylist, Rendition};
use reelgate_domain::ObjectRef;

use super::address;
use super::screen::{Format, json, line, or_dash, table};

#[derive(Debug, Subcommand)]
pub(crate) enum PlaylistCommand {
    /// Write a master playlist; players start with the first job's rendition.
    Create {
        /// A succeeded job with one HLS output; give it once for each rendition.
        #[arg(long = "job", value_name = "ID", required = true)]
        jobs: Vec<String>,
        /// Where the playlist goes.
        #[arg(value_name = "BUCKET/KEY", value_parser = address::object)]
        object: ObjectRef,
    },
}

pub(super) async fn run(
    client: &Client,
    command: PlaylistCommand,
    format: Format,
) -> Result<ExitCode> {
    let PlaylistCommand::Create { jobs, object } = command;
    let wanted = NewPlaylist {
        jobs,
        object: address::url(&object),
    };
    let playlist = client.create_playlist(&wanted).await?;
    match format {
        Format::Json => json(&playlist)?,
        Format::Table => {
            line(&playlist.object.to_string())?;
            let header = ["RENDITION", "PICTURE", "PEAK", "AVERAGE", "CODECS"];
            table(header, playlist.renditions.iter().map(row))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(rendition: &Rendition) -> [String; 5] {
    let picture = rendition.width.zip(rendition.height);
    [
        rendition.uri.clone(),
        or_dash(picture.map(|(width, height)| format!("{width}x{height}"))),
        format!("{} kbit/s", rendition.bandwidth / 1000),
        format!("{} kbit/s", rendition.average_bandwidth / 1000),
        rendition.codecs.clone(),
    ]
}
