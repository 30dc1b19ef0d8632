//! Text that nobody may see by accident.

use std::fmt;

use zeroize::Zeroizing;

/// A secret: shown by no `{:?}`, wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for whoever signs, seals or hands it out.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("hush");
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret))
                .matches("hush")
                .count(),
            0
        );
        assert_eq!(secret.expose(), "hush");
    }
}
