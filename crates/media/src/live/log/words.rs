//! FFmpeg's words for what went wrong.

use crate::live::{LiveCause, Side};

/// What says more about why a process ended.
pub(super) fn rank(cause: LiveCause) -> u8 {
    match cause {
        LiveCause::Other => 0,
        LiveCause::Closed(_) | LiveCause::Refused(_) => 1,
        _ => 2,
    }
}

/// Texts of FFmpeg's in lower case and what they mean; the first that fits counts.
pub(super) fn classify(lower: &str, side: Side) -> Option<LiveCause> {
    let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
    let cause = if says(&[
        "no space left",
        "disk quota exceeded",
        "file too large",
        "read-only file system",
    ]) {
        LiveCause::Storage
    } else if says(&[
        "certificate failed verification",
        "certificate's owner does not match",
        "unable to verify peer certificate",
        "certificate verify failed",
    ]) {
        LiveCause::Untrusted(side)
    } else if says(&[
        "protocol not found",
        "unknown encoder",
        "encoder not found",
        "decoder not found",
        "no such filter",
        "unrecognized option",
        "requested output format",
        "unknown input format",
    ]) {
        LiveCause::Lacks
    } else if says(&[
        "failed to resolve hostname",
        "name or service not known",
        "name resolution",
        "no address associated",
    ]) {
        LiveCause::Unknown(side)
    } else if says(&[
        "server returned",
        "server error",
        "unauthorized",
        "authorization failed",
        "method describe failed",
        "streamnotfound",
        "badname",
        "badsecret",
        "connection was rejected",
        "rejected",
        "publish stream",
    ]) {
        LiveCause::Denied(side)
    } else if says(&[
        "not compatible with flv",
        "could not find tag for codec",
        "incorrect codec parameters",
        "does not contain any stream",
        "is not supported in",
        "codec not supported in",
        "only aac and",
        "unsupported codec",
        "at least one output file must be specified",
    ]) {
        LiveCause::Codec
    } else if says(&["timed out", "timeout"]) {
        LiveCause::Frozen(side)
    } else if says(&[
        "connection refused",
        "network is unreachable",
        "no route to host",
        "host is unreachable",
        "permission denied",
        "cannot open connection",
        "connection setup failure",
    ]) {
        LiveCause::Refused(side)
    } else if says(&[
        "broken pipe",
        "connection reset",
        "input/output error",
        "end of file",
        "connection was broken",
    ]) {
        LiveCause::Closed(side)
    } else if side == Side::Source
        && says(&[
            "invalid data found when processing input",
            "could not find codec parameters",
            "could not find sync byte",
            "not on whitelist",
            "not in allowed",
        ])
    {
        LiveCause::Garbage
    } else {
        return None;
    };
    Some(cause)
}
