//! Connections that are shared: at most so many, each used by one at a time. Those who walk over much get
//! some of them only, so that pauses and looking up who calls never wait behind them.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::connect::{Connector, Session};
use super::error::Answer;
use crate::contract::StoreError;

/// How many connections those who walk over much leave to others.
const KEPT_FREE: usize = 2;

/// Keeps connections open and lends them out.
#[derive(Clone)]
pub(super) struct Pool {
    shared: Arc<Shared>,
    walks: bool,
}

struct Shared {
    connector: Connector,
    places: Arc<Semaphore>,
    most: usize,
    /// Places for those who walk over much: they need one of these, too.
    walks: Arc<Semaphore>,
    most_walks: usize,
    /// The one given back last is lent out first, so that few are in use when few are needed.
    idle: Mutex<Vec<Session>>,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(connector: Connector, most: usize) -> Self {
        let most = most.max(1);
        let most_walks = most.saturating_sub(KEPT_FREE).max(1);
        let shared = Arc::new(Shared {
            connector,
            places: Arc::new(Semaphore::new(most)),
            most,
            walks: Arc::new(Semaphore::new(most_walks)),
            most_walks,
            idle: Mutex::default(),
        });
        Self {
            shared,
            walks: false,
        }
    }

    /// The same for reads that may take long: pages of what there is much of.
    pub(super) fn for_walks(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            walks: true,
        }
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.shared.connector
    }

    /// A connection of one's own until it is dropped. Waits when all are lent, but not for ever.
    pub(super) async fn get(&self) -> Answer<Lent> {
        let patience = self.shared.connector.patience();
        let places = tokio::time::timeout(patience, self.places()).await;
        let Ok(Ok(places)) = places else {
            return Err(self.exhausted(patience).into());
        };
        let kept = self.idle().pop_if_fit();
        let session = match kept {
            Some(session) => session,
            None => self.shared.connector.connect().await?,
        };
        Ok(Lent {
            session: Some(session),
            pool: self.clone(),
            _places: places,
        })
    }

    async fn places(&self) -> Result<Places, AcquireError> {
        let shared = &self.shared;
        // First, so that whoever waits for it holds nothing.
        let walk = match self.walks {
            true => Some(Arc::clone(&shared.walks).acquire_owned().await?),
            false => None,
        };
        let place = Arc::clone(&shared.places).acquire_owned().await?;
        Ok(Places {
            _place: place,
            _walk: walk,
        })
    }

    fn exhausted(&self, patience: Duration) -> StoreError {
        let most = match self.walks {
            true => self.shared.most_walks,
            false => self.shared.most,
        };
        StoreError::Unavailable(format!(
            "all {most} connections to the database have been in use for {} s",
            patience.as_secs()
        ))
    }

    fn idle(&self) -> Idle<'_> {
        let idle = self.shared.idle.lock();
        Idle(idle.unwrap_or_else(PoisonError::into_inner))
    }
}

struct Idle<'p>(std::sync::MutexGuard<'p, Vec<Session>>);

impl Idle<'_> {
    fn pop_if_fit(mut self) -> Option<Session> {
        // Whatever ended them has most likely ended all.
        self.0.retain(Session::is_fit);
        self.0.pop()
    }
}

/// A connection that goes back to the pool when it is dropped, if it can be used again.
pub(super) struct Lent {
    session: Option<Session>,
    pool: Pool,
    // Dropped after the session is back.
    _places: Places,
}

struct Places {
    _place: OwnedSemaphorePermit,
    _walk: Option<OwnedSemaphorePermit>,
}

impl Deref for Lent {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("it is there until the drop")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(session) = self.session.take()
            && session.is_fit()
        {
            self.pool.idle().0.push(session);
        }
    }
}
