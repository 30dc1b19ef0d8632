//! An FFmpeg that stands still until the test lets it work, so that a job is caught at it however slow or fast
//! the machine is.

use std::time::Duration;

use reelgate_testkit::{Misbehaviour, Process};

use crate::house::{House, PATIENCE};

/// What opens the gate lies where the process stands, because it sees little else of the machine.
const HELD: Misbehaviour<'static> = Misbehaviour::Script(
    "echo out_time_us=1\n\
     while [ ! -e may-go ]; do sleep 0.02; done\n\
     exec \"$real\" \"$@\"",
);

impl House {
    /// A house whose FFmpeg waits at a gate.
    pub(crate) async fn gated() -> Self {
        Self::with(HELD).await
    }
}

/// What stands in the house's scratch directory.
pub(crate) fn engines(house: &House) -> Vec<Process> {
    let scratch = house.dir.path().canonicalize().unwrap().join("scratch");
    let here = Process::below(std::process::id()).into_iter();
    here.filter(|process| process.directory.starts_with(&scratch))
        .collect()
}

/// Waits until the stand-in is at work: the shell has become or begun what it is for.
pub(crate) async fn engine_works(house: &House) {
    let look = async {
        while !engines(house).iter().any(|process| process.name == "sleep") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look)
        .await
        .expect("it works");
}

/// Opens the gate of every process that comes to it, for as long as this is polled.
pub(crate) async fn let_go(house: &House) {
    loop {
        for process in engines(house) {
            // It may have ended meanwhile, and its directory be gone.
            let _ = std::fs::write(process.directory.join("may-go"), "");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Completes what is waited for while the gate stands open.
pub(crate) async fn while_open<T>(house: &House, waited_for: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = waited_for => done,
        () = let_go(house) => unreachable!("the gate stays open"),
    }
}
