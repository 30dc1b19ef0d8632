//! `SubmitJobs`: lines are `OutputBucket`, `Input`, then `Outputs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::mps::fuzz::submit_jobs;
use reelgate_api_aliyun::rpc::{ApiError, Params};
use reelgate_fuzz::{check_job, lines};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let [bucket, input, outputs] =
        lines::<3>(text.as_bytes()).map(|line| std::str::from_utf8(line).unwrap_or_default());
    let params = Params::from_pairs([
        ("Input", input),
        ("OutputBucket", bucket),
        ("Outputs", outputs),
        ("PipelineId", "0123456789abcdef0123456789abcdef"),
    ]);
    match submit_jobs(&params.expect("four names")) {
        Ok(outputs) => {
            assert!((1..=30).contains(&outputs.len()));
            for output in outputs {
                match output {
                    Ok(job) => check_job(&job),
                    Err(error) => check_error(&error),
                }
            }
        }
        Err(error) => check_error(&error),
    }
});

fn check_error(error: &ApiError) {
    assert!(error.status.is_client_error(), "{error}");
    assert!(!error.code.is_empty() && !error.message.is_empty());
    assert!(error.message.len() < 8192, "a refusal repeats only so much");
}
