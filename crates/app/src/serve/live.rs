//! The live streams of a node: starting what runs them, and its figures.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use reelgate_worker::live::{LiveConfig, LiveFigures, LiveSweeper, LiveTools, LiveWorker};

use super::base::{Base, Plan};

impl Base {
    /// Starts to run live streams, if the node is to.
    pub(super) fn run_streams(&self, plan: &Plan<'_>) -> Result<Option<LiveWorker>> {
        let streams = plan.live.streams(plan.slots);
        if streams == 0 {
            return Ok(None);
        }
        let may_listen = plan.live.live_srt_listener;
        if may_listen {
            tracing::warn!(
                "streams may wait for SRT connections: whoever reaches this machine and knows a port can send or take \
                 a stream; keep those ports behind a firewall and give streams a passphrase"
            );
        }
        let defaults = self.live_defaults(plan);
        let (cluster, folder) = (defaults.cluster.clone(), defaults.folder.clone());
        let tools = LiveTools {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            engine: Arc::clone(&self.engine),
            runner: Arc::clone(&self.runner),
            buckets: self.service.bucket_opener(),
            guard: plan.outbound.guard(),
        };
        let config = LiveConfig {
            streams,
            draining: self.membership.told().draining,
            may_listen,
            max_resident_bytes: plan.work.max_memory,
            max_file_bytes: plan.max_object_bytes,
            free_space_floor: self.space.floor,
            ..defaults
        };
        let started = LiveWorker::start(config, tools);
        let started =
            started.with_context(|| format!("making the directory {}", folder.display()))?;
        tracing::info!("up to {streams} live streams of cluster {cluster} run here");
        Ok(Some(started))
    }

    /// Starts to let go of streams whose workers are gone, on a server that runs none and so would not.
    pub(super) fn sweep_streams(&self, plan: &Plan<'_>) -> Option<LiveSweeper> {
        let runs_none = plan.live.streams(plan.slots) == 0;
        runs_none.then(|| {
            let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
            LiveSweeper::start(&self.live_defaults(plan), store, clock)
        })
    }

    fn live_defaults(&self, plan: &Plan<'_>) -> LiveConfig {
        let cluster = plan.node.named_cluster().unwrap_or_default();
        LiveConfig::new(self.id.clone(), cluster, self.data.join("live"))
    }
}

/// In the text format of Prometheus. `idle` is the time since the claim loop last went round.
pub(super) fn figures(figures: &LiveFigures, idle: Duration) -> String {
    let mut text = String::new();
    let mut line = |args: std::fmt::Arguments<'_>| {
        // Writing into a string cannot fail.
        let _ = text.write_fmt(args);
        text.push('\n');
    };
    let head =
        |name: &str, kind: &str, help: &str| format!("# HELP {name} {help}\n# TYPE {name} {kind}");
    let LiveFigures {
        connecting,
        live,
        interrupted,
        restarts,
        lag_ms,
        stops,
    } = figures;
    let name = "reelgate_live_streams";
    line(format_args!(
        "{}",
        head(name, "gauge", "Live streams that are held, by their state.")
    ));
    for (state, count) in [
        ("connecting", connecting),
        ("live", live),
        ("interrupted", interrupted),
    ] {
        line(format_args!("{name}{{state=\"{state}\"}} {count}"));
    }
    let name = "reelgate_live_restarts_total";
    let help = "Processes of live streams that were lost and followed by another.";
    line(format_args!(
        "{}\n{name} {restarts}",
        head(name, "counter", help)
    ));
    let name = "reelgate_live_lag_seconds";
    let help = "How far the farthest live output is behind where it was at best.";
    line(format_args!(
        "{}\n{name} {}",
        head(name, "gauge", help),
        seconds(*lag_ms)
    ));
    let name = "reelgate_live_stop_seconds";
    let help = "Time from the answer to a stop until the stream's processes were gone.";
    line(format_args!("{}", head(name, "histogram", help)));
    for (bound_ms, count) in stops.cumulated() {
        let bound = seconds(bound_ms);
        line(format_args!("{name}_bucket{{le=\"{bound}\"}} {count}"));
    }
    let (count, sum) = (stops.count, stops.sum.as_secs_f64());
    line(format_args!("{name}_bucket{{le=\"+Inf\"}} {count}"));
    line(format_args!("{name}_sum {sum}\n{name}_count {count}"));
    let name = "reelgate_live_claim_loop_age_seconds";
    let help = "Time since the claim loop of live streams last went round.";
    line(format_args!(
        "{}\n{name} {}",
        head(name, "gauge", help),
        idle.as_secs_f64()
    ));
    text
}

fn seconds(millis: u64) -> f64 {
    Duration::from_millis(millis).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_by_state_and_stops_by_how_long_they_took() {
        let some = LiveFigures {
            live: 2,
            interrupted: 1,
            restarts: 7,
            lag_ms: 1500,
            ..LiveFigures::default()
        };
        let text = figures(&some, Duration::from_millis(250));
        for line in [
            "# TYPE reelgate_live_streams gauge",
            "reelgate_live_streams{state=\"connecting\"} 0",
            "reelgate_live_streams{state=\"live\"} 2",
            "reelgate_live_streams{state=\"interrupted\"} 1",
            "reelgate_live_restarts_total 7",
            "reelgate_live_lag_seconds 1.5",
            "# TYPE reelgate_live_stop_seconds histogram",
            "reelgate_live_stop_seconds_bucket{le=\"0.05\"} 0",
            "reelgate_live_stop_seconds_bucket{le=\"+Inf\"} 0",
            "reelgate_live_stop_seconds_count 0",
            "reelgate_live_claim_loop_age_seconds 0.25",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}:\n{text}");
        }
    }
}
