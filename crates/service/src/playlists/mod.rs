//! Master playlists and MPEG-DASH manifests over the HLS outputs of finished jobs.

mod audio;
mod clock;
mod dash;
mod rendition;

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use reelgate_domain::job::{Job, JobSpec, JobState};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult};
use reelgate_domain::{JobId, ObjectRef};
use reelgate_media::mp4::{self, Fragment, Track};
use reelgate_media::playlist::{
    AudioTrack, MediaPlaylist, Rendition, fps, master_playlist, segments_align,
};

use crate::{Caller, ErrorKind, Service, ServiceError};

/// Which jobs' outputs a master playlist or a manifest offers, and where it goes.
#[derive(Clone, Debug)]
pub struct CreatePlaylist {
    /// 1 to 30 succeeded jobs with one HLS output each; players start with the first.
    pub jobs: Vec<JobId>,
    /// At most 30 jobs of sound alone that goes with each of the others, which then have none of their own.
    pub audio: Vec<CreateAudioTrack>,
    /// In the bucket of the outputs, with a name that ends in `.m3u8`, or in `.mpd` for a manifest.
    pub target: ObjectRef,
}

/// Sound that listeners choose by its name.
#[derive(Clone, Debug)]
pub struct CreateAudioTrack {
    pub job: JobId,
    /// 1 to 64 characters, no other track's; no quotes and no control characters.
    pub name: String,
    /// A language tag (BCP 47) of 2 to 35 letters, digits and hyphens.
    pub language: Option<String>,
}

/// A master playlist or a manifest that was written.
#[derive(Clone, Debug)]
pub struct Playlist {
    pub object: ObjectRef,
    pub renditions: Vec<Rendition>,
    pub audio: Vec<AudioTrack>,
}

const MAX_RENDITIONS: usize = 30;

/// The longest media playlist that is read, in bytes: a day of one-second segments has 5 MB.
const MAX_PLAYLIST_BYTES: u64 = 16 << 20;

/// What describes the samples of a segment stands before them; a minute's at 1000 frames a second takes less.
const MAX_START_BYTES: u64 = 1 << 20;

/// Far more than the header of segments takes.
const MAX_INIT_BYTES: u64 = 1 << 20;

/// One finished HLS output with its playlist as stored.
struct Rung<'a> {
    job: JobId,
    object: &'a ObjectRef,
    files: &'a [OutputFile],
    facts: &'a MediaFacts,
    playlist: MediaPlaylist,
    /// What the header of its segments says, where they have one.
    tracks: Option<Vec<Track>>,
    is_encrypted: bool,
    /// When the tracks of the first segment are shown; none of what has no header, or is encrypted.
    shown: Option<Vec<Fragment>>,
}

impl Rung<'_> {
    fn changed(&self) -> ServiceError {
        changed(self.job, self.object)
    }
}

fn changed(job: JobId, output: &ObjectRef) -> ServiceError {
    let message = format!("{output} no longer matches what its job wrote");
    ServiceError::new(ErrorKind::Conflict, job, message)
}

/// Whether segments can be read with a key only.
fn is_encrypted(job: &Job) -> bool {
    let JobSpec::Transcode(spec) = &job.spec else {
        return false;
    };
    spec.outputs
        .iter()
        .any(|output| output.encryption.is_some())
}

fn is_manifest(target: &ObjectRef) -> bool {
    target.key.as_str().ends_with(".mpd")
}

impl Service {
    /// Writes a master playlist over the HLS outputs of finished jobs, or an MPEG-DASH manifest over the segments of
    /// those that are of fragmented MP4.
    ///
    /// Fails with `Conflict` for a job that has not succeeded and for renditions whose segments do
    /// not align, because players change between renditions at segment borders.
    pub async fn create_playlist(
        &self,
        caller: &Caller,
        wanted: CreatePlaylist,
    ) -> Result<Playlist, ServiceError> {
        check(&wanted)?;
        let mut jobs = Vec::with_capacity(wanted.jobs.len() + wanted.audio.len());
        for id in wanted
            .jobs
            .iter()
            .chain(wanted.audio.iter().map(|it| &it.job))
        {
            jobs.push(self.job(caller, *id).await?);
        }
        let mut rungs = Vec::with_capacity(jobs.len());
        for job in &jobs {
            rungs.push(self.rung(caller, job, &wanted.target).await?);
        }
        clock::check(&rungs)?;
        let sounds = rungs.split_off(wanted.jobs.len());
        check_alignment(&rungs)?;
        audio::check(&rungs, &sounds)?;
        let tracks = audio::tracks(&sounds, &wanted.audio, &wanted.target)?;
        let of = |rung| Ok(rendition::of(rung, &wanted.target)?.heard_with(&tracks));
        let renditions = rungs.iter().map(of);
        let renditions = renditions.collect::<Result<Vec<_>, ServiceError>>()?;
        let text = match is_manifest(&wanted.target) {
            true => dash::text((&rungs, &sounds), &wanted)?,
            false => master_playlist(&renditions, &tracks),
        };
        let text = Bytes::from(text);
        let content = stream::iter([Ok::<_, Infallible>(text)]);
        self.put_object(caller, &wanted.target, content).await?;
        Ok(Playlist {
            object: wanted.target,
            renditions,
            audio: tracks,
        })
    }

    async fn rung<'a>(
        &self,
        caller: &Caller,
        job: &'a Job,
        target: &ObjectRef,
    ) -> Result<Rung<'a>, ServiceError> {
        if !matches!(job.lifecycle.state, JobState::Succeeded { .. }) {
            let state = job.lifecycle.state.name().as_str();
            let message = format!("job {} is {state}, not succeeded", job.id);
            return Err(ServiceError::new(ErrorKind::Conflict, job.id, message));
        }
        let [
            OutputResult::Done {
                object,
                files,
                facts,
                ..
            },
        ] = job.results.as_slice()
        else {
            let message = format!("job {} does not have exactly one output", job.id);
            return Err(ServiceError::invalid(job.id, message));
        };
        if !object.key.as_str().ends_with(".m3u8") {
            let message = format!("the output of job {} is no HLS playlist", job.id);
            return Err(ServiceError::invalid(job.id, message));
        }
        if object.bucket != target.bucket {
            let message = format!("the output of job {} is in another bucket", job.id);
            return Err(ServiceError::invalid(job.id, message));
        }
        let playlist = self.read_playlist(caller, object).await?;
        let tracks = match &playlist.init {
            Some(uri) => Some(
                self.read_tracks(caller, (job.id, object), (files, uri))
                    .await?,
            ),
            None => None,
        };
        let is_encrypted = is_encrypted(job);
        let shown = match &tracks {
            Some(tracks) if !is_encrypted => {
                let first = playlist.segments.first().map_or("", |it| it.uri.as_str());
                let start = self
                    .read_file(caller, (job.id, object), (files, first), MAX_START_BYTES)
                    .await?;
                mp4::fragments(&start, tracks)
            }
            _ => None,
        };
        Ok(Rung {
            job: job.id,
            object,
            files,
            facts,
            playlist,
            tracks,
            is_encrypted,
            shown,
        })
    }

    /// What the header at `uri`, one of the files of `output`, says of its tracks.
    async fn read_tracks(
        &self,
        caller: &Caller,
        (job, output): (JobId, &ObjectRef),
        (files, uri): (&[OutputFile], &str),
    ) -> Result<Vec<Track>, ServiceError> {
        let init = self.read_file(caller, (job, output), (files, uri), MAX_INIT_BYTES);
        mp4::tracks(&init.await?).ok_or_else(|| changed(job, output))
    }

    /// At most so many bytes of the file at `uri`, one of the files of `output`, from its first.
    async fn read_file(
        &self,
        caller: &Caller,
        (job, output): (JobId, &ObjectRef),
        (files, uri): (&[OutputFile], &str),
        most: u64,
    ) -> Result<Vec<u8>, ServiceError> {
        let file = rendition::file(files, uri).ok_or_else(|| changed(job, output))?;
        let object = ObjectRef {
            bucket: output.bucket.clone(),
            key: file.key.clone(),
        };
        self.read_start(caller, &object, most).await
    }

    /// At most so many bytes of an object, from its first.
    async fn read_start(
        &self,
        caller: &Caller,
        object: &ObjectRef,
        most: u64,
    ) -> Result<Vec<u8>, ServiceError> {
        let opened = self.get_object(caller, object).await?;
        let bytes = opened.meta.bytes.min(most);
        let content = opened.read(0, bytes).await?;
        content
            .try_fold(Vec::new(), async |mut found, piece| {
                found.extend_from_slice(&piece);
                Ok(found)
            })
            .await
            .map_err(ServiceError::unread)
    }

    async fn read_playlist(
        &self,
        caller: &Caller,
        object: &ObjectRef,
    ) -> Result<MediaPlaylist, ServiceError> {
        let text = self.read_start(caller, object, MAX_PLAYLIST_BYTES).await?;
        let text = String::from_utf8(text).map_err(ServiceError::internal)?;
        MediaPlaylist::parse(&text).map_err(|error| {
            let message = format!("{object} is no longer the playlist its job wrote: {error}");
            ServiceError::new(ErrorKind::Conflict, object, message)
        })
    }
}

fn check(wanted: &CreatePlaylist) -> Result<(), ServiceError> {
    if wanted.jobs.is_empty() || wanted.jobs.len() > MAX_RENDITIONS {
        let message = format!("a master playlist has 1 to {MAX_RENDITIONS} renditions");
        return Err(ServiceError::invalid("jobs", message));
    }
    audio::check_names(&wanted.audio)?;
    if !wanted.target.key.as_str().ends_with(".m3u8") && !is_manifest(&wanted.target) {
        return Err(ServiceError::invalid(
            "object",
            "the key of a playlist ends in .m3u8, that of a manifest of MPEG-DASH in .mpd",
        ));
    }
    Ok(())
}

fn check_alignment(rungs: &[Rung<'_>]) -> Result<(), ServiceError> {
    let Some((first, others)) = rungs.split_first() else {
        return Ok(());
    };
    let fps = fps(first.facts).unwrap_or(25.0);
    let first_name = first.object.to_string();
    for rung in others {
        let name = rung.object.to_string();
        let pair = (
            (first_name.as_str(), &first.playlist),
            (name.as_str(), &rung.playlist),
        );
        segments_align(pair.0, pair.1, 1.0 / fps).map_err(|misaligned| {
            let message = format!("the segments do not align: {misaligned}");
            ServiceError::new(ErrorKind::Conflict, rung.job, message)
        })?;
    }
    Ok(())
}
