//! Secrets of object stores, as the environment gives them.

/// The secret of an object store's access key, for where nobody can be asked and no file is wanted.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub(crate) fn s3_secret() -> Option<String> {
    std::env::var("REELGATE_S3_SECRET")
        .ok()
        .filter(|secret| !secret.is_empty())
}
