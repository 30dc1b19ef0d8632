//! Running the service: store, worker and APIs in one process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use reelgate_api_kit::Dialect;
use reelgate_api_kit::serve::{ServeOptions, serve};
use reelgate_api_native::NativeApi;
use reelgate_domain::WorkerId;
use reelgate_media::{Engine, Runner, SandboxLevel};
use reelgate_service::{Clock, Credentials, Ids, RandomIds, Service, Settings, SystemClock};
use reelgate_store::{SqliteStore, Store};
use reelgate_worker::{Machine, Tools, Turned, Worker, WorkerConfig};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::catalogue::catalogue;
use crate::config::{self, EngineArgs, NetworkArgs, ServeArgs};

mod access;
mod files;
mod health;
mod house;
mod listen;
mod parts;
mod signals;
mod space;
pub(crate) mod tls;

use files::{data_directory, remove_if_there, write_private};
use house::House;
use parts::Parts;
use signals::StopSignals;
use space::Space;
use tls::Tls;

/// How long killed processes may take to be gone before this one leaves without knowing.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// A server in this process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// `https` if TLS is spoken, else `http`.
    scheme: &'static str,
    pub(crate) credentials_file: PathBuf,
    data: PathBuf,
    service: Arc<Service>,
    parts: Parts,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    house: House,
    worker: Option<Worker>,
}

/// Runs a server until it is told to stop by SIGTERM or SIGINT.
pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode> {
    if let Some(file) = &args.ready_file {
        remove_if_there(file).with_context(|| format!("removing the old {}", file.display()))?;
    }
    let mut server = Server::start(&args).await?;
    // Before the ready file, because whoever waits for that may end the server at once.
    let mut stops = StopSignals::listen()?;
    let (address, scheme) = (server.address, server.scheme);
    tracing::info!(%address, "reelgate listens on {scheme}://{address}");
    tracing::info!("credentials are in {}", server.credentials_file.display());
    if let Some(file) = &args.ready_file {
        let ready = json!({
            "address": address.to_string(),
            "scheme": scheme,
            "credentials_file": server.credentials_file,
        });
        write_private(file, &ready.to_string())
            .with_context(|| format!("writing the ready file {}", file.display()))?;
    }
    let asked = tokio::select! {
        signal = stops.next() => Ok(signal),
        lost = server.lost_a_part() => Err(lost),
    };
    if let Some(Err(error)) = args.ready_file.as_deref().map(remove_if_there) {
        tracing::warn!(%error, "the ready file stays");
    }
    let kill_switch = server.worker.as_ref().map(Worker::kill_switch);
    let kill = async || {
        if let Some(kill_switch) = kill_switch {
            // The kernel kills what is left when this process is gone.
            let _ = tokio::time::timeout(KILL_PATIENCE, kill_switch.kill()).await;
        }
        ExitCode::FAILURE
    };
    match asked {
        Ok(signal) => tracing::info!("{signal}: stopping; no further job starts"),
        Err(lost) => {
            tracing::error!("{lost} has ended: leaving, for a service manager to start this anew");
            return Ok(kill().await);
        }
    }
    tokio::select! {
        () = server.stop(Duration::from_secs(args.work.shutdown_grace)) => {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        signal = stops.next() => {
            tracing::warn!("{signal} again: killing what runs and leaving at once");
            Ok(kill().await)
        }
    }
}

impl Server {
    /// Starts everything; requests are served when this returns.
    pub(crate) async fn start(args: &ServeArgs) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let tls = Tls::load(&args.network.tls, Arc::clone(&clock))?;
        let addresses = listen::addresses(&args.network).await?;
        let data = data_directory(&args.data)?;
        let space = Space::of(&args.work, &data);
        let runner = Arc::new(Runner::start(tokio::runtime::Handle::current())?);
        tell_sandbox(runner.sandbox());
        let engine = Arc::new(find_engine(&runner, &args.engine).await?);
        let sqlite = Arc::new(SqliteStore::open(&data)?);
        let parts = Parts::new(&runner, &sqlite);
        let store: Arc<dyn Store> = sqlite;
        // This process owns the store: whatever seems to run was left by a dead one.
        let moved = store.sweep(true, clock.now()).await?;
        if moved > 0 {
            tracing::info!(
                moved,
                "{moved} jobs ran when the last server ended without a word"
            );
        }
        let settings = Settings {
            data_dir: data.clone(),
            max_object_bytes: args.max_object_bytes,
            free_space_floor: space.floor,
        };
        let ids: Arc<dyn Ids> = Arc::new(RandomIds::default());
        let access = access::settings(&args.access, &data, &*store, &*ids).await?;
        let service = Service::new(Arc::clone(&store), Arc::clone(&clock), ids, settings);
        let service = Arc::new(service.with_access(access));
        service.unlock().await?;
        let credentials_file = config::credentials_file(&data);
        access::first_start(&service, &credentials_file).await?;

        // What was judged, not what the name may have come to mean since.
        let listener = TcpListener::bind(&addresses[..])
            .await
            .with_context(|| format!("listening on {}", args.network.listen))?;
        let address = listener.local_addr()?;
        let ffmpeg = engine.ffmpeg().to_owned();
        let worker = match args.slots.unwrap_or_else(default_slots) {
            0 => None,
            slots => {
                let tools = Tools {
                    store: Arc::clone(&store),
                    clock: Arc::clone(&clock),
                    bench: Arc::new(Machine::new(engine, runner)),
                    progress: service.progress(),
                    holdups: service.holdups(),
                    slots: service.slots(),
                };
                let name = WorkerId(format!("{address}-{}", std::process::id()));
                let defaults = WorkerConfig::new(name, slots, data.join("scratch"));
                let config = WorkerConfig {
                    // Most of what an encoder maps it never touches.
                    max_memory_bytes: defaults
                        .max_memory_bytes
                        .max(args.work.max_memory.saturating_mul(4)),
                    max_file_bytes: args.max_object_bytes,
                    max_run: Duration::from_secs(args.work.max_run),
                    max_resident_bytes: args.work.max_memory,
                    scratch_per_job: space.per_job,
                    free_space_floor: space.floor,
                    ..defaults
                };
                let scratch = config.scratch.clone();
                let worker = Worker::start(config, tools)
                    .with_context(|| format!("emptying the directory {}", scratch.display()))?;
                Some(worker)
            }
        };
        let watched = worker.as_ref().map(|worker| (worker.turned(), ffmpeg));
        let (stop, stopped) = watch::channel(false);
        let options = serve_options(&args.network, address, tls.as_ref());
        let serving = tokio::spawn(serve_dialects(
            listener,
            Arc::clone(&service),
            store,
            clock,
            watched,
            options,
            stopped,
        ));
        let house = House::keep(&service);
        let server_file = config::server_file(&data);
        tell_clients(&server_file, address, tls.as_ref().map(|tls| tls.sha256));
        let scheme = match tls {
            None => "http",
            Some(tls) => {
                let tell = move |sha256| tell_clients(&server_file, address, Some(sha256));
                tokio::spawn(tls.keep_up(tell));
                "https"
            }
        };
        Ok(Self {
            address,
            scheme,
            credentials_file,
            data,
            service,
            parts,
            stop,
            serving,
            house,
            worker,
        })
    }

    /// Completes, with its name, when something has ended that nothing works without.
    async fn lost_a_part(&mut self) -> &'static str {
        tokio::select! {
            name = self.parts.lost() => name,
            _ = &mut self.serving => "what serves requests",
            () = self.house.lost() => "what writes the audit",
        }
    }

    /// The first account's names and secrets.
    pub(crate) fn credentials(&self) -> Result<Credentials> {
        let text = std::fs::read_to_string(&self.credentials_file)?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Where the first account's bucket has its files.
    pub(crate) fn bucket_directory(&self, credentials: &Credentials) -> PathBuf {
        let account = self.data.join("buckets").join(&credentials.account_id);
        account.join(&credentials.bucket)
    }

    /// Finishes the calls in flight, lets running jobs finish within `grace`, hands the rest back and
    /// returns when their processes are gone.
    pub(crate) async fn stop(self, grace: Duration) {
        // Best effort: a client that finds the file finds out soon enough that nobody listens.
        let _ = std::fs::remove_file(config::server_file(&self.data));
        self.stop.send_replace(true);
        self.service.stop_waiting();
        if let Some(worker) = self.worker {
            worker.drain(grace).await;
        }
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "serving ended by a panic");
        }
        // The last calls are in the audit when they have been answered.
        self.house.leave().await;
    }
}

async fn serve_dialects(
    listener: TcpListener,
    service: Arc<Service>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    watched: Option<(Arc<Turned>, PathBuf)>,
    options: ServeOptions,
    mut stopped: watch::Receiver<bool>,
) {
    let checks = health::checks(store, Arc::clone(&clock), watched);
    let native = NativeApi::new(Arc::clone(&service), catalogue(), checks);
    let native = Arc::new(native);
    let waited_on = Arc::clone(&service);
    let aliyun = reelgate_api_aliyun::gateway(Arc::clone(&service), Arc::clone(&clock));
    let huawei = reelgate_api_huawei::gateway(service, clock);
    let routes = native
        .routes()
        .merge(Arc::new(aliyun).routes())
        .merge(Arc::new(huawei).routes())
        .merge(reelgate_api_native::unserved_paths());
    let shutdown = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
        waited_on.stop_waiting();
    };
    serve(listener, routes, options, shutdown).await;
}

/// What connections have to keep to.
fn serve_options(args: &NetworkArgs, address: SocketAddr, tls: Option<&Tls>) -> ServeOptions {
    let defaults = ServeOptions::default();
    let per_address = match args.max_connections_per_address {
        Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
        // Everybody behind a reverse proxy has its address, and so have all programs of this machine.
        None if listen::is_loopback(&address) => usize::MAX,
        None => defaults.max_connections_per_address,
    };
    ServeOptions {
        max_connections_per_address: per_address,
        trusted_proxies: args.trusted_proxy.iter().copied().collect(),
        tls: tls.map(Tls::settings),
        refuse: Some(|head_start, status| {
            if reelgate_api_native::is_asked(head_start) {
                reelgate_api_native::refuse_head(status)
            } else if reelgate_api_huawei::is_asked(head_start) {
                reelgate_api_huawei::refuse_head(status)
            } else {
                reelgate_api_aliyun::rpc::refuse_head(head_start, status)
            }
        }),
        ..defaults
    }
}

/// The engine that the configuration names or the search path holds.
pub(crate) async fn find_engine(runner: &Runner, args: &EngineArgs) -> Result<Engine> {
    let path = config::search_path();
    Ok(Engine::discover(runner, args.ffmpeg.clone(), args.ffprobe.clone(), &path).await?)
}

/// Leaves word where the server listens and by which certificate it is known, for client commands on this machine. Not
/// worth failing for: on a full disk a server is needed to cancel and pause what fills it.
fn tell_clients(file: &Path, address: SocketAddr, certificate_sha256: Option<[u8; 32]>) {
    let mut here = json!({
        "address": address.to_string(),
        "pid": std::process::id(),
        "scheme": "http",
    });
    if let Some(sha256) = certificate_sha256 {
        here["scheme"] = "https".into();
        here["certificate_sha256"] = hex::encode(sha256).into();
    }
    if let Err(error) = write_private(file, &here.to_string()) {
        let name = file.display();
        tracing::warn!(%error, "{name} cannot be written: name the server with --server");
        // What an earlier server left there would lead them astray.
        let _ = std::fs::remove_file(file);
    }
}

fn tell_sandbox(level: &SandboxLevel) {
    tracing::info!("FFmpeg's sandbox: {level}");
    for advice in level.advice() {
        tracing::warn!("FFmpeg's sandbox could be tighter: {advice}");
    }
}

fn default_slots() -> u32 {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    u32::try_from(processors / 2).unwrap_or(u32::MAX).max(2)
}
