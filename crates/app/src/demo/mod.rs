//! The demo: a server of its own, worked through the signed MPS API from a clip to a table.

#![expect(
    clippy::print_stdout,
    reason = "the demo tells its story on the screen"
)]

mod mps;
mod progress;
mod scenes;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reelgate_client::Client;
use reelgate_media::Runner;
use reelgate_service::{RandomIds, SystemClock};

use crate::config::{
    AccessArgs, DemoArgs, LiveArgs, NetworkArgs, NodeArgs, OutboundArgs, ServeArgs, StoreArgs,
    WorkArgs,
};
use crate::serve::{self, Server};
use mps::MpsClient;

/// Runs the demo and says how to go on.
pub(crate) async fn run(args: DemoArgs) -> Result<ExitCode> {
    let started = Instant::now();
    let clip = args
        .clip
        .canonicalize()
        .with_context(|| format!("finding the clip {}", args.clip.display()))?;
    let data = match &args.data {
        Some(data) => data.clone(),
        None => free_directory()?,
    };
    if data.exists() {
        bail!(
            "{} exists already; name another directory with --data",
            data.display()
        );
    }
    let serve_args = ServeArgs {
        data: data.clone(),
        store: StoreArgs::default(),
        node: NodeArgs::default(),
        network: NetworkArgs::loopback("127.0.0.1:0"),
        ready_file: None,
        slots: Some(2),
        max_object_bytes: 1 << 30,
        access: AccessArgs::default(),
        outbound: OutboundArgs::default(),
        work: WorkArgs::default(),
        live: LiveArgs::none(),
        engine: args.engine.clone(),
    };
    let server = Server::start(&serve_args).await?;
    println!(
        "Reelgate listens on http://{} with its files in {}",
        server.address,
        data.display()
    );

    // An interrupted demo leaves nothing running either.
    let told = tokio::select! {
        told = tell(&server, &clip, &args) => told,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    server.stop(Duration::ZERO).await;
    told?;

    let files = data.join("buckets");
    let seconds = started.elapsed().as_secs_f64();
    println!();
    println!("Done in {seconds:.0} s; nothing is left running.");
    let program = crate::config::program();
    let credentials = crate::config::credentials_file(&data);
    let (data, files) = (data.display(), files.display());
    println!("  The files:        {files}");
    println!("  Go on with them:  {program} serve --data {data}");
    println!("  Its credentials:  {}", credentials.display());
    println!("  Your own server:  make serve");
    Ok(ExitCode::SUCCESS)
}

async fn tell(server: &Server, clip: &Path, args: &DemoArgs) -> Result<()> {
    let credentials = server.credentials()?;
    let clock = SystemClock;
    let ids = RandomIds::default();
    let mps = MpsClient {
        // All goes over loopback without TLS, and machines without roots are to show the demo, too.
        http: reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()?,
        address: server.address.to_string(),
        credentials: &credentials,
        clock: &clock,
        ids: &ids,
    };
    let native = Client::new(&server.address.to_string(), credentials.api_key.as_str())?;
    let runner = Arc::new(Runner::start(tokio::runtime::Handle::current())?);
    let engine = serve::find_engine(&runner, &args.engine).await?;
    let stage = scenes::Stage {
        mps: &mps,
        native: &native,
        credentials: &credentials,
        clip,
    };

    let rungs = stage.transcode().await?;
    stage.playlist(&rungs).await?;
    let queued = stage.pause_and_cancel().await?;
    let jobs: Vec<_> = rungs.into_iter().chain(queued).collect();
    let bucket = server.bucket_directory(&credentials);
    table::print(
        &mps,
        &jobs,
        &table::Source {
            runner: &runner,
            engine: &engine,
            clip,
            bucket,
        },
    )
    .await
}

/// The first free name beside the working directory.
fn free_directory() -> Result<PathBuf> {
    (1..1000)
        .map(|n| {
            PathBuf::from(if n == 1 {
                "reelgate-demo".into()
            } else {
                format!("reelgate-demo-{n}")
            })
        })
        .find(|path| !path.exists())
        .context("every name from reelgate-demo to reelgate-demo-999 is taken")
}
