//! What it costs to stop a stream among many that are stored beside the same among few.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{
    Latency, OnSourceLost, StreamAddress, StreamId, StreamInput, StreamName, StreamOutput,
    StreamSpec, StreamTarget,
};
use reelgate_service::{Clock, Ids, RandomIds, SystemClock, built_in_templates};
use reelgate_store::{NewStream, StreamOutcome};
use tokio::runtime::Runtime;

use crate::figure::{Figure, Goal};
use crate::house::{CALLERS, House};
use crate::rounds::{in_turns, together};

const MANY: usize = 100_000;
const FEW: usize = 100;

/// Streams that run in a round.
const CALLS: usize = 96;
const ROUNDS: usize = 31;

/// A host that nobody is going to look up: it is an address already.
const HOST: &str = "rtmp://8.8.8.8";

struct Shelf {
    house: Arc<House>,
    streams: Vec<StreamId>,
    /// Where the next round begins, so that it meets others.
    next: usize,
}

pub(crate) fn figures(runtime: &Runtime, dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let mut short = runtime.block_on(Shelf::fill(&dir.join("few"), FEW))?;
    let mut long = runtime.block_on(Shelf::fill(&dir.join("many"), MANY))?;
    for callers in [1, CALLERS] {
        let pair = in_turns(
            ROUNDS,
            || Ok(micros(runtime.block_on(long.round(callers))?)),
            || Ok(micros(runtime.block_on(short.round(callers))?)),
        )?;
        let callers = match callers {
            1 => "1 caller".to_owned(),
            callers => format!("{callers} callers"),
        };
        let name = format!("stop a stream, {callers}: {MANY} stored / {FEW} stored");
        tell(Figure::beside(name, "us", pair, Goal::Most(1.2)));
    }
    Ok(())
}

impl Shelf {
    async fn fill(dir: &Path, count: usize) -> Result<Self> {
        let house = Arc::new(House::build(dir).await?);
        let copy = built_in_templates();
        let copy = copy.iter().find(|one| one.name == "copy");
        let copy = copy.context("there is a template that copies")?.id;
        let ids = RandomIds::default();
        let now = SystemClock.now();
        let streams: Vec<StreamId> = (0..count)
            .map(|_| StreamId::from_bytes(ids.uuid(now)))
            .collect();
        let made = Arc::new(streams.clone());
        let keeper = Arc::clone(&house);
        let create = move |number: usize| {
            let (house, streams) = (Arc::clone(&keeper), Arc::clone(&made));
            async move {
                let address = |place: &str| StreamAddress::new(format!("{HOST}/{place}/{number}"));
                let output = StreamOutput {
                    target: StreamTarget::Push {
                        address: address("out")?,
                    },
                    template: copy,
                };
                let new = NewStream {
                    id: streams[number],
                    account: house.caller.account,
                    cluster: ClusterName::new("default")?,
                    name: StreamName::new(format!("stream-{number}"))?,
                    spec: StreamSpec {
                        input: StreamInput {
                            address: address("in")?,
                            frozen_after_ms: StreamInput::DEFAULT_FROZEN_MS,
                        },
                        outputs: vec![output],
                        on_source_lost: OnSourceLost::default(),
                        latency: Latency::default(),
                    },
                    created_at: now,
                    most: u32::MAX,
                };
                let made = house.store.create_stream(new, None).await?;
                ensure!(
                    matches!(made, StreamOutcome::Done(_)),
                    "a stream was not made: {made:?}"
                );
                Ok(())
            }
        };
        together(256, count, create).await?;
        Ok(Self {
            house,
            streams,
            next: 0,
        })
    }

    /// How long a stop takes, of streams that are all over the shelf and that nobody has taken yet.
    async fn round(&mut self, callers: usize) -> Result<Duration> {
        let step = (self.streams.len() / CALLS).max(1);
        let chosen: Vec<StreamId> = (0..CALLS)
            .map(|number| self.streams[(self.next + number * step) % self.streams.len()])
            .collect();
        self.next += 1;
        for id in &chosen {
            let house = &self.house;
            house.service.start_stream(&house.caller, *id).await?;
        }
        let waiting = Arc::new(Mutex::new(chosen));
        let house = Arc::clone(&self.house);
        let took = together(callers, CALLS, move |_| {
            let (house, waiting) = (Arc::clone(&house), Arc::clone(&waiting));
            async move {
                let id = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let id = id.context("there are as many streams as calls")?;
                house.service.stop_stream(&house.caller, id).await?;
                Ok(())
            }
        });
        Ok(took.await? / u32::try_from(CALLS)?)
    }
}

fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}
