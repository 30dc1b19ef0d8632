//! Running a node that only works: it claims jobs from the store that it shares with the servers, and answers
//! no API.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use reelgate_api_kit::serve::{ServeOptions, serve};
use reelgate_worker::{Overview, Worker};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::base::{Base, Plan};
use super::files::{remove_if_there, write_private};
use super::signals::StopSignals;
use super::{KILL_PATIENCE, default_slots, health, out_of_patience};
use crate::config::WorkerArgs;

/// Runs a worker until it is told to stop by SIGTERM or SIGINT.
pub(crate) async fn run(args: WorkerArgs) -> Result<ExitCode> {
    if let Some(file) = &args.ready_file {
        remove_if_there(file).with_context(|| format!("removing the old {}", file.display()))?;
    }
    let plan = Plan {
        data: &args.data,
        store: &args.store,
        node: &args.node,
        work: &args.work,
        engine: &args.engine,
        master_key_file: args.master_key_file.as_deref(),
        max_object_bytes: args.max_object_bytes,
        slots: args.slots.unwrap_or_else(default_slots),
        serves: false,
        outbound: &args.outbound,
    };
    let mut base = Base::start(&plan, Ok).await?;
    let opened = async {
        let listener = match &args.listen {
            Some(address) => Some(
                TcpListener::bind(address)
                    .await
                    .with_context(|| format!("listening on {address}"))?,
            ),
            None => None,
        };
        anyhow::Ok((listener, base.work(&plan)?))
    };
    let (listener, worker) = match opened.await {
        Ok(opened) => opened,
        Err(error) => {
            base.membership.leave().await;
            return Err(error);
        }
    };
    let overview = worker.overview();
    let health = match listener {
        Some(listener) => Some(Health::serve(listener, &base, &worker)?),
        None => None,
    };
    let _home = base.take_home();
    let mut beating = base.membership.beat(&base.service, Some(overview));
    let mut stops = StopSignals::listen()?;
    let (id, slots) = (&base.id, plan.slots);
    tracing::info!("worker {id} claims jobs for {slots} slots");
    let address = health.as_ref().map(|health| health.address);
    if let Some(address) = address {
        tracing::info!(%address, "its health is at http://{address}/readyz");
    }
    if let Some(file) = &args.ready_file {
        let ready = json!({
            "id": base.id,
            "address": address.map(|address| address.to_string()),
        });
        write_private(file, &ready.to_string())
            .with_context(|| format!("writing the ready file {}", file.display()))?;
    }

    let asked = tokio::select! {
        signal = stops.next() => Ok(signal),
        lost = base.parts.lost() => Err(lost),
        () = beating.lost() => Err("what tells the other nodes that this one lives"),
    };
    if let Some(Err(error)) = args.ready_file.as_deref().map(remove_if_there) {
        tracing::warn!(%error, "the ready file stays");
    }
    let kill_switch = worker.kill_switch();
    let kill = async || {
        // The kernel kills what is left when this process is gone.
        let _ = tokio::time::timeout(KILL_PATIENCE, kill_switch.kill()).await;
        ExitCode::FAILURE
    };
    match asked {
        Ok(signal) => tracing::info!("{signal}: stopping; no further job starts"),
        Err(lost) => {
            tracing::error!("{lost} has ended: leaving, for a service manager to start this anew");
            return Ok(kill().await);
        }
    }
    let grace = Duration::from_secs(args.work.shutdown_grace);
    let stopping = async {
        worker.drain(grace).await;
        if let Some(health) = health {
            health.leave().await;
        }
        beating.leave().await;
    };
    tokio::select! {
        () = stopping => {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        () = out_of_patience(grace) => Ok(kill().await),
        signal = stops.next() => {
            tracing::warn!("{signal} again: killing what runs and leaving at once");
            Ok(kill().await)
        }
    }
}

/// What answers whether the worker is well.
struct Health {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Health {
    fn serve(listener: TcpListener, base: &Base, worker: &Worker) -> Result<Self> {
        let address = listener.local_addr()?;
        let watched = Some((worker.turned(), base.ffmpeg()));
        let (store, clock) = (Arc::clone(&base.store), Arc::clone(&base.clock));
        let checks = health::checks(store, Arc::clone(&clock), watched);
        let (overview, turned) = (worker.overview(), worker.turned());
        let slots = base.service.slots();
        let figures = move || {
            let idle = clock.now().since(turned.at());
            figures(&overview, slots.total(), idle)
        };
        let routes = reelgate_api_native::probes(checks, figures);
        let (stop, mut stopped) = watch::channel(false);
        let shutdown = async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let serving = tokio::spawn(async move {
            serve(listener, routes, ServeOptions::default(), shutdown).await;
        });
        Ok(Self {
            address,
            stop,
            serving,
        })
    }

    async fn leave(self) {
        self.stop.send_replace(true);
        let _ = self.serving.await;
    }
}

/// In the text format of Prometheus.
fn figures(overview: &Overview, slots: u32, idle: Duration) -> String {
    let figures = [
        (
            "reelgate_worker_slots",
            "Jobs, or groups of jobs with one source, that may run at once.",
            f64::from(slots),
        ),
        (
            "reelgate_worker_slots_taken",
            "Slots in which something runs.",
            f64::from(overview.taken()),
        ),
        (
            "reelgate_worker_jobs",
            "Jobs that are held.",
            f64::from(u32::try_from(overview.jobs()).unwrap_or(u32::MAX)),
        ),
        (
            "reelgate_worker_draining",
            "Whether nothing more starts.",
            f64::from(u8::from(overview.is_draining())),
        ),
        (
            "reelgate_worker_claim_loop_age_seconds",
            "Time since the claim loop last went round.",
            idle.as_secs_f64(),
        ),
    ];
    let lines = figures.map(|(name, help, value)| {
        format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n")
    });
    lines.concat()
}
