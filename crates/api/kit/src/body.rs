//! Reading a request body that must fit in memory and arrive in reasonable time.

use std::error::Error;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use tokio::sync::Semaphore;

/// Bodies up to this length are read at once, however many there are.
const SMALL_BYTES: u64 = 64 * 1024;

/// Longer ones and those of unknown length, read at a time. Nothing is known of a caller yet while
/// its body arrives, so strangers must not be able to fill the memory.
static LARGE_BODIES: Semaphore = Semaphore::const_new(64);

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
    #[error("request body broke off")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// Reads the whole body, at most `limit_bytes` of it and for at most `limit`.
///
/// Of a body that is larger some more is read and thrown away: a connection that is closed on a client that still
/// sends is reset, and the client may never see the answer.
pub async fn read_body(
    mut body: Body,
    limit_bytes: usize,
    limit: Duration,
) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let is_small = body
        .size_hint()
        .upper()
        .is_some_and(|bytes| bytes <= SMALL_BYTES);
    let whole = async {
        let permit = if is_small {
            None
        } else {
            LARGE_BODIES.acquire().await.ok()
        };
        let collected = Limited::new(&mut body, limit_bytes).collect().await;
        drop(permit);
        collected
    };
    match tokio::time::timeout(limit, whole).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            linger(body).await;
            Err(BodyError::TooLarge { limit_bytes })
        }
        Ok(Err(error)) => Err(BodyError::Broken(error)),
        Err(_elapsed) => Err(BodyError::TooSlow { limit }),
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
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn accepts_exactly_the_limit_and_refuses_one_byte_more() {
        let body = read_body(Body::from("four"), 4, PATIENCE).await.unwrap();
        assert_eq!(body, "four");

        let error = read_body(Body::from("fives"), 4, PATIENCE)
            .await
            .unwrap_err();
        assert!(
            matches!(error, BodyError::TooLarge { limit_bytes: 4 }),
            "{error}"
        );
    }

    #[tokio::test]
    async fn gives_up_on_a_body_that_never_ends() {
        let silent = Body::new(Pending);
        let error = read_body(silent, 4, Duration::from_millis(1))
            .await
            .unwrap_err();
        assert!(matches!(error, BodyError::TooSlow { .. }), "{error}");
    }

    struct Pending;

    impl hyper::body::Body for Pending {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }
}
