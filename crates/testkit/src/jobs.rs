//! Jobs and what belongs to them.

use reelgate_domain::dna::{LibraryId, PrimaryKey};
use reelgate_domain::job::kind::fingerprint::{DnaMedia, FingerprintSpec, SaveMode};
use reelgate_domain::job::kind::ingest::{IngestSource, IngestSpec, SourceUrl};
use reelgate_domain::job::kind::media_info::MediaInfoSpec;
use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::snapshot::{Moments, Naming, PictureFormat, SnapshotSpec};
use reelgate_domain::job::kind::transcode::{Container, OutputSpec, TranscodeSpec};
use reelgate_domain::job::{JobKind, JobSpec, NewJob, Origin, Priority};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult, Staged};
use reelgate_domain::{
    AccountId, BucketName, JobId, ObjectKey, ObjectRef, PipelineId, SubmissionId, Timestamp,
    WorkerId, preset,
};

/// The `n`th account.
pub fn account(n: u64) -> AccountId {
    AccountId::from_random(n)
}

pub fn worker(name: &str) -> WorkerId {
    WorkerId(name.to_owned())
}

/// An object of the bucket `media`.
pub fn object(key: &str) -> ObjectRef {
    ObjectRef {
        bucket: BucketName::new("media").expect("it is a valid name"),
        key: ObjectKey::new(key).expect("tests use valid keys"),
    }
}

/// A transcode from one object to another with the preset `web-360p`.
pub fn spec(input: &str, output: &str) -> JobSpec {
    let preset = preset::find("web-360p").expect("it ships with the program");
    let output = OutputSpec::new(object(output), preset.settings);
    JobSpec::Transcode(TranscodeSpec {
        input: object(input),
        pictures: Vec::new(),
        outputs: vec![output],
    })
}

/// An ingest from an address to an object.
pub fn fetching(url: &str, output: &str) -> JobSpec {
    JobSpec::Ingest(IngestSpec {
        source: IngestSource::Url {
            url: SourceUrl::new(url).expect("tests use valid addresses"),
            bytes: None,
            sha256: None,
            skip_if_same: false,
        },
        output: object(output),
        cover: None,
        asset: None,
    })
}

/// A job of a kind.
pub fn of_kind(kind: JobKind) -> JobSpec {
    let input = object("in.mp4");
    match kind {
        JobKind::Transcode => spec("in.mp4", "out.mp4"),
        JobKind::Ingest => fetching("https://source.example/a.mp4", "a.mp4"),
        JobKind::Snapshot => JobSpec::Snapshot(SnapshotSpec {
            input,
            output: object("shot.jpg"),
            moments: Moments::At(vec![0]),
            width: None,
            height: None,
            long_side: None,
            format: PictureFormat::Jpeg,
            sprite: None,
            naming: Naming::Numbered,
            archive: None,
            key_frames: false,
            not_black: None,
        }),
        JobKind::MediaInfo => JobSpec::MediaInfo(MediaInfoSpec {
            input,
            output: None,
            complexity: None,
        }),
        JobKind::Remux => JobSpec::Remux(RemuxSpec {
            input,
            output: object("copy.mp4"),
            container: Container::Mp4,
            remove_metadata: false,
        }),
        JobKind::Fingerprint => JobSpec::Fingerprint(FingerprintSpec {
            input,
            library: LibraryId::from_bytes([7; 16]),
            key: PrimaryKey::new("film").expect("it is a valid key"),
            save: SaveMode::Always,
            media: DnaMedia::Video,
            min_similarity: 0.5,
            result: Some(object("matches.json")),
        }),
    }
}

/// The result of an output that was made.
pub fn done(key: &str) -> OutputResult {
    let object = object(key);
    let files = vec![OutputFile::new(object.key.clone(), 1000)];
    OutputResult::Done {
        object,
        files,
        facts: Box::new(MediaFacts::default()),
        source: None,
    }
}

/// What an attempt staged: one output.
pub fn staged(attempt: u32) -> Staged {
    Staged {
        attempt,
        results: vec![done("out.mp4")],
    }
}

/// A job that is about to be submitted.
#[derive(Clone, Debug)]
pub struct JobBuilder {
    job: NewJob,
}

impl JobBuilder {
    /// A transcode of the default priority, a submission of its own.
    pub fn new(account: AccountId, pipeline: PipelineId, id: JobId, at: Timestamp) -> Self {
        Self {
            job: NewJob {
                id,
                submission: SubmissionId::from_bytes(*id.as_bytes()),
                account,
                pipeline,
                priority: Priority::default(),
                spec: spec("in.mp4", "out.mp4"),
                origin: None,
                user_data: None,
                asset: None,
                created_at: at,
            },
        }
    }

    #[must_use]
    pub fn priority(mut self, level: u8) -> Self {
        self.job.priority = Priority::new(level).expect("a priority is 1 to 10");
        self
    }

    #[must_use]
    pub fn spec(mut self, spec: JobSpec) -> Self {
        self.job.spec = spec;
        self
    }

    #[must_use]
    pub fn input(mut self, key: &str) -> Self {
        if let JobSpec::Transcode(spec) = &mut self.job.spec {
            spec.input = object(key);
        }
        self
    }

    #[must_use]
    pub fn submission(mut self, submission: SubmissionId) -> Self {
        self.job.submission = submission;
        self
    }

    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.job.origin = Some(origin);
        self
    }

    #[must_use]
    pub fn user_data(mut self, text: &str) -> Self {
        self.job.user_data = Some(text.to_owned());
        self
    }

    pub fn build(self) -> NewJob {
        self.job
    }
}
