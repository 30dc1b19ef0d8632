//! What callers ask for, and what they get.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::ClientConfig;

use crate::client::{FetchError, Lookup, system, tls};
use crate::guard::Guard;
use crate::pull::answer::{self, Body, Facts, Validators};
use crate::pull::ask::{Asker, Question, host};
use crate::pull::fault::PullFault;
use crate::pull::limits::PullLimits;
use crate::pull::pace::Pace;
use crate::pull::part::{Found, Part};
use crate::pull::run::Run;
use crate::pull::sniff::{HEAD_BYTES, Kind, sniff};
use crate::pull::source::SourceUrl;
use crate::pull::state::State;

/// Pulls, within limits that all its pulls share. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Puller(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) asker: Asker,
    pub(super) pace: Pace,
    pub(super) limits: PullLimits,
}

/// What is to be fetched, and where to.
#[derive(Clone, Copy)]
pub struct Pull<'a> {
    pub url: &'a SourceUrl,
    /// For nothing but this pull. It is made if it is missing.
    pub dir: &'a Path,
    pub expect: Expected,
    /// Is asked for so many more bytes on the disk: before a pull whose size is known, and again and again during
    /// any, then also for none, so that a floor can be kept. An error ends the pull with `PullFault::NoRoom`.
    pub room: &'a (dyn Fn(u64) -> Result<(), String> + Send + Sync),
    pub judge: Judge<'a>,
    /// Is told of each piece that has come, which is often, and of a size before room is asked for.
    pub progress: &'a (dyn Fn(Progress) + Send + Sync),
}

/// What is known of the content beforehand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    pub bytes: Option<u64>,
    pub sha256: Option<[u8; 32]>,
    /// A lower limit than that of the puller.
    pub most_bytes: Option<u64>,
}

/// Who judges the first bytes, before anything is written.
#[derive(Clone, Copy)]
pub enum Judge<'a> {
    /// Refuses what surely holds no audio, video or pictures.
    Media,
    Anything,
    /// The reason for a refusal must not tell the address.
    Own(&'a (dyn Fn(&Head<'_>) -> Result<(), String> + Send + Sync)),
}

/// How a content begins.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Up to `HEAD_BYTES`; fewer only if there are no more.
    pub bytes: &'a [u8],
    pub kind: Kind,
    /// What the server says that it is.
    pub content_type: Option<&'a str>,
}

/// How far a pull is. It goes back when a pull has to begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// With those that were there from earlier.
    pub bytes: u64,
    pub total: Option<u64>,
}

/// A file that is complete, verified and durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    pub path: PathBuf,
    pub bytes: u64,
    pub sha256: [u8; 32],
    /// What came over the network for it this time: more than `bytes` after a restart, less after an earlier pull.
    pub fetched: u64,
    pub validators: Validators,
    /// As the server says, which may be anything.
    pub content_type: Option<String>,
    /// As the server suggests, else as the address says; fit to name a file.
    pub file_name: Option<String>,
    pub kind: Kind,
}

/// What a server says of a content without sending it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub bytes: Option<u64>,
    pub validators: Validators,
    /// Whether a pull could go on after it has broken off.
    pub resumable: bool,
    pub content_type: Option<String>,
    pub file_name: Option<String>,
}

impl Puller {
    /// Servers with TLS need a certificate of an authority that this machine knows.
    pub fn new(guard: Guard, limits: PullLimits) -> Result<Self, FetchError> {
        let tls = tls().map_err(|error| FetchError::Broken(error.to_string()))?;
        Self::with(guard, limits, tls, system())
    }

    pub(super) fn with(
        guard: Guard,
        limits: PullLimits,
        tls: ClientConfig,
        lookup: Lookup,
    ) -> Result<Self, FetchError> {
        let asker = Asker::new(guard, &limits, tls, lookup);
        let asker = asker.map_err(|error| FetchError::Broken(error.to_string()))?;
        Ok(Self(Arc::new(Shared {
            asker,
            pace: Pace::new(limits.bytes_per_second, limits.bytes_per_second_per_host),
            limits,
        })))
    }

    pub fn limits(&self) -> &PullLimits {
        &self.0.limits
    }

    /// Fetches it, going on with what an earlier pull of the same address has left in the directory.
    ///
    /// Whoever drops the future stops it at once; what is on the disk can be gone on with. So it can after a transient
    /// fault, in so far as the server lets it; after any other one nothing is left. A file that an earlier pull has
    /// completed is returned without asking anybody, unless it is so small that nothing was noted of it.
    pub async fn pull(&self, pull: Pull<'_>) -> Result<Pulled, PullFault> {
        let hashed = hex::encode(digest(&SHA256, pull.url.expose().as_bytes()));
        let dir = pull.dir.to_owned();
        let opening = tokio::task::spawn_blocking(move || Part::open(&dir, &hashed)).await;
        let found = opening.map_err(|error| PullFault::Disk {
            doing: "open",
            cause: error.to_string(),
        })?;
        match found? {
            Found::Whole { path, state } => self.found(&pull, path, *state).await,
            Found::Part(part) => {
                let fetched = Run::new(&self.0, &pull, &part).fetch().await;
                let lasts = |fault: &PullFault| {
                    // What the disk has lost cannot be told from what it has.
                    !fault.is_transient() || matches!(fault, PullFault::Disk { .. })
                };
                if fetched.as_ref().is_err_and(lasts) {
                    part.discard().await?;
                }
                fetched
            }
        }
    }

    /// Asks what is there, and leaves it there.
    pub async fn look(&self, url: &SourceUrl) -> Result<Look, PullFault> {
        let question = Question {
            url: url.url().clone(),
            range: Some(0..u64::MAX),
            condition: None,
        };
        let mut answered = self.0.asker.ask(&question, None).await?;
        let mut read = answer::read(
            answered.response.status(),
            answered.response.headers(),
            question.range.as_ref(),
            None,
        );
        if read == Err(answer::Verdict::NoRanges) {
            let question = Question {
                range: None,
                ..question
            };
            answered = self.0.asker.ask(&question, Some(answered.slot)).await?;
            let response = &answered.response;
            read = answer::read(response.status(), response.headers(), None, None);
        }
        let (body, facts) = read.map_err(|verdict| {
            let asked = question.range.as_ref();
            PullFault::from_verdict(verdict, host(&answered.url), asked)
        })?;
        let (bytes, ranges) = match body {
            Body::Whole { length, ranges } => (length, ranges),
            Body::Part { total, .. } => (Some(total), true),
        };
        Ok(Look {
            bytes,
            resumable: ranges && bytes.is_some() && facts.validators.condition.is_some(),
            file_name: facts.file_name.or_else(|| url.file_name()),
            content_type: facts.content_type,
            validators: facts.validators,
        })
    }

    /// One that was complete before.
    async fn found(
        &self,
        pull: &Pull<'_>,
        path: PathBuf,
        state: State,
    ) -> Result<Pulled, PullFault> {
        let mut sha256 = [0; 32];
        let decoded = hex::decode_to_slice(state.sha256.unwrap_or_default(), &mut sha256);
        decoded.map_err(|error| PullFault::Disk {
            doing: "read the state of",
            cause: error.to_string(),
        })?;
        let verified = verify(pull, state.total, &sha256);
        if let Err(fault) = verified {
            let dir = pull.dir.to_owned();
            let discarding = tokio::task::spawn_blocking(move || super::discard(&dir)).await;
            discarding.map_err(|error| PullFault::Disk {
                doing: "remove",
                cause: error.to_string(),
            })??;
            return Err(fault);
        }
        pulled(pull, path, state.total, sha256, 0, state.facts).await
    }
}

/// Compares with what was expected.
pub(super) fn verify(pull: &Pull<'_>, bytes: u64, sha256: &[u8; 32]) -> Result<(), PullFault> {
    let host = || pull.url.host().to_owned();
    if let Some(expected) = pull.expect.bytes.filter(|expected| *expected != bytes) {
        return Err(PullFault::SizeDiffers {
            host: host(),
            expected,
            size: bytes,
        });
    }
    match pull.expect.sha256 {
        Some(expected) if expected != *sha256 => Err(PullFault::ChecksumDiffers {
            host: host(),
            expected: hex::encode(expected),
            found: hex::encode(sha256),
        }),
        _ => Ok(()),
    }
}

pub(super) async fn pulled(
    pull: &Pull<'_>,
    path: PathBuf,
    bytes: u64,
    sha256: [u8; 32],
    fetched: u64,
    facts: Facts,
) -> Result<Pulled, PullFault> {
    let file = path.clone();
    let head = tokio::task::spawn_blocking(move || {
        use std::io::Read as _;
        let mut head = Vec::new();
        let file = std::fs::File::open(file)?;
        file.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
        std::io::Result::Ok(head)
    });
    let head = head.await.map_err(std::io::Error::other).flatten();
    let head = head.map_err(|error| PullFault::disk("read", &error))?;
    Ok(Pulled {
        path,
        bytes,
        sha256,
        fetched,
        validators: facts.validators,
        content_type: facts.content_type,
        file_name: facts.file_name.or_else(|| pull.url.file_name()),
        kind: sniff(&head),
    })
}

impl<'a> Pull<'a> {
    /// One that expects a media file of any size and keeps no floor on the disk.
    pub fn new(url: &'a SourceUrl, dir: &'a Path) -> Self {
        Self {
            url,
            dir,
            expect: Expected::default(),
            room: &|_more| Ok(()),
            judge: Judge::Media,
            progress: &|_progress| {},
        }
    }
}

impl fmt::Debug for Pull<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pull")
            .field("url", &self.url)
            .field("dir", &self.dir)
            .field("expect", &self.expect)
            .finish_non_exhaustive()
    }
}
