//! The system calls that a process may not make, as a filter for seccomp.
//!
//! FFmpeg gets by with files, memory and threads. Refused is what reaches other processes, the
//! network or the machine, and what would take a process out of its group, where stopping it no
//! longer finds it. Everything else stays allowed: a list of what FFmpeg and the libraries of some
//! distribution may need would be wrong on the next one.

use std::sync::Arc;

pub(super) use seccompiler::sock_filter;

/// What a process is refused beyond the common list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strictness {
    /// No children: a program that is no script has no business with any.
    pub(super) no_children: bool,
    /// No signals, for a kernel that cannot keep them inside the sandbox by itself.
    pub(super) no_signals: bool,
    /// No sockets; for those who get some there is a filter of its own.
    pub(super) no_sockets: bool,
}

/// The filter, or `None` where there is no list for the architecture.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) fn filter(_: Strictness) -> Option<Arc<[sock_filter]>> {
    None
}

/// The filter, or `None` where there is no list for the architecture.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) fn filter(strictness: Strictness) -> Option<Arc<[sock_filter]>> {
    let refused = list::refused(strictness)?;
    let mut program = first_instructions();
    program.extend(refused);
    Some(program.into())
}

/// What the compiler of the list cannot express: another errno than the list's for `clone3`, whose
/// arguments no filter can see, so that the C library falls back on `clone`; and the calls of the
/// x32 kind, which have the same architecture and numbers of their own.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn first_instructions() -> Vec<sock_filter> {
    const LOAD_WORD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const JUMP_IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    const X32: u32 = 0x4000_0000;
    let instruction = |code, k, jt, jf| sock_filter { code, jt, jf, k };
    let number_offset = std::mem::offset_of!(libc::seccomp_data, nr) as u32;
    let not_here = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
    vec![
        instruction(LOAD_WORD, number_offset, 0, 0),
        instruction(JUMP_IF_EQUAL, libc::SYS_clone3 as u32, 1, 0),
        instruction(JUMP_IF_AT_LEAST, X32, 0, 1),
        instruction(RETURN, not_here, 0, 0),
    ]
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod list {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch,
    };

    use super::Strictness;

    /// `fchmodat2`, which has this number everywhere and a name in few C libraries yet.
    const FCHMODAT2: i64 = 452;

    /// Refused whatever the arguments are.
    const ALWAYS: &[i64] = &[
        // All of the below in a way that no filter sees.
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        // Leaving the group that is signalled when a process has to end.
        libc::SYS_setsid,
        libc::SYS_setpgid,
        // Other processes.
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_process_madvise,
        libc::SYS_process_mrelease,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        // Memory that outlives or hides from the process.
        libc::SYS_shmget,
        libc::SYS_semget,
        libc::SYS_msgget,
        libc::SYS_mq_open,
        libc::SYS_memfd_create,
        libc::SYS_memfd_secret,
        libc::SYS_userfaultfd,
        // Other views of the machine.
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_chroot,
        libc::SYS_pivot_root,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_mount_setattr,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        // Files by other ways than their paths.
        libc::SYS_name_to_handle_at,
        libc::SYS_open_by_handle_at,
        libc::SYS_fanotify_init,
        // Attributes of files, which landlock does not guard.
        libc::SYS_fchmod,
        libc::SYS_fchmodat,
        FCHMODAT2,
        libc::SYS_fchown,
        libc::SYS_fchownat,
        libc::SYS_setxattr,
        libc::SYS_lsetxattr,
        libc::SYS_fsetxattr,
        libc::SYS_removexattr,
        libc::SYS_lremovexattr,
        libc::SYS_fremovexattr,
        // Keys, tracing and the kernel itself.
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_lookup_dcookie,
        libc::SYS_syslog,
        libc::SYS_acct,
        libc::SYS_personality,
        libc::SYS_kexec_load,
        libc::SYS_kexec_file_load,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_quotactl,
        libc::SYS_quotactl_fd,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_vhangup,
    ];

    /// Calls that younger architectures do without.
    #[cfg(target_arch = "x86_64")]
    const ALWAYS_OLD: &[i64] = &[
        libc::SYS_chmod,
        libc::SYS_chown,
        libc::SYS_lchown,
        libc::SYS_utime,
        libc::SYS_utimes,
        libc::SYS_futimesat,
        libc::SYS_iopl,
        libc::SYS_ioperm,
        libc::SYS_modify_ldt,
    ];
    #[cfg(not(target_arch = "x86_64"))]
    const ALWAYS_OLD: &[i64] = &[];

    #[cfg(target_arch = "x86_64")]
    const CHILDREN: &[i64] = &[libc::SYS_fork, libc::SYS_vfork];
    #[cfg(not(target_arch = "x86_64"))]
    const CHILDREN: &[i64] = &[];

    /// `tgkill` is missing: `abort` and `raise` are made of it.
    const SIGNALS: &[i64] = &[
        libc::SYS_kill,
        libc::SYS_tkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_pidfd_send_signal,
    ];

    const NAMESPACES: &[libc::c_int] = &[
        libc::CLONE_NEWNS,
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
    ];

    /// `TIOCSTI` and `TIOCLINUX`, whose type differs between C libraries.
    const TYPING: [u64; 2] = [0x5412, 0x541c];

    pub(super) fn refused(strictness: Strictness) -> Option<BpfProgram> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        let always = ALWAYS.iter().chain(ALWAYS_OLD);
        let children = CHILDREN.iter().filter(|_| strictness.no_children);
        let signals = SIGNALS.iter().filter(|_| strictness.no_signals);
        // The network; no socket is ever handed over.
        let sockets = [libc::SYS_socket];
        let sockets = sockets.iter().filter(|_| strictness.no_sockets);
        rules.extend(
            always
                .chain(children)
                .chain(signals)
                .chain(sockets)
                .map(|call| (*call, Vec::new())),
        );
        let mut clone: Vec<SeccompRule> = Vec::new();
        for flag in NAMESPACES {
            clone.push(when(0, SeccompCmpOp::MaskedEq(bits(*flag)), bits(*flag))?);
        }
        if strictness.no_children {
            let is_thread = SeccompCmpOp::MaskedEq(bits(libc::CLONE_THREAD));
            clone.push(when(0, is_thread, 0)?);
        }
        rules.insert(libc::SYS_clone, clone);
        rules.insert(
            libc::SYS_socketpair,
            vec![when(0, SeccompCmpOp::Ne, bits(libc::AF_UNIX))?],
        );
        // Outliving the service.
        rules.insert(
            libc::SYS_prctl,
            vec![when(0, SeccompCmpOp::Eq, bits(libc::PR_SET_PDEATHSIG))?],
        );
        // The limits of others.
        rules.insert(libc::SYS_prlimit64, vec![when(0, SeccompCmpOp::Ne, 0)?]);
        // Times of files by path; those of a file that is open stay allowed.
        rules.insert(libc::SYS_utimensat, vec![when_pointer(1)?]);
        // Typing into the terminal that the service was started from.
        let typing = TYPING.map(|request| when(1, SeccompCmpOp::Eq, request));
        rules.insert(
            libc::SYS_ioctl,
            typing.into_iter().collect::<Option<Vec<_>>>()?,
        );
        let arch = TargetArch::try_from(std::env::consts::ARCH).ok()?;
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).ok()?;
        filter.try_into().ok()
    }

    fn bits(flag: libc::c_int) -> u64 {
        u64::from(flag.cast_unsigned())
    }

    /// The kernel looks at the lower half of these arguments only.
    fn when(argument: u8, op: SeccompCmpOp, value: u64) -> Option<SeccompRule> {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value).ok()?;
        SeccompRule::new(vec![condition]).ok()
    }

    fn when_pointer(argument: u8) -> Option<SeccompRule> {
        let condition =
            SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0);
        SeccompRule::new(vec![condition.ok()?]).ok()
    }
}
