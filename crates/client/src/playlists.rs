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
    /// Its address, such as `oss://bucket/key.m3u8`.
    pub object: String,
}

/// A master playlist that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Playlist {
    pub object: Address,
    pub renditions: Vec<Rendition>,
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
