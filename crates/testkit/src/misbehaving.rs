//! A program that answers questions as FFmpeg does, and does at work what FFmpeg will not do on
//! demand.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What the program does when it is to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour<'a> {
    /// Makes a little progress and then none.
    Hang,
    /// The same, and does not end when it is asked to.
    IgnoreTerm,
    /// Writes to its standard error without end.
    FloodErrors,
    /// Writes to its standard output without end, and nothing of it is progress.
    FloodOutput,
    /// Works, and dies by SIGSEGV once its outputs have so many bytes.
    DieAt { bytes: u64 },
    /// Fails at once and leaves a child that holds its pipes and ignores SIGTERM.
    LeaveChild,
    /// Hangs together with a child that tried to leave its group.
    Daemonise,
    /// Says that it has succeeded and has written noise.
    Garbage,
    /// Says that it has succeeded and has written nothing.
    Nothing,
    /// Lines for `/bin/sh`, in which `$real` is the real FFmpeg and `"$@"` its arguments.
    Script(&'a str),
}

impl Misbehaviour<'_> {
    /// Writes the program into `folder`; `real` is the FFmpeg it answers like.
    pub fn install(self, folder: &Path, real: &Path) -> io::Result<PathBuf> {
        let path = folder.join("ffmpeg");
        let script = format!(
            "#!/bin/sh\nreal='{}'\nif [ \"$1\" = -hide_banner ]; then exec \"$real\" \"$@\"; fi\n{}\n",
            real.display(),
            self.body()
        );
        fs::write(&path, script)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        Ok(path)
    }

    fn body(self) -> String {
        let begin = "echo out_time_us=1\n";
        match self {
            Self::Hang => format!("{begin}exec sleep 1000"),
            Self::IgnoreTerm => {
                format!("trap '' TERM\nsleep 1000 &\n{begin}while :; do sleep 1000; done")
            }
            Self::FloodErrors => "exec yes 'no end of words' >&2".to_owned(),
            Self::FloodOutput => "exec yes 'frame=not a number'".to_owned(),
            // Progress is the child's, which inherits the pipe.
            Self::DieAt { bytes } => format!(
                "\"$real\" \"$@\" &\n\
                 while kill -0 $! && [ \"$(cat */* 2>/dev/null | wc -c)\" -lt {bytes} ]; do sleep 0.01; done\n\
                 kill -KILL $!\nkill -SEGV $$"
            ),
            Self::LeaveChild => "trap '' TERM\nsleep 1000 &\nexit 3".to_owned(),
            // It begins once the child has either left or failed to.
            Self::Daemonise => format!(
                "{{ setsid sh -c '{begin}exec sleep 1000' || {{ {begin}exec sleep 1000; }}; }} &\n\
                 (sleep 1000 &)\nsleep 1000"
            ),
            Self::Garbage => "for file; do case $file in\n\
                 *.mp4|*.m3u8) head -c 100000 /dev/urandom >\"$file\";;\nesac; done"
                .to_owned(),
            Self::Nothing => "exit 0".to_owned(),
            Self::Script(lines) => lines.to_owned(),
        }
    }
}
