//! What a process may reach of the file system, as a ruleset of landlock.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, NetPort, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope, make_bitflags,
};

use super::super::Access;

/// The newest interface whose rights are known to let FFmpeg work. An older kernel enforces what it
/// knows.
const ABI_USED: ABI = ABI::V6;

/// Programs, libraries and what comes with them: nothing in them is anybody's secret.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
];
/// Where the loader of programs is.
const LOADERS: &[&str] = &[
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
];
/// What libraries look at when they start, and what a machine has of processors and memory.
const SETTINGS: &[&str] = &[
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/fonts",
    "/var/cache/fontconfig",
    "/etc/ssl/openssl.cnf",
    "/etc/gnutls",
    "/etc/crypto-policies",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/filesystems",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
];

const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
const WRITE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | MakeSym | RemoveFile | RemoveDir | Refer
});

/// What kind of thing is to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Machine code, which runs nothing else.
    Binary,
    /// Whatever else the kernel can run: it needs an interpreter, and runs programs.
    Script,
}

/// The program as it lies on the disk.
pub(super) struct Program {
    /// With every symbolic link resolved.
    path: PathBuf,
    pub(super) kind: Kind,
}

impl Program {
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let mut magic = [0; 4];
        let read = File::open(&path).and_then(|mut file| file.read_exact(&mut magic));
        let kind = match read {
            Ok(()) if magic == *b"\x7fELF" => Kind::Binary,
            _ => Kind::Script,
        };
        Ok(Self { path, kind })
    }
}

/// A ruleset for one process, which may connect to these ports over TCP; it restricts nobody until it is
/// applied. `None` where the kernel has no landlock.
pub(super) fn ruleset(
    program: &Program,
    access: Access<'_>,
    ports: &[u16],
) -> io::Result<Option<OwnedFd>> {
    let created = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI_USED))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(ABI_USED)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(ABI_USED)))
        .and_then(Ruleset::create)
        .map_err(io::Error::other)?;
    let mut rules = Rules(created);
    let run = READ | AccessFs::Execute;
    match program.kind {
        Kind::Binary => {
            rules.allow_all(SYSTEM, READ)?;
            rules.allow_all(LOADERS, run)?;
        }
        Kind::Script => rules.allow_all(SYSTEM, run)?,
    }
    rules.allow_all(SETTINGS, READ)?;
    rules.allow(Path::new("/dev/null"), READ | AccessFs::WriteFile)?;
    rules.allow(&program.path, run)?;
    let beside = match program.kind {
        Kind::Binary => READ,
        Kind::Script => run,
    };
    for folder in installed_with(&program.path) {
        rules.allow(&folder, beside)?;
    }
    for path in access.read {
        rules.allow(path, READ)?;
    }
    if let Some(folder) = access.write {
        // Without it nothing can be made; the other paths may be missing.
        let folder = PathFd::new(folder).map_err(io::Error::other)?;
        rules.add(folder, WRITE)?;
    }
    for port in ports {
        rules.connect(*port)?;
    }
    Ok(rules.0.into())
}

/// Directories of a program that was unpacked to a place of its own: `bin` with `lib` beside it, or
/// `lib` below the program's directory. Any other directory a program lies in may hold everything.
fn installed_with(program: &Path) -> Vec<PathBuf> {
    let Some(folder) = program.parent() else {
        return Vec::new();
    };
    let libraries = |root: &Path| ["lib", "lib64"].map(|name| root.join(name));
    match (folder.file_name(), folder.parent()) {
        (Some(name), Some(root)) if name == "bin" => {
            let mut folders = libraries(root).to_vec();
            folders.extend([folder.to_owned(), root.join("share")]);
            folders
        }
        _ => libraries(folder).to_vec(),
    }
}

struct Rules(RulesetCreated);

impl Rules {
    fn allow_all(&mut self, paths: &[&str], rights: BitFlags<AccessFs>) -> io::Result<()> {
        paths
            .iter()
            .try_for_each(|path| self.allow(Path::new(path), rights))
    }

    /// A path that is not there, or cannot be reached, needs no rule.
    fn allow(&mut self, path: &Path, rights: BitFlags<AccessFs>) -> io::Result<()> {
        match PathFd::new(path) {
            Ok(path) => self.add(path, rights),
            Err(_) => Ok(()),
        }
    }

    fn connect(&mut self, port: u16) -> io::Result<()> {
        let rule = NetPort::new(port, AccessNet::ConnectTcp);
        let added = (&mut self.0).add_rule(rule).map(|_| ());
        added.map_err(|error: RulesetError| io::Error::other(error))
    }

    fn add(&mut self, path: PathFd, rights: BitFlags<AccessFs>) -> io::Result<()> {
        let rule = PathBeneath::new(path, rights);
        let added = (&mut self.0).add_rule(rule).map(|_| ());
        added.map_err(|error: RulesetError| io::Error::other(error))
    }
}
