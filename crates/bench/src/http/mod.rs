//! Figures of the HTTP path: a signed durable submit beside a bare answer and beside a signature
//! check alone, the check itself beside a plain implementation, and how soon a resumed job starts.

mod client;
mod plain;
mod resume;
mod server;

use std::path::Path;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;

use crate::figure::{Figure, Goal};
use crate::queue::CALLERS;
use crate::rounds::{in_turns, rate, together};
use client::{Connection, Signer};
use server::Bench;

/// Rounds of each side, and calls in one of them.
const ROUNDS: usize = 7;
const CALLS: usize = 6_000;

pub(crate) fn figures(runtime: &Runtime, dir: &Path) -> Result<Vec<Figure>> {
    let bench = runtime.block_on(Bench::start(&dir.join("http")))?;
    let mut figures = signed_submits(runtime, &bench)?;
    figures.push(signature_check(&bench.signer)?);
    figures.push(runtime.block_on(resume::figure(&dir.join("resume")))?);
    Ok(figures)
}

fn signed_submits(runtime: &Runtime, bench: &Bench) -> Result<Vec<Figure>> {
    let hello = || runtime.block_on(calls(bench, |_| hello_request()));
    let signed = || {
        let signer = bench.signer.clone();
        runtime.block_on(calls(bench, move |number| signer.templates(number)))
    };
    let submit = || {
        let signer = bench.signer.clone();
        runtime.block_on(calls(bench, move |number| signer.submit(number)))
    };
    let figure = |name: &str, (ours, baseline): (f64, f64), goal| Figure {
        name: name.to_owned(),
        unit: "/s",
        ours,
        baseline,
        goal,
    };
    Ok(vec![
        figure(
            "signed submit, 32 callers, beside a bare answer",
            in_turns(ROUNDS, submit, hello)?,
            Goal::Least(0.30),
        ),
        figure(
            "signed submit, 32 callers, beside a signed read",
            in_turns(ROUNDS, submit, signed)?,
            Goal::Least(0.50),
        ),
    ])
}

/// Requests are signed before the clock runs: the client is not what is measured.
async fn calls(
    bench: &Bench,
    request: impl Fn(usize) -> String + Clone + Send + Sync + 'static,
) -> Result<f64> {
    let mut connections = Vec::with_capacity(CALLERS);
    for caller in 0..CALLERS {
        let numbers = (caller..CALLS).step_by(CALLERS);
        let requests: Vec<_> = numbers
            .map(|number| request(bench.next() + number))
            .collect();
        let connection = Connection::open(bench.address, requests).await?;
        connections.push(std::sync::Arc::new(tokio::sync::Mutex::new(connection)));
    }
    let took = together(CALLERS, CALLS, move |number| {
        let connection = std::sync::Arc::clone(&connections[number % CALLERS]);
        async move { connection.lock().await.next_call().await }
    })
    .await
    .context("call the server")?;
    Ok(rate(CALLS, took))
}

fn hello_request() -> String {
    "GET /hello HTTP/1.1\r\nhost: bench\r\n\r\n".to_owned()
}

/// One signature check of a query of about 750 bytes, beside the same check written plainly.
fn signature_check(signer: &Signer) -> Result<Figure> {
    const CHECKS: u32 = 2_000;
    let query = signer.query_of_750_bytes();
    let microseconds = |check: &dyn Fn() -> Result<bool>| -> Result<f64> {
        let started = std::time::Instant::now();
        for _ in 0..CHECKS {
            anyhow::ensure!(check()?, "the signature is genuine");
        }
        Ok(started.elapsed().as_secs_f64() * 1e6 / f64::from(CHECKS))
    };
    let ours = || microseconds(&|| plain::ours(&query, signer.secret()));
    let baseline = || microseconds(&|| Ok(plain::plainly(&query, signer.secret())));
    let (ours, baseline) = in_turns(50, ours, baseline)?;
    Ok(Figure {
        name: format!("signature check, {} bytes", query.len()),
        unit: "us",
        ours,
        baseline,
        goal: Goal::Most(0.5),
    })
}
