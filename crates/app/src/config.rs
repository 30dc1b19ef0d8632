//! Configuration: what the command line and the environment say. Nothing else reads either.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use reelgate_api_kit::serve::ProxyNetwork;
use reelgate_fetch::Guard;
use reelgate_fetch::pull::PullLimits;

mod copying;
mod live;
mod node;
mod s3;
mod store;

pub(crate) use copying::{BackupArgs, MigrateArgs, RestoreArgs};
pub(crate) use live::LiveArgs;
pub(crate) use node::{NodeArgs, WorkerArgs};
pub(crate) use s3::s3_secret;
pub(crate) use store::{StoreArgs, StoreChoice};

/// Where a server keeps everything, unless told otherwise.
const DEFAULT_DATA: &str = "reelgate-data";

/// Where a server listens, unless told otherwise.
const DEFAULT_LISTEN: &str = "127.0.0.1:8470";

/// How a server runs.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    /// Directory of the database, the buckets and the credentials; made if missing.
    #[arg(long, env = "REELGATE_DATA", default_value = DEFAULT_DATA, value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// File to write once requests are served: JSON with `address`, `scheme` and `credentials_file`.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Jobs that run at once; 0 serves the APIs only. Default: half the processors, at least 2.
    #[arg(long, env = "REELGATE_SLOTS", value_name = "N")]
    pub(crate) slots: Option<u32>,
    /// The largest object that may be stored, in bytes.
    #[arg(
        long,
        env = "REELGATE_MAX_OBJECT_BYTES",
        default_value_t = 100 << 30,
        value_name = "BYTES"
    )]
    pub(crate) max_object_bytes: u64,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    #[command(flatten)]
    pub(crate) outbound: OutboundArgs,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    pub(crate) live: LiveArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// How secrets are kept, what callers may get wrong, and how long calls are remembered.
#[derive(Clone, Debug, Args)]
pub(crate) struct AccessArgs {
    /// File of the master keys that secrets are sealed with; its owner alone may read it. Default:
    /// master.key in the data directory, made at the first start. REELGATE_MASTER_KEY gives keys
    /// without a file: base64, newest first, separated by commas.
    #[arg(long, env = "REELGATE_MASTER_KEY_FILE", value_name = "FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
    /// Days for which calls stay in the audit.
    #[arg(
        long,
        env = "REELGATE_AUDIT_DAYS",
        default_value_t = 30,
        value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500)
    )]
    pub(crate) audit_days: u32,
    /// Wrong signatures a minute of one key from one address, after which the next wrong ones are only
    /// told to wait; an address may have ten times as many.
    #[arg(
        long,
        env = "REELGATE_MAX_FAILED_SIGNATURES",
        default_value_t = 1000,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) max_failed_signatures: u32,
}

impl Default for AccessArgs {
    fn default() -> Self {
        Self {
            master_key_file: None,
            audit_days: 30,
            max_failed_signatures: 1000,
        }
    }
}

/// Whom events may be sent to and sources fetched from, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct OutboundArgs {
    /// Networks inside your own that events may be sent to, sources fetched from and live streams pulled from and
    /// pushed to, as 10.1.0.0/16 or as
    /// single addresses, separated by commas. Public addresses may be anyway, others never.
    #[arg(
        long,
        env = "REELGATE_ALLOW_PRIVATE_NETWORKS",
        value_name = "CIDR",
        value_delimiter = ',',
        value_parser = network
    )]
    pub(crate) allow_private_network: Vec<IpNet>,
    /// The largest source that is fetched from a web server, in bytes.
    #[arg(
        long,
        env = "REELGATE_MAX_SOURCE_BYTES",
        default_value_t = 20 << 30,
        value_name = "BYTES",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) max_source_bytes: u64,
    /// Connections over which sources are fetched at once.
    #[arg(
        long,
        env = "REELGATE_FETCH_CONNECTIONS",
        default_value_t = 64,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub(crate) fetch_connections: u16,
    /// The same to one host.
    #[arg(
        long,
        env = "REELGATE_FETCH_CONNECTIONS_PER_HOST",
        default_value_t = 16,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub(crate) fetch_connections_per_host: u16,
    /// Bytes a second that all sources together are fetched with. Default: as they come.
    #[arg(
        long,
        env = "REELGATE_FETCH_RATE",
        value_name = "BYTES",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) fetch_rate: Option<u64>,
    /// The same from one host.
    #[arg(
        long,
        env = "REELGATE_FETCH_RATE_PER_HOST",
        value_name = "BYTES",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) fetch_rate_per_host: Option<u64>,
    /// How long a server may send nothing, in seconds.
    #[arg(
        long,
        env = "REELGATE_FETCH_STALL",
        default_value_t = 30,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) fetch_stall: u64,
}

impl Default for OutboundArgs {
    fn default() -> Self {
        Self {
            allow_private_network: Vec::new(),
            max_source_bytes: 20 << 30,
            fetch_connections: 64,
            fetch_connections_per_host: 16,
            fetch_rate: None,
            fetch_rate_per_host: None,
            fetch_stall: 30,
        }
    }
}

impl OutboundArgs {
    /// Who may be connected to.
    pub(crate) fn guard(&self) -> Guard {
        Guard::new(self.allow_private_network.clone())
    }

    /// How sources are fetched.
    pub(crate) fn pull_limits(&self) -> PullLimits {
        PullLimits {
            largest: self.max_source_bytes,
            connections: self.fetch_connections.into(),
            connections_per_host: self.fetch_connections_per_host.into(),
            bytes_per_second: self.fetch_rate,
            bytes_per_second_per_host: self.fetch_rate_per_host,
            stall: Duration::from_secs(self.fetch_stall),
            ..PullLimits::default()
        }
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse().map(|address: IpAddr| IpNet::from(address));
    let parsed = text.parse().or_else(|_| single());
    parsed.map_err(|_| format!("{text:?} is no network such as 10.1.0.0/16, nor an address"))
}

/// Where a server listens, and how it speaks to those who connect.
#[derive(Clone, Debug, Args)]
pub(crate) struct NetworkArgs {
    /// Address to listen on; port 0 picks a free one. One that other machines reach needs TLS.
    #[arg(
        long,
        env = "REELGATE_LISTEN",
        default_value = DEFAULT_LISTEN,
        value_name = "HOST:PORT"
    )]
    pub(crate) listen: String,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// Listen without TLS where other machines reach it: keys and media can be read on the way.
    #[arg(
        long,
        env = "REELGATE_INSECURE_HTTP",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) insecure_http: bool,
    /// Reverse proxies that are believed when they name their client by X-Forwarded-For and
    /// X-Forwarded-Proto: networks or addresses, separated by commas. From anybody else these
    /// headers mean nothing.
    #[arg(
        long,
        env = "REELGATE_TRUSTED_PROXIES",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub(crate) trusted_proxy: Vec<ProxyNetwork>,
    /// Connections that one peer address may have, of 4096 in all. Default: 1024; no limit of its
    /// own on loopback, where all of a reverse proxy's have one address.
    #[arg(
        long,
        env = "REELGATE_MAX_CONNECTIONS_PER_ADDRESS",
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) max_connections_per_address: Option<u32>,
    /// What addresses of media in answers begin with, where callers reach this server by another one
    /// than it listens on. Default: the address that it listens on.
    #[arg(
        long,
        env = "REELGATE_PUBLIC_URL",
        value_name = "URL",
        value_parser = public_url
    )]
    pub(crate) public_url: Option<String>,
}

fn public_url(text: &str) -> Result<String, String> {
    let scheme = ["http://", "https://"]
        .iter()
        .find(|it| text.starts_with(**it));
    let is_odd = |it: char| it.is_whitespace() || it.is_control() || matches!(it, '?' | '#');
    match scheme {
        Some(scheme) if text.len() > scheme.len() && !text.contains(is_odd) => Ok(text.to_owned()),
        _ => Err(format!(
            "{text:?} is no URL such as https://media.example.org"
        )),
    }
}

impl NetworkArgs {
    /// Plain HTTP on this address.
    pub(crate) fn loopback(listen: &str) -> Self {
        Self {
            listen: listen.to_owned(),
            tls: TlsArgs::default(),
            insecure_http: false,
            trusted_proxy: Vec::new(),
            max_connections_per_address: None,
            public_url: None,
        }
    }
}

/// The files that TLS is spoken with.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TlsArgs {
    /// The server's certificate and its issuers behind it, in PEM; all connections are TLS then.
    #[arg(
        long,
        env = "REELGATE_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key"
    )]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's key in PEM, readable by its owner only.
    #[arg(
        long,
        env = "REELGATE_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    pub(crate) tls_key: Option<PathBuf>,
}

/// What jobs may take of the machine, and how a server leaves.
#[derive(Clone, Debug, Args)]
pub(crate) struct WorkArgs {
    /// The longest one attempt at a job may run, in seconds.
    #[arg(
        long,
        env = "REELGATE_MAX_RUN",
        default_value_t = 24 * 60 * 60,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) max_run: u64,
    /// The most memory the processes of one slot may use, in bytes.
    #[arg(
        long,
        env = "REELGATE_MAX_MEMORY",
        default_value_t = 8 << 30,
        value_name = "BYTES"
    )]
    pub(crate) max_memory: u64,
    /// Scratch space that has to be free for a job to start, in bytes; one that is found to need
    /// more waits for that. Default: 1 GiB, less on a small disk.
    #[arg(long, env = "REELGATE_SCRATCH_PER_JOB", value_name = "BYTES")]
    pub(crate) scratch_per_job: Option<u64>,
    /// Space that stays free on the disk, in bytes: below it nothing starts and uploads are refused.
    /// Default: 256 MiB, less on a small disk.
    #[arg(long, env = "REELGATE_FREE_SPACE_FLOOR", value_name = "BYTES")]
    pub(crate) free_space_floor: Option<u64>,
    /// How long running jobs may take to finish when the server is told to stop, in seconds; the
    /// rest is handed back.
    #[arg(
        long,
        env = "REELGATE_SHUTDOWN_GRACE",
        default_value_t = 5,
        value_name = "SECONDS"
    )]
    pub(crate) shutdown_grace: u64,
}

impl Default for WorkArgs {
    fn default() -> Self {
        Self {
            max_run: 24 * 60 * 60,
            max_memory: 8 << 30,
            scratch_per_job: None,
            free_space_floor: None,
            shutdown_grace: 5,
        }
    }
}

/// Which FFmpeg is used.
#[derive(Clone, Debug, Args)]
pub(crate) struct EngineArgs {
    /// The ffmpeg program; found on PATH when not given.
    #[arg(long, env = "REELGATE_FFMPEG", value_name = "FILE")]
    pub(crate) ffmpeg: Option<PathBuf>,
    /// The ffprobe program; found on PATH when not given.
    #[arg(long, env = "REELGATE_FFPROBE", value_name = "FILE")]
    pub(crate) ffprobe: Option<PathBuf>,
}

/// What the demo works on.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// The clip to work on.
    #[arg(
        long,
        default_value = "media/bbb_720p25_aac51.mp4",
        value_name = "FILE"
    )]
    pub(crate) clip: PathBuf,
    /// Directory for the demo's server and files; must not exist yet. Default: a new one beside
    /// the working directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// What the doctor looks at.
#[derive(Clone, Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The data directory a server would use.
    #[arg(long, env = "REELGATE_DATA", default_value = DEFAULT_DATA, value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// What may also be said before the command, where it counts for whatever command follows.
#[derive(Clone, Debug, Args)]
pub(crate) struct EarlyArgs {
    /// Data directory, as after the command.
    #[arg(long = "data", id = "early_data", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of a server, as after a client command.
    #[arg(long = "server", id = "early_server", value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// Where a client command finds its server.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClientArgs {
    /// Data directory of a server on this machine.
    #[arg(
        long,
        global = true,
        env = "REELGATE_DATA",
        default_value = DEFAULT_DATA,
        value_name = "DIR"
    )]
    pub(crate) data: PathBuf,
    /// Address of a server anywhere, instead of --data; its key comes from REELGATE_API_KEY.
    #[arg(long, global = true, env = "REELGATE_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Certificates in PEM of authorities that vouch for --server, beside those this machine knows.
    #[arg(long, global = true, env = "REELGATE_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// API key for --server.
    #[arg(
        long,
        global = true,
        env = "REELGATE_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub(crate) api_key: Option<String>,
}

impl ClientArgs {
    /// Takes over what was said before the command.
    pub(crate) fn apply(&mut self, early: EarlyArgs) {
        if let Some(data) = early.data {
            self.data = data;
        }
        self.server = early.server.or(self.server.take());
    }
}

/// The directories in which programs are looked for.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub(crate) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// How this program was called, for lines that say how to call it again.
pub(crate) fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "reelgate".to_owned())
}

/// What log lines are written, in the form of tracing's filters.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub(crate) fn log_filter() -> String {
    std::env::var("REELGATE_LOG").unwrap_or_else(|_| "info".to_owned())
}

/// Master keys that are given without a file.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub(crate) fn master_key() -> Option<String> {
    let given = std::env::var_os("REELGATE_MASTER_KEY").filter(|keys| !keys.is_empty());
    // What is no text is no key, and has to be refused as one.
    given.map(|keys| keys.to_string_lossy().into_owned())
}

/// The file of the master keys.
pub(crate) fn master_key_file(given: Option<&Path>, data: &Path) -> PathBuf {
    given.map_or_else(|| data.join("master.key"), Path::to_owned)
}

/// The file of the first account's names and secrets.
pub(crate) fn credentials_file(data: &Path) -> PathBuf {
    data.join("credentials.json")
}

/// The file that says where the running server listens.
pub(crate) fn server_file(data: &Path) -> PathBuf {
    data.join("server.json")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        network: NetworkArgs,
    }

    fn trusted(arguments: &[&str]) -> Result<Vec<ProxyNetwork>, String> {
        let line = Line::try_parse_from([&["serve"], arguments].concat());
        line.map(|line| line.network.trusted_proxy)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn trusted_proxies_are_a_list_of_networks() {
        let networks =
            ["10.0.0.0/8", "2001:db8::/32", "127.0.0.1"].map(|text| text.parse().unwrap());
        let given = [
            "--trusted-proxy",
            "10.0.0.0/8, 2001:db8::/32",
            "--trusted-proxy",
            "127.0.0.1",
        ];
        assert_eq!(trusted(&given).unwrap(), networks);
        assert_eq!(trusted(&[]).unwrap(), []);
        for wrong in ["proxy.example.com", "10.0.0.0/8,", "10.0.0.1/8", ""] {
            let refused = trusted(&["--trusted-proxy", wrong]).unwrap_err();
            assert!(refused.contains("--trusted-proxy <CIDR>"), "{refused}");
        }
    }
}
