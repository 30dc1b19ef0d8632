//! The moments of a job's life: how each is recognised from outside, before a kill and after it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;
use reelgate_testkit::Process;

use crate::home::{Home, PATIENCE};
use crate::order::Order;
use crate::outputs;
use crate::rows::{Rows, State};

/// How often to look for a sign.
const LOOK_EVERY: Duration = Duration::from_micros(300);

/// A phase of a job's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// The submit is under way, or was acknowledged and no process of the job has started.
    Claim,
    /// The input is found and probed.
    Fetch,
    /// FFmpeg runs.
    Encode,
    /// What it made is read back.
    Probe,
    /// Outputs are staged, the attempt is declared the winner, files get their names.
    Publish,
    /// All names are there; what was used is removed and the end reported.
    Finish,
    /// A cancel was accepted while it ran.
    Stop,
}

impl Phase {
    pub(crate) const ALL: [Self; 7] = [
        Self::Claim,
        Self::Fetch,
        Self::Encode,
        Self::Probe,
        Self::Publish,
        Self::Finish,
        Self::Stop,
    ];

    /// How long after the phase's sign the kill comes, drawn so that short phases are hit too.
    pub(crate) fn delay(self, rng: &mut Rng) -> Duration {
        let most = match self {
            Self::Claim => 8_000,
            Self::Fetch | Self::Probe => 20_000,
            Self::Encode => 200_000,
            Self::Publish => 6_000,
            Self::Finish => 5_000,
            Self::Stop => 8_000,
        };
        Duration::from_micros(rng.u64(..=most))
    }
}

/// What a process does for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    ReadsInput,
    Encodes,
    ReadsOutput,
}

/// A job as it can be seen from outside.
pub(crate) struct Scene {
    /// The job's, and then those of the jobs that it shares processes with.
    family: Vec<Order>,
    /// Theirs, as far as they are known.
    ids: Vec<String>,
    server: u32,
    data: PathBuf,
    bucket: PathBuf,
}

impl Scene {
    /// The job of the first order, submitted together with the others. There are no ids before the
    /// submit is answered.
    pub(crate) fn new(home: &Home, family: &[Order], ids: Vec<String>) -> Self {
        Self {
            family: family.to_vec(),
            ids,
            server: home.pid(),
            data: home.data.clone(),
            bucket: home.bucket(),
        }
    }

    /// Waits until the phase begins. False if it is over already.
    pub(crate) fn await_sign(&self, phase: Phase, rng: &mut Rng) -> bool {
        let begun = Instant::now();
        let at_first_name = rng.bool();
        let keys = self.order().keys();
        let is_named = |key: Option<&String>| key.is_some_and(|key| self.bucket.join(key).exists());
        loop {
            let sign = match phase {
                Phase::Claim => true,
                Phase::Fetch => self.engines().contains(&Engine::ReadsInput),
                Phase::Encode | Phase::Stop => self.engines().contains(&Engine::Encodes),
                Phase::Probe => self.engines().contains(&Engine::ReadsOutput),
                Phase::Publish if at_first_name => is_named(keys.first()),
                Phase::Publish => self.is_staged(),
                Phase::Finish => is_named(keys.last()),
            };
            if sign {
                return true;
            }
            if is_named(keys.last()) {
                return false;
            }
            assert!(begun.elapsed() < PATIENCE, "no sign of {phase:?}");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// What the processes of the job are doing.
    pub(crate) fn engines(&self) -> Vec<Engine> {
        let input = self.bucket.join(&self.order().input);
        let scratch = self.data.join("scratch");
        let scratch: Vec<_> = self
            .ids
            .iter()
            .map(|id| scratch.join(format!("{id}-")))
            .collect();
        let processes = Process::below(self.server);
        let doing = processes.iter().filter_map(|process| {
            let is_for = |path: &Path| {
                let name = path.to_string_lossy();
                let words = process.arguments.iter().map(String::as_str);
                let mut words = words.chain(process.directory.to_str());
                words.any(|word| word.contains(&*name))
            };
            let works_on_output = scratch.iter().any(|path| is_for(path));
            match process.name.as_str() {
                "ffmpeg" if works_on_output => Some(Engine::Encodes),
                "ffprobe" if works_on_output => Some(Engine::ReadsOutput),
                "ffprobe" if is_for(&input) => Some(Engine::ReadsInput),
                _ => None,
            }
        });
        doing.collect()
    }

    fn order(&self) -> &Order {
        &self.family[0]
    }

    /// The scratch directory of the job, or of the one whose processes it shares.
    fn scratch(&self) -> Option<PathBuf> {
        folder_of(&self.data.join("scratch"), &self.ids)
    }

    fn is_staged(&self) -> bool {
        let staged = self.bucket.join(".reelgate/staged");
        let own = &self.ids[..self.ids.len().min(1)];
        folder_of(&staged, own).is_some()
    }

    /// Whether FFmpeg has written anything for the output that came last.
    fn has_made_something(&self) -> bool {
        let outputs = self.scratch().map(entries).unwrap_or_default();
        let last = outputs.into_iter().max();
        last.is_some_and(|output| !entries(output).is_empty())
    }

    /// Which phase the job was in when the service was killed, by what is on the disk, and by what
    /// its processes were doing right before where the disk cannot tell. `None` if it had ended, or
    /// was never stored.
    pub(crate) fn phase_found(&mut self, rows: &Rows, engines: &[Engine]) -> Option<Phase> {
        let row = rows.tagged(&self.order().tag)?;
        let family = self
            .family
            .iter()
            .filter_map(|order| rows.tagged(&order.tag));
        self.ids = family.map(|row| row.id.clone()).collect();
        let has_scratch = self.scratch().is_some();
        let is_doing = |engine| engines.contains(&engine);
        match row.state {
            State::Queued => Some(Phase::Claim),
            State::Running if self.is_staged() => Some(Phase::Publish),
            State::Running if is_doing(Engine::ReadsOutput) => Some(Phase::Probe),
            State::Running if is_doing(Engine::Encodes) => Some(Phase::Encode),
            State::Running if has_scratch => Some(match self.has_made_something() {
                true => Phase::Probe,
                false => Phase::Encode,
            }),
            State::Running if is_doing(Engine::ReadsInput) => Some(Phase::Fetch),
            State::Running => Some(Phase::Claim),
            State::Publishing => {
                let names = outputs::visible(&self.bucket, self.order()).len();
                let all = self.order().keys().len();
                Some(if names < all {
                    Phase::Publish
                } else {
                    Phase::Finish
                })
            }
            State::Stopping => Some(Phase::Stop),
            State::Succeeded if self.is_staged() => Some(Phase::Finish),
            State::Cancelled if self.is_staged() || has_scratch => Some(Phase::Stop),
            State::Succeeded | State::Failed | State::Cancelled => None,
        }
    }
}

/// What is in a folder, if it is there.
fn entries(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The folder inside `folder` of an attempt at one of these jobs.
fn folder_of(folder: &Path, ids: &[String]) -> Option<PathBuf> {
    let is_theirs = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| ids.iter().any(|id| name.starts_with(id.as_str())))
    };
    entries(folder.to_owned()).into_iter().find(is_theirs)
}
