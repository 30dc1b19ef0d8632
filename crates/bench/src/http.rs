//! The place for figures of signatures and the HTTP path. None yet.

use std::path::Path;

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::figure::Figure;

#[expect(
    clippy::unnecessary_wraps,
    reason = "the figures that go here can fail"
)]
pub(crate) fn figures(_runtime: &Runtime, _dir: &Path) -> Result<Vec<Figure>> {
    Ok(Vec::new())
}
