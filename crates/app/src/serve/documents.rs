//! The shapes that dialects give to what was found in a fingerprint library.

use std::sync::Arc;

use reelgate_api_aliyun::ice;
use reelgate_domain::dna::Matches;
use reelgate_worker::MatchesDocument;

/// All of them.
pub(super) fn documents() -> Vec<Arc<dyn MatchesDocument>> {
    vec![Arc::new(OfIce)]
}

struct OfIce;

impl MatchesDocument for OfIce {
    fn dialect(&self) -> &'static str {
        ice::DIALECT
    }

    fn suffix(&self) -> &'static str {
        ice::RESULT_SUFFIX
    }

    fn render(&self, matches: &Matches) -> Vec<u8> {
        ice::matches_document(matches)
    }
}
