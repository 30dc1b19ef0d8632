//! Processes as the kernel shows them under `/proc`.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One process that still runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    /// The program's file name, cut to 15 bytes.
    pub name: String,
    /// Empty for a process of the kernel.
    pub arguments: Vec<String>,
    /// Empty where it cannot be read.
    pub directory: PathBuf,
}

impl Process {
    /// Every process of this machine but those that only wait for their parent to notice their end.
    pub fn living() -> Vec<Self> {
        Stat::all().iter().map(Stat::process).collect()
    }

    /// The living processes that `ancestor` started, and those that these started.
    pub fn below(ancestor: u32) -> Vec<Self> {
        let all = Stat::all();
        let mut family = HashSet::from([ancestor]);
        loop {
            let children = all.iter().filter(|one| family.contains(&one.parent));
            let found: Vec<u32> = children.map(|one| one.pid).collect();
            let before = family.len();
            family.extend(found);
            if family.len() == before {
                break;
            }
        }
        family.remove(&ancestor);
        all.iter()
            .filter(|one| family.contains(&one.pid))
            .map(Stat::process)
            .collect()
    }

    /// Whether the process stands in `directory` or was told a path in it.
    pub fn works_in(&self, directory: &Path) -> bool {
        let name = directory.to_string_lossy();
        self.directory.starts_with(directory)
            || self.arguments.iter().any(|word| word.contains(&*name))
    }
}

/// The little that is cheap to read of every process.
struct Stat {
    pid: u32,
    parent: u32,
    name: String,
}

impl Stat {
    fn all() -> Vec<Self> {
        let entries = fs::read_dir("/proc").expect("processes can be listed on Linux only");
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(Self::read)
            .collect()
    }

    fn read(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // `pid (name) state parent …`, where the name may hold anything.
        let (head, rest) = text.rsplit_once(") ")?;
        let (_, name) = head.split_once('(')?;
        let mut fields = rest.split(' ');
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let name = name.to_owned();
        (!matches!(state, "Z" | "X")).then_some(Self { pid, parent, name })
    }

    fn process(&self) -> Process {
        let folder = PathBuf::from(format!("/proc/{}", self.pid));
        let words = fs::read(folder.join("cmdline")).unwrap_or_default();
        let words = words.split(|byte| *byte == 0);
        Process {
            pid: self.pid,
            parent: self.parent,
            name: self.name.clone(),
            arguments: words
                .filter(|word| !word.is_empty())
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect(),
            directory: fs::read_link(folder.join("cwd")).unwrap_or_default(),
        }
    }
}
