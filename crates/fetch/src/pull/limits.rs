//! How long, how much and how often.

use std::time::Duration;

/// What all pulls of a process keep to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullLimits {
    /// Connections of all pulls at once. A pull that needs one waits for it.
    pub connections: usize,
    pub connections_per_host: usize,
    /// Ranges of one large file that are fetched at once, where one connection is slow.
    pub connections_per_pull: usize,
    /// Files from this size on may be fetched over several connections.
    pub parallel_bytes: u64,
    /// How long it is watched what connections bring before there is another one. One that needs only three times
    /// as long for all the rest gets none beside it.
    pub parallel_after: Duration,
    /// Bytes a second of all pulls.
    pub bytes_per_second: Option<u64>,
    pub bytes_per_second_per_host: Option<u64>,
    /// The most bytes that one file may have.
    pub largest: u64,
    /// For finding a host and being connected to it.
    pub connect: Duration,
    /// For an answer to begin, and for each further byte of it.
    pub stall: Duration,
    /// Bytes a second that have to come over a connection, in the mean over `slow_after`. What the limits of
    /// bandwidth hold back counts for it.
    pub slowest: u64,
    pub slow_after: Duration,
    /// For one file, without the time in which it waits for its first connection.
    pub total: Duration,
    /// Failures in a row, without anything having come between, after which a pull gives up.
    pub retries: u32,
    /// How long the first wait after a failure is at most; each further one is twice as long, up to `longest_wait`.
    pub backoff: Duration,
    /// A server that wants to be left alone for longer than this is not waited for.
    pub longest_wait: Duration,
    /// How often a pull begins anew after a content has changed, or has broken off and cannot be resumed.
    pub restarts: u32,
}

impl Default for PullLimits {
    fn default() -> Self {
        Self {
            connections: 64,
            connections_per_host: 16,
            connections_per_pull: 4,
            parallel_bytes: 32 << 20,
            parallel_after: Duration::from_secs(1),
            bytes_per_second: None,
            bytes_per_second_per_host: None,
            largest: 20 << 30,
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            slowest: 4 << 10,
            slow_after: Duration::from_secs(60),
            total: Duration::from_secs(12 * 3600),
            retries: 5,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            restarts: 2,
        }
    }
}
