//! Repeating calls whose answers were lost, under the key of the first.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Error;

/// How long to wait before each repeat: some seconds in all, in which a server starts again or another takes over.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(600),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// A key that nobody else has.
pub(crate) fn new_key() -> Result<String, Error> {
    let mut bytes = [0; 16];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Error::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Makes a call until it is answered. That nobody listens at all is told at once, unless the call may have arrived
/// before.
pub(crate) async fn repeated<T, F>(call: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut may_have_arrived = false;
    for pause in PAUSES {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match &error {
            Error::Broken { .. } => may_have_arrived = true,
            Error::Unreachable { .. } if may_have_arrived => {}
            Error::Refused(problem) if problem.status == 503 => {}
            _ => return Err(error),
        }
        tokio::time::sleep(pause).await;
    }
    call().await
}
