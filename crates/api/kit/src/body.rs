//! Reading a request body that must fit in memory and arrive in reasonable time.

mod room;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use tokio::time::{Instant, timeout_at};

use room::{PIECE_BYTES, Place, Room};

/// 128 MiB for longer bodies and those of unknown length, until they are done with: strangers must not be able to fill
/// the memory. Short ones are read however many there are.
static ROOM: LazyLock<Arc<Room>> = LazyLock::new(|| Room::new(2048));

/// How much of a body over its limit is still read, and for how long.
const LINGER_BYTES: usize = 64 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(2);

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("request body is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: usize },
    #[error("request body did not arrive within {} s", limit.as_secs())]
    TooSlow { limit: Duration },
    /// Nothing of it was read.
    #[error("request body found no room beside others within {} s", limit.as_secs())]
    Busy { limit: Duration },
    #[error("request body broke off")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// Reads the whole body, at most `limit_bytes` of it and for at most `limit`, in which it may have to wait for room.
///
/// Nothing else is known of a caller yet than the address `from` which the body comes; callers without one share. A body
/// longer than 64 KiB has its room until the last clone of the bytes is dropped.
///
/// Of a body that is larger some more is read and thrown away: a connection that is closed on a client that still
/// sends is reset, and the client may never see the answer.
pub async fn read_body(
    body: Body,
    from: Option<IpAddr>,
    limit_bytes: usize,
    limit: Duration,
) -> Result<Bytes, BodyError> {
    let from = from.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    read_in(&ROOM, body, from, limit_bytes, limit).await
}

async fn read_in(
    room: &Arc<Room>,
    mut body: Body,
    from: IpAddr,
    limit_bytes: usize,
    limit: Duration,
) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let until = Instant::now() + limit;
    let announced = body.size_hint();
    let fits = |bytes: &u64| usize::try_from(*bytes).is_ok_and(|bytes| bytes <= limit_bytes);
    if !fits(&announced.lower()) {
        linger(body).await;
        return Err(BodyError::TooLarge { limit_bytes });
    }
    let longest = announced.upper().filter(fits).map_or(limit_bytes, |bytes| {
        usize::try_from(bytes).unwrap_or(limit_bytes)
    });
    let place = if longest <= PIECE_BYTES {
        None
    } else {
        let place = timeout_at(until, room.place(from, longest)).await;
        Some(place.map_err(|_elapsed| BodyError::Busy { limit })?)
    };
    match timeout_at(until, Limited::new(&mut body, limit_bytes).collect()).await {
        Ok(Ok(collected)) => Ok(kept(collected.to_bytes(), place)),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            // Nothing of it is in memory any more.
            drop(place);
            linger(body).await;
            Err(BodyError::TooLarge { limit_bytes })
        }
        Ok(Err(error)) => Err(BodyError::Broken(error)),
        Err(_elapsed) => Err(BodyError::TooSlow { limit }),
    }
}

/// The bytes, whose place is given back with the last clone of them.
fn kept(bytes: Bytes, place: Option<Place>) -> Bytes {
    struct Kept {
        bytes: Bytes,
        _place: Place,
    }

    impl AsRef<[u8]> for Kept {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }

    match place {
        None => bytes,
        Some(place) => Bytes::from_owner(Kept {
            bytes,
            _place: place,
        }),
    }
}

async fn linger(mut body: Body) {
    let rest = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > LINGER_BYTES {
                break;
            }
        }
    };
    // Either way the answer goes out now.
    let _ = tokio::time::timeout(LINGER, rest).await;
}

#[cfg(test)]
mod tests;
