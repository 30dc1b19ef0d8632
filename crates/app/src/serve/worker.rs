//! Running a node that only works: it claims jobs from the store that it shares with the servers, and answers
//! no API.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use reelgate_api_kit::serve::{ServeOptions, serve};
use reelgate_worker::Worker;
use reelgate_worker::live::LiveWorker;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::base::{Base, Plan};
use super::files::{remove_if_there, write_private};
use super::health::Watched;
use super::signals::StopSignals;
use super::{KILL_PATIENCE, default_slots, figures, health, out_of_patience};
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
        live: &args.live,
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
        anyhow::Ok((listener, base.work(&plan)?, base.run_streams(&plan)?))
    };
    let (listener, worker, streams) = match opened.await {
        Ok(opened) => opened,
        Err(error) => {
            base.membership.leave().await;
            return Err(error);
        }
    };
    let overview = worker.overview();
    let health = match listener {
        Some(listener) => Some(Health::serve(listener, &base, &worker, streams.as_ref())?),
        None => None,
    };
    let _home = base.take_home();
    let mut beating = {
        let streams = streams.as_ref().map(LiveWorker::overview);
        base.membership.beat(&base.service, Some(overview), streams)
    };
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
    let streams_kill_switch = streams.as_ref().map(LiveWorker::kill_switch);
    let kill = async || {
        let streams = async {
            if let Some(streams) = streams_kill_switch {
                streams.kill().await;
            }
        };
        // The kernel kills what is left when this process is gone.
        let both = async { tokio::join!(kill_switch.kill(), streams) };
        let _ = tokio::time::timeout(KILL_PATIENCE, both).await;
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
        // What others can take over at once need not wait for anything.
        let streams = async {
            if let Some(streams) = streams {
                streams.shut_down().await;
            }
        };
        tokio::join!(worker.drain(grace), streams);
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
    fn serve(
        listener: TcpListener,
        base: &Base,
        worker: &Worker,
        streams: Option<&LiveWorker>,
    ) -> Result<Self> {
        let address = listener.local_addr()?;
        let watched = Watched::of(Some(worker), streams, base.ffmpeg());
        let (store, clock) = (Arc::clone(&base.store), Arc::clone(&base.clock));
        let checks = health::checks(store, Arc::clone(&clock), watched);
        let slots = base.service.slots();
        let figures = figures::of(Some(worker), streams, slots, clock);
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
