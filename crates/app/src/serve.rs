//! Running the service: store, worker and APIs in one process.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use reelgate_api_kit::Dialect;
use reelgate_api_kit::serve::{ServeOptions, serve};
use reelgate_api_native::NativeApi;
use reelgate_domain::WorkerId;
use reelgate_media::{Engine, Runner};
use reelgate_service::{Clock, Credentials, Ids, RandomIds, Service, Settings, SystemClock};
use reelgate_store::{SqliteStore, Store};
use reelgate_worker::{Tools, Turned, Worker, WorkerConfig};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{self, EngineArgs, ServeArgs};

mod health;

/// A server in this process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) credentials_file: PathBuf,
    data: PathBuf,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    worker: Option<Worker>,
}

/// Runs a server until it is told to stop by SIGTERM or SIGINT.
pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode> {
    if let Some(file) = &args.ready_file {
        remove_if_there(file).with_context(|| format!("removing the old {}", file.display()))?;
    }
    let server = Server::start(&args).await?;
    // Before the ready file, because whoever waits for that may end the server at once.
    let mut stops = StopSignals::listen()?;
    let address = server.address;
    tracing::info!(%address, "reelgate listens on http://{address}");
    tracing::info!("credentials are in {}", server.credentials_file.display());
    if let Some(file) = &args.ready_file {
        let ready = json!({
            "address": address.to_string(),
            "credentials_file": server.credentials_file,
        });
        write_private(file, &ready.to_string())
            .with_context(|| format!("writing the ready file {}", file.display()))?;
    }
    stops.next().await;
    tracing::info!("stopping: running jobs are handed back");
    if let Some(Err(error)) = args.ready_file.as_deref().map(remove_if_there) {
        tracing::warn!(%error, "the ready file stays");
    }
    tokio::select! {
        () = server.stop() => Ok(ExitCode::SUCCESS),
        () = stops.next() => {
            tracing::warn!("second signal: leaving at once");
            Ok(ExitCode::FAILURE)
        }
    }
}

impl Server {
    /// Starts everything; requests are served when this returns.
    pub(crate) async fn start(args: &ServeArgs) -> Result<Self> {
        let data = data_directory(&args.data)?;
        let runner = Arc::new(Runner::start(tokio::runtime::Handle::current())?);
        let engine = Arc::new(find_engine(&runner, &args.engine).await?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&data)?);
        // This process owns the store: whatever seems to run was left by a dead one.
        store.sweep(true, clock.now()).await?;
        let settings = Settings {
            data_dir: data.clone(),
            max_object_bytes: args.max_object_bytes,
            free_space_floor: 256 << 20,
        };
        let ids: Arc<dyn Ids> = Arc::new(RandomIds::default());
        let service = Arc::new(Service::new(
            Arc::clone(&store),
            Arc::clone(&clock),
            ids,
            settings,
        ));
        let credentials_file = config::credentials_file(&data);
        first_start(&service, &credentials_file).await?;

        let listener = TcpListener::bind(&args.listen)
            .await
            .with_context(|| format!("listening on {}", args.listen))?;
        let address = listener.local_addr()?;
        let ffmpeg = engine.ffmpeg().to_owned();
        let worker = match args.slots.unwrap_or_else(default_slots) {
            0 => None,
            slots => {
                let tools = Tools {
                    store: Arc::clone(&store),
                    clock: Arc::clone(&clock),
                    engine,
                    runner,
                    progress: service.progress(),
                    slots: service.slots(),
                };
                let name = WorkerId(format!("{address}-{}", std::process::id()));
                let config = WorkerConfig {
                    max_file_bytes: args.max_object_bytes,
                    ..WorkerConfig::new(name, slots, data.join("scratch"))
                };
                let scratch = config.scratch.clone();
                let worker = Worker::start(config, tools)
                    .with_context(|| format!("emptying the directory {}", scratch.display()))?;
                Some(worker)
            }
        };
        let watched = worker.as_ref().map(|worker| (worker.turned(), ffmpeg));
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve_dialects(
            listener, service, store, clock, watched, stopped,
        ));
        tell_clients(&config::server_file(&data), address);
        Ok(Self {
            address,
            credentials_file,
            data,
            stop,
            serving,
            worker,
        })
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

    /// Finishes the calls in flight, hands back running jobs and returns when their processes are
    /// gone.
    pub(crate) async fn stop(self) {
        // Best effort: a client that finds the file finds out soon enough that nobody listens.
        let _ = std::fs::remove_file(config::server_file(&self.data));
        self.stop.send_replace(true);
        if let Some(worker) = self.worker {
            worker.shut_down().await;
        }
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "serving ended by a panic");
        }
    }
}

/// A file of an earlier run must not be taken for this one's.
fn remove_if_there(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

async fn serve_dialects(
    listener: TcpListener,
    service: Arc<Service>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    watched: Option<(Arc<Turned>, PathBuf)>,
    mut stopped: watch::Receiver<bool>,
) {
    let checks = health::checks(store, Arc::clone(&clock), watched);
    let native = Arc::new(NativeApi::new(Arc::clone(&service), checks));
    let waited_on = Arc::clone(&service);
    let aliyun = Arc::new(reelgate_api_aliyun::gateway(service, clock));
    let routes = native
        .routes()
        .merge(aliyun.routes())
        .merge(reelgate_api_native::unserved_paths());
    let shutdown = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
        waited_on.stop_waiting();
    };
    serve(listener, routes, ServeOptions::default(), shutdown).await;
}

/// The engine that the configuration names or the search path holds.
pub(crate) async fn find_engine(runner: &Runner, args: &EngineArgs) -> Result<Engine> {
    let path = config::search_path();
    Ok(Engine::discover(runner, args.ffmpeg.clone(), args.ffprobe.clone(), &path).await?)
}

/// Leaves word where the server listens, for client commands on this machine. Not worth failing for:
/// on a full disk a server is needed to cancel and pause what fills it.
fn tell_clients(file: &Path, address: SocketAddr) {
    let here = json!({ "address": address.to_string(), "pid": std::process::id() });
    if let Err(error) = write_private(file, &here.to_string()) {
        let name = file.display();
        tracing::warn!(%error, "{name} cannot be written: name the server with --server");
        // What an earlier server left there would lead them astray.
        let _ = std::fs::remove_file(file);
    }
}

/// Writes the credentials before the account exists: see [`Service::invent_credentials`].
async fn first_start(service: &Service, file: &Path) -> Result<()> {
    if !service.is_first_start().await? {
        return Ok(());
    }
    let credentials = service.invent_credentials();
    write_private(file, &serde_json::to_string_pretty(&credentials)?)
        .with_context(|| format!("writing the credentials to {}", file.display()))?;
    service.create_first_account(&credentials).await?;
    Ok(())
}

fn data_directory(path: &Path) -> Result<PathBuf> {
    let made = || -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(path)?;
        let real = path.canonicalize()?;
        close_to_others(&real)?;
        Ok(real)
    };
    made().with_context(|| format!("preparing the data directory {}", path.display()))
}

/// The directory holds people's media. Only a new one is closed: another, such as `/tmp`, may have
/// users of its own. Files with secrets are closed wherever they are.
fn close_to_others(directory: &Path) -> std::io::Result<()> {
    let is_new = std::fs::read_dir(directory)?.next().is_none();
    if is_new {
        return std::fs::set_permissions(directory, Permissions::from_mode(0o700));
    }
    if directory.metadata()?.permissions().mode() & 0o077 != 0 {
        let name = directory.display();
        tracing::warn!(
            "{name} is open to other users of this machine, and so are the buckets in it"
        );
    }
    Ok(())
}

fn default_slots() -> u32 {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    u32::try_from(processors / 2).unwrap_or(u32::MAX).max(2)
}

/// Writes a file that only its owner can read; it appears complete or not at all.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let unfinished = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&unfinished)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// SIGTERM and SIGINT.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From here on the signals end the process no more.
    fn listen() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    /// `--data /tmp` took the directory from everybody else.
    #[test]
    fn only_a_new_data_directory_is_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let made = data_directory(&dir.path().join("new")).unwrap();
        assert_eq!(mode(&made), 0o700);

        let shared = dir.path().join("shared");
        std::fs::create_dir(&shared).unwrap();
        std::fs::set_permissions(&shared, Permissions::from_mode(0o755)).unwrap();
        std::fs::write(shared.join("somebody's"), "x").unwrap();
        data_directory(&shared).unwrap();
        assert_eq!(mode(&shared), 0o755);
    }

    #[test]
    fn a_private_file_replaces_an_open_one_and_is_readable_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secrets");
        std::fs::write(&file, "old").unwrap();
        write_private(&file, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new\n");
        assert_eq!(mode(&file), 0o600);
    }
}
