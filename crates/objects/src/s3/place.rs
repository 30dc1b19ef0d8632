//! The place of a bucket in an object store: its address in both styles, and the key that opens it.

use std::net::IpAddr;

use reelgate_domain::{ObjectKey, S3Place, S3Style};
use reqwest::Url;
use zeroize::Zeroizing;

use super::sign::{Signer, encoded_path};
use super::vendor::Vendor;

/// The longest prefix, in bytes: keys with it have to fit into the 1024 that stores allow.
const LONGEST_PREFIX: usize = 200;

/// Why a place is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct InvalidPlace {
    /// What of it: `endpoint`, `bucket`, `prefix`, `region`, `style`, `access_key_id`.
    pub field: &'static str,
    pub why: String,
}

/// What an operator says of a place. The rest is known by the vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceWish {
    pub endpoint: String,
    pub bucket: String,
    pub prefix: Option<String>,
    pub region: Option<String>,
    pub style: Option<S3Style>,
    pub access_key_id: String,
}

impl PlaceWish {
    /// The place, once everything about it makes sense; without its secret.
    pub fn check(self) -> Result<S3Place, InvalidPlace> {
        let Self {
            endpoint,
            bucket,
            prefix,
            region,
            style,
            access_key_id,
        } = self;
        let url = checked_endpoint(&endpoint)?;
        let host = url.host_str().unwrap_or_default();
        let vendor = Vendor::of(host);
        let style = match style {
            None if is_address(host) => S3Style::Path,
            None => vendor.styles[0],
            Some(style) if !vendor.styles.contains(&style) => {
                let why = format!(
                    "{} has no {} style: {}",
                    vendor.name,
                    style.as_str(),
                    vendor.quirks
                );
                return Err(invalid("style", why));
            }
            Some(S3Style::Virtual) if is_address(host) => {
                let why =
                    "virtual style needs an endpoint with a name: an address has no names below it";
                return Err(invalid("style", why));
            }
            Some(style) => style,
        };
        if !vendor.signs_content && url.scheme() != "https" {
            let why = format!("{} signs no content: use https", vendor.name);
            return Err(invalid("endpoint", why));
        }
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(is_plain) {
            let why = "a bucket's name in the store is 3 to 63 letters, digits, '-', '.' and '_'";
            return Err(invalid("bucket", why));
        }
        let region = region.or_else(|| vendor.region_of(host));
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        if region.is_empty() || region.len() > 63 || !region.bytes().all(is_plain) {
            return Err(invalid(
                "region",
                "a region is 1 to 63 letters, digits, '-', '.' and '_'",
            ));
        }
        let is_visible = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b',');
        if access_key_id.is_empty()
            || access_key_id.len() > 128
            || !access_key_id.bytes().all(is_visible)
        {
            let why = "an access key's id is 1 to 128 visible characters of ASCII but '/' and ','";
            return Err(invalid("access_key_id", why));
        }
        Ok(S3Place {
            endpoint: url.as_str().trim_end_matches('/').to_owned(),
            bucket,
            prefix: checked_prefix(prefix.as_deref().unwrap_or_default())?,
            region,
            style,
            access_key_id,
            secret_id: String::new(),
            sealed: Vec::new(),
        })
    }
}

fn invalid(field: &'static str, why: impl Into<String>) -> InvalidPlace {
    let why = why.into();
    InvalidPlace { field, why }
}

fn is_address(host: &str) -> bool {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
        .is_ok()
}

fn checked_endpoint(endpoint: &str) -> Result<Url, InvalidPlace> {
    let wrong = || {
        let why = "an endpoint is https://HOST[:PORT], or http:// where nobody listens in";
        invalid("endpoint", why)
    };
    let url = Url::parse(endpoint).map_err(|_| wrong())?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let is_http = matches!(url.scheme(), "https" | "http") && url.host_str().is_some();
    if is_http && is_bare {
        Ok(url)
    } else {
        Err(wrong())
    }
}

/// Empty, or with a slash at its end.
fn checked_prefix(prefix: &str) -> Result<String, InvalidPlace> {
    let folder = prefix.trim_matches('/');
    if folder.is_empty() {
        return Ok(String::new());
    }
    ObjectKey::new(folder).map_err(|error| invalid("prefix", error.to_string()))?;
    if folder.len() > LONGEST_PREFIX {
        let why = format!("a prefix has at most {LONGEST_PREFIX} bytes");
        return Err(invalid("prefix", why));
    }
    Ok(format!("{folder}/"))
}

/// A place with its secret, ready for requests.
pub(super) struct Home {
    scheme: String,
    /// As the header `Host` has it: with the bucket in virtual style, with the port if it is not the
    /// scheme's own.
    pub(super) host: String,
    /// In path style what stands before the keys: `/bucket`.
    base: String,
    pub(super) bucket: String,
    pub(super) prefix: String,
    region: String,
    access_key_id: String,
    secret: Zeroizing<String>,
    pub(super) vendor: &'static Vendor,
}

impl std::fmt::Debug for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Home")
            .field("host", &self.host)
            .field("base", &self.base)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl Home {
    pub(super) fn new(place: &S3Place, secret: Zeroizing<String>) -> Result<Self, InvalidPlace> {
        let url = checked_endpoint(&place.endpoint)?;
        let name = url.host_str().unwrap_or_default();
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let (host, base) = match place.style {
            S3Style::Virtual => (format!("{}.{name}{port}", place.bucket), String::new()),
            S3Style::Path => (format!("{name}{port}"), format!("/{}", place.bucket)),
        };
        Ok(Self {
            scheme: url.scheme().to_owned(),
            host,
            base,
            bucket: place.bucket.clone(),
            prefix: place.prefix.clone(),
            region: place.region.clone(),
            access_key_id: place.access_key_id.clone(),
            secret,
            vendor: Vendor::of(name),
        })
    }

    pub(super) fn signer(&self) -> Signer<'_> {
        Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            region: &self.region,
        }
    }

    /// The key in the store of one of the bucket's names.
    pub(super) fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The encoded path of a key in the store, or of the bucket.
    pub(super) fn path(&self, key: Option<&str>) -> String {
        match key {
            Some(key) => format!("{}/{}", self.base, encoded_path(key)),
            None if self.base.is_empty() => "/".to_owned(),
            None => format!("{}/", self.base),
        }
    }

    pub(super) fn url(&self, path: &str, query: &str) -> String {
        let Self { scheme, host, .. } = self;
        match query {
            "" => format!("{scheme}://{host}{path}"),
            _ => format!("{scheme}://{host}{path}?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(endpoint: &str) -> PlaceWish {
        PlaceWish {
            endpoint: endpoint.into(),
            bucket: "films".into(),
            access_key_id: "AKID".into(),
            ..PlaceWish::default()
        }
    }

    #[track_caller]
    fn refused(wish: PlaceWish, field: &str) -> String {
        let invalid = wish.check().unwrap_err();
        assert_eq!(invalid.field, field, "{invalid}");
        invalid.why
    }

    #[test]
    fn what_is_left_out_is_known_by_the_vendor() {
        let place = wish("https://s3.oss-cn-beijing.aliyuncs.com/")
            .check()
            .unwrap();
        assert_eq!(
            (place.style, &*place.region),
            (S3Style::Virtual, "cn-beijing")
        );
        assert_eq!(place.endpoint, "https://s3.oss-cn-beijing.aliyuncs.com");
        let place = wish("http://10.0.0.1:9000").check().unwrap();
        assert_eq!((place.style, &*place.region), (S3Style::Path, "us-east-1"));
        let prefix = Some("/a/b".to_owned());
        let wish = PlaceWish {
            prefix,
            ..wish("http://minio.local")
        };
        assert_eq!(wish.check().unwrap().prefix, "a/b/");
    }

    #[test]
    fn a_place_that_makes_no_sense_is_refused_by_the_field() {
        for endpoint in [
            "s3.example.com",
            "ftp://s3.example.com",
            "https://s3.example.com/path",
            "https://s3.example.com?query",
            "https://user:word@s3.example.com",
            "https://",
            // Whoever is on the way could replace what is uploaded.
            "http://s3.oss-cn-beijing.aliyuncs.com",
        ] {
            refused(wish(endpoint), "endpoint");
        }
        let good = || wish("https://s3.example.com");
        for bucket in ["", "ab", "a/b", "a b c"] {
            let bucket = bucket.into();
            refused(PlaceWish { bucket, ..good() }, "bucket");
        }
        for prefix in ["a//b", "../a", ".reelgate/x", &"a/".repeat(150)] {
            let prefix = Some(prefix.to_owned());
            refused(PlaceWish { prefix, ..good() }, "prefix");
        }
        let style = Some(S3Style::Path);
        for endpoint in [
            "https://s3.oss-cn-beijing.aliyuncs.com",
            "https://obs.cn-north-4.myhuaweicloud.com",
        ] {
            let why = refused(
                PlaceWish {
                    style,
                    ..wish(endpoint)
                },
                "style",
            );
            assert!(why.contains("path style"), "{why}");
        }
        let style = Some(S3Style::Virtual);
        refused(
            PlaceWish {
                style,
                ..wish("http://127.0.0.1:9000")
            },
            "style",
        );
        refused(
            PlaceWish {
                style,
                ..wish("http://[::1]:9000")
            },
            "style",
        );
        let region = Some(String::new());
        refused(PlaceWish { region, ..good() }, "region");
        let access_key_id = "a/b".to_owned();
        refused(
            PlaceWish {
                access_key_id,
                ..good()
            },
            "access_key_id",
        );
    }

    fn urls(endpoint: &str, style: S3Style) -> [String; 2] {
        let style = Some(style);
        let place = PlaceWish {
            style,
            ..wish(endpoint)
        }
        .check()
        .unwrap();
        let home = Home::new(&place, Zeroizing::default()).unwrap();
        let object = home.url(&home.path(Some("a b/é")), "");
        [object, home.url(&home.path(None), "uploads=")]
    }

    #[test]
    fn both_styles_name_bucket_and_key() {
        assert_eq!(
            urls("http://s3.localhost:9000", S3Style::Virtual),
            [
                "http://films.s3.localhost:9000/a%20b/%C3%A9",
                "http://films.s3.localhost:9000/?uploads="
            ]
        );
        assert_eq!(
            urls("https://s3.example.com:443", S3Style::Path),
            [
                "https://s3.example.com/films/a%20b/%C3%A9",
                "https://s3.example.com/films/?uploads="
            ]
        );
    }

    #[test]
    fn a_home_that_is_printed_keeps_its_secret() {
        let place = wish("http://s3.localhost").check().unwrap();
        let home = Home::new(&place, Zeroizing::new("hush".to_owned())).unwrap();
        let printed = format!("{home:?}");
        assert!(
            printed.contains("s3.localhost") && !printed.contains("hush"),
            "{printed}"
        );
    }
}
