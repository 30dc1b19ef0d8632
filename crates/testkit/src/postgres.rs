//! A PostgreSQL server for tests: on a free port, in a temporary directory, gone with the test process
//! however that ends.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Process;

/// Long enough for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often to look for what a server tells by files.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How many ports are tried: another process may take a free one first.
const PORTS: u32 = 5;

/// Starts the server when it is told to. When its input ends, because the test process has, it ends the
/// server and removes the directory.
const KEEPER: &str = r#"
server=
while read -r order; do
  "$1/postgres" -D "$2/data" </dev/null >>"$2/log" 2>&1 &
  server=$!
done
if [ -n "$server" ]; then kill -QUIT "$server" 2>/dev/null; fi
wait
rm -rf "$2"
"#;

/// What a server is to have besides the usual.
#[derive(Clone, Copy, Debug, Default)]
pub struct PostgresSetup<'s> {
    /// Settings such as `("fsync", "on")`; that one is off otherwise.
    pub settings: &'s [(&'s str, &'s str)],
    /// A certificate and its key in PEM, for a server that speaks TLS.
    pub tls: Option<(&'s str, &'s str)>,
}

/// A running server. Dropping it ends it and removes what it wrote.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    keeper: Mutex<Child>,
    databases: AtomicU64,
}

impl Postgres {
    /// The one that all tests of this process share.
    ///
    /// # Panics
    ///
    /// If there is no PostgreSQL: without it these tests would show nothing.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(PostgresSetup::default()))
    }

    /// One of one's own, to be crashed and started again.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(setup: PostgresSetup<'_>) -> Self {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(setup) {
                Ok(server) => return server,
                Err(why) if tries == PORTS => panic!("no PostgreSQL to test with: {why}"),
                Err(_) => {}
            }
        }
    }

    fn try_start(setup: PostgresSetup<'_>) -> Result<Self, String> {
        let programs = programs();
        let directory = directory()?;
        let port = free_port()?;
        let user = owner();
        if let Some((uid, gid)) = user {
            chown(&directory, Some(uid), Some(gid)).map_err(at(&directory))?;
        }
        let keeper = command("/bin/sh", user)
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .arg(&directory)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| format!("/bin/sh: {error}"))?;
        // From here on the directory goes with the keeper.
        let server = Self {
            programs,
            directory,
            port,
            keeper: Mutex::new(keeper),
            databases: AtomicU64::new(0),
        };
        server.make(user)?;
        server.configure(setup, user)?;
        server.order_start()?;
        Ok(server)
    }

    /// Makes an empty cluster whose only user is `reelgate`, who needs no password.
    fn make(&self, user: Option<(u32, u32)>) -> Result<(), String> {
        let mut make = command(self.programs.join("initdb"), user);
        make.args(["--username=reelgate", "--auth=trust", "--encoding=UTF8"]);
        make.args(["--locale=C", "--no-sync", "--pgdata"]);
        done(make.arg(self.data()))
    }

    fn configure(&self, setup: PostgresSetup<'_>, user: Option<(u32, u32)>) -> Result<(), String> {
        let mut text = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\n\
             fsync = off\nfull_page_writes = off\nmax_connections = 300\nshared_buffers = 64MB\n\
             timezone = UTC\nlog_min_messages = warning\n",
            self.port,
            self.directory.display()
        );
        if let Some((certificate, key)) = setup.tls {
            for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
                let path = self.data().join(name);
                fs::write(&path, pem).map_err(at(&path))?;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(at(&path))?;
                if let Some((uid, gid)) = user {
                    chown(&path, Some(uid), Some(gid)).map_err(at(&path))?;
                }
            }
            text.push_str("ssl = on\n");
        }
        for (name, value) in setup.settings {
            text.push_str(&format!("{name} = '{value}'\n"));
        }
        let path = self.data().join("postgresql.auto.conf");
        fs::write(&path, text).map_err(at(&path))
    }

    fn order_start(&self) -> Result<(), String> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let input = keeper.stdin.as_mut().expect("it is a pipe");
        input
            .write_all(b"start\n")
            .map_err(|error| error.to_string())?;
        let begun = Instant::now();
        // Its last line is the state, padded with blanks.
        let is_up = || {
            let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            text.lines()
                .last()
                .is_some_and(|line| line.trim() == "ready")
        };
        while !is_up() {
            let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            // Also said to those who come before it has recovered from a crash.
            let early = ["starting up", "not yet accepting connections"];
            let fatal =
                |line: &str| line.contains("FATAL") && !early.iter().any(|why| line.contains(why));
            if begun.elapsed() > PATIENCE || log.lines().any(fatal) {
                return Err(log);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// A new, empty database, as a URL.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://reelgate@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs SQL as the server's own administrator.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn run(&self, sql: &str) {
        let mut psql = command(self.programs.join("psql"), None);
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--command",
            sql,
        ]);
        psql.args([
            "--host=127.0.0.1",
            "--username=reelgate",
            "--dbname=postgres",
        ]);
        done(psql.arg(format!("--port={}", self.port))).expect("the statement runs");
    }

    /// Kills all of the server's processes at once, as a loss of power would.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn crash(&self) {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let first = file.lines().next().and_then(|line| line.parse().ok());
        let postmaster: u32 = first.expect("the server runs");
        let mut all: Vec<u32> = Process::below(postmaster).iter().map(|it| it.pid).collect();
        // First, so that it cannot start others.
        all.insert(0, postmaster);
        for pid in &all {
            if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let begun = Instant::now();
        while Process::living().iter().any(|it| all.contains(&it.pid)) {
            assert!(
                begun.elapsed() < PATIENCE,
                "the killed server is still there"
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Starts it again after a crash, with all that it had.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn revive(&self) {
        // Left by the crash; it would count as a sign of being up.
        let _ = fs::remove_file(self.data().join("postmaster.pid"));
        let _ = fs::remove_file(self.directory.join("log"));
        self.order_start().expect("it starts again");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let keeper = self.keeper.get_mut();
        let keeper = keeper.unwrap_or_else(PoisonError::into_inner);
        drop(keeper.stdin.take());
        let _ = keeper.wait();
    }
}

/// Where PostgreSQL's programs are: in the newest release of Debian's packages, or on the usual path.
fn programs() -> PathBuf {
    let releases = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<(u32, PathBuf)> = releases
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .map(|(release, path)| (release, path.join("bin")))
        .filter(|(_, path)| path.join("initdb").exists())
        .collect();
    found.sort();
    let usual = ["/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"].map(PathBuf::from);
    let newest = found.pop().map(|(_, path)| path);
    let mut places = newest.into_iter().chain(usual);
    let found = places.find(|path| path.join("initdb").exists() && path.join("postgres").exists());
    found.unwrap_or_else(|| panic!("PostgreSQL is missing, and tests need it: run `make setup`"))
}

/// Whom the server runs as: it refuses to be root.
fn owner() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let mut fields = users
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>());
        let fields = fields.find(|fields| fields.first() == Some(&name))?;
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody"))
}

/// A new directory, for its owner alone.
fn directory() -> Result<PathBuf, String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("reelgate-postgres-{}-{count}", std::process::id());
    let path = std::env::temp_dir().join(name);
    // Of an earlier process of the same number, whose keeper was killed.
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).map_err(at(&path))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(at(&path))?;
    Ok(path)
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok(address.port())
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// A program that no signal of the terminal reaches, and no setting of the person who runs the tests.
fn command(program: impl AsRef<Path>, user: Option<(u32, u32)>) -> Command {
    #[expect(clippy::disallowed_methods, reason = "tests start the database")]
    let mut command = Command::new(program.as_ref());
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command.env("LC_ALL", "C").current_dir("/").process_group(0);
    command.stdin(Stdio::null());
    command
}

/// Runs a program to its end; the error is what it said.
fn done(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{program}: {}: {said}", output.status)),
    }
}
