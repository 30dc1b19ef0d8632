//! The memory that bodies take whose senders nobody knows yet.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::serve::counted_as;

/// What room is given out in; bodies up to this length need none.
pub(super) const PIECE_BYTES: usize = 64 * 1024;

/// Counts bodies by their length, in all and by address: one address has at most a quarter, so that it cannot keep
/// everybody else waiting. Addresses of one IPv6 network of 64 bits are one.
pub(super) struct Room {
    free: Arc<Semaphore>,
    pieces_per_address: u32,
    /// Those that have a body here or wait for room.
    addresses: Mutex<HashMap<IpAddr, Share>>,
}

struct Share {
    free: Arc<Semaphore>,
    bodies: usize,
}

/// The room that one body has.
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_share: OwnedSemaphorePermit,
    _present: Present,
}

/// Keeps the count of its address's bodies.
struct Present {
    room: Arc<Room>,
    address: IpAddr,
}

impl Room {
    pub(super) fn new(pieces: u32) -> Arc<Self> {
        Arc::new(Self {
            free: semaphore(pieces),
            pieces_per_address: pieces / 4,
            addresses: Mutex::default(),
        })
    }

    /// Waits for room for so many bytes, behind those who came before. A body larger than an address's share gets all of
    /// that.
    pub(super) async fn place(self: &Arc<Self>, from: IpAddr, bytes: usize) -> Place {
        let pieces = u32::try_from(bytes.div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX);
        let pieces = pieces.min(self.pieces_per_address);
        let (present, share) = self.enter(counted_as(from));
        // In this order, so that whoever waits for his own address's bodies takes nothing from others.
        let of_share = take(share, pieces).await;
        let of_all = take(Arc::clone(&self.free), pieces).await;
        Place {
            _of_all: of_all,
            _of_share: of_share,
            _present: present,
        }
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> (Present, Arc<Semaphore>) {
        let mut all = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let share = all.entry(address).or_insert_with(|| Share {
            free: semaphore(self.pieces_per_address),
            bodies: 0,
        });
        share.bodies += 1;
        let present = Present {
            room: Arc::clone(self),
            address,
        };
        (present, Arc::clone(&share.free))
    }

    /// Whether all these pieces are free and nobody waits.
    #[cfg(test)]
    pub(super) fn is_empty(&self, pieces: u32) -> bool {
        let is_free = self.free.available_permits() == usize::try_from(pieces).unwrap();
        is_free && self.addresses.lock().unwrap().is_empty()
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let addresses = &self.room.addresses;
        let mut all = addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = all.get_mut(&self.address) {
            share.bodies -= 1;
            if share.bodies == 0 {
                all.remove(&self.address);
            }
        }
    }
}

fn semaphore(pieces: u32) -> Arc<Semaphore> {
    let pieces = usize::try_from(pieces).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS)))
}

async fn take(free: Arc<Semaphore>, pieces: u32) -> OwnedSemaphorePermit {
    let taken = free.acquire_many_owned(pieces).await;
    taken.expect("the semaphore is never closed")
}
