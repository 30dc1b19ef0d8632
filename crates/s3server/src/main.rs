//! The store as a program, for tests in other languages: writes its address to a file and runs until its
//! standard input ends, which it does when whoever started it dies.

use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use reelgate_s3server::{ACCESS_KEY_ID, S3Server, SECRET};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, ready, port, buckets @ ..] = arguments.as_slice() else {
        return Err(std::io::Error::other(
            "usage: reelgate-s3server ROOT READY_FILE PORT BUCKET…",
        ));
    };
    let buckets: Vec<&str> = buckets.iter().map(String::as_str).collect();
    let port = port.parse().map_err(std::io::Error::other)?;
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    let server = S3Server::over(Path::new(root), &buckets, listen).await?;
    let told = serde_json::json!({
        "endpoint": server.endpoint(),
        "virtual_endpoint": server.virtual_endpoint(),
        "access_key_id": ACCESS_KEY_ID,
        "secret": SECRET,
    });
    // Appears complete or not at all.
    let unfinished = format!("{ready}.part");
    std::fs::write(&unfinished, told.to_string())?;
    std::fs::rename(&unfinished, ready)?;
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    ended.await.map_err(std::io::Error::other)??;
    Ok(ExitCode::SUCCESS)
}
