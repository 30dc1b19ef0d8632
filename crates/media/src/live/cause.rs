//! Why a live stream fails, as its worker tells causes apart.

use std::fmt;

/// Which end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Source,
    Output,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiveCause {
    /// Nobody listens there, or the host cannot be reached.
    Refused(Side),
    /// It was reached and does not want us, or does not have the stream.
    Denied(Side),
    /// Its server has no certificate for its name by an authority that this machine knows.
    Untrusted(Side),
    /// The name of its host is not known.
    Unknown(Side),
    /// It was there and ended.
    Closed(Side),
    /// It sent, or took, nothing for longer than it may.
    Frozen(Side),
    /// What it sends is no stream.
    Garbage,
    /// The source has what an output cannot take as it is. Facts were told before; with them the plan
    /// shows as unfit, or works.
    Codec,
    /// This FFmpeg was built without something.
    Lacks,
    /// The scratch directory could not be written to.
    Storage,
    /// FFmpeg did not say, or not in words that are known.
    Other,
}

impl LiveCause {
    /// Whether the source is to blame.
    pub fn is_of_source(self) -> bool {
        matches!(
            self,
            Self::Refused(Side::Source)
                | Self::Denied(Side::Source)
                | Self::Untrusted(Side::Source)
                | Self::Unknown(Side::Source)
                | Self::Closed(Side::Source)
                | Self::Frozen(Side::Source)
                | Self::Garbage
        )
    }
}

impl fmt::Display for LiveCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(Side::Source) => "the source cannot be connected to",
            Self::Refused(Side::Output) => "an output cannot be connected to",
            Self::Denied(Side::Source) => {
                "the source does not have the stream, or does not give it"
            }
            Self::Denied(Side::Output) => "an output does not take the stream",
            Self::Untrusted(Side::Source) => {
                "the certificate of the source is not trusted: it needs one for its host by an authority that the worker's \
                 machine knows, or that SSL_CERT_FILE names"
            }
            Self::Untrusted(Side::Output) => {
                "the certificate of an output is not trusted: it needs one for its host by an authority that the worker's \
                 machine knows, or that SSL_CERT_FILE names"
            }
            Self::Unknown(Side::Source) => "the host of the source is not known",
            Self::Unknown(Side::Output) => "the host of an output is not known",
            Self::Closed(Side::Source) => "the source has ended",
            Self::Closed(Side::Output) => "an output was closed by its other side",
            Self::Frozen(Side::Source) => "the source sends nothing",
            Self::Frozen(Side::Output) => "an output takes nothing",
            Self::Garbage => "what the source sends is no stream that can be read",
            Self::Codec => "the source has what an output cannot take as it is",
            Self::Lacks => "this FFmpeg lacks what the stream needs",
            Self::Storage => "the scratch directory cannot be written to",
            Self::Other => "FFmpeg failed",
        })
    }
}
