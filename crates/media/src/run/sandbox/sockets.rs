//! The second filter of a live process: which sockets it gets, and which of its calls its guard makes for it.

use std::io;
use std::os::fd::RawFd;

use super::{install_with, sock_filter};

/// What the filter lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) struct Sockets {
    pub(in crate::run) udp: bool,
    /// Connections, and datagrams with an address, are made by a guard; so is the opening of files, because
    /// some are given to the process under the names of others.
    pub(in crate::run) supervised: bool,
}

/// Younger than some C libraries' headers.
const WAIT_KILLABLE_RECV: libc::c_ulong = 1 << 5;

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const NOT_HERE: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
const ASK: u32 = libc::SECCOMP_RET_USER_NOTIF;
const PASS: u32 = libc::SECCOMP_RET_ALLOW;

fn instruction(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// The filter is meant to stand behind the common one, which has looked at the architecture.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(in crate::run) fn filter(sockets: Sockets) -> Vec<sock_filter> {
    let asked = if sockets.supervised { ASK } else { PASS };
    let datagrams = match (sockets.udp, sockets.supervised) {
        (false, _) => REFUSE,
        (true, true) => ASK,
        (true, false) => PASS,
    };
    let mut program = vec![instruction(LOAD, 0, 0, 0)];
    let mut on = |call: i64, then: Vec<sock_filter>| {
        // No block below is longer than a jump reaches.
        program.push(instruction(IF_EQUAL, call as u32, 0, then.len() as u8));
        program.extend(then);
    };
    let end = |answer: u32| vec![instruction(RETURN, answer, 0, 0)];
    on(libc::SYS_connect, end(asked));
    on(libc::SYS_bind, end(datagrams));
    on(libc::SYS_sendmsg, end(datagrams));
    on(libc::SYS_sendmmsg, end(REFUSE));
    on(libc::SYS_listen, end(REFUSE));
    on(
        libc::SYS_openat,
        end(if sockets.supervised { ASK } else { PASS }),
    );
    #[cfg(target_arch = "x86_64")]
    on(
        libc::SYS_open,
        end(if sockets.supervised { ASK } else { PASS }),
    );
    // The C library falls back on the call before it.
    on(libc::SYS_openat2, end(NOT_HERE));
    on(libc::SYS_sendto, with_address(datagrams));
    on(libc::SYS_socket, kinds(sockets.udp));
    program.push(instruction(RETURN, PASS, 0, 0));
    program
}

/// Where an argument's lower half lies; both architectures have the lower half first.
fn argument(index: u32) -> u32 {
    std::mem::offset_of!(libc::seccomp_data, args) as u32 + index * 8
}

/// `answer` where the fifth argument, an address, is not null.
fn with_address(answer: u32) -> Vec<sock_filter> {
    vec![
        instruction(LOAD, argument(4), 0, 0),
        instruction(IF_EQUAL, 0, 0, 2),
        instruction(LOAD, argument(4) + 4, 0, 0),
        instruction(IF_EQUAL, 0, 1, 0),
        instruction(RETURN, answer, 0, 0),
        instruction(RETURN, PASS, 0, 0),
    ]
}

/// TCP, and UDP where it is wanted, over both versions of IP. The jumps count from the instruction after them.
fn kinds(udp: bool) -> Vec<sock_filter> {
    const KIND: u32 = 0xf;
    // Where no datagrams are wanted it is compared with what it cannot be any more.
    let datagram = match udp {
        true => libc::SOCK_DGRAM,
        false => libc::SOCK_STREAM,
    };
    vec![
        instruction(LOAD, argument(0), 0, 0),
        instruction(IF_EQUAL, libc::AF_INET as u32, 1, 0),
        instruction(IF_EQUAL, libc::AF_INET6 as u32, 0, 11),
        instruction(LOAD, argument(1), 0, 0),
        instruction(AND, KIND, 0, 0),
        instruction(IF_EQUAL, libc::SOCK_STREAM as u32, 0, 3),
        instruction(LOAD, argument(2), 0, 0),
        instruction(IF_EQUAL, 0, 5, 0),
        instruction(IF_EQUAL, libc::IPPROTO_TCP as u32, 4, 5),
        instruction(IF_EQUAL, datagram as u32, 0, 4),
        instruction(LOAD, argument(2), 0, 0),
        instruction(IF_EQUAL, 0, 1, 0),
        instruction(IF_EQUAL, libc::IPPROTO_UDP as u32, 0, 1),
        instruction(RETURN, PASS, 0, 0),
        instruction(RETURN, REFUSE, 0, 0),
    ]
}

/// There is no list for the architecture.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(in crate::run) fn filter(_: Sockets) -> Vec<sock_filter> {
    Vec::new()
}

/// Applies a filter that asks somebody, and returns where the questions come out. Runs between fork and exec:
/// system calls only.
pub(in crate::run) fn install_asking(filter: &[sock_filter]) -> io::Result<RawFd> {
    let asking = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    // With the first, which kernels before 5.19 do not have, a signal does not make a call that is being made
    // by the guard be asked for again.
    let answer = install_with(filter, asking | WAIT_KILLABLE_RECV)
        .or_else(|_| install_with(filter, asking))
        .or_else(|_| install_with(filter, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER))?;
    RawFd::try_from(answer).map_err(|_| io::ErrorKind::InvalidData.into())
}
