//! What verifying a signature costs.

use std::time::Duration;

use super::*;

/// Prints what verifying costs; run it in release mode with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test"]
fn time_to_verify_a_request_of_750_bytes() {
    let input = "http://bucket.oss-cn-hangzhou.aliyuncs.com/a b/".repeat(5);
    let v1 = v1()
        .set("Input", &input)
        .set("OutputBucket", &"b".repeat(202))
        .signed();
    let pairs = v1
        .pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    let bytes = query.len();
    let parse = fastest(|| drop(Params::parse(query.as_bytes(), None).unwrap()));
    let whole = fastest(|| verify(Scheme::V1, "GET", &query, &HeaderMap::new()));
    println!("V1, {bytes} bytes of query: {whole:?}, of that parsing {parse:?}");

    let v3 = v3("JobId=1").signed();
    let whole = fastest(|| verify(Scheme::V3, "POST", "JobId=1", v3.request.headers()));
    println!("V3, 7 bytes of query: {whole:?}");
}

fn verify(scheme: Scheme, method: &str, query: &str, headers: &HeaderMap) {
    let params = Params::parse(query.as_bytes(), None).unwrap();
    let signed = Signed {
        method,
        params: &params,
        headers,
        body: b"",
    };
    Claims::read(scheme, &signed)
        .unwrap()
        .verify(&signed, SECRET)
        .unwrap();
}

/// Mean of the fastest of many batches: the others were disturbed by whatever else the machine does.
fn fastest(run: impl Fn()) -> Duration {
    const ROUNDS: u32 = 1000;
    let batch = |_| {
        let started = Instant::now();
        (0..ROUNDS).for_each(|_| run());
        started.elapsed() / ROUNDS
    };
    (0..200).map(batch).min().unwrap()
}
