//! `POST /api/v1/playlists`: writes a master playlist or an MPEG-DASH manifest over the HLS outputs of succeeded jobs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use reelgate_domain::{JobId, ObjectRef};
use reelgate_service::{CreateAudioTrack, CreatePlaylist, ServiceError};
use serde::{Deserialize, Serialize};

use crate::NativeApi;
use crate::http::{Address, Authorized, JsonBody, Problem, created, object_link};

/// The body: `{"jobs": [ID, …], "audio": [{"job", "name", "language"}, …], "object": OBJECT}`, where OBJECT is `{"bucket", "key"}` or an
/// address such as `oss://bucket/key`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    jobs: Vec<JobId>,
    #[serde(default)]
    audio: Vec<AudioBody>,
    object: Address,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AudioBody {
    job: JobId,
    name: String,
    #[serde(default)]
    language: Option<String>,
}

/// `{"object": {"bucket", "key"}, "renditions": [RENDITION, …], "audio": [TRACK, …]}`.
#[derive(Serialize)]
struct PlaylistView {
    object: ObjectRef,
    renditions: Vec<RenditionView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    audio: Vec<AudioView>,
}

/// `{"name", "language", "channels", "uri", "bandwidth", "average_bandwidth", "codecs"}`; the rates of renditions have the
/// largest track's in them.
#[derive(Serialize)]
struct AudioView {
    name: String,
    language: Option<String>,
    channels: Option<u32>,
    uri: String,
    bandwidth: u64,
    average_bandwidth: u64,
    codecs: String,
}

/// `{"uri", "bandwidth", "average_bandwidth", "width", "height", "fps", "codecs"}`, as the playlist
/// says it: the address relative to the playlist, rates in bits a second, the picture's size and
/// rate null for sound alone.
#[derive(Serialize)]
struct RenditionView {
    uri: String,
    bandwidth: u64,
    average_bandwidth: u64,
    width: Option<u32>,
    height: Option<u32>,
    fps: Option<f64>,
    codecs: String,
}

/// Answers 201, or 409 when the jobs' segments do not align.
pub(crate) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    let places = Places::of(&body);
    let audio = body.audio.into_iter().map(|track| CreateAudioTrack {
        job: track.job,
        name: track.name,
        language: track.language,
    });
    let wanted = CreatePlaylist {
        jobs: body.jobs,
        audio: audio.collect(),
        target: body.object.0,
    };
    let made = api.service.create_playlist(&caller, wanted).await;
    let playlist = made.map_err(|error| places.problem(error))?;
    let location = object_link(&playlist.object);
    let renditions = playlist
        .renditions
        .into_iter()
        .map(|rendition| RenditionView {
            uri: rendition.uri,
            bandwidth: rendition.bandwidth,
            average_bandwidth: rendition.average_bandwidth,
            width: rendition.resolution.map(|(width, _)| width),
            height: rendition.resolution.map(|(_, height)| height),
            fps: rendition.fps,
            codecs: rendition.codecs,
        });
    let audio = playlist.audio.into_iter().map(|track| AudioView {
        name: track.name,
        language: track.language,
        channels: track.channels,
        uri: track.sound.uri,
        bandwidth: track.sound.bandwidth,
        average_bandwidth: track.sound.average_bandwidth,
        codecs: track.sound.codecs,
    });
    let view = PlaylistView {
        renditions: renditions.collect(),
        audio: audio.collect(),
        object: playlist.object,
    };
    Ok(created(&location, view))
}

/// Where the jobs are in the body.
struct Places {
    jobs: Vec<JobId>,
    tracks: Vec<JobId>,
}

impl Places {
    fn of(body: &CreateBody) -> Self {
        Self {
            jobs: body.jobs.clone(),
            tracks: body.audio.iter().map(|track| track.job).collect(),
        }
    }

    /// The service names the job that is unfit; in the body it is one of `jobs`, or that of a track.
    fn problem(&self, error: ServiceError) -> Problem {
        let field = error.subject.parse().ok().and_then(|job| self.field(job));
        let problem = Problem::from(error);
        match field {
            Some(field) if problem.status() == StatusCode::BAD_REQUEST => problem.field(field),
            _ => problem,
        }
    }

    fn field(&self, job: JobId) -> Option<String> {
        if self.jobs.contains(&job) {
            return Some("jobs".to_owned());
        }
        let place = self.tracks.iter().position(|track| *track == job)?;
        Some(format!("audio[{place}].job"))
    }
}
