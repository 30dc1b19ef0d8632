//! The test server comes up, comes back from a crash, and leaves nothing behind.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes only the functions marked as tests for tests"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reelgate_testkit::{Postgres, PostgresSetup, Process};

const PATIENCE: Duration = Duration::from_secs(180);

/// Run by the test below in a process of its own.
#[test]
#[ignore = "stays until it is killed"]
fn a_process_with_a_server() {
    let server = Postgres::start(PostgresSetup::default());
    println!("\nport {}", server.port());
    std::thread::sleep(PATIENCE);
}

fn spawn(test: &str) -> Child {
    #[expect(clippy::disallowed_methods, reason = "the test kills what it starts")]
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "--nocapture", test]);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

fn servers_at(port: &str) -> usize {
    let directory = format!("reelgate-postgres-{port}-");
    let works = |it: &Process| it.name == "postgres" && it.arguments.concat().contains(&directory);
    Process::living().iter().filter(|it| works(it)).count()
}

#[test]
fn a_server_ends_with_the_process_that_started_it() {
    let mut child = spawn("a_process_with_a_server");
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ports = lines
        .map(Result::unwrap)
        .filter(|line| line.starts_with("port "));
    ports.into_iter().next().expect("it tells its port");
    let pid = child.id().to_string();
    assert!(servers_at(&pid) > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    let directory = std::env::temp_dir().join(format!("reelgate-postgres-{pid}-0"));
    let begun = Instant::now();
    while servers_at(&pid) > 0 || Path::new(&directory).exists() {
        assert!(
            begun.elapsed() < PATIENCE,
            "the server outlives its process"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_crashed_server_comes_back_with_what_was_committed() {
    let settings = [("fsync", "on"), ("full_page_writes", "on")];
    let server = Postgres::start(PostgresSetup {
        settings: &settings,
        ..PostgresSetup::default()
    });
    server.run("CREATE TABLE kept (x int)");
    server.crash();
    server.revive();
    server.run("INSERT INTO kept VALUES (1)");
}
