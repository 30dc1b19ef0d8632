//! Signature version 4 of S3's requests, in headers and in addresses: pure functions over strings.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::digest::{Context, Digest, SHA256, digest};
use ring::hmac;

/// What the hash of the content says when the content is not signed.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Unreserved characters stay as they are; everything else is encoded, also in names of queries.
const NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The same in paths, where slashes separate.
const PATH: &AsciiSet = &NAME.remove(b'/');

/// Who signs, and for what.
#[derive(Clone, Copy)]
pub(super) struct Signer<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) secret: &'a str,
    pub(super) region: &'a str,
}

/// What is signed of a request. Queries and headers are as they were set; headers in lower case.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// Encoded.
    pub(super) path: &'a str,
    pub(super) query: &'a [(String, String)],
    pub(super) headers: &'a [(String, String)],
    /// In hex, or [`UNSIGNED`].
    pub(super) content_sha256: &'a str,
}

/// A moment as signatures write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// `20130524T000000Z`
    pub(super) full: String,
}

impl Moment {
    /// Of the calendar in UTC.
    pub(super) fn of(at: jiff::Timestamp) -> Self {
        Self {
            full: at.strftime("%Y%m%dT%H%M%SZ").to_string(),
        }
    }

    fn date(&self) -> &str {
        &self.full[..8]
    }
}

pub(super) fn encoded_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

pub(super) fn encoded_name(text: &str) -> String {
    utf8_percent_encode(text, NAME).to_string()
}

/// A query in the order and the form in which it is signed.
pub(super) fn encoded_query(query: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = query
        .iter()
        .map(|(name, value)| (encoded_name(name), encoded_name(value)))
        .collect();
    pairs.sort_unstable();
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

pub(super) fn sha256_hex<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut context = Context::new(&SHA256);
    for chunk in chunks {
        context.update(chunk);
    }
    hex::encode(context.finish())
}

impl Signer<'_> {
    /// The `Authorization` header. The moment is that of the header `x-amz-date`.
    pub(super) fn authorization(self, signed: Signed<'_>, at: &Moment) -> String {
        let signature = self.signature(&canonical(signed), at);
        let names = signed_names(signed.headers);
        let (id, scope) = (self.access_key_id, self.scope(at));
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/{scope},SignedHeaders={names},Signature={signature}"
        )
    }

    /// The query of an address that works without headers, for so many seconds.
    pub(super) fn presigned(
        self,
        method: &str,
        host: &str,
        path: &str,
        seconds: u64,
        at: &Moment,
    ) -> String {
        let credential = format!("{}/{}", self.access_key_id, self.scope(at));
        let query: Vec<(String, String)> = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", credential),
            ("X-Amz-Date", at.full.clone()),
            ("X-Amz-Expires", seconds.to_string()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let signed = Signed {
            method,
            path,
            query: &query,
            headers: &[("host".to_owned(), host.to_owned())],
            content_sha256: UNSIGNED,
        };
        let signature = self.signature(&canonical(signed), at);
        format!("{}&X-Amz-Signature={signature}", encoded_query(&query))
    }

    fn scope(self, at: &Moment) -> String {
        format!("{}/{}/s3/aws4_request", at.date(), self.region)
    }

    fn signature(self, canonical: &str, at: &Moment) -> String {
        let hashed = hex::encode(digest(&SHA256, canonical.as_bytes()));
        let text = format!(
            "AWS4-HMAC-SHA256\n{}\n{}\n{hashed}",
            at.full,
            self.scope(at)
        );
        let first = format!("AWS4{}", self.secret);
        let key = [at.date(), self.region, "s3", "aws4_request"]
            .iter()
            .fold(first.into_bytes(), |key, part| {
                hmac(&key, part).as_ref().to_vec()
            });
        hex::encode(hmac(&key, &text))
    }
}

fn hmac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn canonical(signed: Signed<'_>) -> String {
    let mut headers = signed.headers.to_vec();
    headers.sort_unstable();
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{}\n", value.trim()))
        .collect();
    format!(
        "{}\n{}\n{}\n{lines}\n{}\n{}",
        signed.method,
        signed.path,
        encoded_query(signed.query),
        signed_names(signed.headers),
        signed.content_sha256
    )
}

fn signed_names(headers: &[(String, String)]) -> String {
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.join(";")
}

/// The SHA-256 of no content.
pub(super) fn empty_sha256() -> String {
    let empty: Digest = digest(&SHA256, b"");
    hex::encode(empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key, the moment and the bucket of the published examples.
    const SIGNER: Signer<'_> = Signer {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
    };
    const HOST: &str = "examplebucket.s3.amazonaws.com";

    fn at() -> Moment {
        Moment::of("2013-05-24T00:00:00Z".parse().unwrap())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[track_caller]
    fn check(
        (method, path): (&str, &str),
        query: &[(&str, &str)],
        more: &[(&str, &str)],
        content: &str,
        signature: &str,
    ) {
        let content_sha256 = sha256_hex([content.as_bytes()]);
        let mut headers = pairs(more);
        headers.extend(pairs(&[
            ("host", HOST),
            ("x-amz-content-sha256", &content_sha256),
            ("x-amz-date", "20130524T000000Z"),
        ]));
        let signed = Signed {
            method,
            path: &encoded_path(path),
            query: &pairs(query),
            headers: &headers,
            content_sha256: &content_sha256,
        };
        let header = SIGNER.authorization(signed, &at());
        assert!(header.ends_with(signature), "{header}");
        let credential = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,";
        assert!(header.contains(credential), "{header}");
    }

    #[test]
    fn the_published_examples_have_their_signatures() {
        check(
            ("GET", "/test.txt"),
            &[],
            &[("range", "bytes=0-9")],
            "",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        );
        check(
            ("PUT", "/test$file.text"),
            &[],
            &[
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            "Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        );
        check(
            ("GET", "/"),
            &[("lifecycle", "")],
            &[],
            "",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        );
        check(
            ("GET", "/"),
            &[("max-keys", "2"), ("prefix", "J")],
            &[],
            "",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        );
    }

    #[test]
    fn the_published_address_has_its_signature() {
        let query = SIGNER.presigned("GET", HOST, "/test.txt", 86400, &at());
        assert_eq!(
            query,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn everything_but_unreserved_characters_is_encoded() {
        assert_eq!(encoded_path("/a b/é+%~*"), "/a%20b/%C3%A9%2B%25~%2A");
        let query = pairs(&[("b", "a/b"), ("a", "x y&=")]);
        assert_eq!(encoded_query(&query), "a=x%20y%26%3D&b=a%2Fb");
        assert_eq!(empty_sha256(), sha256_hex([]));
    }
}
