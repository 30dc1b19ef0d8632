//! A signed read beside a call of the same server that asks for nothing.

use anyhow::Result;

use super::{Bench, ROUNDS, calls};
use crate::figure::{Figure, Goal};
use crate::house::CALLERS;
use crate::rounds::in_turns;

pub(super) fn figure(bench: &Bench<'_>) -> Result<Figure> {
    let pair = in_turns(
        ROUNDS,
        || calls(bench.ours, || bench.signer.read()),
        || calls(bench.ours, livez),
    )?;
    let name = format!("signed QueryPipelineList, {CALLERS} connections / livez");
    Ok(Figure::beside(name, "1/s", pair, Goal::Least(0.4)))
}

fn livez() -> String {
    "GET /livez HTTP/1.1\r\nhost: bench\r\n\r\n".to_owned()
}
