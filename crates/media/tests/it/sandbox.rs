//! What a process of FFmpeg's may not do, tried by programs that do it outside the sandbox.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use reelgate_domain::job::StopMode;
use reelgate_media::{Engine, Landlock, Network, Seccomp, Stopped, TranscodeError};
use reelgate_testkit::Misbehaviour;

use crate::stand_in::{Case, StandIn, nothing_runs_in, running_in};
use crate::support::{ENGINE, RUNNER, RUNTIME, command, generate, run};

/// Runs lines for the shell in the sandbox; they fail afterwards, so that nothing is checked.
fn attempt(case: &Case, lines: &str) {
    let stand_in = StandIn::script(&format!("{lines}\nexit 1"));
    let fault = case.fault(&stand_in.engine);
    let log = fault.log_tail.unwrap_or_default();
    assert!(!log.contains("Syntax error"), "{log}");
}

/// Runs the same lines without a sandbox, in a directory that is given back.
fn unhindered(lines: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let real = ENGINE.ffmpeg().display();
    let mut shell = command(Path::new("/bin/sh"));
    shell
        .args(["-c", &format!("real='{real}'\n{lines}")])
        .current_dir(folder.path())
        .stderr(Stdio::null());
    shell.status().unwrap();
    folder
}

fn content(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_default()
}

#[test]
fn everything_that_this_kernel_has_is_enforced() {
    let level = RUNNER.sandbox();
    assert!(
        matches!(level.landlock, Landlock::Enforced { abi: 1.. }),
        "these tests need a kernel with landlock: {level:?}"
    );
    assert_eq!(level.seccomp, Seccomp::Enforced, "{level:?}");
    assert_eq!(level.network, Network::Closed);
}

#[test]
fn a_process_holds_no_privileges() {
    let case = Case::new();
    let stand_in = StandIn::script("echo out_time_us=1\nwhile :; do :; done");
    let status = std::cell::RefCell::new(String::new());
    let look = async {
        let process = running_in(case.folder.path()).remove(0);
        *status.borrow_mut() = std::fs::read_to_string(process.join("status")).unwrap();
        StopMode::Now
    };
    case.run_until(&stand_in.engine, look).unwrap_err();
    let status = status.into_inner();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {status}"))
            .trim()
    };
    assert_eq!(field("NoNewPrivs:"), "1");
    assert_eq!(field("Seccomp:"), "2");
    let bits = |name| u64::from_str_radix(field(name), 16).unwrap();
    // Those to read and write files of any owner, and only if the service has them.
    assert_eq!(bits("CapPrm:") & !0b110, 0);
    assert_eq!(bits("CapEff:") & !0b110, 0);
    assert_eq!(bits("CapInh:"), 0);
}

#[test]
fn a_process_reads_its_source_and_nothing_of_others() {
    let others = tempfile::tempdir().unwrap();
    let secret = others.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let case = Case::new();
    let lines = format!(
        "cat '{secret}' >secret 2>why\n\
         cat /etc/passwd >passwd\n\
         cat /proc/$PPID/environ >environ\n\
         ls '{others}' >list\n\
         head -c 16 '{source}' | wc -c >source\n\
         echo still works >own",
        secret = secret.display(),
        others = others.path().display(),
        source = case.input.display(),
    );
    attempt(&case, &lines);
    for name in ["secret", "passwd", "environ", "list"] {
        assert_eq!(case.written(name), "", "{name}");
    }
    assert!(case.written("why").contains("Permission denied"));
    assert_eq!(case.written("source").trim(), "16");
    assert_eq!(case.written("own").trim(), "still works");
    let control = unhindered(&lines);
    assert_eq!(content(control.path(), "secret"), "secret");
    assert!(content(control.path(), "list").contains("secret"));
}

#[test]
fn a_process_changes_nothing_outside_its_directory() {
    let others = tempfile::tempdir().unwrap();
    let secret = others.path().join("secret");
    let before = || {
        std::fs::write(&secret, "secret").unwrap();
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&secret, open).unwrap();
    };
    let lines = |change: &str| format!("secret='{}'\n{change}", secret.display());
    let changed = || {
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let names = std::fs::read_dir(others.path()).unwrap().count();
        !secret.exists()
            || names != 1
            || mode(&secret) != 0o644
            || std::fs::read_to_string(&secret).unwrap() != "secret"
    };
    for change in [
        "echo x >\"$secret\"",
        "echo x >>\"$secret\"",
        "truncate -s 1 \"$secret\"",
        "rm -f \"$secret\"",
        "mv \"$secret\" taken",
        "chmod 600 \"$secret\"",
        "echo x >\"$secret.new\"",
        "mkdir \"$secret.new\"",
        "ln -s x \"$secret.new\"",
        "echo x >own; mv own \"$secret.new\"",
        "echo x >own; ln own \"$secret.new\"",
    ] {
        before();
        attempt(&Case::new(), &lines(change));
        assert!(!changed(), "{change}");
        unhindered(&lines(change));
        assert!(changed(), "the test is not able to {change}");
        for entry in std::fs::read_dir(others.path()).unwrap() {
            let path = entry.unwrap().path();
            let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path));
        }
    }
}

#[test]
fn a_process_reaches_no_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let lines = format!(
        "\"$real\" -v error -timeout 1000000 -i tcp://127.0.0.1:{port} -f null - 2>tcp\n\
         \"$real\" -v error -timeout 1000000 -i http://127.0.0.1:{port}/a.mp4 -f null - 2>http\n\
         \"$real\" -v error -timeout 1000000 -i udp://127.0.0.1:{port} -f null - 2>udp"
    );
    let case = Case::new();
    attempt(&case, &lines);
    let nobody = listener.accept().map(|_| ());
    assert_eq!(nobody.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    for name in ["tcp", "http", "udp"] {
        let log = case.written(name);
        assert!(log.contains("not permitted"), "{name}: {log}");
    }
    unhindered(&lines);
    listener.accept().unwrap();
}

#[test]
fn files_named_by_a_source_are_not_reached_even_by_an_ffmpeg_that_would() {
    let films = tempfile::tempdir().unwrap();
    let sources = tempfile::tempdir().unwrap();
    let film = generate(
        films.path(),
        "film.ts",
        "-f lavfi -i testsrc2=s=320x180:d=2 -c:v libx264 -preset ultrafast",
    );
    let name = film.display();
    for (file, text, options) in [
        (
            "playlist.m3u8",
            format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\nfile:{name}\n#EXT-X-ENDLIST\n"),
            "-allowed_extensions ALL",
        ),
        (
            "script.ffconcat",
            format!("ffconcat version 1.0\nfile '{name}'\n"),
            "-safe 0",
        ),
    ] {
        let source = sources.path().join(file);
        std::fs::write(&source, text).unwrap();
        let lines = format!(
            "\"$real\" -v error -y -protocol_whitelist file,crypto,data {options} -i '{}' -c copy -t 1 got.mkv 2>why",
            source.display()
        );
        let case = Case {
            input: source,
            ..Case::new()
        };
        attempt(&case, &lines);
        assert_ne!(case.written("why"), "", "{file}");
        let size = |folder: &Path| {
            folder
                .join("got.mkv")
                .metadata()
                .map_or(0, |meta| meta.len())
        };
        assert_eq!(size(case.folder.path()), 0, "{file}");
        assert!(size(unhindered(&lines).path()) > 10_000, "{file}");
    }
}

#[test]
fn a_drawing_shows_no_picture_that_it_only_names() {
    let folder = tempfile::tempdir().unwrap();
    let red = generate(
        folder.path(),
        "red.png",
        "-f lavfi -i color=red:s=8x8 -frames:v 1",
    );
    let encoded = run(
        Path::new("/usr/bin/base64"),
        &["-w0", red.to_str().unwrap()],
    );
    let inside = format!(
        "data:image/png;base64,{}",
        String::from_utf8(encoded).unwrap()
    );
    let outside = format!("file://{}", red.display());
    for (reference, is_shown) in [(&inside, true), (&outside, false)] {
        let drawing = folder.path().join("drawing.svg");
        let text = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'>\
             <image width='8' height='8' href='{reference}'/></svg>"
        );
        std::fs::write(&drawing, text).unwrap();
        let lines = format!(
            "\"$real\" -v error -y -i '{}' -pix_fmt rgb24 -f rawvideo pixels",
            drawing.display()
        );
        let case = Case {
            input: drawing,
            ..Case::new()
        };
        attempt(&case, &lines);
        let pixels = std::fs::read(case.folder.path().join("pixels")).unwrap();
        assert_eq!(pixels.len(), 8 * 8 * 3);
        let shown = pixels.chunks(3).any(|rgb| rgb[0] > 128);
        assert_eq!(shown, is_shown, "{reference}");
    }
}

/// Ends with the test.
struct Bystander(Child);

impl Bystander {
    fn new() -> Self {
        Self(
            command(Path::new("/bin/sleep"))
                .arg("1000")
                .spawn()
                .unwrap(),
        )
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_process_cannot_end_others_of_the_same_user() {
    let mut bystander = Bystander::new();
    let victim = bystander.0.id();
    let lines = format!("kill -9 {victim} 2>why");
    let case = Case::new();
    attempt(&case, &lines);
    assert!(case.written("why").contains("not permitted"));
    assert!(bystander.0.try_wait().unwrap().is_none());
    unhindered(&format!("kill -9 {victim}"));
    bystander.0.wait().unwrap();
}

#[test]
fn children_that_try_to_leave_the_group_go_with_it() {
    let case = Case::new();
    let stand_in = StandIn::new(Misbehaviour::Daemonise);
    let result = case.stop(&stand_in.engine, StopMode::Graceful);
    assert!(
        matches!(result, Err(TranscodeError::Stopped(Stopped::Asked))),
        "{result:?}"
    );
    nothing_runs_in(case.folder.path());
}

#[test]
fn an_engine_may_be_a_link_a_wrapper_or_unpacked_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let discover = |path: PathBuf| {
        let ffprobe = Some(ENGINE.ffprobe().to_owned());
        let found = Engine::discover(&RUNNER, Some(path), ffprobe, "".as_ref());
        RUNTIME
            .block_on(found)
            .map(|engine| engine.capabilities().clone())
    };
    let real = ENGINE.ffmpeg().canonicalize().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    assert_eq!(&discover(link).unwrap(), ENGINE.capabilities());
    let copy = folder.path().join("bin/ffmpeg");
    std::fs::create_dir(folder.path().join("bin")).unwrap();
    std::fs::copy(&real, &copy).unwrap();
    assert_eq!(&discover(copy).unwrap(), ENGINE.capabilities());
    let wrapper = folder.path().join("bin/wrapper");
    std::fs::write(&wrapper, "#!/bin/sh\nexec \"${0%/*}/ffmpeg\" \"$@\"\n").unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(&discover(wrapper).unwrap(), ENGINE.capabilities());
}
