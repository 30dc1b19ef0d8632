//! `reelgate job cancel`: cancels a job, waits until it is cancelled and says what was decided.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use reelgate_client::{
    CancelDecision, CancelOutcome, Client, Error, History, JobEvent, JobState, StopMode,
};
use serde_json::Value;

use super::watch;
use crate::cli::screen::{Format, json, line, remark};

#[derive(Debug, Args)]
pub(crate) struct Cancel {
    id: String,
    /// Kill what runs at once instead of asking it to end.
    #[arg(long, conflicts_with = "only_queued")]
    now: bool,
    /// Leave the job alone if it has ever started.
    #[arg(long)]
    only_queued: bool,
}

pub(super) async fn run(client: &Client, wanted: &Cancel, format: Format) -> Result<ExitCode> {
    let mut decision = decide(client, wanted).await?;
    if decision.outcome == CancelOutcome::Stopping {
        let id = &wanted.id;
        remark(&format!(
            "job {id} was {} and was asked to stop; waiting until what runs is gone",
            decision.from
        ));
        let state = watch::end(client, id).await?;
        if state != JobState::Cancelled {
            bail!("job {id} was asked to stop and is {state} all the same");
        }
        decision.outcome = CancelOutcome::Cancelled;
        add_end(&mut decision, &client.history(id).await?);
    }
    match format {
        Format::Json => json(&decision)?,
        Format::Table => line(&words(&decision))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What the server decided; if an earlier cancel is being carried out, what that one decided.
async fn decide(client: &Client, wanted: &Cancel) -> Result<CancelDecision> {
    let id = &wanted.id;
    let answer = if wanted.now {
        client.cancel_now(id).await
    } else {
        client.cancel(id, wanted.only_queued).await
    };
    match answer {
        Err(error) if is_stopping(&error) && !wanted.only_queued => {
            let history = client.history(id).await?;
            let hurried = last(&history, "cancel_accepted")
                .is_some_and(|event| event.more.get("mode").is_some_and(|mode| mode == "now"));
            Ok(CancelDecision {
                id: id.clone(),
                outcome: CancelOutcome::Stopping,
                from: JobState::Stopping,
                mode: if hurried {
                    StopMode::Now
                } else {
                    StopMode::Graceful
                },
                processes_gone_at: None,
                killed: None,
            })
        }
        other => Ok(other?),
    }
}

/// Whether the cancel was refused because an earlier one is being carried out.
fn is_stopping(error: &Error) -> bool {
    let state = error
        .problem()
        .and_then(|problem| problem.more.get("state"));
    state.is_some_and(|state| state == JobState::Stopping.as_str())
}

/// Adds when the processes were gone, as the API does for a cancel that waits.
fn add_end(decision: &mut CancelDecision, history: &History) {
    if let Some(event) = last(history, "processes_gone") {
        decision.processes_gone_at = Some(event.at.clone());
        decision.killed = event.more.get("killed").and_then(Value::as_bool);
    }
}

fn last<'a>(history: &'a History, event: &str) -> Option<&'a JobEvent> {
    let mut newest_first = history.events.iter().rev();
    newest_first.find(|happened| happened.event == event)
}

fn words(decision: &CancelDecision) -> String {
    let CancelDecision { id, from, .. } = decision;
    let end = match (&decision.processes_gone_at, decision.killed) {
        _ if *from == JobState::Queued => "nothing of it will run".to_owned(),
        (Some(at), Some(true)) => format!("its processes were killed and were gone at {at}"),
        (Some(at), _) => format!("its processes ended and were gone at {at}"),
        // Its worker was lost, or its attempt came to an end of its own in that moment.
        (None, _) => "what ran has ended".to_owned(),
    };
    format!("job {id} was {from} and is cancelled: {end}")
}
