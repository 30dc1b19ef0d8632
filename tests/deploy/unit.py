"""Reads a unit of systemd's, and puts a process behind what the unit asks the kernel for."""
import ctypes
import errno
import os
import pwd
import subprocess

import pyseccomp

PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 38, 65
# Flags of clone that make namespaces: time, cgroup, uts, ipc, user, pid, net, mount.
NAMESPACES = [0x80, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00020000]


def settings(file):
    """Every setting of a unit's sections, in order, as (section, name, value)."""
    found, section = [], ""
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.append((section, name, value))
    return found


def allowed_calls(found):
    """The system calls that the unit's filter lets through."""
    allowed = set()
    for _, name, value in found:
        if name == "SystemCallFilter":
            words = value.lstrip("~").split()
            calls = set().union(*(expanded(word) for word in words))
            allowed = allowed - calls if value.startswith("~") else allowed | calls
    # What systemd always lets through.
    return allowed | expanded("@default")


def expanded(word):
    """The calls in one of systemd's groups, and in the groups in it."""
    if not word.startswith("@"):
        return {word}
    listing = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True)
    lines = [line.strip() for line in listing.stdout.splitlines()[1:]]
    return set().union(*(expanded(line) for line in lines if line and not line.startswith("#")))


def confine(found, user):
    """A function that gives the calling process this user, and what the unit says of privileges, system calls,
    sockets, namespaces and memory."""
    asked = {name: value for _, name, value in found}
    assert (asked["NoNewPrivileges"], asked["RestrictNamespaces"], asked["MemoryDenyWriteExecute"]) == ("yes",) * 3
    calls = filter_of(allowed_calls(found))
    families = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
    allowed = {families[name] for name in asked["RestrictAddressFamilies"].split()}
    others = filter_of(None)
    for family in range(64):
        if family not in allowed:
            others.add_rule(pyseccomp.ERRNO(errno.EAFNOSUPPORT), "socket", pyseccomp.Arg(0, pyseccomp.EQ, family))
    # Its flags are out of sight, so that the C library has to fall back on clone.
    others.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    for flag in NAMESPACES:
        others.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
        others.add_rule(pyseccomp.ERRNO(errno.EPERM), "unshare", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    libc = ctypes.CDLL(None, use_errno=True)
    entry = pwd.getpwnam(user)

    def apply():
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
        assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        # A kernel before 6.3 has no such thing, and systemd goes by a filter there.
        libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)
        others.load()
        calls.load()

    return apply


def filter_of(allowed):
    """A filter that lets these calls through, or every call."""
    if allowed is None:
        return pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    calls = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    # Needed by the exec that follows, and for which systemd sees to itself.
    for name in allowed | {"execve", "prctl"}:
        try:
            calls.add_rule(pyseccomp.ALLOW, name)
        except (OSError, ValueError, RuntimeError):
            pass  # A call of another architecture.
    return calls
