//! Making a process's connections for it, to those it may talk to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::net::{SocketType, sockopt};
use rustix::process::Pid;

use super::hosts;
use super::orders::{Reach, Report};
use super::start::take;

/// The largest datagram there is.
const MOST_BYTES: usize = 65_536;
const MOST_PIECES: usize = 16;
const ADDRESS_BYTES: usize = 28;
/// How often a process is told of that wants what it may not.
const MOST_TOLD: u32 = 16;

const PASS_ON: u32 = 1;

/// `seccomp_notif`: an id, the thread, flags, and the call with its arguments.
#[repr(C)]
#[derive(Clone, Copy)]
struct Question {
    id: u64,
    thread: u32,
    flags: u32,
    call: libc::seccomp_data,
}

/// `seccomp_notif_resp`.
#[repr(C)]
struct Answer {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

/// `seccomp_notif_addfd`.
#[repr(C)]
struct AddFd {
    id: u64,
    flags: u32,
    source: u32,
    target: u32,
    target_flags: u32,
}

const fn request(direction: u64, size: usize, number: u64) -> u64 {
    (direction << 30) | ((size as u64) << 16) | ((b'!' as u64) << 8) | number
}

const RECEIVE: u64 = request(3, size_of::<Question>(), 0);
const SEND: u64 = request(3, size_of::<Answer>(), 1);
const IS_VALID: u64 = request(1, size_of::<u64>(), 2);
const ADD_FD: u64 = request(1, size_of::<AddFd>(), 3);

/// What is done with a call.
enum Verdict {
    /// The process makes it itself.
    PassOn,
    /// It was made, with this result.
    Done(i64),
    Refused(i32),
}

impl From<io::Error> for Verdict {
    fn from(error: io::Error) -> Self {
        Self::Refused(error.raw_os_error().unwrap_or(libc::EACCES))
    }
}

/// A connection that was made, for counting what it carries.
struct Connection {
    number: i32,
    cookie: u64,
    received: u64,
    sent: u64,
    is_open: bool,
}

/// What one process may reach, and what it has reached.
pub(super) struct Network {
    questions: OwnedFd,
    leader: Pid,
    pidfd: OwnedFd,
    /// Whether every question is the leader's.
    is_alone: bool,
    reach: Reach,
    connections: Vec<Connection>,
    datagram_bytes: u64,
    told: u32,
    payload: Vec<u8>,
}

impl Network {
    pub(super) fn new(
        questions: OwnedFd,
        leader: Pid,
        pidfd: OwnedFd,
        is_alone: bool,
        reach: Reach,
    ) -> Self {
        Self {
            questions,
            leader,
            pidfd,
            is_alone,
            reach,
            connections: Vec::new(),
            datagram_bytes: 0,
            told: 0,
            payload: Vec::new(),
        }
    }

    pub(super) fn questions(&self) -> BorrowedFd<'_> {
        self.questions.as_fd()
    }

    /// Answers one question; there has to be one.
    pub(super) fn answer(&mut self) -> Option<Report> {
        let mut question = Question {
            id: 0,
            thread: 0,
            flags: 0,
            call: libc::seccomp_data {
                nr: 0,
                arch: 0,
                instruction_pointer: 0,
                args: [0; 6],
            },
        };
        // It fails where the process was killed meanwhile.
        self.control(RECEIVE, &raw mut question).ok()?;
        let mut forbidden = None;
        let verdict = self
            .decide(&question, &mut forbidden)
            .unwrap_or_else(Verdict::from);
        let (value, error, flags) = match verdict {
            Verdict::PassOn => (0, 0, PASS_ON),
            Verdict::Done(value) => (value, 0, 0),
            Verdict::Refused(errno) => (0, -errno, 0),
        };
        let mut answer = Answer {
            id: question.id,
            value,
            error,
            flags,
        };
        let _ = self.control(SEND, &raw mut answer);
        let address = forbidden.filter(|_| self.told < MOST_TOLD)?;
        self.told += 1;
        Some(Report::Forbidden(address))
    }

    /// What TCP connections have carried: received and sent.
    pub(super) fn carried(&mut self) -> (u64, u64) {
        let pidfd = self.pidfd.as_fd();
        let mut carried = (0, self.datagram_bytes);
        for connection in &mut self.connections {
            connection.look(pidfd);
            carried.0 += connection.received;
            carried.1 += connection.sent;
        }
        // Those of long ago become one.
        let closed = self.connections.iter().filter(|it| !it.is_open).count();
        if closed > 1 {
            let mut sum = Connection {
                number: -1,
                cookie: 0,
                received: 0,
                sent: 0,
                is_open: false,
            };
            for old in self.connections.extract_if(.., |it| !it.is_open) {
                sum.received += old.received;
                sum.sent += old.sent;
            }
            self.connections.push(sum);
        }
        carried
    }

    fn decide(
        &mut self,
        question: &Question,
        forbidden: &mut Option<SocketAddr>,
    ) -> io::Result<Verdict> {
        let args = question.call.args;
        match i64::from(question.call.nr) {
            libc::SYS_openat => self.open(question, args[1]),
            #[cfg(target_arch = "x86_64")]
            libc::SYS_open => self.open(question, args[0]),
            libc::SYS_connect => {
                let address = self.address(question, args[1], args[2])?;
                self.connect(question, address, forbidden)
            }
            libc::SYS_bind => {
                let address = self.address(question, args[1], args[2])?;
                self.bind(question, address)
            }
            libc::SYS_sendto => {
                let address = self.address(question, args[4], args[5])?;
                self.payload.clear();
                self.read_into_payload(question, args[1], args[2])?;
                self.send(question, Some(address), forbidden)
            }
            libc::SYS_sendmsg => self.send_message(question, forbidden),
            _ => Ok(Verdict::Refused(libc::ENOSYS)),
        }
    }

    /// Some files are not what they are on this machine. It is no protection that all others are opened by the
    /// process itself: that is landlock's business.
    fn open(&self, question: &Question, path: u64) -> io::Result<Verdict> {
        let mut bytes = [0; hosts::LONGEST];
        let Ok(count) = self.read(question, path, &mut bytes) else {
            return Ok(Verdict::PassOn);
        };
        let path = bytes[..count].split(|byte| *byte == 0).next();
        let Some(text) = path.and_then(|path| hosts::stand_in(path, &self.reach)) else {
            return Ok(Verdict::PassOn);
        };
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        let file = rustix::fs::memfd_create("stand-in", flags)?;
        rustix::io::write(&file, text.as_bytes())?;
        rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
        let mut added = AddFd {
            id: question.id,
            flags: 0,
            source: file.as_raw_fd().cast_unsigned(),
            target: 0,
            target_flags: libc::O_CLOEXEC.cast_unsigned(),
        };
        let number = self.control(ADD_FD, &raw mut added)?;
        Ok(Verdict::Done(i64::from(number)))
    }

    fn connect(
        &mut self,
        question: &Question,
        address: SocketAddr,
        forbidden: &mut Option<SocketAddr>,
    ) -> io::Result<Verdict> {
        let number = descriptor(question);
        let socket = self.socket(question, number)?;
        let is_stream = sockopt::socket_type(&socket)? == SocketType::STREAM;
        let allowed = match is_stream {
            true => &self.reach.tcp,
            false => &self.reach.udp,
        };
        if !is_among(allowed, address) {
            *forbidden = Some(address);
            return Ok(Verdict::Refused(libc::EACCES));
        }
        // The guard must not be held up.
        let flags = rustix::fs::fcntl_getfl(&socket)?;
        if is_stream && !flags.contains(rustix::fs::OFlags::NONBLOCK) {
            return Ok(Verdict::Refused(libc::EOPNOTSUPP));
        }
        let result = rustix::net::connect(&socket, &address);
        if is_stream && let Ok(cookie) = sockopt::socket_cookie(&socket) {
            self.connections
                .retain(|it| it.cookie != cookie || !it.is_open);
            self.connections.push(Connection {
                number,
                cookie,
                received: 0,
                sent: 0,
                is_open: true,
            });
        }
        result?;
        Ok(Verdict::Done(0))
    }

    /// Any port where the kernel chooses it, or where it is to listen.
    fn bind(&self, question: &Question, address: SocketAddr) -> io::Result<Verdict> {
        let socket = self.socket(question, descriptor(question))?;
        let is_unnamed = address.ip().is_unspecified() && address.port() == 0;
        let is_wanted = self.reach.listens.contains(&address);
        if sockopt::socket_type(&socket)? != SocketType::DGRAM || !(is_unnamed || is_wanted) {
            return Ok(Verdict::Refused(libc::EACCES));
        }
        rustix::net::bind(&socket, &address)?;
        Ok(Verdict::Done(0))
    }

    fn send_message(
        &mut self,
        question: &Question,
        forbidden: &mut Option<SocketAddr>,
    ) -> io::Result<Verdict> {
        let mut header = [0; 56];
        self.read_all(question, question.call.args[1], &mut header)?;
        let word = |index: usize| {
            let bytes = header[index * 8..].first_chunk::<8>();
            bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
        };
        // `msghdr`: a name and its length, pieces and their count.
        let (name, name_bytes, pieces, count) = (word(0), word(1) & 0xffff_ffff, word(2), word(3));
        let address = match name {
            0 => None,
            _ => Some(self.address(question, name, name_bytes)?),
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > MOST_PIECES {
            return Ok(Verdict::Refused(libc::EMSGSIZE));
        }
        let mut list = [0; MOST_PIECES * 16];
        let list = &mut list[..count * 16];
        self.read_all(question, pieces, list)?;
        self.payload.clear();
        for piece in list.chunks_exact(16) {
            let (start, length) = piece.split_at(8);
            let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |it| u64::from_ne_bytes(*it));
            self.read_into_payload(question, number(start), number(length))?;
        }
        self.send(question, address, forbidden)
    }

    fn send(
        &mut self,
        question: &Question,
        address: Option<SocketAddr>,
        forbidden: &mut Option<SocketAddr>,
    ) -> io::Result<Verdict> {
        let socket = self.socket(question, descriptor(question))?;
        if sockopt::socket_type(&socket)? != SocketType::DGRAM {
            return Ok(Verdict::Refused(libc::EACCES));
        }
        // Whoever connected to a listener is answered.
        let listens = !self.reach.listens.is_empty();
        if let Some(address) = address.filter(|it| !listens && !is_among(&self.reach.udp, *it)) {
            *forbidden = Some(address);
            return Ok(Verdict::Refused(libc::EACCES));
        }
        let flags = rustix::net::SendFlags::DONTWAIT | rustix::net::SendFlags::NOSIGNAL;
        let sent = match address {
            Some(address) => rustix::net::sendto(&socket, &self.payload, flags, &address)?,
            None => rustix::net::send(&socket, &self.payload, flags)?,
        };
        self.datagram_bytes += sent as u64;
        Ok(Verdict::Done(sent as i64))
    }

    fn socket(&self, question: &Question, number: i32) -> io::Result<OwnedFd> {
        if self.is_alone {
            return take(self.pidfd.as_fd(), number);
        }
        let process = process_of(question.thread)?;
        if process == self.leader {
            return take(self.pidfd.as_fd(), number);
        }
        let flags = rustix::process::PidfdFlags::empty();
        let pidfd = rustix::process::pidfd_open(process, flags)?;
        self.still_asks(question)?;
        take(pidfd.as_fd(), number)
    }

    fn address(&self, question: &Question, at: u64, length: u64) -> io::Result<SocketAddr> {
        let mut bytes = [0; ADDRESS_BYTES];
        let length = usize::try_from(length).unwrap_or(0).min(ADDRESS_BYTES);
        self.read_all(question, at, &mut bytes[..length])?;
        address_of(&bytes[..length]).ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
    }

    fn read_into_payload(&mut self, question: &Question, at: u64, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let begun = self.payload.len();
        let end = begun.saturating_add(length);
        if end > MOST_BYTES {
            return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.resize(end, 0);
        let read = self.read_all(question, at, &mut payload[begun..]);
        self.payload = payload;
        read
    }

    fn read_all(&self, question: &Question, at: u64, into: &mut [u8]) -> io::Result<()> {
        match self.read(question, at, into)? {
            count if count == into.len() => Ok(()),
            _ => Err(io::Error::from_raw_os_error(libc::EFAULT)),
        }
    }

    /// Copies from the memory of who asks, as much as there is.
    fn read(&self, question: &Question, at: u64, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let here = libc::iovec {
            iov_base: into.as_mut_ptr().cast(),
            iov_len: into.len(),
        };
        let there = libc::iovec {
            iov_base: at as *mut libc::c_void,
            iov_len: into.len(),
        };
        let thread = question.thread.cast_signed();
        // SAFETY: the kernel writes to `into` only, at most its length; the other address is not used here.
        let count = unsafe { libc::process_vm_readv(thread, &here, 1, &there, 1, 0) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        // Only who still waits for the answer is sure to be who asked.
        self.still_asks(question)?;
        Ok(count)
    }

    fn still_asks(&self, question: &Question) -> io::Result<()> {
        let mut id = question.id;
        self.control(IS_VALID, &raw mut id).map(|_| ())
    }

    fn control<T>(&self, request: u64, value: *mut T) -> io::Result<i32> {
        // SAFETY: the request names the size of what `value` points to, which is a whole `T` of the kernel's layout.
        let answer = unsafe { libc::ioctl(self.questions.as_raw_fd(), request as _, value) };
        match answer {
            ..0 => Err(io::Error::last_os_error()),
            done => Ok(done),
        }
    }
}

impl Connection {
    fn look(&mut self, pidfd: BorrowedFd<'_>) {
        if !self.is_open {
            return;
        }
        // For a moment the socket is the guard's too; the process may close it meanwhile, and it is closed a moment
        // later.
        let same = take(pidfd, self.number)
            .ok()
            .filter(|socket| sockopt::socket_cookie(socket).ok() == Some(self.cookie));
        match same.as_ref().and_then(counters) {
            Some((sent, received)) => (self.sent, self.received) = (sent, received),
            None => self.is_open = false,
        }
    }
}

/// Bytes that were acknowledged, and received, from `tcp_info`.
fn counters(socket: &OwnedFd) -> Option<(u64, u64)> {
    const ACKED_AT: usize = 120;
    const RECEIVED_AT: usize = 128;
    const BYTES: usize = 136;
    let mut info = [0_u64; BYTES / 8];
    let mut length = BYTES as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let is_whole = answer == 0 && length as usize >= BYTES;
    is_whole.then(|| (info[ACKED_AT / 8], info[RECEIVED_AT / 8]))
}

fn descriptor(question: &Question) -> i32 {
    // The kernel looks at the lower half only.
    (question.call.args[0] as u32).cast_signed()
}

fn process_of(thread: u32) -> io::Result<Pid> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status"))?;
    let group = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    let group = group.and_then(|group| Pid::from_raw(group.trim().parse().ok()?));
    group.ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn is_among(allowed: &[SocketAddr], address: SocketAddr) -> bool {
    let plain = |it: SocketAddr| (it.ip().to_canonical(), it.port());
    allowed.iter().any(|it| plain(*it) == plain(address))
}

/// From the kernel's form of an address.
fn address_of(bytes: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(*bytes.first_chunk()?);
    let port = u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
    match i32::from(family) {
        libc::AF_INET => {
            let octets: [u8; 4] = *bytes.get(4..)?.first_chunk()?;
            // As long as the kernel demands.
            bytes.get(15)?;
            Some((IpAddr::V4(Ipv4Addr::from(octets)), port).into())
        }
        libc::AF_INET6 => {
            let octets: [u8; 16] = *bytes.get(8..)?.first_chunk()?;
            Some((IpAddr::V6(Ipv6Addr::from(octets)), port).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_the_kernels_form() {
        let mut v4 = [0; 16];
        v4[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
        v4[2..8].copy_from_slice(&[0x07, 0x8f, 192, 0, 2, 1]);
        let v4_address = "192.0.2.1:1935".parse().unwrap();
        assert_eq!(address_of(&v4), Some(v4_address));
        assert_eq!(address_of(&v4[..8]), None);
        assert_eq!(address_of(&[]), None);
        assert_eq!(address_of(&[1, 0, 0, 0]), None);
        let mapped: SocketAddr = "[::ffff:192.0.2.1]:1935".parse().unwrap();
        assert!(is_among(&[v4_address], mapped));
        assert!(!is_among(&[v4_address], "192.0.2.1:1936".parse().unwrap()));
        assert!(!is_among(&[v4_address], "192.0.2.2:1935".parse().unwrap()));
    }
}
