//! JSON as it is stored, `{"v": <version>, "data": …}`, and what to say of rows that make no sense.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::contract::{Result, StoreError};

/// The version of everything that this release writes.
const VERSION: u16 = 1;

#[derive(Serialize)]
struct Out<'d, T> {
    v: u16,
    data: &'d T,
}

#[derive(Deserialize)]
struct In<T> {
    v: u16,
    data: T,
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(&Out {
        v: VERSION,
        data: value,
    })
    .map_err(|error| StoreError::Unavailable(format!("cannot be written as JSON: {error}")))
}

pub(crate) fn decode<T: DeserializeOwned>(
    text: &str,
    table: &'static str,
    column: &'static str,
    row: impl ToString,
) -> Result<T> {
    match serde_json::from_str::<In<T>>(text) {
        Ok(stored) if stored.v == VERSION => Ok(stored.data),
        Ok(stored) => Err(corrupt(
            table,
            column,
            row,
            format!("version {} is not known", stored.v),
        )),
        Err(error) => Err(corrupt(table, column, row, error)),
    }
}

/// An error about one cell.
pub(crate) fn corrupt(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    why: impl ToString,
) -> StoreError {
    StoreError::Corrupt {
        table,
        column,
        row: row.to_string(),
        why: why.to_string(),
    }
}

/// Tells what is wrong with one row, the inner error, from what is wrong with the store.
pub(crate) fn by_row<T>(outcome: Result<T>) -> Result<std::result::Result<T, StoreError>> {
    match outcome {
        Err(corrupt @ StoreError::Corrupt { .. }) => Ok(Err(corrupt)),
        outcome => outcome.map(Ok),
    }
}

/// A text as every engine can hold it, which is without zero bytes: PostgreSQL has none in its texts. Texts
/// that come from callers as they please go through here, when they are stored and when they are asked for.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// How many bytes of a text are kept where it is in an index: those of PostgreSQL hold no row of more than 2704.
const MOST_INDEXED: usize = 2000;

/// A text that callers choose and that is in an index, as every engine stores it and asks for it.
pub(crate) fn indexed(text: &str) -> Cow<'_, str> {
    let end = text.floor_char_boundary(MOST_INDEXED);
    storable(&text[..end])
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::{
        Fault, FaultCode, Happening, HistoryEntry, JobSpec, Origin, StateName, StopMode,
    };
    use reelgate_domain::media::Staged;
    use reelgate_domain::{Timestamp, WorkerId};
    use reelgate_testkit::{spec, staged};

    use super::*;

    /// Texts as released versions have written them: they must keep loading.
    const SPEC_1: &str = r#"{"v":1,"data":{"kind":"transcode","input":{"bucket":"media","key":"in.mp4"},"outputs":[{"object":{"bucket":"media","key":"out.mp4"},"settings":{"container":{"format":"mp4"},"video":{"width":null,"height":360,"fps":null,"rate":{"mode":"crf","crf":22.0,"cap":{"maxrate_kbps":800,"bufsize_kbit":1600}},"gop":{"seconds":2.0},"preset":"fast","profile":"high"},"audio":{"kbps":96,"sample_rate":48000,"channels":2}}}]}}"#;
    const ORIGIN_1: &str =
        r#"{"v":1,"data":{"dialect":"mps","version":2,"request":{"Input":"x"}}}"#;
    const FAULT_1: &str =
        r#"{"v":1,"data":{"code":"engine_failed","message":"it broke","log_tail":"last words"}}"#;
    const OUTPUTS_1: &str = r#"{"v":1,"data":{"attempt":1,"results":[{"outcome":"done","object":{"bucket":"media","key":"out.mp4"},"files":[{"key":"out.mp4","bytes":1000}],"facts":{"format":{"name":"","long_name":"","programs":0,"start_seconds":null,"duration_seconds":null,"size_bytes":0,"bit_rate":null},"streams":[]}}]}}"#;

    /// A line for each write that noted something.
    const HISTORY_2: &str = r#"{"v":1,"data":[{"at":1,"attempt":1,"event":"started","worker":"w"},{"at":2,"attempt":1,"event":"given_back"}]}
{"v":1,"data":[{"at":3,"attempt":2,"event":"attempt_failed","code":"worker_lost","message":"worker w was lost","again":true}]}
{"v":1,"data":[{"at":4,"attempt":3,"event":"failed"}]}
{"v":1,"data":[{"at":5,"attempt":3,"event":"retried"}]}
{"v":1,"data":[{"at":6,"attempt":4,"event":"cancel_accepted","from":"running","decision":"stopping","mode":"now"}]}
{"v":1,"data":[{"at":7,"attempt":4,"event":"processes_gone","killed":true}]}
{"v":1,"data":[{"at":8,"attempt":4,"event":"cancelled"}]}"#;

    fn load<T: DeserializeOwned>(text: &str) -> T {
        decode(text, "jobs", "spec", 7).unwrap()
    }

    #[test]
    fn what_released_versions_wrote_still_loads() {
        let mut before_stalls = spec("in.mp4", "out.mp4");
        let JobSpec::Transcode(transcode) = &mut before_stalls else {
            unreachable!("testkit's spec is a transcode")
        };
        transcode.outputs[0].settings.stall_seconds = None;
        assert_eq!(load::<JobSpec>(SPEC_1), before_stalls);
        let request = serde_json::json!({"Input": "x"});
        let origin = Origin {
            dialect: "mps".into(),
            version: 2,
            request,
        };
        assert_eq!(load::<Origin>(ORIGIN_1), origin);
        let fault = Fault::new(FaultCode::EngineFailed, "it broke").with_log_tail("last words");
        assert_eq!(load::<Fault>(FAULT_1), fault);
        assert_eq!(load::<Staged>(OUTPUTS_1), staged(1));
        let lines: Vec<Vec<HistoryEntry>> = HISTORY_2.lines().map(load).collect();
        assert_eq!(lines, history());
    }

    /// One entry of each kind, two of them noted by one write.
    fn history() -> Vec<Vec<HistoryEntry>> {
        let at = |millis, attempt, what| HistoryEntry {
            at: Timestamp::from_millis(millis),
            attempt,
            what,
        };
        let worker = WorkerId("w".into());
        let (from, decision) = (StateName::Running, StateName::Stopping);
        let mode = StopMode::Now;
        let stop = Happening::CancelAccepted {
            from,
            decision,
            mode,
        };
        let failed = Happening::AttemptFailed {
            code: FaultCode::WorkerLost,
            message: "worker w was lost".into(),
            again: true,
        };
        vec![
            vec![
                at(1, 1, Happening::Started { worker }),
                at(2, 1, Happening::GivenBack),
            ],
            vec![at(3, 2, failed)],
            vec![at(4, 3, Happening::Failed)],
            vec![at(5, 3, Happening::Retried)],
            vec![at(6, 4, stop)],
            vec![at(7, 4, Happening::ProcessesGone { killed: true })],
            vec![at(8, 4, Happening::Cancelled)],
        ]
    }

    #[test]
    fn a_history_is_written_as_it_was() {
        let written: Vec<String> = history().iter().map(|it| encode(it).unwrap()).collect();
        assert_eq!(written.join("\n"), HISTORY_2);
    }

    #[test]
    fn what_this_version_writes_is_tagged_and_reads_back() {
        let text = encode(&spec("a.mp4", "b.mp4")).unwrap();
        assert!(
            text.starts_with(r#"{"v":1,"data":{"kind":"transcode""#),
            "{text}"
        );
        assert_eq!(load::<JobSpec>(&text), spec("a.mp4", "b.mp4"));
    }

    #[test]
    fn an_unknown_version_is_an_error_that_names_the_row() {
        let newer = FAULT_1.replace(r#""v":1"#, r#""v":2"#);
        let error = decode::<Fault>(&newer, "job_results", "fault", 7)
            .unwrap_err()
            .to_string();
        let expected = "job_results.fault of row 7 cannot be read: version 2 is not known";
        assert_eq!(error, expected);
        let error = decode::<Fault>("{}", "job_results", "fault", 7)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("job_results.fault of row 7"), "{error}");
    }
}
