//! The node's copies of libraries: opened when they are searched, closed when nobody asks for them, removed with
//! their libraries.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reelgate_domain::AccountId;
use reelgate_domain::dna::{LibraryId, LibraryStatus};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_store::{Store, StoreError};
use tokio::sync::{Mutex as AsyncMutex, watch};

use super::copy::{LibraryCopy, locked, remove};

/// How often it is looked for what is to be saved, closed and removed.
const EVERY: Duration = Duration::from_secs(30);
/// Copies that nobody has asked for so long are closed.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// Why a library cannot be searched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("library {0} does not exist")]
    Gone(LibraryId),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the node's copy of a library cannot be used: {0}")]
    Disk(String),
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        let code = match &trouble {
            Trouble::Gone(_) => FaultCode::LibraryGone,
            Trouble::Store(_) | Trouble::Disk(_) => FaultCode::StorageFailed,
        };
        Self::new(code, trouble.to_string())
    }
}

/// A place that holds a copy once it is open.
type Seat = Arc<AsyncMutex<Option<Arc<LibraryCopy>>>>;

/// All copies of this node.
pub(crate) struct LibraryCopies {
    root: PathBuf,
    store: Arc<dyn Store>,
    seats: Mutex<HashMap<LibraryId, Seat>>,
}

impl LibraryCopies {
    /// Copies in directories below `root`, which nobody else may use; it need not be there yet.
    pub(crate) fn new(root: PathBuf, store: Arc<dyn Store>) -> Self {
        Self {
            root,
            store,
            seats: Mutex::default(),
        }
    }

    /// The copy of a library, with all that had happened to it when this was called, and the version of that.
    pub(crate) async fn current(
        &self,
        account: AccountId,
        id: LibraryId,
    ) -> Result<(Arc<LibraryCopy>, u64), Trouble> {
        let seat = Arc::clone(locked(&self.seats).entry(id).or_default());
        let copy = {
            let mut seat = seat.lock().await;
            // Before the store is asked, because jobs that have the copy let it follow meanwhile.
            let had = seat.as_ref().map_or(0, |copy| copy.version());
            let version = self.store.library_version(id).await?;
            let version = version.ok_or(Trouble::Gone(id))?;
            match &*seat {
                // A store that was put back to an earlier state goes on with other changes.
                Some(copy) if had <= version => Arc::clone(copy),
                open => {
                    let is_ahead = open.is_some();
                    *seat = None;
                    let copy = self.open(account, (id, version), is_ahead).await?;
                    *seat = Some(Arc::clone(&copy));
                    copy
                }
            }
        };
        let version = copy.follow(&*self.store).await?;
        Ok((copy, version))
    }

    /// Opens the copy, brings it up to date and sees whether it has as many entries as the library; if not, it is made
    /// anew.
    async fn open(
        &self,
        account: AccountId,
        (id, version): (LibraryId, u64),
        is_ahead: bool,
    ) -> Result<Arc<LibraryCopy>, Trouble> {
        let dir = self.root.join(id.to_string());
        if !is_ahead {
            let copy = off(&dir, move |dir| LibraryCopy::open(id, dir)).await?;
            if copy.version() <= version {
                copy.follow(&*self.store).await?;
                if self.agrees(account, &copy).await? {
                    return Ok(copy);
                }
            }
        }
        tracing::warn!(library.id = %id, "the copy of library {id} is not what the store says; it is made anew");
        let copy = off(&dir, move |dir| LibraryCopy::begin(id, dir)).await?;
        copy.follow(&*self.store).await?;
        Ok(copy)
    }

    /// Whether the library has as many entries as its copy, as far as both are of one version.
    async fn agrees(&self, account: AccountId, copy: &LibraryCopy) -> Result<bool, StoreError> {
        let found = self.store.libraries(account, &[copy.id]).await?;
        let same = found.iter().find(|library| {
            library.status == LibraryStatus::Active && library.version == copy.version()
        });
        Ok(same.is_none_or(|library| library.entries == copy.len()))
    }

    /// Looks after the copies now and again, until `stopped` turns true.
    pub(crate) async fn look_after(&self, mut stopped: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            self.tidy(IDLE).await;
        }
    }

    /// Saves what is due, closes what nobody has asked for so long, and removes copies of libraries that are gone.
    pub(crate) async fn tidy(&self, idle: Duration) {
        let seats: Vec<Seat> = locked(&self.seats).values().cloned().collect();
        for seat in seats {
            // One that is being opened is in use.
            let Ok(mut seat) = seat.try_lock() else {
                continue;
            };
            let Some(copy) = seat.clone() else { continue };
            let closes = copy.idle() >= idle;
            let kept = blocking(move || {
                match closes {
                    true => copy.save(),
                    false => copy.save_if_due(),
                }
                copy
            });
            let kept = kept.await;
            // What a search holds stays open: there may be only one at a time.
            if closes && Arc::strong_count(&kept) == 2 {
                *seat = None;
            }
        }
        locked(&self.seats).retain(|_, seat| Arc::strong_count(seat) > 1 || !is_empty(seat));
        if let Err(error) = self.remove_gone().await {
            tracing::warn!(%error, "copies of deleted libraries stay for now");
        }
    }

    async fn remove_gone(&self) -> Result<(), StoreError> {
        let root = self.root.clone();
        for id in blocking(move || copies_in(&root)).await {
            if self.store.library_version(id).await?.is_some() {
                continue;
            }
            let seat = locked(&self.seats).get(&id).cloned();
            if let Some(seat) = seat {
                let Ok(mut seat) = seat.try_lock() else {
                    continue;
                };
                if seat
                    .as_ref()
                    .is_some_and(|copy| Arc::strong_count(copy) > 1)
                {
                    continue;
                }
                *seat = None;
            }
            let dir = self.root.join(id.to_string());
            match blocking(move || remove(&dir)).await {
                Ok(()) => tracing::info!(library.id = %id, "removed the copy of library {id}"),
                Err(error) => {
                    tracing::warn!(library.id = %id, %error, "the copy of library {id} stays");
                }
            }
        }
        Ok(())
    }

    /// Saves all of them, so that nothing has to be asked for again after a restart.
    pub(crate) async fn save_all(&self) {
        let seats: Vec<Seat> = locked(&self.seats).values().cloned().collect();
        for seat in seats {
            let copy = seat.lock().await.clone();
            if let Some(copy) = copy {
                blocking(move || copy.save()).await;
            }
        }
    }
}

fn is_empty(seat: &Seat) -> bool {
    seat.try_lock().is_ok_and(|seat| seat.is_none())
}

/// The libraries that there are directories of.
fn copies_in(root: &Path) -> Vec<LibraryId> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| name.parse().ok()).collect()
}

async fn off(
    dir: &Path,
    open: impl FnOnce(&Path) -> Result<LibraryCopy, reelgate_dna::IndexError> + Send + 'static,
) -> Result<Arc<LibraryCopy>, Trouble> {
    let dir = dir.to_owned();
    let opened = blocking(move || open(&dir)).await;
    let opened = opened.map_err(|error| {
        // The error names the directory, which is not for whoever reads the fault.
        tracing::error!(%error, "a copy of a library cannot be opened");
        Trouble::Disk("it cannot be opened".to_owned())
    });
    Ok(Arc::new(opened?))
}

/// Does what would keep others waiting elsewhere.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // It was not aborted, so it panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
