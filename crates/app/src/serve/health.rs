//! What makes a server ready: its store takes writes and its claim loop turns.

use std::sync::Arc;
use std::time::Duration;

use reelgate_api_native::Check;
use reelgate_service::Clock;
use reelgate_store::Store;
use reelgate_worker::Turned;

/// How long the claim loop may take for a turn before the server counts as not ready.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// The checks of `/readyz`. A server without a worker has no claim loop to look at.
pub(super) fn checks(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    turned: Option<Arc<Turned>>,
) -> Vec<Check> {
    let store_check = Check::new("store", move || {
        let store = Arc::clone(&store);
        async move { store.check().await.map_err(|error| error.to_string()) }
    });
    let turn_check = turned.map(|turned| {
        Check::new("claim_loop", move || {
            let idle = clock.now().since(turned.at());
            let seconds = idle.as_secs();
            let healthy = idle < TURN_LIMIT;
            let outcome = healthy
                .then_some(())
                .ok_or_else(|| format!("no turn for {seconds} s"));
            async move { outcome }
        })
    });
    [Some(store_check), turn_check]
        .into_iter()
        .flatten()
        .collect()
}
