//! Connections that are shared: at most so many, each used by one at a time.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connect::{Connector, Session};
use super::error::Answer;
use crate::contract::StoreError;

/// Keeps connections open and lends them out.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    connector: Connector,
    places: Arc<Semaphore>,
    most: usize,
    /// The one given back last is lent out first, so that few are in use when few are needed.
    idle: Mutex<Vec<Session>>,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(connector: Connector, most: usize) -> Self {
        let most = most.max(1);
        Self(Arc::new(Shared {
            connector,
            places: Arc::new(Semaphore::new(most)),
            most,
            idle: Mutex::default(),
        }))
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.0.connector
    }

    /// A connection of one's own until it is dropped. Waits when all are lent, but not for ever.
    pub(super) async fn get(&self) -> Answer<Lent> {
        let patience = self.0.connector.patience();
        let place = Arc::clone(&self.0.places).acquire_owned();
        let place = tokio::time::timeout(patience, place).await;
        let Ok(Ok(place)) = place else {
            return Err(self.exhausted(patience).into());
        };
        let kept = self.idle().pop_if_fit();
        let session = match kept {
            Some(session) => session,
            None => self.0.connector.connect().await?,
        };
        Ok(Lent {
            session: Some(session),
            pool: self.clone(),
            _place: place,
        })
    }

    fn exhausted(&self, patience: Duration) -> StoreError {
        StoreError::Unavailable(format!(
            "all {} connections to the database have been in use for {} s",
            self.0.most,
            patience.as_secs()
        ))
    }

    fn idle(&self) -> Idle<'_> {
        Idle(self.0.idle.lock().unwrap_or_else(PoisonError::into_inner))
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
    _place: OwnedSemaphorePermit,
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
