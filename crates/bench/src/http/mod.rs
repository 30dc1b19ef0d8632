//! Signed calls over HTTP: a durable submit and a cancel beside the least that a signed durable call
//! can be, and where a submit's time goes.

mod breakdown;
mod client;
mod read;
mod server;
mod signer;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;

use crate::bare;
use crate::figure::{Figure, Goal};
use crate::house::{CALLERS, House};
use crate::rounds::{in_turns, rate};
pub(crate) use signer::Signer;

/// Rounds of each side, and calls in one of them.
const ROUNDS: usize = 9;
const CALLS: usize = 6_000;

/// Both servers, in this process, on the same runtime.
struct Bench<'r> {
    runtime: &'r Runtime,
    house: Arc<House>,
    signer: Signer,
    ours: SocketAddr,
    bare: SocketAddr,
}

pub(crate) fn figures(runtime: &Runtime, dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let bench = Bench::start(runtime, dir)?;
    tell(bench.submit()?);
    tell(bench.cancel()?);
    tell(read::figure(&bench)?);
    breakdown::print(&bench)
}

impl<'r> Bench<'r> {
    fn start(runtime: &'r Runtime, dir: &Path) -> Result<Self> {
        runtime.block_on(async {
            let house = Arc::new(House::build(&dir.join("http")).await?);
            let signer = Signer::new(house.credentials.clone());
            let secret = house.credentials.access_key_secret.clone();
            Ok(Self {
                runtime,
                ours: server::start(Arc::clone(&house.service)).await?,
                bare: bare::signed::serve(&dir.join("http.db"), secret).await?,
                house,
                signer,
            })
        })
    }

    /// A round of submits; how many a second.
    fn submits(&self, address: SocketAddr) -> Result<f64> {
        calls(address, || self.signer.submit())
    }

    fn submit(&self) -> Result<Figure> {
        let pair = in_turns(
            ROUNDS,
            || self.submits(self.ours),
            || self.submits(self.bare),
        )?;
        let name = format!("signed SubmitJobs, {CALLERS} connections / signed bare insert");
        Ok(Figure::beside(name, "1/s", pair, Goal::Least(0.5)))
    }

    fn cancel(&self) -> Result<Figure> {
        // In the order of their submits; what scattered cancels cost is another part's to say.
        let fill = self.house.fill(CALLS * (ROUNDS + 1));
        let mut jobs = self.runtime.block_on(fill)?.into_iter();
        let pair = in_turns(
            ROUNDS,
            || {
                let mut requests = Vec::with_capacity(CALLS);
                for _ in 0..CALLS {
                    let job = jobs.next().context("a job is left to cancel")?;
                    requests.push(self.signer.cancel(job));
                }
                let took = client::run(self.ours, CALLERS, requests)?;
                Ok(rate(CALLS, took))
            },
            || self.submits(self.bare),
        )?;
        let name = format!("signed CancelJob, {CALLERS} connections / signed bare insert");
        Ok(Figure::beside(name, "1/s", pair, Goal::Least(0.7)))
    }
}

/// A round of calls; how many a second. Requests are signed before the clock runs: the client is not
/// what is measured.
fn calls(address: SocketAddr, request: impl Fn() -> String) -> Result<f64> {
    let requests = (0..CALLS).map(|_| request()).collect();
    let took = client::run(address, CALLERS, requests).context("call the server")?;
    Ok(rate(CALLS, took))
}
