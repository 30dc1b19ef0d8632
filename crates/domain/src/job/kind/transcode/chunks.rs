//! Whether a picture is made in pieces.

use serde::{Deserialize, Serialize};

/// Whether a picture is made in pieces that start at its key frames, several of them at once. Finished ones outlive
/// the attempt that made them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chunks {
    /// In one go.
    #[default]
    Disabled,
    /// In pieces; what does not suit fails.
    Enabled,
    /// In pieces where that is quicker, in one go elsewhere.
    Preferred,
}
