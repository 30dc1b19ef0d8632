//! Builds the fuzz targets with coverage counters and runs each for a while, or one of them on one input.
//!
//! Stable Rust is enough: the counters are an LLVM pass that `-C passes` turns on, and the engine, LLVM's libFuzzer,
//! comes as source with a crate. The grown corpora stay below `target/fuzz`, so that a later run goes on from them.

mod output;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

use crate::setup;
use output::Stats;

/// Edge counters in every function, and the operands of comparisons, from which libFuzzer learns what a parser looks
/// for.
const COVERAGE: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Where inputs that fail are left, seen from the root.
const CRASHES: &str = "fuzz/crashes";

const DEFAULT_SECONDS: u32 = 30;

/// One input may take this long and the whole process this much memory; more is a finding.
const INPUT_SECONDS: u32 = 5;
const MEMORY_MB: u32 = 1024;

/// The longest input that is tried. Longer ones cost speed and reach nothing new.
const MAX_INPUT_BYTES: u32 = 16 * 1024;

/// `[--seconds N] [TARGET [INPUT]]`: all targets, one, or one on one input.
pub(crate) fn run(root: &Path, args: &[&str]) -> Result<()> {
    let (seconds, rest) = match args {
        ["--seconds", seconds, rest @ ..] => {
            let seconds = seconds
                .parse()
                .with_context(|| format!("--seconds {seconds}"))?;
            (seconds, rest)
        }
        rest => (DEFAULT_SECONDS, rest),
    };
    ensure!(seconds > 0, "--seconds 0 would run for ever");
    setup::fuzz(root)?;
    let bench = Bench::new(root, seconds)?;
    match rest {
        [] => bench.run_all(&bench.targets()?),
        [target] => bench.run_all(&[bench.known(target)?]),
        [target, input] => bench.repeat(&bench.known(target)?, Path::new(input)),
        _ => bail!("expected: [--seconds N] [TARGET [INPUT]]"),
    }
}

/// Where the targets are, and for how long they run.
struct Bench {
    root: PathBuf,
    folder: PathBuf,
    output: PathBuf,
    host: String,
    seconds: u32,
}

impl Bench {
    fn new(root: &Path, seconds: u32) -> Result<Self> {
        Ok(Self {
            root: root.to_path_buf(),
            folder: root.join("fuzz"),
            output: root.join("target/fuzz"),
            host: host()?,
            seconds,
        })
    }

    /// The names of all targets, sorted.
    fn targets(&self) -> Result<Vec<String>> {
        let folder = self.folder.join("src/bin");
        let entries =
            fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            let path = entry.context("list the targets")?.path();
            if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.file_stem().unwrap_or_default();
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn known(&self, name: &str) -> Result<String> {
        let targets = self.targets()?;
        if targets.iter().any(|target| target == name) {
            return Ok(name.to_owned());
        }
        bail!(
            "there is no target {name}: there are {}",
            targets.join(", ")
        )
    }

    /// Builds the targets; the flags reach neither build scripts nor macros, because a target platform is named.
    fn build(&self, targets: &[String]) -> Result<()> {
        self.lock_as_shipped()?;
        let mut cargo = Command::new("cargo");
        cargo
            .args(["build", "--release", "--target", &self.host])
            .arg("--target-dir")
            .arg(&self.output)
            .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"))
            .current_dir(&self.folder);
        for target in targets {
            cargo.args(["--bin", target]);
        }
        let status = cargo.status().context("start cargo build")?;
        ensure!(
            status.success(),
            "building the fuzz targets ended with {status}"
        );
        Ok(())
    }

    /// Takes over the versions that the program is built from; cargo adds the engine's to them. Only when they changed,
    /// because adding asks the registry.
    fn lock_as_shipped(&self) -> Result<()> {
        make(&self.output)?;
        let shipped = fs::read(self.root.join("Cargo.lock")).context("read Cargo.lock")?;
        let taken = self.output.join("Cargo.lock.taken");
        let lock = self.folder.join("Cargo.lock");
        if lock.exists() && fs::read(&taken).is_ok_and(|taken| taken == shipped) {
            return Ok(());
        }
        for path in [&lock, &taken] {
            fs::write(path, &shipped).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }

    /// Runs the targets, as many at a time as there are processors, and prints a line for each.
    fn run_all(&self, targets: &[String]) -> Result<()> {
        self.build(targets)?;
        for folder in ["corpus", "logs"] {
            make(&self.output.join(folder))?;
        }
        make(&self.root.join(CRASHES))?;
        println!("fuzz: {} targets, {} s each", targets.len(), self.seconds);
        println!("{}", Stats::HEADING);
        let waiting = Mutex::new(targets.iter());
        let failed = Mutex::new(Vec::new());
        let work = || {
            loop {
                let next = waiting.lock().expect("no worker panics").next();
                let Some(target) = next else { break };
                if let Err(error) = self.run_one(target) {
                    println!("{target}: {error:#}");
                    failed
                        .lock()
                        .expect("no worker panics")
                        .push(target.as_str());
                }
            }
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers.min(targets.len()) {
                scope.spawn(work);
            }
        });
        let failed = failed.into_inner().expect("no worker panics");
        ensure!(failed.is_empty(), "fuzz: {} failed", failed.join(", "));
        Ok(())
    }

    fn run_one(&self, target: &str) -> Result<()> {
        let corpus = self.output.join("corpus").join(target);
        make(&corpus)?;
        let log = self.output.join("logs").join(format!("{target}.log"));
        let mut program = Command::new(self.program(target));
        program
            .current_dir(&self.root)
            .arg(format!("-max_total_time={}", self.seconds))
            .arg(format!("-timeout={INPUT_SECONDS}"))
            .arg(format!("-rss_limit_mb={MEMORY_MB}"))
            .arg(format!("-max_len={MAX_INPUT_BYTES}"))
            // Seen from the folder it runs in, so that messages can be pasted.
            .arg(format!("-artifact_prefix={CRASHES}/{target}-"))
            .arg("-print_final_stats=1");
        let dictionary = self
            .folder
            .join("dictionaries")
            .join(format!("{target}.txt"));
        if dictionary.exists() {
            program.arg(format!("-dict={}", dictionary.display()));
        }
        // New inputs go to the first folder; the seeds are only read.
        program
            .arg(&corpus)
            .arg(self.folder.join("seeds").join(target));
        let status = started(&mut program, &log)?
            .wait()
            .context("wait for the target")?;
        let text = fs::read(&log).with_context(|| format!("read {}", log.display()))?;
        let text = String::from_utf8_lossy(&text);
        if status.success() {
            let stats = Stats::read(&text).context("libFuzzer printed no figures")?;
            println!("{}", stats.line(target));
            return Ok(());
        }
        println!("{}", output::complaint(&text));
        match output::artifact(&text) {
            Some(input) => bail!(
                "an input fails; it is in {input}, and this runs it again:\n\n    \
                 cargo xtask fuzz {target} {input}\n"
            ),
            None => bail!("it ended with {status}; its log is {}", log.display()),
        }
    }

    /// Runs one input, with all that the target says about it.
    fn repeat(&self, target: &str, input: &Path) -> Result<()> {
        let input = std::path::absolute(input).context("find the input")?;
        ensure!(input.is_file(), "{} is no file", input.display());
        self.build(&[target.to_owned()])?;
        let status = Command::new(self.program(target))
            .arg(format!("-timeout={INPUT_SECONDS}"))
            .arg(format!("-rss_limit_mb={MEMORY_MB}"))
            .arg(&input)
            .env("RUST_BACKTRACE", "1")
            .status()
            .with_context(|| format!("start {target}"))?;
        ensure!(status.success(), "{target} fails on {}", input.display());
        Ok(())
    }

    fn program(&self, target: &str) -> PathBuf {
        self.output.join(&self.host).join("release").join(target)
    }
}

/// The platform this machine compiles for.
fn host() -> Result<String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .context("start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))
}

fn started(program: &mut Command, log: &Path) -> Result<Child> {
    let file = File::create(log).with_context(|| format!("make {}", log.display()))?;
    let copy = file.try_clone().context("share the log")?;
    program
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(copy)
        .spawn()
        .context("start the target")
}
