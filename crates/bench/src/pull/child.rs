//! A process that pulls what it is told to, and says what that took.

use std::io::{Read as _, stdin};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use reelgate_fetch::Guard;
use reelgate_fetch::pull::{Pull, PullLimits, Puller, SourceUrl};
use tokio::task::JoinSet;

/// The first argument of such a process.
pub(crate) const MODE: &str = "pull-these";

/// Pulls the addresses on the input into this directory, each into one of its own. If there is only one, it says
/// all the time what has come of it.
pub(crate) fn run(dir: &Path, parallel: usize) -> Result<()> {
    let mut urls = String::new();
    stdin().read_to_string(&mut urls)?;
    let urls: Vec<&str> = urls.lines().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let guard = Guard::new(vec!["127.0.0.0/8".parse()?]);
    let limits = PullLimits {
        connections_per_host: parallel.max(4),
        ..PullLimits::default()
    };
    let puller = Puller::new(guard, limits)?;
    let rest = kib("VmRSS:")?;
    let fetched = runtime.block_on(pull_all(&puller, dir, &urls, parallel))?;
    println!("{rest} {} {fetched}", kib("VmHWM:")?);
    Ok(())
}

async fn pull_all(puller: &Puller, dir: &Path, urls: &[&str], parallel: usize) -> Result<u64> {
    let mut pulls: JoinSet<Result<u64>> = JoinSet::new();
    let mut fetched = 0;
    for (number, url) in urls.iter().enumerate() {
        if pulls.len() >= parallel {
            fetched += pulls
                .join_next()
                .await
                .context("some pulls are active")???;
        }
        let puller = puller.clone();
        let url = SourceUrl::read(url)?;
        let dir = dir.join(number.to_string());
        let alone = urls.len() == 1;
        pulls.spawn(async move {
            let mut pull = Pull::new(&url, &dir);
            if alone {
                pull.progress = &|progress| println!("came {}", progress.bytes);
            }
            let pulled = puller.pull(pull).await?;
            let bytes = pulled.path.metadata()?.len();
            ensure!(
                bytes == pulled.bytes,
                "{bytes} bytes instead of {}",
                pulled.bytes
            );
            Ok(pulled.fetched)
        });
    }
    while let Some(ended) = pulls.join_next().await {
        fetched += ended??;
    }
    Ok(fetched)
}

fn kib(field: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(field));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(number.context("the system tells no memory")?.parse()?)
}
