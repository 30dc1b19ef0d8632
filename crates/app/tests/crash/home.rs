//! A data directory and the service that runs on it, again and again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::slice;
use std::time::{Duration, Instant};

use fastrand::Rng;
use reelgate_client::Client;
use reelgate_testkit::{Process, Server};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::moment::{Phase, Scene};
use crate::order::Order;
use crate::siblings::SiblingsClient;

/// What a test waits for at most; none waits this long unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// How long what a dead service has staged may stay: it is removed when nothing has touched it for
/// the time of a lease, 30 s, and looked for at the start and once more after that time.
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(120);

/// How long what the service had started may outlive it: a moment, which is long on a busy machine, and much less
/// than its work would take.
pub(crate) const GONE_WITHIN: Duration = Duration::from_secs(15);

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_reelgate"))
}

/// The repository's clip that jobs work on: 5.3 s of pictures, 25 a second, and sound.
pub(crate) fn clip() -> PathBuf {
    let media = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../media");
    media.join("bbb_720p25_aac51.mp4")
}

/// The same in small pictures, so that jobs are over soon.
pub(crate) fn small_clip(folder: &Path) -> PathBuf {
    let small = folder.join("small.mp4");
    #[expect(
        clippy::disallowed_methods,
        reason = "it is made before there is a service"
    )]
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(clip())
        .args(["-vf", "scale=320:180", "-preset", "veryfast"])
        .arg(&small)
        .status();
    assert!(made.expect("ffmpeg is installed").success());
    small
}

/// A directory for everything of one service, and the service while it runs.
pub(crate) struct Home {
    /// Where it writes its log and says that it is ready.
    dir: TempDir,
    pub(crate) data: PathBuf,
    arguments: Vec<&'static str>,
    server: Option<Server>,
}

impl Home {
    /// Starts a service on a new directory with two slots and these `arguments`.
    pub(crate) fn new(arguments: &[&'static str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().canonicalize().unwrap().join("data");
        Self::over(dir, data, arguments)
    }

    /// The same on a disk of its own; only the log is elsewhere.
    pub(crate) fn on(disk: &Path, arguments: &[&'static str]) -> Self {
        Self::over(tempfile::tempdir().unwrap(), disk.join("data"), arguments)
    }

    /// A service on a directory that holds something.
    pub(crate) fn of(data: PathBuf, arguments: &[&'static str]) -> Self {
        Self::over(tempfile::tempdir().unwrap(), data, arguments)
    }

    fn over(dir: TempDir, data: PathBuf, arguments: &[&'static str]) -> Self {
        let mut home = Self {
            dir,
            data,
            arguments: [&["--slots", "2"], arguments].concat(),
            server: None,
        };
        home.start();
        home
    }

    pub(crate) fn start(&mut self) {
        let server = Server::start(program(), &self.data, self.dir.path(), &self.arguments);
        self.server = Some(server.unwrap_or_else(|error| panic!("{error}")));
    }

    pub(crate) fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("the service runs")
    }

    /// Whether the file that says so is there.
    pub(crate) fn is_said_to_be_ready(&self) -> bool {
        self.dir.path().join("ready.json").exists()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.server.as_ref().expect("the service runs").pid()
    }

    pub(crate) fn client(&self) -> Client {
        let server = self.server.as_ref().expect("the service runs");
        Client::new(server.address(), server.credential("api_key")).unwrap()
    }

    /// A client of the dialect that submits several jobs at once.
    pub(crate) fn siblings_client(&self) -> SiblingsClient {
        let server = self.server.as_ref().expect("the service runs");
        SiblingsClient::new(server)
    }

    /// Kills the service, sees to it that soon nothing lives any more that it had started, and tells
    /// after which time something was last seen alive.
    pub(crate) fn kill(&mut self) -> Duration {
        let mut server = self.server.take().expect("the service runs");
        let killed = Instant::now();
        server.kill();
        let mut lived = Duration::ZERO;
        loop {
            let looked = killed.elapsed();
            let alive = self.engines();
            if alive.is_empty() {
                return lived;
            }
            assert!(looked < GONE_WITHIN, "alive: {alive:?}");
            lived = looked;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for the service to end by itself.
    pub(crate) fn ended(&mut self, patience: Duration) -> ExitStatus {
        let mut server = self.server.take().expect("the service runs");
        let status = server.ended_within(patience);
        status.unwrap_or_else(|| panic!("the service still runs\n{}", server.log()))
    }

    /// Submits an order and waits until FFmpeg works on it. Returns the job's id.
    pub(crate) fn encoding(&self, runtime: &Runtime, order: &Order) -> String {
        let job = runtime.block_on(self.client().submit(&order.request()));
        let id = job.unwrap().id;
        self.await_encoder(order, &id);
        id
    }

    /// Waits until FFmpeg works on a job.
    pub(crate) fn await_encoder(&self, order: &Order, id: &str) {
        let scene = Scene::new(self, slice::from_ref(order), vec![id.to_owned()]);
        assert!(scene.await_sign(Phase::Encode, &mut Rng::with_seed(0)));
    }

    /// The living processes, other than the service, that have to do with its data directory.
    pub(crate) fn engines(&self) -> Vec<Process> {
        let server = self.server.as_ref().map(Server::pid);
        let living = Process::living().into_iter();
        living
            .filter(|process| Some(process.pid) != server && process.works_in(&self.data))
            .collect()
    }

    /// Where the objects of the bucket that the first start makes are.
    pub(crate) fn bucket(&self) -> PathBuf {
        let accounts = self.data.join("buckets");
        let account = fs::read_dir(accounts).unwrap().next().unwrap().unwrap();
        account.path().join("media")
    }

    /// Puts a file into the bucket by hand, as an object like any other.
    pub(crate) fn put(&self, file: &Path, key: &str) {
        fs::create_dir_all(self.bucket()).unwrap();
        fs::copy(file, self.bucket().join(key)).unwrap();
    }

    /// What unfinished work has left: scratch directories and staged outputs.
    pub(crate) fn leftovers(&self) -> Vec<PathBuf> {
        let folders = [
            self.data.join("scratch"),
            self.bucket().join(".reelgate/staged"),
        ];
        let entries = folders.iter().flat_map(fs::read_dir).flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Leftovers that nobody has touched for so long that they should be gone.
    pub(crate) fn old_leftovers(&self) -> Vec<PathBuf> {
        let is_old = |path: &PathBuf| {
            let modified = fs::metadata(path).and_then(|meta| meta.modified());
            let age = modified.ok().and_then(|modified| modified.elapsed().ok());
            age.is_some_and(|age| age > LEFTOVER_PATIENCE)
        };
        self.leftovers().into_iter().filter(is_old).collect()
    }

    /// Fails if leftovers are still there after a while.
    pub(crate) fn await_tidiness(&self) {
        let begun = Instant::now();
        while !self.leftovers().is_empty() {
            let is_early = begun.elapsed() < LEFTOVER_PATIENCE;
            assert!(is_early, "left behind: {:?}", self.leftovers());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
