"""Processes that end with the one that started them, however that ends."""
import ctypes
import os
import pwd
import signal
import subprocess
import threading
import time

import processes

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def start(command, user=None, **options):
    """Starts a process that is killed with this one. The signal follows the thread, so only the main one may."""
    assert threading.current_thread() is threading.main_thread()
    entry = pwd.getpwnam(user) if user and os.geteuid() == 0 else None

    def prepare():
        if entry:
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
        # After the change of user, which would take it back.
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=prepare, **options)


def run(command, user=None, **options):
    """Runs a process to its end, which has to be a success; what it printed."""
    process = start(command, user, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, f"{command}: {said}"
    return said


def kill_with_all_below(process_id):
    """As a loss of power: the process first, so that it starts no others."""
    ids = [process_id, *processes.below(process_id)]
    for one in ids:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + 30
    while processes.alive(ids):
        assert time.monotonic() < deadline, "killed processes are still there"
        time.sleep(0.01)
