//! The one place where FFmpeg's log is read: whose fault a failure is.

use std::path::Path;

use reelgate_domain::job::{Fault, FaultCode};

use super::{Ended, Finished};

/// Texts that only a file being written brings about.
const STORAGE: [&str; 4] = [
    "no space left on device",
    "disk quota exceeded",
    "file too large",
    "read-only file system",
];
/// Texts that a disk brings about unless the source is named as well.
const DISK: [&str; 2] = ["input/output error", "permission denied"];
/// Texts that say this FFmpeg was built without something.
const LACKS: [&str; 6] = [
    "unknown encoder",
    "unknown decoder",
    "no such filter",
    "requested output format",
    "decoder not found",
    "encoder not found",
];
/// Texts that say the source is at fault.
const SOURCE: [&str; 23] = [
    "invalid data found when processing input",
    "moov atom not found",
    "not on whitelist",
    "not whitelisted",
    "error opening input",
    "could not find codec parameters",
    "partial file",
    "file ended prematurely",
    "truncated",
    "error while decoding",
    "error submitting packet to decoder",
    "decode error rate",
    "does not contain any stream",
    "end of file",
    "invalid nal unit size",
    "no frame!",
    "codec none",
    "header missing",
    "corrupt",
    "output file is empty",
    "nothing was written into output file",
    "received no packets",
    // Of one stream, before another has any.
    "too many packets buffered",
];
/// What FFmpeg says when the kernel gives it no more address space.
const MEMORY: &str = "cannot allocate memory";
/// FFmpeg exits with this when more packets failed to decode than may.
const TOO_MANY_ERRORS: i32 = 69;
const SIGXFSZ: i32 = 25;
pub(crate) const SIGXCPU: i32 = 24;

/// The fault of an FFmpeg that did not succeed.
pub(super) fn failure(finished: &Finished, input: &Path) -> Fault {
    let log = without_paths(&finished.log_tail, input);
    let lower = log.to_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
    let (code, message) = match finished.ended {
        Ended::TimedOut(_) => (
            FaultCode::TimedOut,
            "the output took longer to make than it may".to_owned(),
        ),
        Ended::Stalled(_) => (
            FaultCode::Stalled,
            "FFmpeg made no progress for longer than it may".to_owned(),
        ),
        Ended::TooMuchMemory => (
            FaultCode::OverBudget,
            "FFmpeg took more memory than a job may".to_owned(),
        ),
        Ended::TooMuchDisk => (
            FaultCode::OverBudget,
            "the output took more of the disk than a job may".to_owned(),
        ),
        Ended::DiskFull => (
            FaultCode::StorageFailed,
            "the disk is nearly full".to_owned(),
        ),
        Ended::Signalled(SIGXCPU) => (
            FaultCode::TimedOut,
            "the output took more processor time than it may".to_owned(),
        ),
        Ended::Signalled(SIGXFSZ) => (
            FaultCode::StorageFailed,
            "the output grew beyond the size it may have".to_owned(),
        ),
        Ended::Exited(_) if says(&STORAGE) => (
            FaultCode::StorageFailed,
            "the output could not be written".to_owned(),
        ),
        Ended::Exited(_) if says(&[MEMORY]) => (
            FaultCode::OverBudget,
            "FFmpeg needed more memory than a job may have".to_owned(),
        ),
        Ended::Exited(TOO_MANY_ERRORS) => (
            FaultCode::SourceUnreadable,
            "too much of the source could not be decoded".to_owned(),
        ),
        Ended::Exited(_) if lower.contains("codec none") => (
            FaultCode::SourceUnreadable,
            "a stream of the source has no known codec".to_owned(),
        ),
        Ended::Exited(_) if says(&LACKS) || lacks_decoder(&lower) => (
            FaultCode::EngineLacks,
            "the FFmpeg installed was built without something this needs".to_owned(),
        ),
        Ended::Exited(_) if says(&SOURCE) => (
            FaultCode::SourceUnreadable,
            "the source could not be read or decoded".to_owned(),
        ),
        Ended::Exited(_) if says(&DISK) => (
            FaultCode::StorageFailed,
            "the output could not be written".to_owned(),
        ),
        ended => (
            FaultCode::EngineFailed,
            format!("FFmpeg failed with {ended}"),
        ),
    };
    Fault::new(code, message).with_log_tail(log)
}

/// `Decoder (codec av1) not found for input stream #0:0`, in all its variants.
fn lacks_decoder(lower: &str) -> bool {
    lower
        .lines()
        .any(|line| line.contains("decod") && line.contains("not found for"))
}

/// What owners of jobs may see names no place on this machine.
pub(crate) fn without_paths(log: &str, input: &Path) -> String {
    log.replace(&format!("file:{}", input.display()), "source")
        .replace(&input.display().to_string(), "source")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Stopped;

    fn check(ended: Ended, log: &str, code: FaultCode) {
        let finished = Finished {
            ended,
            log_tail: log.to_owned(),
        };
        let fault = failure(&finished, Path::new("/scratch/7/source"));
        assert_eq!(fault.code, code, "{ended:?} {log}");
        assert!(!format!("{fault:?}").contains("scratch"), "{fault:?}");
    }

    #[test]
    fn failures_are_blamed_on_who_is_at_fault() {
        let log = |text| move |code| check(Ended::Exited(1), text, code);
        log("[fatal] file:/scratch/7/source: Invalid data found when processing input")(
            FaultCode::SourceUnreadable,
        );
        log("[error] Decoder (codec none) not found for input stream #0:1")(
            FaultCode::SourceUnreadable,
        );
        log("[fatal] Decoder (codec prores_raw) not found for input stream #0:0")(
            FaultCode::EngineLacks,
        );
        log("[fatal] Unknown encoder 'libx264'")(FaultCode::EngineLacks);
        // Damage in the source is no excuse for a full disk.
        log(
            "[error] decode_slice_header error, no frame!\n[error] av_interleaved_write_frame(): No space left on device",
        )(FaultCode::StorageFailed);
        log("[error] Error writing trailer: Input/output error")(FaultCode::StorageFailed);
        // One of several outputs.
        log("[error] Error writing trailer of 1/out.mp4: No space left on device")(
            FaultCode::StorageFailed,
        );
        log(
            "[fatal] Nothing was written into output file 1 (1/out.mp4), because at least one of its \
             streams received no packets.",
        )(FaultCode::SourceUnreadable);
        log("[fatal] Too many packets buffered for output stream 2:1.")(
            FaultCode::SourceUnreadable,
        );
        log("[error] Error while filtering: Cannot allocate memory")(FaultCode::OverBudget);
        log("[fatal] something nobody has seen before")(FaultCode::EngineFailed);
        check(Ended::Exited(69), "", FaultCode::SourceUnreadable);
        check(Ended::Signalled(11), "", FaultCode::EngineFailed);
        check(Ended::Signalled(SIGXFSZ), "", FaultCode::StorageFailed);
        check(Ended::TimedOut(Stopped::Killed), "", FaultCode::TimedOut);
        check(Ended::Stalled(Stopped::Asked), "", FaultCode::Stalled);
        check(Ended::TooMuchMemory, "", FaultCode::OverBudget);
        check(Ended::TooMuchDisk, "", FaultCode::OverBudget);
        check(Ended::DiskFull, "", FaultCode::StorageFailed);
    }
}
