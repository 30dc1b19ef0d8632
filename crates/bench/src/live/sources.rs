//! How soon it is noticed that a source is gone, and how soon it comes out again once it is back.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use reelgate_service::{Clock, SystemClock};
use rustix::process::Signal;

use super::edge::PATIENCE;
use super::{Stage, spread};
use crate::figure::Figure;

const ROUNDS: usize = 6;

/// A source that says nothing for this long counts as lost.
const FROZEN: Duration = Duration::from_secs(2);

/// How long sources are away, so that tries to connect have come to different distances.
const AWAY: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
];

pub(super) fn figures(stage: &mut Stage, clip: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let (from, target) = (stage.relay.source("lost"), stage.relay.target("found"));
    let stream = stage.edge.create((&from, &target), "copy", FROZEN)?;
    let (mut source, _) = stage.publish(clip, "lost")?;
    stage.edge.start_stream(&stream)?;
    let (mut closed, mut frozen, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        stage.relay.first_frame("found", PATIENCE)?;
        stage.edge.wait_for(&stream, "live")?;
        // By closing its connection, and by saying nothing any more.
        let is_closed = round % 2 == 0;
        let lost = since_epoch();
        source.signal(if is_closed {
            Signal::KILL
        } else {
            Signal::STOP
        })?;
        stage.edge.wait_for(&stream, "interrupted")?;
        let noticed = stage.edge.last(&stream, "interrupted")?;
        let took = noticed.saturating_sub(lost).as_secs_f64();
        if is_closed { &mut closed } else { &mut frozen }.push(took);
        source.kill()?;
        std::thread::sleep(AWAY[round / 2 % AWAY.len()]);
        stage.relay.forget("found");
        let came;
        (source, came) = stage.publish(clip, "lost")?;
        let first = stage.relay.first_frame("found", PATIENCE)?;
        back.push(first.saturating_duration_since(came).as_secs_f64());
    }
    stage.edge.stop_stream(&stream)?;
    stage.edge.wait_for(&stream, "stopped")?;
    let name = "source closed to that being noticed, p95";
    tell(spread(name, &mut closed, 1.0));
    let name = "source frozen for 2 s to that being noticed, p95";
    let most = FROZEN.as_secs_f64() + 0.5;
    tell(spread(name, &mut frozen, most));
    let name = "source back to its first frame at the target, p95";
    tell(spread(name, &mut back, 2.0));
    Ok(())
}

fn since_epoch() -> Duration {
    Duration::from_millis(SystemClock.now().as_millis().unsigned_abs())
}
