//! The whole matrix of states and events, and what holds whatever happens in whatever order.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{EndReason, RunEnd, Standing, StreamEvent};
use crate::ids::WorkerId;
use crate::job::Lease;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + millis)
}

fn lease(until: i64) -> Lease {
    Lease {
        worker: WorkerId("w".into()),
        until: at(until),
    }
}

fn end() -> RunEnd {
    RunEnd {
        at: NOW,
        reason: EndReason::Unfit,
        message: "it cannot be done".into(),
    }
}

fn then(standing: &Standing, events: &[StreamEvent]) -> Standing {
    events.iter().fold(standing.clone(), |standing, event| {
        standing.after(event, NOW).expect("it can happen")
    })
}

/// Each state that a stream can be in, by how it gets there.
fn states() -> Vec<(&'static str, Standing)> {
    let claim = StreamEvent::Claim { lease: lease(6000) };
    let running = [StreamEvent::Start, claim];
    let delayed = StreamEvent::Gone {
        attempt: 1,
        ready_at: Some(at(500)),
    };
    let runs = then(&Standing::new(), &running);
    let stops = then(&runs, &[StreamEvent::Stop]);
    let mut lost = runs.clone();
    if let Some(held) = &mut lost.held {
        held.lease.until = NOW;
    }
    vec![
        ("new", Standing::new()),
        ("waits", then(&Standing::new(), &running[..1])),
        ("delayed", then(&runs, &[delayed])),
        ("runs", runs),
        ("lease over", lost),
        ("stops", stops.clone()),
        ("started anew", then(&stops, &[StreamEvent::Start])),
    ]
}

#[test]
fn the_whole_matrix() {
    let gone = |attempt, ready_at| StreamEvent::Gone { attempt, ready_at };
    let renew = |attempt| StreamEvent::Renew {
        attempt,
        until: at(9000),
    };
    let events = [
        ("start", StreamEvent::Start),
        ("stop", StreamEvent::Stop),
        ("claim", StreamEvent::Claim { lease: lease(6000) }),
        ("renew", renew(1)),
        ("renew of an earlier attempt", renew(0)),
        ("gone", gone(1, None)),
        ("gone with delay", gone(1, Some(at(500)))),
        ("gone of an earlier attempt", gone(0, None)),
        (
            "end",
            StreamEvent::End {
                attempt: 1,
                end: end(),
            },
        ),
        ("lease ended", StreamEvent::LeaseEnded),
    ];
    let mut matrix = String::new();
    for (state, standing) in states() {
        for (event, happens) in &events {
            let told = match standing.after(happens, NOW) {
                Ok(next) => word(&next),
                Err(error) => format!("- {error}"),
            };
            writeln!(matrix, "{state} | {event} | {told}").expect("a text takes it");
        }
    }
    insta::assert_snapshot!(matrix);
}

fn word(standing: &Standing) -> String {
    let wanted = match standing.wanted {
        true => "wanted",
        false => "not wanted",
    };
    let held = match &standing.held {
        None => "free".to_owned(),
        Some(held) => format!(
            "held until {} in run {}",
            held.lease.until.as_millis(),
            held.run
        ),
    };
    let mut text = format!(
        "run {}, attempt {}, {wanted}, {held}",
        standing.run, standing.attempt
    );
    if let Some(at) = standing.ready_at {
        write!(text, ", ready at {}", at.as_millis()).expect("a text takes it");
    }
    if standing.ended.is_some() {
        text.push_str(", given up");
    }
    text
}

/// What a worker believes: an attempt, and until when it may have processes.
type Belief = (u32, Timestamp);

#[derive(Clone, Debug)]
enum Step {
    Start,
    Stop,
    Claim,
    Renew { of: usize },
    Gone { of: usize, delay: Option<u16> },
    End { of: usize },
    Sweep,
    Wait { millis: u16 },
}

fn step() -> impl Strategy<Value = Step> {
    let of = 0..4_usize;
    prop_oneof![
        Just(Step::Start),
        Just(Step::Stop),
        Just(Step::Claim),
        of.clone().prop_map(|of| Step::Renew { of }),
        (of.clone(), proptest::option::of(0..9000_u16))
            .prop_map(|(of, delay)| Step::Gone { of, delay }),
        of.prop_map(|of| Step::End { of }),
        Just(Step::Sweep),
        (0..8000_u16).prop_map(|millis| Step::Wait { millis }),
    ]
}

proptest! {
    /// Workers that have been told of an attempt, one after the other, and of which each ends its processes by
    /// itself when the lease it knows of runs out.
    #[test]
    fn nobody_starts_beside_another_and_nothing_after_a_stop(
        steps in proptest::collection::vec(step(), 0..120)
    ) {
        let mut standing = Standing::new();
        let mut now = NOW;
        let mut believers: Vec<Belief> = Vec::new();
        for step in steps {
            let before = standing.clone();
            // The newest first.
            let believer = |of: usize| believers.iter().rev().nth(of).map_or(0, |it| it.0);
            let until = Timestamp::from_millis(now.as_millis() + 6000);
            let lease = Lease { worker: WorkerId("w".into()), until };
            let event = match step {
                Step::Start => StreamEvent::Start,
                Step::Stop => StreamEvent::Stop,
                Step::Claim => StreamEvent::Claim { lease },
                Step::Renew { of } => StreamEvent::Renew { attempt: believer(of), until },
                Step::Gone { of, delay } => StreamEvent::Gone {
                    attempt: believer(of),
                    ready_at: delay.map(|by| Timestamp::from_millis(now.as_millis() + i64::from(by))),
                },
                Step::End { of } => StreamEvent::End { attempt: believer(of), end: end() },
                Step::Sweep => StreamEvent::LeaseEnded,
                Step::Wait { millis } => {
                    now = Timestamp::from_millis(now.as_millis() + i64::from(millis));
                    continue;
                }
            };
            let Ok(next) = standing.after(&event, now) else {
                continue;
            };
            standing = next;
            match &event {
                StreamEvent::Claim { .. } => {
                    let others = believers.iter().filter(|(_, until)| *until > now).count();
                    prop_assert_eq!(others, 0, "somebody may still have processes");
                    prop_assert!(before.wanted, "it was stopped");
                    prop_assert!(before.ready_at.is_none_or(|at| at <= now));
                    believers.push((standing.attempt, until));
                }
                StreamEvent::Renew { attempt, .. } => {
                    for believer in believers.iter_mut().filter(|it| it.0 == *attempt) {
                        believer.1 = until;
                    }
                }
                StreamEvent::Gone { attempt, .. } | StreamEvent::End { attempt, .. } => {
                    for believer in believers.iter_mut().filter(|it| it.0 == *attempt) {
                        believer.1 = now;
                    }
                }
                StreamEvent::Stop => {
                    prop_assert!(!standing.wanted && !standing.is_claimable(now));
                    prop_assert!(!standing.goes_on());
                    prop_assert_eq!(&standing.held, &before.held);
                    prop_assert_eq!(standing.last_stop_at, Some(now));
                }
                StreamEvent::Start | StreamEvent::LeaseEnded => {}
            }
            prop_assert!(standing.attempt >= before.attempt && standing.run >= before.run);
            let is_claim = matches!(event, StreamEvent::Claim { .. });
            prop_assert_eq!(standing.attempt > before.attempt, is_claim);
            prop_assert_eq!(standing.run > before.run, event == StreamEvent::Start);
            prop_assert!(standing.held.is_none() || !standing.is_claimable(now));
            // What nobody holds and nobody wants waits for nothing.
            prop_assert!(standing.wanted || standing.ready_at.is_none());
        }
    }
}
