//! `reelgate playlist`: write master playlists and manifests over finished HLS jobs.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use reelgate_client::{AudioTrack, Client, NewAudioTrack, NewPlaylist, Rendition};
use reelgate_domain::ObjectRef;

use super::address;
use super::screen::{Format, json, line, or_dash, table};

#[derive(Debug, Subcommand)]
pub(crate) enum PlaylistCommand {
    /// Write a master playlist (.m3u8), or an MPEG-DASH manifest (.mpd) over segments of fragmented MP4; players start
    /// with the first job's rendition.
    Create {
        /// A succeeded job with one HLS output; give it once for each rendition.
        #[arg(long = "job", value_name = "ID", required = true)]
        jobs: Vec<String>,
        /// A succeeded job of sound alone, and what listeners choose it by: the first is heard unless they do. Then the
        /// other jobs have no sound.
        #[arg(long = "audio", value_name = "ID,NAME[,LANGUAGE]", value_parser = track)]
        audio: Vec<NewAudioTrack>,
        /// Where the playlist or manifest goes.
        #[arg(value_name = "BUCKET/KEY", value_parser = address::object)]
        object: ObjectRef,
    },
}

pub(super) async fn run(
    client: &Client,
    command: PlaylistCommand,
    format: Format,
) -> Result<ExitCode> {
    let PlaylistCommand::Create {
        jobs,
        audio,
        object,
    } = command;
    let wanted = NewPlaylist {
        jobs,
        audio,
        object: address::url(&object),
    };
    let playlist = client.create_playlist(&wanted).await?;
    match format {
        Format::Json => json(&playlist)?,
        Format::Table => {
            line(&playlist.object.to_string())?;
            let header = ["RENDITION", "PICTURE", "PEAK", "AVERAGE", "CODECS"];
            let tracks = playlist.audio.iter().map(track_row);
            table(header, playlist.renditions.iter().map(row).chain(tracks))?;
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

fn track_row(track: &AudioTrack) -> [String; 5] {
    [
        track.uri.clone(),
        track.name.clone(),
        format!("{} kbit/s", track.bandwidth / 1000),
        format!("{} kbit/s", track.average_bandwidth / 1000),
        track.codecs.clone(),
    ]
}

/// `ID,NAME` or `ID,NAME,LANGUAGE`.
fn track(text: &str) -> Result<NewAudioTrack, String> {
    let parts: Vec<&str> = text.split(',').collect();
    let (job, name, language) = match *parts {
        [job, name] => (job, name, None),
        [job, name, language] => (job, name, Some(language.to_owned())),
        _ => return Err("write ID,NAME or ID,NAME,LANGUAGE".to_owned()),
    };
    Ok(NewAudioTrack {
        job: job.to_owned(),
        name: name.to_owned(),
        language,
    })
}
