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
use reelgate_media::{Engine, Runner, SandboxLevel};
use reelgate_service::{Clock, Credentials, Service, SystemClock};
use reelgate_worker::Worker;
use reelgate_worker::live::{LiveSweeper, LiveWorker};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::catalogue::catalogue;
use crate::config::{self, EngineArgs, NetworkArgs, ServeArgs};

mod access;
mod base;
mod clock;
mod company;
mod documents;
mod figures;
mod files;
mod health;
mod home;
mod house;
mod listen;
mod live;
mod membership;
mod parts;
mod signals;
mod space;
mod store;
pub(crate) mod tls;
pub(crate) mod worker;

use base::{Base, Plan};
use files::{remove_if_there, write_private};
use health::Watched;
use home::Home;
use house::House;
use membership::Beating;
use parts::Parts;
use signals::StopSignals;
use tls::Tls;

/// How long killed processes may take to be gone before this one leaves without knowing.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// How long everything may take that follows the grace time of running jobs: with it, less than what units and
/// containers give a process. Only a store that is away takes that long; what it was to be told is found out
/// when leases run out.
const LONGEST_LEAVE: Duration = Duration::from_secs(24);

/// Completes when a stop has taken too long.
async fn out_of_patience(grace: Duration) {
    tokio::time::sleep(grace.saturating_add(LONGEST_LEAVE)).await;
    tracing::warn!("not everything could be finished in time: killing what runs and leaving");
}

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
    streams: Option<LiveWorker>,
    _sweeper: Option<LiveSweeper>,
    beating: Beating,
    _home: Option<Home>,
}

/// A server that listens, before it is put together.
struct Opening {
    address: SocketAddr,
    scheme: &'static str,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    house: House,
    worker: Option<Worker>,
    streams: Option<LiveWorker>,
    sweeper: Option<LiveSweeper>,
}

impl Opening {
    fn with(self, mut base: Base) -> Server {
        let home = base.take_home();
        let overview = self.worker.as_ref().map(Worker::overview);
        let streams = self.streams.as_ref().map(LiveWorker::overview);
        Server {
            address: self.address,
            scheme: self.scheme,
            credentials_file: config::credentials_file(&base.data),
            beating: base.membership.beat(&base.service, overview, streams),
            data: base.data,
            service: base.service,
            parts: base.parts,
            stop: self.stop,
            serving: self.serving,
            house: self.house,
            worker: self.worker,
            streams: self.streams,
            _sweeper: self.sweeper,
            _home: home,
        }
    }
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
    let has_credentials = server.credentials_file.exists();
    if has_credentials {
        tracing::info!("credentials are in {}", server.credentials_file.display());
    }
    if let Some(file) = &args.ready_file {
        let ready = json!({
            "address": address.to_string(),
            "scheme": scheme,
            "credentials_file": has_credentials.then_some(&server.credentials_file),
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
    let streams = server.streams.as_ref().map(LiveWorker::kill_switch);
    let kill = async || {
        let jobs = async {
            if let Some(kill_switch) = kill_switch {
                kill_switch.kill().await;
            }
        };
        let streams = async {
            if let Some(streams) = streams {
                streams.kill().await;
            }
        };
        // The kernel kills what is left when this process is gone.
        let both = async { tokio::join!(jobs, streams) };
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
    tokio::select! {
        () = server.stop(grace) => {
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

impl Server {
    /// Starts everything; requests are served when this returns.
    pub(crate) async fn start(args: &ServeArgs) -> Result<Self> {
        let tls = Tls::load(&args.network.tls, Arc::new(SystemClock))?;
        let addresses = listen::addresses(&args.network).await?;
        let plan = Plan {
            data: &args.data,
            store: &args.store,
            node: &args.node,
            work: &args.work,
            live: &args.live,
            engine: &args.engine,
            master_key_file: args.access.master_key_file.as_deref(),
            max_object_bytes: args.max_object_bytes,
            slots: args.slots.unwrap_or_else(default_slots),
            serves: true,
            outbound: &args.outbound,
        };
        let access = |defaults| access::settings(&args.access, defaults);
        let base = Base::start(&plan, access).await?;
        match Self::open(args, &plan, &base, tls, &addresses).await {
            Ok(opened) => Ok(opened.with(base)),
            Err(error) => {
                base.membership.leave().await;
                Err(error)
            }
        }
    }

    /// Listens, and starts what a server has beside its base.
    async fn open(
        args: &ServeArgs,
        plan: &Plan<'_>,
        base: &Base,
        tls: Option<Tls>,
        addresses: &[SocketAddr],
    ) -> Result<Opening> {
        let (data, service) = (&base.data, &base.service);
        // What was judged, not what the name may have come to mean since.
        let listener = TcpListener::bind(addresses)
            .await
            .with_context(|| format!("listening on {}", args.network.listen))?;
        let address = listener.local_addr()?;
        service.set_public_url(&listen::public_url(&args.network, address));
        let worker = match plan.slots {
            0 => None,
            _ => Some(base.work(plan)?),
        };
        let streams = base.run_streams(plan)?;
        let sweeper = base.sweep_streams(plan);
        let watched = Watched::of(worker.as_ref(), streams.as_ref(), base.ffmpeg());
        let figures = figures::of(
            worker.as_ref(),
            streams.as_ref(),
            service.slots(),
            Arc::clone(&base.clock),
        );
        let checks = health::checks(Arc::clone(&base.store), Arc::clone(&base.clock), watched);
        let native = NativeApi::new(Arc::clone(service), catalogue(), checks);
        let native = native.with_figures(figures);
        let (stop, stopped) = watch::channel(false);
        let options = serve_options(&args.network, address, tls.as_ref());
        let serving = tokio::spawn(serve_dialects(
            listener,
            native,
            Arc::clone(service),
            Arc::clone(&base.clock),
            options,
            stopped,
        ));
        let house = House::keep(service)?;
        let server_file = config::server_file(data);
        tell_clients(&server_file, address, tls.as_ref().map(|tls| tls.sha256));
        let scheme = match tls {
            None => "http",
            Some(tls) => {
                let tell = move |sha256| tell_clients(&server_file, address, Some(sha256));
                tokio::spawn(tls.keep_up(tell));
                "https"
            }
        };
        Ok(Opening {
            address,
            scheme,
            stop,
            serving,
            house,
            worker,
            streams,
            sweeper,
        })
    }

    /// Completes, with its name, when something has ended that nothing works without.
    async fn lost_a_part(&mut self) -> &'static str {
        tokio::select! {
            name = self.parts.lost() => name,
            _ = &mut self.serving => "what serves requests",
            () = self.house.lost() => "what writes the audit",
            () = self.beating.lost() => "what tells the other nodes that this one lives",
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
        self.house.wind_up();
        let jobs = async {
            if let Some(worker) = self.worker {
                worker.drain(grace).await;
            }
        };
        // What others can take over at once need not wait for anything.
        let streams = async {
            if let Some(streams) = self.streams {
                streams.shut_down().await;
            }
        };
        tokio::join!(jobs, streams);
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "serving ended by a panic");
        }
        // The last calls are in the audit when they have been answered.
        self.house.leave().await;
        self.beating.leave().await;
    }
}

async fn serve_dialects(
    listener: TcpListener,
    native: NativeApi,
    service: Arc<Service>,
    clock: Arc<dyn Clock>,
    options: ServeOptions,
    mut stopped: watch::Receiver<bool>,
) {
    let waited_on = Arc::clone(&service);
    let aliyun = reelgate_api_aliyun::gateway(Arc::clone(&service), Arc::clone(&clock));
    let huawei = reelgate_api_huawei::gateway(service, clock);
    let routes = Arc::new(native)
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
