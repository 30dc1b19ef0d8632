//! Where a signed submit's time goes: processor time of this whole process for each part of it, the
//! client's included, because on a busy machine that is what bounds the rate.

use std::sync::Arc;

use anyhow::{Result, ensure};
use reelgate_api_aliyun::mps::Mts;
use reelgate_api_aliyun::rpc::{Call, Params, Product};
use reelgate_api_kit::RequestId;
use reelgate_service::CallContext;
use rustix::time::{ClockId, clock_gettime};

use super::{Bench, CALLS, calls};
use crate::house::CALLERS;
use crate::rounds::{median, together};
use crate::signature;

const ROUNDS: usize = 5;

pub(super) fn print(bench: &Bench<'_>) -> Result<()> {
    let query = bench.signer.submit_query();
    let hello = || "GET /hello HTTP/1.1\r\nhost: bench\r\n\r\n".to_owned();
    let http = per_call(|| calls(bench.ours, hello).map(drop))?;
    let total = per_call(|| bench.submits(bench.ours).map(drop))?;
    let bare = per_call(|| bench.submits(bench.bare).map(drop))?;
    let signed =
        per_call(|| (0..CALLS).try_for_each(|_| signature::check(&query, bench.signer.secret())))?;
    let service = per_call(|| {
        let house = Arc::clone(&bench.house);
        let submits = together(CALLERS, CALLS, move |_| {
            let house = Arc::clone(&house);
            async move { house.submit().await.map(drop) }
        });
        bench.runtime.block_on(submits).map(drop)
    })?;
    let action = per_call(|| actions(bench, &query))?;
    println!("    where a signed SubmitJobs goes, us of processor time per call, client included:");
    let rest = total - http - signed - action;
    for (part, micros) in [
        ("HTTP, both ends (an empty answer)", http),
        ("signature check, parameters parsed", signed),
        ("request read, answer rendered as a value", action - service),
        ("service and store, 32 callers", service),
        ("gateway, larger request and answer, hand-overs", rest),
        ("whole call", total),
        ("the same of the signed bare insert", bare),
    ] {
        println!("    {part:<50} {micros:>8.1}");
    }
    Ok(())
}

/// The action alone: no HTTP, no signature, no bytes of an answer.
fn actions(bench: &Bench<'_>, query: &str) -> Result<()> {
    let house = Arc::clone(&bench.house);
    let product = Arc::new(Mts::new(Arc::clone(&house.service)));
    let params = Arc::new(Params::parse(query.as_bytes(), None)?);
    let submits = together(CALLERS, CALLS, move |_| {
        let (product, params) = (Arc::clone(&product), Arc::clone(&params));
        let house = Arc::clone(&house);
        async move {
            let call = Call {
                caller: &house.caller,
                action: "SubmitJobs",
                params: &params,
                context: &CallContext::default(),
                request_id: RequestId::random(),
            };
            let answer = product.call(&call).await;
            ensure!(answer.is_ok(), "the action failed");
            Ok(())
        }
    });
    bench.runtime.block_on(submits).map(drop)
}

/// Microseconds of processor time, the median of some rounds.
fn per_call(mut round: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut micros = Vec::with_capacity(ROUNDS);
    round()?;
    for _ in 0..ROUNDS {
        let before = processor_micros();
        round()?;
        micros.push((processor_micros() - before) / CALLS as f64);
    }
    Ok(median(&mut micros))
}

fn processor_micros() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}
