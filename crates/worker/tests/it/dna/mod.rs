//! Fingerprint jobs with real clips: what is found, what is stored, and what is left when something goes wrong.

mod copies;
mod found;
mod odd;
mod stored;

use std::path::{Path, PathBuf};
use std::process::Command;

use reelgate_domain::dna::{DnaEntry, DnaModel, LibraryId, Matches};
use reelgate_domain::job::kind::fingerprint::{DnaMedia, FingerprintSpec, SaveMode};
use reelgate_domain::job::{Job, JobSpec, StateName};
use reelgate_domain::media::OutputResult;
use reelgate_service::NewLibrary;

use crate::house::{House, object};

pub(crate) const BBB: &str = "bbb_720p25_aac51.mp4";
pub(crate) const HDR: &str = "hdr10_av1_vertical_720x1280.mp4";
pub(crate) const SPEECH: &str = "speech_libri_5703.ogg";

pub(crate) fn clip(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../media");
    path.join(name).canonicalize().unwrap()
}

/// A file that FFmpeg makes.
pub(crate) fn made(args: &[&str], name: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin"]).args(args);
    let output = ffmpeg.arg("-y").arg(&path).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    std::fs::read(&path).unwrap()
}

/// The same of words in one text.
pub(crate) fn film(args: &str, name: &str) -> Vec<u8> {
    made(&args.split_whitespace().collect::<Vec<_>>(), name)
}

/// A film of a minute's beginning: something vertical, 4.2 s, then the animation, 5.3 s.
pub(crate) fn two_in_one() -> Vec<u8> {
    let fit = "scale=320:180:force_original_aspect_ratio=decrease,pad=320:180:-1:-1,setsar=1,fps=25,format=yuv420p";
    let graph = format!("[0:v]{fit}[a];[1:v]{fit}[b];[a][b]concat=n=2:v=1[out]");
    let (first, second) = (clip(HDR), clip(BBB));
    made(
        &[
            "-i",
            first.to_str().unwrap(),
            "-i",
            second.to_str().unwrap(),
            "-filter_complex",
            &graph,
            "-map",
            "[out]",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
        ],
        "film.mp4",
    )
}

/// Seconds 1 to 5 of the animation, smaller, darker and coded badly.
pub(crate) fn cut_of_the_second() -> Vec<u8> {
    let path = clip(BBB);
    let path = path.to_str().unwrap();
    film(
        &format!(
            "-ss 1 -t 4 -i {path} -vf scale=240:-2,eq=brightness=-0.1 -c:v libx264 -preset veryfast \
             -crf 34 -an"
        ),
        "cut.mp4",
    )
}

/// A job's wishes.
#[derive(Clone, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) library: LibraryId,
    pub(crate) input: &'a str,
    pub(crate) key: &'a str,
    pub(crate) save: SaveMode,
    pub(crate) media: DnaMedia,
}

impl House {
    pub(crate) async fn library(&self, model: DnaModel) -> LibraryId {
        let new = NewLibrary {
            name: model.word().to_owned(),
            model,
            description: String::new(),
        };
        let made = self.service.create_library(&self.caller, new).await;
        made.unwrap().id
    }

    pub(crate) async fn submit_print(&self, wish: Wish<'_>) -> Job {
        let result = format!("found/{}.json", wish.key);
        let spec = FingerprintSpec {
            input: object(wish.input),
            library: wish.library,
            key: wish.key.parse_key(),
            save: wish.save,
            media: wish.media,
            min_similarity: FingerprintSpec::MIN_SIMILARITY,
            result: wish.save.searches().then(|| object(&result)),
        };
        self.submit_spec(JobSpec::Fingerprint(spec)).await
    }

    /// Submits it and waits for its end.
    pub(crate) async fn print(&self, wish: Wish<'_>) -> Job {
        let job = self.submit_print(wish).await;
        self.ended(job.id).await
    }

    /// What a job that succeeded has found.
    pub(crate) fn found(&self, job: &Job) -> Matches {
        assert_eq!(job.lifecycle.state.name(), StateName::Succeeded, "{job:?}");
        let [OutputResult::Done { files, .. }] = &job.results[..] else {
            panic!("{:?}", job.results);
        };
        let path = self.bucket_path().join(files[0].key.as_str());
        let text = std::fs::read(path).unwrap();
        assert_eq!(text.len() as u64, files[0].bytes);
        serde_json::from_slice(&text).unwrap()
    }

    pub(crate) async fn entries(&self, library: LibraryId) -> Vec<DnaEntry> {
        let listed = self
            .service
            .library_entries(&self.caller, library, None, 1000);
        listed.await.unwrap()
    }

    /// The keys of a library's entries.
    pub(crate) async fn keys(&self, library: LibraryId) -> Vec<String> {
        let entries = self.entries(library).await;
        entries.iter().map(|entry| entry.key.to_string()).collect()
    }
}

trait ParseKey {
    fn parse_key(&self) -> reelgate_domain::dna::PrimaryKey;
}

impl ParseKey for str {
    fn parse_key(&self) -> reelgate_domain::dna::PrimaryKey {
        reelgate_domain::dna::PrimaryKey::new(self).unwrap()
    }
}

/// The keys that were found, the best first.
pub(crate) fn keys_of(matches: &Matches) -> Vec<&str> {
    let keys = matches.entries.iter().map(|entry| entry.key.as_str());
    keys.collect()
}

/// Whether two spans of seconds are the same for whoever watches.
pub(crate) fn is_about(span: reelgate_domain::dna::Span, start: f64, end: f64) -> bool {
    (span.start - start).abs() < 0.6 && (span.end - end).abs() < 0.6
}
