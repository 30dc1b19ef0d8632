"""What runs below a process."""
import pathlib
import time


def below(process_id):
    """The ids of the processes that a process started, and of what these started."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text("utf-8", "replace")
            except OSError:
                continue  # It ended while we looked.
            # The name stands in parentheses and may hold anything.
            parents[int(entry.name)] = int(text.rpartition(")")[2].split()[1])
    found, frontier = set(), {process_id}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return found


def name_of(process_id):
    """What a process calls itself; nothing if it has ended."""
    try:
        return pathlib.Path(f"/proc/{process_id}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def alive(process_ids):
    """Those that still run; one that waits for its parent to notice its end does not."""
    running = set()
    for process_id in process_ids:
        try:
            text = pathlib.Path(f"/proc/{process_id}/stat").read_text("utf-8", "replace")
        except OSError:
            continue
        if text.rpartition(")")[2].split()[0] not in "ZX":
            running.add(process_id)
    return running


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)
