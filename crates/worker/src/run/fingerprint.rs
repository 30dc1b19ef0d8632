//! Fingerprints: a file is looked for in a library, stored in it, or both.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::dna::{DnaModel, LibraryStatus, Matches};
use reelgate_domain::job::kind::fingerprint::{DnaMedia, FingerprintSpec, SaveMode};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult};
use reelgate_domain::{AccountId, JobId, ObjectKey, ObjectRef};
use reelgate_store::{DnaEffect, NewEntry, StoreError};

use super::{Alone, Made, find_bucket};
use crate::Tools;
use crate::dna::{
    Extracted, Extraction, LibraryCopies, MOST_TEXT_BYTES, PreparedQuery, Searched, Trouble,
    matches, text,
};

/// The share of the progress that decoding has.
const DECODED_PERCENT: u32 = 95;
/// How long to wait before the store is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// For a quarter of an hour: what was decoded meanwhile is worth the slot.
const MOST_QUESTIONS: u32 = 1800;

impl Alone<'_, FingerprintSpec> {
    /// Decodes the file and looks for it: the one result, and what is needed to store it. Dropping the future kills
    /// what runs.
    pub(crate) async fn make(&self, copies: &Arc<LibraryCopies>) -> Result<(Made, Printed), Fault> {
        let model = self.model().await?;
        check_key(self.tools, self.job.account, (self.job.id, self.spec)).await?;
        let dir = self.scratch.join("dna");
        let (extracted, facts) = self.extract(model, &dir).await?;
        let spec = self.spec;
        if spec.save.may_store() && extracted.is_blank() {
            let message = "nothing of the input could ever be found again, because it is black, \
                           silent, empty or too short, so it is not stored";
            return Err(Fault::new(FaultCode::SpecUnfit, message));
        }
        let entry = spec.save.may_store().then(|| NewEntry {
            key: spec.key.clone(),
            source: spec.input.clone(),
            duration_ms: extracted.duration_ms,
            fingerprint: extracted.fingerprint.encode(),
        });
        let origin = self.job.origin.as_ref();
        let mut printed = Printed {
            tools: self.tools.clone(),
            copies: Arc::clone(copies),
            account: self.job.account,
            job: self.job.id,
            spec: spec.clone(),
            dialect: origin.map(|origin| origin.dialect.clone()),
            entry,
            query: extracted.query.map(Arc::new),
            facts,
            dir,
            searched: None,
            has_duplicate: false,
            searches: 0,
        };
        let made = printed.search().await?;
        Ok((made, printed))
    }

    async fn model(&self) -> Result<DnaModel, Fault> {
        let (store, id) = (&self.tools.store, self.spec.library);
        let ids = [id];
        let found = patiently(|| store.libraries(self.job.account, &ids)).await?;
        let active = found
            .iter()
            .find(|it| it.status == LibraryStatus::Active)
            .map(|it| it.model);
        active.ok_or_else(|| Trouble::Gone(id).into())
    }

    async fn extract(&self, model: DnaModel, dir: &Path) -> Result<(Extracted, MediaFacts), Fault> {
        let wanted = Extraction {
            media: self.spec.media,
            model,
            searches: self.spec.save.searches(),
        };
        let bench = &self.tools.bench;
        if matches!(wanted.media, DnaMedia::Text | DnaMedia::Asr) {
            let (account, object) = (self.job.account, &self.spec.input);
            let bucket = find_bucket(self.tools, account, &object.bucket).await?;
            let content = bench.read(&bucket, object, dir, MOST_TEXT_BYTES).await?;
            return Ok((text(wanted, &content)?, MediaFacts::default()));
        }
        let (source, _bytes) = self.opening.open(self.job.clone()).await?;
        self.tools.holdups.clear(self.job.id);
        let mut on_progress = |percent: u8| {
            let percent = u32::from(percent) * DECODED_PERCENT / 100;
            (self.on_progress)(0, percent as u8);
        };
        let taking = bench.extract(wanted, &source, dir, &self.limits, &mut on_progress);
        Ok((taking.await?, source.facts))
    }
}

/// A file that is decoded and was looked for, and may have to be looked for again.
pub(crate) struct Printed {
    tools: Tools,
    copies: Arc<LibraryCopies>,
    account: AccountId,
    job: JobId,
    spec: FingerprintSpec,
    /// Through which dialect the job came.
    dialect: Option<String>,
    /// What would be stored.
    entry: Option<NewEntry>,
    query: Option<Arc<PreparedQuery>>,
    facts: MediaFacts,
    dir: PathBuf,
    /// The version that was searched last.
    searched: Option<u64>,
    has_duplicate: bool,
    searches: u32,
}

impl Printed {
    /// Looks for it in the library as it is now, if it is to be: the job's one result, with the documents of what was
    /// found.
    pub(crate) async fn search(&mut self) -> Result<Made, Fault> {
        let Some(query) = self.query.clone() else {
            return Ok(self.made(Vec::new(), None));
        };
        let found = self.find(&query).await?;
        self.searched = Some(found.version);
        self.has_duplicate = !found.entries.is_empty();
        self.searches += 1;
        let dir = self.dir.join(format!("found-{}", self.searches));
        let mut files = Vec::new();
        for (number, (key, content)) in self.documents(&found)?.into_iter().enumerate() {
            let path = dir.join(number.to_string());
            self.tools.bench.write(&path, &content).await?;
            files.push((OutputFile::new(key, content.len() as u64), path));
        }
        Ok(self.made(files, Some(dir)))
    }

    /// The same in a library that has grown since. What has come may have the key, too.
    pub(crate) async fn search_again(&mut self) -> Result<Made, Fault> {
        check_key(&self.tools, self.account, (self.job, &self.spec)).await?;
        self.search().await
    }

    async fn find(&self, query: &Arc<PreparedQuery>) -> Result<Matches, Fault> {
        let library = self.spec.library;
        let mut asked = 0;
        let (copy, version) = loop {
            asked += 1;
            match self.copies.current(self.account, library).await {
                Err(Trouble::Store(StoreError::Unavailable(_))) if asked < MOST_QUESTIONS => {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                current => break current?,
            }
        };
        let found = copy.search(query).await.map_err(|error| {
            let message = format!("the library could not be searched: {}", error.kind());
            Fault::new(FaultCode::StorageFailed, message)
        })?;
        let searched = Searched {
            library,
            version,
            min_similarity: self.spec.min_similarity,
        };
        let store = &*self.tools.store;
        patiently(|| matches(store, searched, query, found.clone())).await
    }

    /// The documents of what was found, each under its key: Reelgate's own, and the one of the job's dialect if that
    /// has one.
    fn documents(&self, found: &Matches) -> Result<Vec<(ObjectKey, Vec<u8>)>, Fault> {
        let unfit = |error: String| Fault::new(FaultCode::SpecUnfit, error);
        let ObjectRef { key, .. } = self.spec.target();
        let own = serde_json::to_vec_pretty(found).map_err(|error| {
            let message = format!("what was found could not be written: {error}");
            Fault::new(FaultCode::StorageFailed, message)
        })?;
        let mut documents = vec![(key.clone(), own)];
        for document in &self.tools.documents {
            if self.dialect.as_deref() == Some(document.dialect()) {
                let key = ObjectKey::new(format!("{key}{}", document.suffix()));
                let key = key.map_err(|error| unfit(error.to_string()))?;
                documents.push((key, document.render(found)));
            }
        }
        Ok(documents)
    }

    fn made(&self, files: Vec<(OutputFile, PathBuf)>, dir: Option<PathBuf>) -> Made {
        let (files, paths) = files.into_iter().unzip();
        Made {
            result: OutputResult::Done {
                object: self.spec.target().clone(),
                files,
                facts: Box::new(self.facts.clone()),
                source: None,
            },
            files: paths,
            dir,
        }
    }

    /// What the end of the job does to the library.
    pub(crate) fn effect(&self) -> DnaEffect {
        let is_duplicate = self.spec.save == SaveMode::IfNew && self.has_duplicate;
        DnaEffect {
            library: self.spec.library,
            entry: self.entry.clone().filter(|_| !is_duplicate),
            unless_added_since: match self.spec.save {
                SaveMode::IfNew => self.searched,
                SaveMode::Never | SaveMode::Always | SaveMode::Only => None,
            },
        }
    }

    pub(crate) fn key_taken(&self) -> Fault {
        key_taken(&self.spec)
    }

    pub(crate) fn library_gone(&self) -> Fault {
        Trouble::Gone(self.spec.library).into()
    }
}

/// Whoever would be told at the end that the key is in use need not wait for that.
async fn check_key(
    tools: &Tools,
    account: AccountId,
    (job, spec): (JobId, &FingerprintSpec),
) -> Result<(), Fault> {
    if !spec.save.may_store() {
        return Ok(());
    }
    let (store, keys) = (&tools.store, [spec.key.clone()]);
    let find = || store.find_entries(account, spec.library, &keys, &[]);
    let found = patiently(find).await?;
    let found = found.ok_or(Trouble::Gone(spec.library))?;
    match found.iter().any(|entry| entry.job != job) {
        true => Err(key_taken(spec)),
        false => Ok(()),
    }
}

fn key_taken(spec: &FingerprintSpec) -> Fault {
    let message = format!(
        "primary key {} is in use in library {}",
        spec.key, spec.library
    );
    Fault::new(FaultCode::KeyTaken, message)
}

/// Asks the store, and waits for one that is away: it is no fault of the job's.
async fn patiently<T, F>(mut ask: impl FnMut() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut asked = 0;
    loop {
        asked += 1;
        match ask().await {
            Err(StoreError::Unavailable(_)) if asked < MOST_QUESTIONS => {
                tokio::time::sleep(ASK_AGAIN).await;
            }
            answer => return answer.map_err(|error| Trouble::Store(error).into()),
        }
    }
}
