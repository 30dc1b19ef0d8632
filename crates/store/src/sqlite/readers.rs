//! Read-only connections beside the writer, for calls that change nothing.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::rows::execute;
use super::{connect, sql};
use crate::contract::{Result, StoreError};

/// Reads that run at once.
const READERS: usize = 4;

pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
    #[cfg(feature = "simulation")]
    seat: Option<super::twin::Seat>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Arc<Self>> {
        let idle = (0..READERS)
            .map(|_| connect::reader(path))
            .collect::<Result<_>>()?;
        Ok(Arc::new(Self {
            idle: Mutex::new(idle),
            free: Arc::new(Semaphore::new(READERS)),
            #[cfg(feature = "simulation")]
            seat: None,
        }))
    }

    /// Reads in their callers' tasks.
    #[cfg(feature = "simulation")]
    pub(super) fn of_twin(seat: super::twin::Seat) -> Arc<Self> {
        Arc::new(Self {
            idle: Mutex::default(),
            free: Arc::new(Semaphore::new(0)),
            seat: Some(seat),
        })
    }

    /// Runs `read` on a snapshot: all its statements see the same commit.
    pub(super) async fn read<T, F>(self: &Arc<Self>, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        #[cfg(feature = "simulation")]
        if let Some(seat) = &self.seat {
            return seat.read(read).await;
        }
        let permit = Arc::clone(&self.free).acquire_owned().await;
        let permit = permit.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let readers = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || readers.run(permit, read));
        task.await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    /// The same for a read that finds a few rows by their keys: it runs on the caller's thread if a
    /// connection is free, because handing it to another one and back takes longer than the read. Such
    /// rows are nearly always in memory; one that is not holds the thread for one look at the disk.
    pub(super) async fn look_up<T, F>(self: &Arc<Self>, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => self.run(permit, read),
            Err(_busy) => self.read(read).await,
        }
    }

    fn run<T>(
        &self,
        permit: OwnedSemaphorePermit,
        read: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        // Given back last, when the connection is in the pool again.
        let _permit = permit;
        let reader = Borrowed::take(self)?;
        let snapshot = Snapshot::take(reader.connection())?;
        read(snapshot.0)
    }
}

/// A read transaction, ended when dropped. Its statements stay prepared, because preparing them costs
/// as much as finding a row.
struct Snapshot<'c>(&'c Connection);

impl<'c> Snapshot<'c> {
    fn take(connection: &'c Connection) -> Result<Self> {
        execute(connection, sql::SNAPSHOT, [])?;
        Ok(Self(connection))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // A transaction that has read and nothing else ends without a look at the disk.
        let _ = execute(self.0, sql::ROLLBACK, []);
    }
}

/// A connection that goes back to the pool even if the read panics.
struct Borrowed<'r> {
    readers: &'r Readers,
    connection: Option<Connection>,
}

impl<'r> Borrowed<'r> {
    fn take(readers: &'r Readers) -> Result<Self> {
        let connection = readers
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        if connection.is_none() {
            return Err(StoreError::Unavailable("no read connection is free".into()));
        }
        Ok(Self {
            readers,
            connection,
        })
    }

    fn connection(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("it is taken out in drop only")
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut idle = self
            .readers
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.connection.take());
    }
}
