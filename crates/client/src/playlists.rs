//! Master playlists: create.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::jobs::Address;

/// A master playlist to write.
#[derive(Clone, Debug, Serialize)]
pub struct NewPlaylist {
    /// Succeeded jobs with one HLS output each; players start with the first.
    pub jobs: Vec<String>,
    /// Sound that goes with each of them, which then have none of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audio: Vec<NewAudioTrack>,
    /// Its address, such as `oss://bucket/key.m3u8`.
    pub object: String,
}

/// A succeeded job of sound alone, and what listeners choose it by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewAudioTrack {
    pub job: String,
    pub name: String,
    /// A language tag, such as `en`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A master playlist that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Playlist {
    pub object: Address,
    pub renditions: Vec<Rendition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audio: Vec<AudioTrack>,
}

/// A track of sound of a master playlist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioTrack {
    pub name: String,
    pub language: Option<String>,
    pub channels: Option<u32>,
    /// Relative to the playlist.
    pub uri: String,
    pub bandwidth: u64,
    pub average_bandwidth: u64,
    pub codecs: String,
}

/// What a master playlist offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendition {
    /// Relative to the playlist.
    pub uri: String,
    /// Bits a second at the peak, and on average.
    pub bandwidth: u64,
    pub average_bandwidth: u64,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub fps: Option<f64>,
    pub codecs: String,
}

impl Client {
    pub async fn create_playlist(&self, playlist: &NewPlaylist) -> Result<Playlist, Error> {
        self.call(Method::POST, &["playlists"])
            .json(playlist)
            .answer()
            .await
    }
}
