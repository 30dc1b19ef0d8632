//! The address of something that is to be fetched, which is never shown whole.

use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::guard::{Refused, web_host};
use crate::pull::names;

/// An address to fetch from. What stands behind its host may be a secret, such as a signature, so `Debug` and
/// `Display` show scheme and host only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SourceUrl(Url);

impl SourceUrl {
    /// Reads an address as a caller wrote it. Whether it may be connected to is judged when it is fetched.
    ///
    /// Blanks and characters beyond ASCII inside of it are encoded, as browsers do; what stands behind `#` is
    /// dropped, for no server gets to see it.
    pub fn read(text: &str) -> Result<Self, Refused> {
        // A URL's reader would drop some of these without a word.
        if text.trim() != text || text.chars().any(char::is_control) {
            return Err(Refused::NotHttp);
        }
        let mut url = Url::parse(text).map_err(|_| Refused::NotHttp)?;
        web_host(&url)?;
        url.set_fragment(None);
        Ok(Self(url))
    }

    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The whole address. It may hold a secret: it is for the server that it names and for whoever named it.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// The last part of its path, decoded and fit to name a file.
    pub fn file_name(&self) -> Option<String> {
        let last = self.0.path_segments()?.next_back()?;
        let decoded = percent_decode_str(last).decode_utf8().ok()?;
        names::fit(&decoded)
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for SourceUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.0.scheme(), self.host())
    }
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SourceUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_and_host_are_shown() {
        let url = SourceUrl::read("https://cdn.example:8443/hush/a.mp4?sign=hush#hush").unwrap();
        for shown in [format!("{url}"), format!("{url:?}")] {
            assert!(!shown.contains("hush"), "{shown}");
            assert!(shown.contains("https://cdn.example"), "{shown}");
        }
        assert_eq!(
            url.expose(),
            "https://cdn.example:8443/hush/a.mp4?sign=hush"
        );
    }

    #[test]
    fn blanks_inside_are_encoded_and_the_name_is_decoded() {
        let url = SourceUrl::read("http://a.example/x/my clip é.mp4?x=1").unwrap();
        assert_eq!(
            url.expose(),
            "http://a.example/x/my%20clip%20%C3%A9.mp4?x=1"
        );
        assert_eq!(url.file_name().as_deref(), Some("my clip é.mp4"));
        let bare = SourceUrl::read("http://a.example/").unwrap();
        assert_eq!(bare.file_name(), None);
        let up = SourceUrl::read("http://a.example/..%2F..%2Fetc%2Fpasswd").unwrap();
        assert_eq!(up.file_name().as_deref(), Some("passwd"));
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for text in [
            "",
            "a.mp4",
            "ftp://a.example/a",
            " http://a.example/a",
            "http://a.example/a\n",
            "http://a.exa\tmple/a",
            "file:///etc/passwd",
        ] {
            assert_eq!(SourceUrl::read(text), Err(Refused::NotHttp), "{text:?}");
        }
        let with_user = SourceUrl::read("https://user:hush@a.example/a");
        assert_eq!(with_user, Err(Refused::Credentials));
    }
}
