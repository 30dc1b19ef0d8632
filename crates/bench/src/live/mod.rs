//! Live streams of the real program beside a bare FFmpeg with the same arguments, between an nginx that takes and
//! gives streams and publishers that are FFmpegs of their own. What happens is seen from outside.

mod cycles;
mod edge;
mod overhead;
mod peers;
mod relay;
mod sources;
mod starts;
pub(crate) mod stored;
mod takeover;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;

use crate::figure::{Figure, Goal};
use crate::program::Engine;
use crate::rounds::percentile;
use edge::Edge;
use peers::{Peer, make_source};
use relay::Relay;

/// What all parts of these figures share.
struct Stage {
    engine: Engine,
    relay: Relay,
    edge: Edge,
    dir: PathBuf,
}

pub(crate) fn figures(dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let (mut stage, small) = Stage::set(&dir.join("live"))?;
    starts::figures(&mut stage, &small, tell)?;
    sources::figures(&mut stage, &small, tell)?;
    overhead::figures(&mut stage, tell)?;
    let Stage {
        engine,
        relay,
        edge,
        ..
    } = stage;
    cycles::kill(&engine, &relay, edge, &small, tell)?;
    takeover::figures(&engine, &relay, dir, &small, tell)
}

/// Streams that are started and stopped so many times.
pub(crate) fn cycles(dir: &Path, cycles: usize, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let (mut stage, small) = Stage::set(&dir.join("cycles"))?;
    cycles::figures(&mut stage, &small, cycles, tell)
}

impl Stage {
    /// With a clip that is small enough for its source not to matter.
    fn set(dir: &Path) -> Result<(Self, PathBuf)> {
        std::fs::create_dir_all(dir)?;
        let engine = Engine::find()?;
        let stage = Self {
            relay: Relay::start(&dir.join("relay"))?,
            edge: Edge::start(&dir.join("data"), &engine)?,
            engine,
            dir: dir.to_owned(),
        };
        let small = dir.join("small.mp4");
        make_source(&stage.engine, &small, "320:180")?;
        Ok((stage, small))
    }

    /// A source that is there to be pulled when this returns, and since when.
    fn publish(&self, clip: &Path, name: &str) -> Result<(Peer, Instant)> {
        publish(&self.engine, &self.relay, clip, name)
    }

    /// FFmpeg with the arguments of one of the program's, which are for a directory of its own.
    fn by_hand(&self, args: &[String]) -> Result<Peer> {
        let dir = self.dir.join("by-hand");
        std::fs::create_dir_all(&dir)?;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Peer::start(&self.engine, &dir, &args)
    }
}

fn publish(engine: &Engine, relay: &Relay, clip: &Path, name: &str) -> Result<(Peer, Instant)> {
    let before = relay.publishers(name);
    let publisher = Peer::publish(engine, clip, &relay.source(name))?;
    let came = relay.wait_for_publisher(name, before)?;
    Ok((publisher, came))
}

/// Median and 95th percentile of samples in seconds, the second of which has the promise.
fn spread(name: &str, samples: &mut [f64], most: f64) -> Figure {
    let note = format!(
        "{} samples: median {:.3} s, largest {:.3} s",
        samples.len(),
        percentile(samples, 0.5),
        percentile(samples, 1.0)
    );
    let p95 = percentile(samples, 0.95);
    Figure::alone(name, "s", p95, Goal::Within(most)).with_note(note)
}

/// The same beside what a bare FFmpeg takes.
fn beside(name: &str, ours: &mut [f64], bare: &mut [f64], most: f64) -> Figure {
    let note = format!(
        "{} samples: median {:.3} s / {:.3} s, largest {:.3} s / {:.3} s",
        ours.len(),
        percentile(ours, 0.5),
        percentile(bare, 0.5),
        percentile(ours, 1.0),
        percentile(bare, 1.0)
    );
    let pair = (percentile(ours, 0.95), percentile(bare, 0.95));
    Figure {
        goal: Goal::Within(most),
        ..Figure::beside(name, "s", pair, Goal::Shown)
    }
    .with_note(note)
}
