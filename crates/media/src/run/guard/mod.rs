//! The guard: a small process beside each live FFmpeg, which ends it when nobody renews its deadline any more.
//!
//! Worker and guard share a socket. FFmpeg is the guard's child and dies with it; the guard ends FFmpeg when the
//! socket closes, so that it dies with the worker; and when the deadline comes, so that it does not outlive a worker
//! that stands still. What FFmpeg writes goes to the worker's pipes and does not pass through here.

mod hosts;
mod network;
pub(in crate::run) mod orders;
mod start;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use rustix::time::{Itimerspec, TimerfdFlags, TimerfdTimerFlags, Timespec};

use self::network::Network;
use self::orders::{Gone, Lines, Order, Report, Seen, Spec, Why, send};
use self::start::{Started, start};
use super::group;
use crate::live::BootTime;

/// Between asking FFmpeg to end and killing it, where nobody is left to say: long enough for the end of a recording.
const LAST_GRACE: Duration = Duration::from_millis(500);
/// More than a plan takes.
const MOST_ORDER_BYTES: usize = 4 << 20;

/// Makes this process a guard, for good, if its one argument says so. To be called first in `main`; a test program
/// that starts live streams calls it before its harness, as one of the functions in `.init_array`.
pub extern "C" fn guard_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments
        .next()
        .is_some_and(|it| it == super::GUARD_ARGUMENT)
        && arguments.next().is_none()
    {
        live_guard();
    }
}

/// Is the guard: takes orders from the standard input, which is a socket, until all is over.
fn live_guard() -> ! {
    let code = match guard() {
        Ok(()) => 0,
        Err(_) => 1,
    };
    std::process::exit(code)
}

fn guard() -> io::Result<()> {
    // Nothing else was meant for it.
    // SAFETY: no descriptor above the standard ones is in use yet.
    unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
    // Whoever wants the guard to end closes the socket.
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGPIPE] {
        // SAFETY: no handler is set.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // What a script leaves behind is waited for here.
    // SAFETY: the call takes numbers.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    let socket = move_socket()?;
    let mut lines = Lines::default();
    let Some(spec) = first_order(&socket, &mut lines)? else {
        return Ok(());
    };
    let started = start(&spec);
    // The worker sees the end of the pipes when FFmpeg is gone.
    for stream in [1, 2] {
        give_up(stream)?;
    }
    match started {
        Ok(started) => {
            let pid = started.pid.as_raw_nonzero().get();
            send(&socket, &Report::Started { pid })?;
            Watch::new(socket, lines, *spec, started)?.run()
        }
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            send(&socket, &Report::Failed { errno })
        }
    }
}

/// Takes the socket away from the standard input, which FFmpeg gets none of.
fn move_socket() -> io::Result<OwnedFd> {
    // SAFETY: the standard input is open for as long as the borrow lasts.
    let stdin = unsafe { BorrowedFd::borrow_raw(0) };
    let socket = rustix::io::fcntl_dupfd_cloexec(stdin, 3)?;
    give_up(0)?;
    Ok(socket)
}

fn give_up(stream: i32) -> io::Result<()> {
    let nothing = std::fs::OpenOptions::new();
    let nothing = nothing.clone().read(true).write(true).open("/dev/null")?;
    // SAFETY: a standard stream is given another meaning.
    match unsafe { libc::dup2(nothing.as_raw_fd(), stream) } {
        ..0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn first_order(socket: &OwnedFd, lines: &mut Lines) -> io::Result<Option<Box<Spec>>> {
    let mut length = 0;
    let mut bytes = vec![0; 64 << 10];
    loop {
        if let Some(order) = lines.next::<Order>() {
            return match order? {
                Order::Start(spec) => Ok(Some(spec)),
                _ => Err(io::ErrorKind::InvalidData.into()),
            };
        }
        let count = rustix::io::retry_on_intr(|| rustix::io::read(socket, &mut bytes))?;
        length += count;
        if count == 0 {
            return Ok(None);
        }
        if length > MOST_ORDER_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        lines.push(&bytes[..count]);
    }
}

/// The process, and what is to become of it.
struct Watch {
    socket: Option<OwnedFd>,
    lines: Lines,
    pid: Pid,
    pidfd: OwnedFd,
    is_alone: bool,
    network: Option<Network>,
    resident_bytes: Option<u64>,
    until: BootTime,
    timer: OwnedFd,
    end: Option<End>,
}

/// An end that was begun.
#[derive(Clone, Copy)]
struct End {
    why: Why,
    kill_at: BootTime,
    killed: bool,
}

/// What can be waited for.
#[derive(Default)]
struct Ready {
    order: bool,
    exit: bool,
    question: bool,
}

impl Watch {
    fn new(socket: OwnedFd, lines: Lines, spec: Spec, started: Started) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        let Started {
            pid,
            pidfd,
            questions,
            is_alone,
        } = started;
        let copy = pidfd.try_clone()?;
        let network = questions.map(|it| Network::new(it, pid, copy, is_alone, spec.reach));
        let clock = rustix::time::TimerfdClockId::Boottime;
        Ok(Self {
            socket: Some(socket),
            lines,
            pid,
            pidfd,
            is_alone,
            network,
            resident_bytes: spec.resident_bytes,
            until: spec.until,
            timer: rustix::time::timerfd_create(clock, TimerfdFlags::CLOEXEC)?,
            end: None,
        })
    }

    fn run(mut self) -> io::Result<()> {
        // Some may have come with the first.
        self.take_orders();
        loop {
            self.look_at_the_clock();
            let ready = self.wait()?;
            if ready.question
                && let Some(report) = self.network.as_mut().and_then(Network::answer)
            {
                self.report(&report);
            }
            if ready.exit {
                return self.finish();
            }
            if ready.order {
                self.hear();
            }
        }
    }

    /// Begins and completes the end when their times have come, and sets the timer for the next.
    fn look_at_the_clock(&mut self) {
        let now = BootTime::now();
        let ask_at = self.until.before(LAST_GRACE);
        if self.end.is_none() && now >= ask_at {
            self.begin_end(Why::Deadline, self.until);
        }
        // A process that was asked must not outlive the deadline either.
        let until = self.until;
        if let Some(end) = &mut self.end
            && !end.killed
            && now >= end.kill_at.min(until)
        {
            end.killed = true;
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        let next = match self.end {
            None => ask_at,
            Some(end) if !end.killed => end.kill_at.min(until),
            // Something hangs in the kernel. It is looked at from time to time.
            Some(_) => now + Duration::from_secs(1),
        };
        // Zero would stop the timer.
        let next = next.since_boot().max(Duration::from_nanos(1));
        let never_again = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let at = Itimerspec {
            it_interval: never_again,
            it_value: Timespec {
                tv_sec: next.as_secs().cast_signed(),
                tv_nsec: next.subsec_nanos().into(),
            },
        };
        let _ = rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &at);
    }

    fn wait(&self) -> io::Result<Ready> {
        let mut fds = vec![
            PollFd::new(&self.timer, PollFlags::IN),
            PollFd::new(&self.pidfd, PollFlags::IN),
        ];
        let socket_at = self.socket.as_ref().map(|socket| {
            fds.push(PollFd::new(socket, PollFlags::IN));
            fds.len() - 1
        });
        let questions = self.network.as_ref().map(Network::questions);
        let questions_at = questions.as_ref().map(|questions| {
            fds.push(PollFd::new(questions, PollFlags::IN));
            fds.len() - 1
        });
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(error) => return Err(error.into()),
        }
        let answered = |at: Option<usize>| at.map_or(PollFlags::empty(), |at| fds[at].revents());
        Ok(Ready {
            order: !answered(socket_at).is_empty(),
            exit: !answered(Some(1)).is_empty(),
            // A hang-up says that nobody is left to ask.
            question: answered(questions_at).contains(PollFlags::IN),
        })
    }

    fn hear(&mut self) {
        let Some(socket) = &self.socket else { return };
        let mut bytes = [0; 4096];
        match rustix::io::read(socket, &mut bytes) {
            Ok(0) => self.orphaned(),
            Ok(count) => {
                self.lines.push(&bytes[..count]);
                self.take_orders();
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.orphaned(),
        }
    }

    fn orphaned(&mut self) {
        self.socket = None;
        self.begin_end(Why::Orphaned, BootTime::now() + LAST_GRACE);
    }

    fn take_orders(&mut self) {
        while let Some(order) = self.lines.next::<Order>() {
            match order {
                Ok(Order::Renew(until)) => self.until = self.until.max(until),
                Ok(Order::Stop { grace_ms }) => {
                    let grace = Duration::from_millis(grace_ms);
                    self.begin_end(Why::Asked, BootTime::now() + grace);
                }
                Ok(Order::Look) => self.look(),
                Ok(Order::Start(_)) | Err(_) => self.orphaned(),
            }
        }
    }

    fn look(&mut self) {
        let resident_bytes = group::resident_bytes(self.pid, self.is_alone);
        let carried = self.network.as_mut().map(Network::carried);
        let counted = |name| written_bytes(self.pid, name);
        self.report(&Report::Seen(Seen {
            received_bytes: carried.map(|(received, _)| received),
            sent_bytes: carried.map_or(0, |(_, sent)| sent),
            written_bytes: counted("wchar:"),
            resident_bytes,
        }));
        if self
            .resident_bytes
            .is_some_and(|most| resident_bytes > most)
        {
            // It gets worse with every moment.
            self.begin_end(Why::Memory, BootTime::now());
        }
    }

    /// The first reason stays; a later one can only hurry.
    fn begin_end(&mut self, why: Why, kill_at: BootTime) {
        if let Some(end) = &mut self.end {
            end.kill_at = end.kill_at.min(kill_at);
            return;
        }
        let _ = kill_process_group(self.pid, Signal::TERM);
        // One that was stopped hears nothing.
        let _ = kill_process_group(self.pid, Signal::CONT);
        self.end = Some(End {
            why,
            kill_at,
            killed: false,
        });
    }

    /// The process has ended: waits for it and all it started, and tells how it was.
    fn finish(mut self) -> io::Result<()> {
        let (status, peak_bytes) = reap(self.pid)?;
        self.clear();
        let gone = Gone {
            why: self.end.map_or(Why::Itself, |end| end.why),
            code: status.code(),
            signal: status.signal(),
            peak_bytes,
            killed: self.end.is_some_and(|end| end.killed),
        };
        self.report(&Report::Ended(gone));
        Ok(())
    }

    /// Makes sure that no member of the group is left.
    fn clear(&mut self) {
        let is_left = |pid| !self.is_alone && test_kill_process_group(pid).is_ok();
        let mut pause = Duration::from_millis(1);
        while is_left(self.pid) {
            let _ = kill_process_group(self.pid, Signal::KILL);
            while reap_any() {}
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn report(&mut self, report: &Report) {
        let sent = self
            .socket
            .as_ref()
            .map(|socket| send(socket.as_fd(), report));
        // A worker that stands still and reads nothing is the deadline's business.
        let _ = sent;
    }
}

/// Bytes given to the file system, from the kernel's accounts; sockets are not in them.
fn written_bytes(pid: Pid, name: &str) -> u64 {
    let accounts = std::fs::read_to_string(format!("/proc/{}/io", pid.as_raw_nonzero()));
    let accounts = accounts.unwrap_or_default();
    let line = accounts.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|it| it.trim().parse().ok()).unwrap_or(0)
}

/// The exit status, and the most memory that was in use at once.
fn reap(pid: Pid) -> io::Result<(ExitStatus, u64)> {
    let mut status = 0;
    // SAFETY: all of it is numbers, for which zero is a value.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: the kernel writes one number and one structure.
        let answer = unsafe {
            libc::wait4(
                pid.as_raw_nonzero().get(),
                &raw mut status,
                0,
                &raw mut used,
            )
        };
        match answer {
            ..0 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            ..0 => return Err(io::Error::last_os_error()),
            _ => break,
        }
    }
    let peak = u64::try_from(used.ru_maxrss)
        .unwrap_or(0)
        .saturating_mul(1024);
    Ok((ExitStatus::from_raw(status), peak))
}

fn reap_any() -> bool {
    let options = rustix::process::WaitOptions::NOHANG;
    matches!(rustix::process::wait(options), Ok(Some(_)))
}
