//! A request that verifies still does however it is encoded; none does after a change of what it says.

use proptest::prelude::*;

use super::*;

/// A request as it is meant, before anything is encoded.
#[derive(Debug, Clone)]
struct Meant {
    method: &'static str,
    segments: Vec<Vec<u8>>,
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    derived: bool,
}

/// How bytes are written that could be written otherwise: one choice is taken for each byte, round and round.
type Spelling = Vec<u8>;

fn encode(bytes: &[u8], spelling: &mut impl Iterator<Item = u8>) -> String {
    let mut out = String::new();
    for byte in bytes {
        let is_plain = byte.is_ascii_alphanumeric() || b"-_.~*!+".contains(byte);
        match spelling.next().unwrap_or_default() % 3 {
            0 if is_plain => out.push(char::from(*byte)),
            1 => out += &format!("%{byte:02x}"),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

/// A request on the wire.
struct Wire {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Meant {
    /// With `turns` the headers come in another order and case; the pairs of different keys in another order.
    fn wire(&self, spelling: &Spelling, turns: usize) -> Wire {
        let mut spelling = spelling.iter().copied().cycle();
        let path = self
            .segments
            .iter()
            .map(|segment| format!("/{}", encode(segment, &mut spelling)))
            .collect();
        let mut pairs: Vec<_> = self.pairs.iter().collect();
        // Stable, so that the values of one key stay in their order.
        pairs.sort_by_key(|(key, _)| {
            key.iter()
                .map(|byte| byte.wrapping_mul(turns as u8 | 1))
                .collect::<Vec<_>>()
        });
        let query: Vec<_> = pairs
            .into_iter()
            .map(|(key, value)| match value.is_empty() && turns % 2 == 1 {
                true => encode(key, &mut spelling),
                false => format!(
                    "{}={}",
                    encode(key, &mut spelling),
                    encode(value, &mut spelling)
                ),
            })
            .collect();
        let mut named = vec![
            ("host".to_owned(), b"127.0.0.1:18086".to_vec()),
            ("x-sdk-date".to_owned(), b"20260115T083000Z".to_vec()),
        ];
        named.extend(self.headers.iter().cloned());
        let at = turns % named.len();
        named.rotate_left(at);
        let mut headers = HeaderMap::new();
        for (name, value) in named {
            let name = match turns % 2 {
                0 => name,
                _ => name.to_ascii_uppercase(),
            };
            headers.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(&value).unwrap(),
            );
        }
        Wire {
            method: self.method.to_owned(),
            path,
            query: query.join("&"),
            headers,
            body: self.body.clone(),
        }
    }
}

impl Wire {
    fn signed(&self) -> Signed<'_> {
        Signed {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    fn sign(&self, derived: bool) -> String {
        let signed = self.signed();
        match derived {
            false => sign(&signed, KEY, SECRET),
            true => sign_derived(&signed, KEY, SECRET, "cn-north-4", "mpc"),
        }
        .unwrap()
    }

    fn verify(&self, authorization: &str) -> Result<(), SignatureError> {
        let mut headers = self.headers.clone();
        headers.insert("authorization", authorization.parse().unwrap());
        let signed = Signed {
            headers: &headers,
            ..self.signed()
        };
        Claims::read(&headers)?.verify(&signed, SECRET)
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-c /+*~%é=&;]{0,6}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..4),
    ]
}

fn meant() -> impl Strategy<Value = Meant> {
    let segment = "[a-c +*~%é]{0,5}".prop_map(String::into_bytes);
    let key = prop_oneof!["[ab]{1,2}".prop_map(String::into_bytes), bytes()]
        .prop_filter("a pair without anything is none", |key| !key.is_empty());
    let value = "([!-~é]([ -~é]{0,6}[!-~é])?)?".prop_map(String::into_bytes);
    (
        prop::sample::select(vec!["GET", "POST", "DELETE", "PUT"]),
        proptest::collection::vec(segment, 1..4),
        proptest::collection::vec((key, bytes()), 0..5),
        proptest::collection::btree_map("x-[a-c]{1,3}", value, 0..4),
        proptest::collection::vec(any::<u8>(), 0..12),
        any::<bool>(),
    )
        .prop_map(|(method, segments, pairs, headers, body, derived)| Meant {
            method,
            segments,
            pairs,
            headers: headers.into_iter().collect(),
            body,
            derived,
        })
}

/// One bit of one part, the parts chosen by number; `None` where that part has no bit.
fn with_one_bit_changed(
    meant: &Meant,
    part: usize,
    at: prop::sample::Index,
    bit: u8,
) -> Option<Meant> {
    let mut other = meant.clone();
    let parts: Vec<&mut Vec<u8>> = match part {
        0 => other.segments.iter_mut().collect(),
        1 => other.pairs.iter_mut().map(|(key, _)| key).collect(),
        2 => other.pairs.iter_mut().map(|(_, value)| value).collect(),
        3 => other.headers.iter_mut().map(|(_, value)| value).collect(),
        _ => vec![&mut other.body],
    };
    let bits: usize = parts.iter().map(|part| part.len()).sum();
    if bits == 0 {
        return None;
    }
    let mut at = at.index(bits);
    for part in parts {
        if at < part.len() {
            part[at] ^= 1 << bit;
            return Some(other);
        }
        at -= part.len();
    }
    None
}

/// What the signature covers, for comparing: a bit that makes a slash of a byte in the path moves a boundary.
fn said(meant: &Meant) -> impl PartialEq {
    let path = meant.segments.join(&b'/');
    let mut pairs = meant.pairs.clone();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    (path, pairs, meant.headers.clone(), meant.body.clone())
}

proptest! {
    #[test]
    fn an_encoding_changes_nothing(meant in meant(), a: Spelling, b: Spelling, turns in 0_usize..8) {
        let authorization = meant.wire(&a, 0).sign(meant.derived);
        prop_assert_eq!(meant.wire(&b, turns).verify(&authorization), Ok(()));
        prop_assert_eq!(meant.wire(&b, turns).sign(meant.derived), authorization);
    }

    #[test]
    fn one_bit_changes_everything(
        meant in meant(), a: Spelling, part in 0_usize..5, at: prop::sample::Index, bit in 0_u8..8,
    ) {
        let authorization = meant.wire(&a, 0).sign(meant.derived);
        let Some(other) = with_one_bit_changed(&meant, part, at, bit) else { return Ok(()) };
        // Not every byte can stand in a header.
        if other.headers.iter().any(|(_, value)| HeaderValue::from_bytes(value).is_err()) {
            return Ok(());
        }
        // A blank at the end of a header is no part of its value.
        let is_trimmed = other.headers.iter().all(|(_, value)| value.trim_ascii() == value);
        prop_assume!(is_trimmed && said(&other) != said(&meant));
        prop_assert!(other.wire(&a, 0).verify(&authorization).is_err());
    }

    #[test]
    fn one_bit_of_the_claims_changes_everything(meant in meant(), at: prop::sample::Index, bit in 0_u8..7) {
        let wire = meant.wire(&vec![], 0);
        let authorization = wire.sign(meant.derived);
        let mut changed = authorization.clone().into_bytes();
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        let Ok(changed) = String::from_utf8(changed) else { return Ok(()) };
        prop_assume!(changed.parse::<HeaderValue>().is_ok());
        let is_other = match wire.verify(&changed) {
            Err(_) => true,
            // The key's id is no secret: whose key it is decides which secret is taken. Blanks between parts say nothing.
            Ok(()) => {
                let id_at = authorization.find(KEY).unwrap();
                (id_at..id_at + KEY.len()).contains(&at) && !meant.derived
            }
        };
        prop_assert!(is_other, "{}", changed);
    }

    #[test]
    fn the_method_and_the_secret_are_signed(meant in meant(), secret in "[ -~]{1,64}") {
        let mut wire = meant.wire(&vec![], 0);
        let authorization = sign(&wire.signed(), KEY, &secret).unwrap();
        prop_assert_eq!(wire.verify(&authorization).is_ok(), secret == SECRET);
        let authorization = wire.sign(meant.derived);
        wire.method = wire.method.to_ascii_lowercase();
        prop_assert!(wire.verify(&authorization).is_err());
    }

    #[test]
    fn reading_an_authorization_never_panics(parts in "[a-zA-Z0-9;=, /-]{0,60}", v11: bool) {
        let algorithm = if v11 { "V11-HMAC-SHA256" } else { "SDK-HMAC-SHA256" };
        let _ = vector().verify(&format!("{algorithm} {parts}"));
    }
}
