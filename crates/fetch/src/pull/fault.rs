//! Why something could not be fetched.

use std::ops::Range;
use std::time::Duration;

use http::StatusCode;

use crate::guard::Refused;
use crate::pull::answer::Verdict;
use crate::pull::sniff::Kind;

/// Why a pull ended without its file. Messages name the host and nothing else of the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PullFault {
    #[error("{host} may not be fetched from: {refused}")]
    Address { host: String, refused: Refused },
    #[error("the name {host} could not be resolved: {cause}")]
    Unresolved {
        host: String,
        cause: String,
        /// Whether the name server, and not the name, is what is wrong.
        passing: bool,
    },
    #[error("no connection to {host} could be made: {cause}")]
    Unreachable { host: String, cause: String },
    #[error("no secure connection to {host} could be made: {cause}")]
    Tls { host: String, cause: String },
    #[error("{host} sent on after {most} redirects")]
    TooManyRedirects { host: String, most: usize },
    #[error("{host} sent back to an address that had sent on before")]
    RedirectLoop { host: String },
    #[error("{host} sent on without saying where to")]
    BadRedirect { host: String },
    #[error("{host} answered {status}")]
    Status {
        host: String,
        status: StatusCode,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    #[error("{host} sent the content in the encoding {encoding}, which had not been asked for")]
    Encoded { host: String, encoding: String },
    #[error("{host} was asked for bytes {asked} and sent {said}")]
    WrongRange {
        host: String,
        asked: String,
        said: String,
    },
    #[error("the content at {host} changed while it was fetched")]
    Changed { host: String },
    #[error("{host} ended the content after {came} bytes{}", of(*.said))]
    CutShort {
        host: String,
        came: u64,
        said: Option<u64>,
    },
    #[error("{host} sent more than the {said} bytes that were to come")]
    Longer { host: String, said: u64 },
    #[error("the content at {host} has {size} bytes where {expected} were expected")]
    SizeDiffers {
        host: String,
        expected: u64,
        size: u64,
    },
    #[error("the content from {host} has the SHA-256 {found} where {expected} was expected")]
    ChecksumDiffers {
        host: String,
        expected: String,
        found: String,
    },
    #[error("the content at {host} is empty")]
    Empty { host: String },
    #[error("the content at {host} is larger than {most} bytes")]
    TooLarge { host: String, most: u64 },
    #[error("nothing came from {host} for {} seconds", .after.as_secs())]
    Stalled { host: String, after: Duration },
    #[error("less than {slowest} bytes a second came from {host}")]
    TooSlow { host: String, slowest: u64 },
    #[error("the content of {host} was not there after {} seconds", .after.as_secs())]
    TimedOut { host: String, after: Duration },
    #[error("the connection to {host} broke: {cause}")]
    Broken { host: String, cause: String },
    #[error("{host} sent {}, which is no media file", .kind.described())]
    NotMedia { host: String, kind: Kind },
    /// The caller's own judge did not want it.
    #[error("the content from {host} is not wanted: {reason}")]
    Unwanted { host: String, reason: String },
    #[error("there is no room for it on the disk: {cause}")]
    NoRoom { cause: String },
    #[error("could not {doing} the fetched file: {cause}")]
    Disk { doing: &'static str, cause: String },
    #[error("another pull is at work in the same directory")]
    InUse,
}

fn of(said: Option<u64>) -> String {
    said.map(|said| format!(" of {said}")).unwrap_or_default()
}

impl PullFault {
    /// Whether the same pull may succeed later. After a fault that lasts nothing is left on the disk.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unresolved { passing, .. } => *passing,
            Self::Unreachable { .. }
            | Self::CutShort { .. }
            | Self::Stalled { .. }
            | Self::TooSlow { .. }
            | Self::Broken { .. }
            | Self::NoRoom { .. }
            | Self::Disk { .. }
            | Self::InUse => true,
            Self::Status { status, .. } => passes(*status),
            Self::Address { .. }
            | Self::Tls { .. }
            | Self::TooManyRedirects { .. }
            | Self::RedirectLoop { .. }
            | Self::BadRedirect { .. }
            | Self::Encoded { .. }
            | Self::WrongRange { .. }
            | Self::Changed { .. }
            | Self::Longer { .. }
            | Self::SizeDiffers { .. }
            | Self::ChecksumDiffers { .. }
            | Self::Empty { .. }
            | Self::TooLarge { .. }
            | Self::TimedOut { .. }
            | Self::NotMedia { .. }
            | Self::Unwanted { .. } => false,
        }
    }

    /// A word for programs, which stays the same.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Address { .. } => "address_refused",
            Self::Unresolved { .. } => "unresolved",
            Self::Unreachable { .. } => "unreachable",
            Self::Tls { .. } => "tls",
            Self::TooManyRedirects { .. } => "too_many_redirects",
            Self::RedirectLoop { .. } => "redirect_loop",
            Self::BadRedirect { .. } => "bad_redirect",
            Self::Status { .. } => "status",
            Self::Encoded { .. } => "encoded",
            Self::WrongRange { .. } => "wrong_range",
            Self::Changed { .. } => "changed",
            Self::CutShort { .. } => "cut_short",
            Self::Longer { .. } => "longer",
            Self::SizeDiffers { .. } => "size_differs",
            Self::ChecksumDiffers { .. } => "checksum_differs",
            Self::Empty { .. } => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::Stalled { .. } => "stalled",
            Self::TooSlow { .. } => "too_slow",
            Self::TimedOut { .. } => "timed_out",
            Self::Broken { .. } => "broken",
            Self::NotMedia { .. } => "not_media",
            Self::Unwanted { .. } => "unwanted",
            Self::NoRoom { .. } => "no_room",
            Self::Disk { .. } => "disk",
            Self::InUse => "in_use",
        }
    }

    /// Why an answer of this host does not bring the bytes that it was asked for.
    pub(super) fn from_verdict(verdict: Verdict, host: &str, asked: Option<&Range<u64>>) -> Self {
        let host = host.to_owned();
        let asked = match asked {
            None => "of everything".to_owned(),
            Some(Range {
                start,
                end: u64::MAX,
            }) => format!("from {start}"),
            Some(Range { start, end }) => format!("{start}-{}", end - 1),
        };
        match verdict {
            Verdict::Status(status, retry_after) => Self::Status {
                host,
                status,
                retry_after,
            },
            Verdict::Encoded(encoding) => Self::Encoded { host, encoding },
            Verdict::WrongRange(said) => Self::WrongRange { host, asked, said },
            Verdict::Changed => Self::Changed { host },
            Verdict::Empty => Self::Empty { host },
            Verdict::NoRanges => Self::WrongRange {
                host,
                asked,
                said: "something else".to_owned(),
            },
        }
    }

    /// An error of the file system: of those that say that it is full, and of others.
    pub(super) fn disk(doing: &'static str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let cause = error.to_string();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::NoRoom { cause },
            _ => Self::Disk { doing, cause },
        }
    }
}

/// Answers of servers that are busy or broken for a while.
fn passes(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        408 | 421 | 425 | 429 | 500 | 502 | 503 | 504 | 507 | 509 | 520..=530
    )
}
