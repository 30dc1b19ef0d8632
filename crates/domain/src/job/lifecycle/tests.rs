//! The matrix of states and events, and what never happens.

use std::fmt::Write;

use super::*;
use crate::event::EventName;
use crate::job::fault::FaultCode;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn lease(until: i64) -> Lease {
    Lease {
        worker: WorkerId("w1".into()),
        until: Timestamp::from_millis(until),
    }
}

fn states() -> Vec<(&'static str, Lifecycle)> {
    let at = |state, attempt, losses| Lifecycle {
        state,
        attempt,
        forgiven: 0,
        losses,
    };
    let fault = Fault::new(FaultCode::SourceUnreadable, "x");
    let soon = Some(Timestamp::from_millis(1_000_001));
    vec![
        ("queued, new", Lifecycle::queued()),
        (
            "queued, retried by hand",
            Lifecycle {
                attempt: 1,
                forgiven: 1,
                ..Lifecycle::queued()
            },
        ),
        (
            "queued, retry due",
            at(
                JobState::Queued {
                    ready_at: Some(NOW),
                },
                1,
                1,
            ),
        ),
        (
            "queued, retry later",
            at(JobState::Queued { ready_at: soon }, 1, 1),
        ),
        (
            "running",
            at(
                JobState::Running {
                    lease: lease(1_000_000),
                },
                1,
                0,
            ),
        ),
        (
            "running, 2 lost",
            at(
                JobState::Running {
                    lease: lease(1_000_000),
                },
                1,
                2,
            ),
        ),
        (
            "publishing",
            at(
                JobState::Publishing {
                    lease: lease(1_000_000),
                },
                1,
                0,
            ),
        ),
        (
            "stopping (graceful)",
            at(
                JobState::Stopping {
                    lease: lease(1_000_000),
                    mode: StopMode::Graceful,
                },
                1,
                0,
            ),
        ),
        (
            "stopping (now)",
            at(
                JobState::Stopping {
                    lease: lease(1_000_000),
                    mode: StopMode::Now,
                },
                1,
                0,
            ),
        ),
        (
            "succeeded",
            at(JobState::Succeeded { finished_at: NOW }, 1, 0),
        ),
        (
            "failed",
            at(
                JobState::Failed {
                    finished_at: NOW,
                    fault,
                },
                1,
                1,
            ),
        ),
        (
            "cancelled",
            at(JobState::Cancelled { finished_at: NOW }, 0, 0),
        ),
    ]
}

fn events() -> Vec<(&'static str, Event)> {
    let input = Fault::new(FaultCode::SourceUnreadable, "input");
    let engine = Fault::new(FaultCode::EngineFailed, "engine");
    let until = Timestamp::from_millis(1_030_000);
    vec![
        (
            "claim",
            Event::Claim {
                lease: lease(1_030_000),
            },
        ),
        ("renew", Event::Renew { attempt: 1, until }),
        ("publish", Event::Publish { attempt: 1 }),
        ("succeed", Event::Succeed { attempt: 1 }),
        (
            "fail (input)",
            Event::Fail {
                attempt: 1,
                fault: input,
            },
        ),
        (
            "fail (engine)",
            Event::Fail {
                attempt: 1,
                fault: engine,
            },
        ),
        ("give back", Event::GiveBack { attempt: 1 }),
        ("stopped", Event::Stopped { attempt: 1 }),
        ("lease ended", Event::LeaseEnded),
        (
            "cancel queued-only",
            Event::Cancel {
                policy: CancelPolicy::QueuedOnly,
                mode: StopMode::Graceful,
            },
        ),
        (
            "cancel running-only",
            Event::Cancel {
                policy: CancelPolicy::RunningOnly,
                mode: StopMode::Graceful,
            },
        ),
        (
            "cancel any",
            Event::Cancel {
                policy: CancelPolicy::Any,
                mode: StopMode::Graceful,
            },
        ),
        (
            "cancel any, now",
            Event::Cancel {
                policy: CancelPolicy::Any,
                mode: StopMode::Now,
            },
        ),
        ("retry", Event::Retry),
    ]
}

#[test]
fn the_matrix_of_states_and_events() {
    let mut matrix = String::new();
    for (from, lifecycle) in states() {
        writeln!(matrix, "{from}").unwrap();
        for (name, event) in events() {
            if let Ok(next) = lifecycle.after(&event, NOW) {
                let Lifecycle {
                    state,
                    attempt,
                    forgiven,
                    losses,
                } = next;
                let news = if attempt == forgiven { ", as new" } else { "" };
                let to = state.name().as_str();
                writeln!(
                    matrix,
                    "  {name:<20} -> {to} (attempt {attempt}, lost {losses}{news})"
                )
                .unwrap();
            }
        }
    }
    insta::assert_snapshot!(matrix);
}

/// Of every transition of the matrix above.
#[test]
fn the_matrix_of_what_others_are_told() {
    let queued = EventName::of(None, &Lifecycle::queued());
    let mut matrix = format!("submitted: {}\n", queued.unwrap());
    for (from, lifecycle) in states() {
        writeln!(matrix, "{from}").unwrap();
        for (name, event) in events() {
            if let Ok(next) = lifecycle.after(&event, NOW) {
                let told = EventName::of(Some(&lifecycle), &next);
                let told = told.map_or("-", EventName::as_str);
                writeln!(matrix, "  {name:<20} {told}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn a_cancel_tells_of_nothing_but_the_stop_and_the_end() {
    for (name, lifecycle) in states() {
        for (what, event) in events() {
            let Ok(next) = lifecycle.after(&event, NOW) else {
                continue;
            };
            let of_a_cancel = matches!(
                next.state,
                JobState::Stopping { .. } | JobState::Cancelled { .. }
            );
            if let Some(told) = EventName::of(Some(&lifecycle), &next) {
                assert_eq!(told.is_of_a_cancel(), of_a_cancel, "{name}, {what}");
            }
        }
    }
}

#[test]
fn an_event_of_an_older_attempt_never_applies() {
    let stale = [
        Event::Renew {
            attempt: 1,
            until: NOW,
        },
        Event::Publish { attempt: 1 },
        Event::Succeed { attempt: 1 },
        Event::Fail {
            attempt: 1,
            fault: Fault::new(FaultCode::EngineFailed, "x"),
        },
        Event::GiveBack { attempt: 1 },
        Event::Stopped { attempt: 1 },
    ];
    for (name, lifecycle) in states() {
        let newer = Lifecycle {
            attempt: 2,
            ..lifecycle
        };
        for event in &stale {
            assert!(newer.after(event, NOW).is_err(), "{name}, {}", event.name());
        }
    }
}

#[test]
fn a_lease_that_has_time_left_does_not_end() {
    let running = Lifecycle {
        state: JobState::Running {
            lease: lease(1_000_001),
        },
        attempt: 1,
        forgiven: 0,
        losses: 0,
    };
    assert!(running.after(&Event::LeaseEnded, NOW).is_err());
}

#[test]
fn a_job_that_lost_its_first_worker_is_ready_at_once_and_later_ones_wait() {
    let running = |losses| Lifecycle {
        state: JobState::Running {
            lease: lease(1_000_000),
        },
        attempt: u32::from(losses) + 1,
        forgiven: 0,
        losses,
    };
    let lost = |losses| running(losses).after(&Event::LeaseEnded, NOW).unwrap();
    let first = lost(0);
    assert_eq!(first.state, JobState::Queued { ready_at: None });
    assert_eq!(first.losses, 1);
    // The attempt before may have failed as well as been lost.
    let ready_at = Some(NOW.after(retry_delay(2)));
    assert_eq!(lost(1).state, JobState::Queued { ready_at });
    assert_eq!(lost(2).state.name(), StateName::Failed);
    let fault = Fault::new(FaultCode::EngineFailed, "x");
    let failed = running(0).after(&Event::Fail { attempt: 1, fault }, NOW);
    let ready_at = Some(NOW.after(retry_delay(1)));
    assert_eq!(failed.unwrap().state, JobState::Queued { ready_at });
}

#[test]
fn a_final_state_is_left_by_nothing_but_the_retry_of_a_failure() {
    for (name, lifecycle) in states() {
        if lifecycle.state.name().is_final() {
            for (event, what) in events() {
                if (name, &what) == ("failed", &Event::Retry) {
                    continue;
                }
                assert!(lifecycle.after(&what, NOW).is_err(), "{name}, {event}");
            }
        }
    }
}

#[test]
fn a_retried_job_counts_as_never_started_and_has_all_its_attempts() {
    let failed = states()
        .into_iter()
        .find_map(|(name, it)| (name == "failed").then_some(it));
    let retried = failed.unwrap().after(&Event::Retry, NOW).unwrap();
    assert!(!retried.has_started());
    assert_eq!((retried.attempt, retried.losses), (1, 0));
    let queued_only = Event::Cancel {
        policy: CancelPolicy::QueuedOnly,
        mode: StopMode::Graceful,
    };
    let cancelled = retried.after(&queued_only, NOW).unwrap();
    assert_eq!(cancelled.state.name(), StateName::Cancelled);
    let claim = Event::Claim {
        lease: lease(1_030_000),
    };
    let running = retried.after(&claim, NOW).unwrap();
    // An attempt of before is still fenced off.
    assert_eq!(running.attempt, 2);
    assert!(running.has_started());
}

#[test]
fn a_refusal_names_both_sides() {
    let error = Lifecycle::queued()
        .after(&Event::Publish { attempt: 0 }, NOW)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "publish does not apply to a job that is Queued in attempt 0"
    );
}
