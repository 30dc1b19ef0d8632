"""What `cargo xtask dist` makes, here of the program under test, unpacks, is well formed, and runs."""
import os
import pathlib
import re
import subprocess
import tarfile

import pytest

import running

MODES = {"usr/bin/reelgate": 0o755, "etc/reelgate/reelgate.env": 0o600}
SCRIPTS = ["postinst", "prerm", "postrm"]


@pytest.fixture(scope="module")
def made(root, program, tmp_path_factory):
    """The archive and the package."""
    out = tmp_path_factory.mktemp("dist")
    packing = subprocess.run([os.environ["REELGATE_XTASK"], "dist", "--bin", program, "--out", out], cwd=root,
                             capture_output=True, text=True)
    assert packing.returncode == 0, packing.stdout + packing.stderr
    files = sorted(out.iterdir())
    assert [file.name for file in files] == sorted(pathlib.Path(line).name for line in packing.stdout.split())
    [archive] = [file for file in files if file.name.endswith("-linux.tar.gz")]
    [package] = [file for file in files if file.suffix == ".deb"]
    return archive, package


@pytest.fixture(scope="module")
def control(made, tmp_path_factory):
    """The package's control files, unpacked."""
    folder = tmp_path_factory.mktemp("control")
    subprocess.run(["dpkg-deb", "--control", made[1], folder], check=True)
    return folder


@pytest.fixture(scope="module")
def tree(made, tmp_path_factory):
    """The package's files, unpacked into a root of their own."""
    folder = tmp_path_factory.mktemp("root")
    subprocess.run(["dpkg-deb", "--extract", made[1], folder], check=True)
    return folder


def fields(text):
    """A control file's fields; lines that go on are joined."""
    return dict(re.findall(r"^(\S+): (.*(?:\n .*)*)", text, re.M))


def test_the_package_says_what_it_is(made, tree):
    told = fields(subprocess.run(["dpkg-deb", "--info", made[1]], capture_output=True, text=True,
                                 check=True).stdout.replace("\n ", "\n"))
    program = subprocess.run([tree / "usr/bin/reelgate", "--version"], capture_output=True, text=True, check=True)
    assert program.stdout == f"reelgate {told['Version']}\n"
    here = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    assert told["Architecture"] == here.stdout.strip()
    assert re.fullmatch(r"libc6 \(>= 2\.\d+\), (libgcc-s1 \(>= 4\.2\), )?ffmpeg \(>= 7:5\.1\)", told["Depends"])
    synopsis = told["Description"].splitlines()[0]
    assert len(synopsis) < 80 and not synopsis.endswith(".") and not synopsis.lower().startswith("reelgate")


def test_what_the_package_depends_on_is_what_the_program_is_linked_with(tree):
    """Libraries come from libc6 and libgcc-s1 alone."""
    listing = subprocess.run(["readelf", "--dynamic", "--wide", tree / "usr/bin/reelgate"], capture_output=True,
                             text=True, check=True).stdout
    needed = set(re.findall(r"NEEDED.*\[(.+?)\]", listing))
    assert needed <= {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2",
                      "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def test_files_have_the_modes_and_owners_that_they_should(made):
    listing = subprocess.run(["dpkg-deb", "--contents", made[1]], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in listing.splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        assert owner == "root/root", line
        found[path.removeprefix("./").rstrip("/")] = mode
    letters = {0o755: "-rwxr-xr-x", 0o600: "-rw-------"}
    for path, mode in found.items():
        expected = "drwxr-xr-x" if mode[0] == "d" else letters.get(MODES.get(path), "-rw-r--r--")
        assert mode == expected, path
    for path in [*MODES, "usr/lib/systemd/system/reelgate.service", "usr/lib/systemd/system/reelgate-worker.service",
                 "usr/lib/sysusers.d/reelgate.conf", "usr/share/doc/reelgate/copyright",
                 "usr/share/doc/reelgate/changelog.gz", "usr/share/doc/reelgate/operating.md",
                 "usr/share/man/man1/reelgate.1.gz"]:
        assert path in found


def test_the_sums_and_the_settings_file_are_those_of_the_package(control, tree):
    checked = subprocess.run(["md5sum", "--check", "--quiet", control / "md5sums"], cwd=tree)
    assert checked.returncode == 0
    listed = {line.split(None, 1)[1] for line in (control / "md5sums").read_text("utf-8").splitlines()}
    there = {str(file.relative_to(tree)) for file in tree.rglob("*") if file.is_file()}
    assert listed == there
    assert [f"/{path}" for path in sorted(there) if path.startswith("etc/")] \
        == (control / "conffiles").read_text("utf-8").split()


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_one_that_a_posix_shell_understands(control, script):
    file = control / script
    assert file.stat().st_mode & 0o777 == 0o755
    lines = file.read_text("utf-8").splitlines()
    assert lines[0] == "#!/bin/sh" and "set -e" in lines
    assert subprocess.run(["sh", "-n", file]).returncode == 0


def test_the_user_is_one_that_systemd_can_make(tree, tmp_path):
    """In a root of its own, as the package's script does it in the system's."""
    (tmp_path / "etc").mkdir()
    file = tree / "usr/lib/sysusers.d/reelgate.conf"
    made = subprocess.run(["systemd-sysusers", f"--root={tmp_path}", "--replace=/usr/lib/sysusers.d/reelgate.conf",
                           file], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    [line] = [line for line in (tmp_path / "etc/passwd").read_text("utf-8").splitlines()
              if line.startswith("reelgate:")]
    assert line.endswith(":/var/lib/reelgate:/usr/sbin/nologin")


def test_the_manual_can_be_formatted_and_names_every_command(tree, program):
    page = subprocess.run(["gzip", "-dc", tree / "usr/share/man/man1/reelgate.1.gz"], capture_output=True,
                          text=True, check=True).stdout
    assert page.startswith(".TH REELGATE 1") and ".SH NAME\nreelgate \\- " in page
    requests = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert requests <= {".TH", ".SH", ".TP", ".I", ".IR", ".nf", ".fi"}
    told = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z-]+)  +\S", told.partition("Commands:")[2].partition("Options:")[0], re.M)
    assert "serve" in commands
    for command in commands:
        assert re.search(rf"^  {command}  ".replace("-", r"\\-"), page, re.M), command


def test_the_licences_of_every_library_go_with_the_program(made, tree):
    copyright_text = (tree / "usr/share/doc/reelgate/copyright").read_text("utf-8")
    assert "/usr/share/common-licenses/Apache-2.0" in copyright_text
    for library in ["tokio", "rustls", "ring", "rusqlite", "hyper"]:
        assert re.search(rf"^{library} \d[^\n]*: \S", copyright_text, re.M), library
    assert "Permission is hereby granted" in copyright_text


def test_the_units_start_what_the_package_brings(tree):
    files = list((tree / "usr/lib/systemd/system").iterdir())
    assert {file.name for file in files} >= {"reelgate.service", "reelgate-worker.service"}
    for file in files:
        [started] = re.findall(r"^ExecStart=(\S+)", file.read_text("utf-8"), re.M)
        assert (tree / started.lstrip("/")).is_file()


def test_the_packages_program_serves(root, tree, tmp_path):
    with running.server([tree / "usr/bin/reelgate"], tmp_path) as native:
        assert native.transcode(root / "media/bbb_720p25_aac51.mp4")["state"] == "succeeded"


def test_the_archive_holds_one_directory_with_everything(root, made, tmp_path):
    name = made[0].name.removesuffix(".tar.gz")
    with tarfile.open(made[0]) as archive:
        members = archive.getmembers()
        archive.extractall(tmp_path)
    assert {member.name.split("/")[0] for member in members} == {name}
    assert all((member.uid, member.gid) == (0, 0) and (member.isfile() or member.isdir()) for member in members)
    unpacked = tmp_path / name
    there = {str(file.relative_to(unpacked)) for file in unpacked.rglob("*") if file.is_file()}
    assert {"reelgate", "reelgate.1", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE",
            "THIRD-PARTY.txt", "docs/operating.md", "deploy/systemd/reelgate.service",
            "deploy/docker/compose.yaml", "deploy/helm/reelgate/Chart.yaml"} <= there
    assert os.access(unpacked / "reelgate", os.X_OK)
    told = subprocess.run([unpacked / "reelgate", "--version"], capture_output=True, text=True, check=True).stdout
    assert told == f"reelgate {name.split('-')[1]}\n"
