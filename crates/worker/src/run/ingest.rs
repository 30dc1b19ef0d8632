//! Ingests: a file is fetched from a web server, or looked at where it is, and becomes what its spec says.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use reelgate_domain::job::kind::ingest::{IngestSource, IngestSpec, SourceUrl};
use reelgate_domain::job::{Fault, FaultCode, Job};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult};
use reelgate_domain::{AccountId, JobId};
use reelgate_fetch::pull::{self, Expected, Judge, Look, Progress, Pull, PullFault, Pulled};

use super::{Alone, Made, Source, find_bucket};
use crate::WorkerConfig;
use crate::scratch::Amount;

/// The share of the progress that fetching has; the rest is for looking at what came.
const FETCHED_PERCENT: u64 = 95;

impl Alone<'_, IngestSpec> {
    /// Brings the file in: a result for each of the spec's targets. Dropping the future stops what runs;
    /// what has been fetched stays in the job's directory of fetched files.
    pub(crate) async fn make(&self) -> Result<Vec<Made>, Fault> {
        let (source, file) = match self.is_there().await? {
            true => (self.open_output().await?, None),
            false => {
                let pulled = self.fetch().await?;
                let bench = &self.tools.bench;
                let source = bench.probe(&self.spec.output, &pulled.path).await?;
                (source, Some(pulled))
            }
        };
        check_streams(self.job, &source.facts)?;
        (self.on_progress)(0, 100);
        let cover = self.cover(&source).await?;
        let mut made = vec![self.file(file, source.facts)];
        made.extend(cover);
        Ok(made)
    }

    /// The output as it is already.
    async fn open_output(&self) -> Result<Source, Fault> {
        let object = &self.spec.output;
        let (source, _bytes) = self.opening.open_object(self.job.account, object).await?;
        self.tools.holdups.clear(self.job.id);
        Ok(source)
    }

    fn file(&self, pulled: Option<Pulled>, facts: MediaFacts) -> Made {
        let object = self.spec.output.clone();
        let (files, paths) = match pulled {
            None => (Vec::new(), Vec::new()),
            Some(pulled) => {
                let sha256 = Some(hex::encode(pulled.sha256));
                let key = object.key.clone();
                let bytes = pulled.bytes;
                (vec![OutputFile { key, bytes, sha256 }], vec![pulled.path])
            }
        };
        let facts = Box::new(facts);
        Made {
            result: OutputResult::Done {
                object,
                files,
                facts,
                source: None,
            },
            files: paths,
            dir: None,
        }
    }

    /// The picture that stands for the file, if one is wanted. What has none to show has a result without
    /// files.
    async fn cover(&self, source: &Source) -> Result<Option<Made>, Fault> {
        let Some(object) = self.spec.cover.clone() else {
            return Ok(None);
        };
        let dir = self.scratch.join("cover");
        let bench = &self.tools.bench;
        let (mut files, mut paths) = (Vec::new(), Vec::new());
        if let Some(picture) = bench.cover(source, &dir, &self.limits).await? {
            files.push(OutputFile::new(object.key.clone(), picture.bytes));
            paths.push(picture.path);
        }
        Ok(Some(Made {
            result: OutputResult::Done {
                object,
                files,
                facts: Box::default(),
                source: None,
            },
            files: paths,
            dir: Some(dir),
        }))
    }

    /// Whether the output is what the source is: the same object, or of the size that the server says, and no older.
    async fn is_there(&self) -> Result<bool, Fault> {
        let IngestSource::Url {
            url,
            bytes: expected,
            sha256,
            skip_if_same,
        } = &self.spec.source
        else {
            return Ok(true);
        };
        // Nothing tells the checksum of what is there.
        if !skip_if_same || sha256.is_some() {
            return Ok(false);
        }
        let object = &self.spec.output;
        let bucket = find_bucket(self.tools, self.job.account, &object.bucket).await?;
        let Some(here) = self.tools.bench.meta(&bucket, object).await? else {
            return Ok(false);
        };
        let url = pull_url(url)?;
        let there = self.tools.bench.look(&url).await;
        let Look {
            bytes, validators, ..
        } = there.map_err(|fault| pull_fault(&fault))?;
        let changed = validators.last_modified.as_deref();
        let changed = changed.and_then(|date| httpdate::parse_http_date(date).ok());
        let modified = u64::try_from(here.modified.as_millis()).unwrap_or_default();
        let modified = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(modified);
        let is_expected = expected.is_none_or(|expected| expected == here.bytes);
        Ok(is_expected
            && bytes == Some(here.bytes)
            && changed.is_some_and(|changed| changed <= modified))
    }

    /// Fetches the file, and waits for room whenever there is too little.
    async fn fetch(&self) -> Result<Pulled, Fault> {
        let IngestSource::Url {
            url, bytes, sha256, ..
        } = &self.spec.source
        else {
            unreachable!("only what comes from an address is fetched");
        };
        let url = pull_url(url)?;
        let dir = fetched_dir(&self.opening.config, self.job);
        let sha256 = sha256.as_deref().map(digest_of).transpose()?;
        let come = Mutex::new(Progress {
            bytes: 0,
            total: None,
        });
        // What was refused for want of room.
        let refused = Mutex::new(None);
        let room = |more: u64| {
            let Progress { bytes, total } = *locked(&come);
            let needed = total.unwrap_or_else(|| bytes.saturating_add(more));
            let refuse = |why| {
                *locked(&refused) = Some(needed);
                Err(why)
            };
            // More than the promise at hand is asked for when it is known how much. What does not say its size goes
            // on as long as there is room: it would begin anew each time that it was promised more.
            if total.is_some() && needed > self.opening.budget.bytes() {
                return refuse("more is needed than was promised".to_owned());
            }
            let free = self.free_bytes();
            let least = self.opening.config.free_space_floor / 2;
            match free < least.saturating_add(more) {
                true => refuse(format!("{free} bytes are free")),
                false => Ok(()),
            }
        };
        let progress = |now: Progress| {
            *locked(&come) = now;
            if let Some(total) = now.total.filter(|total| *total > 0) {
                let percent = now.bytes.saturating_mul(FETCHED_PERCENT) / total;
                let percent = u8::try_from(percent).unwrap_or(100);
                // A cover comes as soon as there is a file to take it of.
                for result in 0..=usize::from(self.spec.cover.is_some()) {
                    (self.on_progress)(result, percent);
                }
            }
            let job = (self.job.id, self.job.lifecycle.attempt);
            self.tools.progress.set_bytes(job, now.bytes, now.total);
        };
        loop {
            let pull = Pull {
                expect: Expected {
                    bytes: *bytes,
                    sha256,
                    most_bytes: Some(self.opening.config.max_file_bytes),
                },
                room: &room,
                judge: Judge::Media,
                progress: &progress,
                ..Pull::new(&url, &dir)
            };
            match self.tools.bench.pull(pull).await {
                Err(fault @ PullFault::NoRoom { .. }) => {
                    let refused = locked(&refused).take();
                    let Progress { bytes, total } = *locked(&come);
                    let needed = refused.unwrap_or(total.unwrap_or(bytes));
                    // There is no end to be waited for of a quota, or of a disk that lacks something else than bytes.
                    if refused.is_none() && self.opening.budget.check(needed).await.is_ok() {
                        return Err(pull_fault(&fault));
                    }
                    self.wait_for_room(needed).await?;
                }
                pulled => return pulled.map_err(|fault| pull_fault(&fault)),
            }
        }
    }

    /// What is free where files are fetched to; a file system that does not tell is taken for an empty one.
    fn free_bytes(&self) -> u64 {
        (self.opening.config.free_bytes)(&self.opening.config.scratch).unwrap_or(u64::MAX)
    }

    /// Waits until so many bytes are promised to the job, and those of them are free that it does not have yet.
    async fn wait_for_room(&self, needed: u64) -> Result<(), Fault> {
        if needed > self.opening.capacity {
            let (needed, most) = (Amount(needed), Amount(self.opening.capacity));
            let message =
                format!("the file takes {needed}, and the disk has {most} for it at most");
            return Err(Fault::new(FaultCode::OverBudget, message));
        }
        let mut changes = self.opening.budget.changes();
        loop {
            changes.mark_unchanged();
            // What is promised may have been taken by others than those that ask.
            let promised = self.opening.budget.ask(needed).await;
            let shortage = match promised {
                Ok(()) => self.opening.budget.check(needed).await,
                refused => refused,
            };
            let Err(shortage) = shortage else {
                self.tools.holdups.clear(self.job.id);
                return Ok(());
            };
            self.tools.holdups.set(self.job.id, shortage.to_string());
            tokio::select! {
                biased;
                _ = changes.changed() => {}
                () = tokio::time::sleep(self.opening.config.poll_every) => {}
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where what a job has fetched waits to be used, over attempts and restarts.
pub(crate) fn fetched_dir(config: &WorkerConfig, job: &Job) -> PathBuf {
    config.fetched.join(fetched_folder(job.account, job.id))
}

/// Where finished pieces of what a job makes wait to be used, over attempts and restarts.
pub(crate) fn pieces_dir(config: &WorkerConfig, job: &Job) -> PathBuf {
    config.pieces.join(fetched_folder(job.account, job.id))
}

/// The name of such a directory, which tells whose it is.
pub(crate) fn fetched_folder(account: AccountId, job: JobId) -> String {
    format!("{account}-{job}")
}

/// Whose a directory of this name is.
pub(crate) fn fetched_for(name: &str) -> Option<(AccountId, JobId)> {
    let (account, job) = name.split_once('-')?;
    Some((account.parse().ok()?, job.parse().ok()?))
}

fn pull_url(url: &SourceUrl) -> Result<pull::SourceUrl, Fault> {
    let read = pull::SourceUrl::read(url.expose());
    read.map_err(|refused| Fault::new(FaultCode::SourceRefused, refused.to_string()))
}

fn digest_of(text: &str) -> Result<[u8; 32], Fault> {
    let mut digest = [0; 32];
    let read = hex::decode_to_slice(text, &mut digest);
    let unfit = |error| Fault::new(FaultCode::SpecUnfit, format!("the checksum: {error}"));
    read.map(|()| digest).map_err(unfit)
}

/// A file that FFmpeg can open and that has nothing to see or hear is none that anybody has use for.
fn check_streams(job: &Job, facts: &MediaFacts) -> Result<(), Fault> {
    match facts.video().is_some() || facts.audio().is_some() {
        true => Ok(()),
        false => {
            let host = job.spec.source_url().map(SourceUrl::host);
            let from = host.map(|host| format!(" from {host}")).unwrap_or_default();
            let message = format!("the file{from} has neither video nor audio");
            Err(Fault::new(FaultCode::SourceUnreadable, message))
        }
    }
}

fn pull_fault(fault: &PullFault) -> Fault {
    let code = match fault {
        PullFault::Address { .. }
        | PullFault::TooManyRedirects { .. }
        | PullFault::RedirectLoop { .. }
        | PullFault::BadRedirect { .. }
        | PullFault::Tls { .. }
        | PullFault::Encoded { .. } => FaultCode::SourceRefused,
        PullFault::Unresolved { passing: true, .. }
        | PullFault::Unreachable { .. }
        | PullFault::CutShort { .. }
        | PullFault::Broken { .. }
        | PullFault::Stalled { .. }
        | PullFault::TooSlow { .. } => FaultCode::SourceUnreachable,
        PullFault::Unresolved { passing: false, .. } => FaultCode::SourceRefused,
        PullFault::Status { .. } if fault.is_transient() => FaultCode::SourceUnreachable,
        PullFault::Status { status, .. } => match status.as_u16() {
            404 | 410 => FaultCode::SourceMissing,
            _ => FaultCode::SourceRefused,
        },
        PullFault::WrongRange { .. }
        | PullFault::Changed { .. }
        | PullFault::Longer { .. }
        | PullFault::SizeDiffers { .. }
        | PullFault::ChecksumDiffers { .. } => FaultCode::SourceMismatch,
        PullFault::Empty { .. } | PullFault::NotMedia { .. } | PullFault::Unwanted { .. } => {
            FaultCode::SourceUnreadable
        }
        PullFault::TooLarge { .. } => FaultCode::SourceTooLarge,
        PullFault::TimedOut { .. } => FaultCode::TimedOut,
        PullFault::NoRoom { .. } | PullFault::Disk { .. } | PullFault::InUse => {
            FaultCode::StorageFailed
        }
    };
    Fault::new(code, fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_that_pass_are_tried_again_and_others_are_not() {
        let host = || "source.example".to_owned();
        let cut = PullFault::CutShort {
            host: host(),
            came: 1,
            said: None,
        };
        let status = |code: u16| PullFault::Status {
            host: host(),
            status: http::StatusCode::from_u16(code).unwrap(),
            retry_after: None,
        };
        let gone = PullFault::NoRoom {
            cause: String::new(),
        };
        for fault in [
            cut,
            status(503),
            status(429),
            gone,
            status(404),
            status(403),
        ] {
            let code = pull_fault(&fault).code;
            assert_eq!(code.is_transient(), fault.is_transient(), "{fault}");
        }
        assert_eq!(pull_fault(&status(404)).code, FaultCode::SourceMissing);
    }
}
