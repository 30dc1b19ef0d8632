//! A small disk that a test may fill: a file system in memory, mounted where no other process sees it.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Tells the process inside where its disk is to be.
const POINT: &str = "REELGATE_SMALL_DISK";

/// How to get mounts of one's own: as root, or as a user who is root to himself.
const WAYS: [&[&str]; 2] = [&["--mount"], &["--map-root-user", "--mount"]];

/// Runs the ignored test `name` of this program where a disk can be mounted. Fails if it does, and if
/// this machine allows nobody a mount.
pub(crate) fn run_where_disks_can_be_mounted(name: &str) {
    let point = tempfile::tempdir().unwrap();
    let mut refusals = String::new();
    for way in WAYS {
        let tried = unshare(way)
            .args(["mount", "-t", "tmpfs", "none"])
            .arg(point.path())
            .output();
        match tried {
            Ok(output) if output.status.success() => {
                let test = ["--exact", name, "--ignored", "--nocapture"];
                let program = std::env::current_exe().unwrap();
                let mut inside = unshare(way);
                let inside = inside.arg(program).args(test).env(POINT, point.path());
                let output = inside.output().unwrap();
                assert!(output.status.success(), "{}", text(&output));
                // A name that fits no test would be a success, too.
                assert!(text(&output).contains("1 passed"), "{}", text(&output));
                return;
            }
            Ok(output) => refusals.push_str(&text(&output)),
            Err(error) => refusals.push_str(&format!("unshare: {error}\n")),
        }
    }
    panic!(
        "no disk can be mounted here, neither as root nor in a namespace of one's own:\n{refusals}"
    );
}

fn unshare(way: &[&str]) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "mounts are private to a process and what it starts"
    )]
    let mut command = Command::new("unshare");
    command.args(way);
    command
}

fn text(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// A mounted disk.
pub(crate) struct SmallDisk {
    pub(crate) point: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk of so many megabytes in a process that [`run_where_disks_can_be_mounted`] has
    /// started; `None` in any other.
    pub(crate) fn mount(megabytes: u32) -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the process outside says by the environment where"
        )]
        let point = PathBuf::from(std::env::var_os(POINT)?);
        #[expect(
            clippy::disallowed_methods,
            reason = "a disk is mounted before there is a service"
        )]
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={megabytes}m"))
            .arg("none")
            .arg(&point)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
        Some(Self { point })
    }

    /// Takes all space that is left, also what was given up since the last time.
    pub(crate) fn fill(&self) {
        let mut options = File::options();
        let mut ballast = options
            .create(true)
            .append(true)
            .open(self.ballast())
            .unwrap();
        let mut chunk = vec![0; 1 << 20];
        while !chunk.is_empty() {
            if let Err(error) = ballast.write_all(&chunk) {
                assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
                // The last bytes, too.
                chunk.truncate(chunk.len() / 2);
            }
        }
    }

    /// Gives back everything that was taken.
    pub(crate) fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        Path::new(&self.point).join("ballast")
    }
}
