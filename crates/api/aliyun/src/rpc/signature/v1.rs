//! Signature version 1.0: an HMAC over all parameters, which carry the signature themselves.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use ring::hmac;

use super::{Claims, Signed, write_pairs};
use crate::rpc::encoding::encode_twice_into;
use crate::rpc::errors::{ApiError, CommonError};
use crate::rpc::params::Params;

/// What a V1 request has to prove.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof<'a> {
    algorithm: hmac::Algorithm,
    signature: &'a str,
}

/// Reads the claims from the parameters.
pub(super) fn claims<'a>(params: &'a Params, headers: &HeaderMap) -> Result<Claims<'a>, ApiError> {
    let Some(signature) = params.get("Signature") else {
        return Err(unsigned(headers));
    };
    let key_id = params.required("AccessKeyId")?;
    let algorithm = algorithm(params.required("SignatureMethod")?)?;
    if params.required("SignatureVersion")? != "1.0" {
        return Err(CommonError::Invalid("SignatureVersion").into());
    }
    Ok(Claims {
        key_id,
        // Clients that have none may send an empty one.
        security_token: params
            .get("SecurityToken")
            .filter(|token| !token.is_empty()),
        timestamp: params.required("Timestamp")?,
        // An empty one would be the same for all who forget theirs.
        nonce: params
            .get("SignatureNonce")
            .filter(|nonce| !nonce.is_empty())
            .ok_or(CommonError::Missing("SignatureNonce"))?,
        proof: super::Proof::V1(Proof {
            algorithm,
            signature,
        }),
    })
}

/// A request of neither scheme: it may carry an `Authorization` of some other kind, or nothing at all.
fn unsigned(headers: &HeaderMap) -> ApiError {
    if headers.contains_key(http::header::AUTHORIZATION) {
        CommonError::IncompleteSignature("none, the Authorization header is not of ACS3").into()
    } else {
        CommonError::Missing("Signature").into()
    }
}

/// The documentation itself spells the method in different cases.
fn algorithm(method: &str) -> Result<hmac::Algorithm, ApiError> {
    if method.eq_ignore_ascii_case("HMAC-SHA1") {
        Ok(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)
    } else if method.eq_ignore_ascii_case("HMAC-SHA256") {
        Ok(hmac::HMAC_SHA256)
    } else {
        Err(CommonError::InvalidSignatureMethod.into())
    }
}

/// The string to sign: all parameters but the signature, encoded, joined, and encoded once more as a whole.
pub fn string_to_sign(method: &str, params: &Params) -> String {
    let mut out = String::with_capacity(1536);
    out.push_str(method);
    out.push_str("&%2F&");
    let covered = params.iter().filter(|(name, _)| *name != "Signature");
    write_pairs(&mut out, covered, encode_twice_into, "%3D", "%26");
    out
}

/// Signs parameters that already hold everything else, `SignatureMethod` included; returns the value of `Signature`.
pub fn sign_v1(method: &str, params: &Params, secret: &str) -> Result<String, ApiError> {
    let key = key(algorithm(params.required("SignatureMethod")?)?, secret);
    let tag = hmac::sign(&key, string_to_sign(method, params).as_bytes());
    Ok(BASE64.encode(tag))
}

fn key(algorithm: hmac::Algorithm, secret: &str) -> hmac::Key {
    hmac::Key::new(algorithm, [secret, "&"].concat().as_bytes())
}

impl Proof<'_> {
    pub(super) fn verify(&self, signed: &Signed<'_>, secret: &str) -> Result<(), ApiError> {
        let string_to_sign = string_to_sign(signed.method, signed.params);
        let Ok(signature) = BASE64.decode(self.signature) else {
            return Err(CommonError::IncompleteSignature(&string_to_sign).into());
        };
        hmac::verify(
            &key(self.algorithm, secret),
            string_to_sign.as_bytes(),
            &signature,
        )
        .map_err(|_differs| CommonError::SignatureDoesNotMatch(&string_to_sign).into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scheme;
    use super::*;

    const SECRET: &str = "SKEXAMPLEsecret0001";
    /// The pairs that most vectors share.
    const COMMON: [(&str, &str); 5] = [
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "0123456789abcdef0123456789abcdef"),
        ("Timestamp", "2026-01-02T03:04:05Z"),
        ("AccessKeyId", "AKIDEXAMPLE0001"),
    ];
    /// What the old core adds to them.
    const OLD_CORE: [(&str, &str); 3] = [
        ("Format", "JSON"),
        ("RegionId", "cn-hangzhou"),
        ("SignatureType", ""),
    ];
    const CANCEL: [(&str, &str); 2] = [("Action", "CancelJob"), ("Version", "2014-06-18")];

    fn params(groups: &[&[(&str, &str)]]) -> Params {
        Params::from_pairs(groups.concat()).unwrap()
    }

    fn check(method: &str, params: &Params, secret: &str, expected: &str) {
        assert_eq!(sign_v1(method, params, secret).unwrap(), expected);

        let signature = [("Signature", expected)];
        let sent = Params::from_pairs(params.iter().chain(signature)).unwrap();
        assert_eq!(
            verify(method, &sent, secret).map_err(|error| error.code),
            Ok(())
        );
        let error = verify(method, &sent, "other").unwrap_err();
        assert_eq!(error.code, "SignatureDoesNotMatch");
        let string_to_sign = string_to_sign(method, params);
        assert_eq!(
            error.message.split(':').nth(1),
            Some(string_to_sign.as_str())
        );
    }

    fn verify(method: &str, params: &Params, secret: &str) -> Result<(), ApiError> {
        let signed = Signed {
            method,
            params,
            headers: &HeaderMap::new(),
            body: b"",
        };
        Claims::read(Scheme::V1, &signed)?.verify(&signed, secret)
    }

    #[test]
    fn vector_1_post() {
        let params = params(&[&CANCEL, &OLD_CORE, &COMMON, &[("JobId", "j 1+*~/é")]]);
        let expected = "POST&%2F&AccessKeyId%3DAKIDEXAMPLE0001%26Action%3DCancelJob%26Format%3DJSON\
                        %26JobId%3Dj%25201%252B%252A~%252F%25C3%25A9%26RegionId%3Dcn-hangzhou\
                        %26SignatureMethod%3DHMAC-SHA1\
                        %26SignatureNonce%3D0123456789abcdef0123456789abcdef%26SignatureType%3D\
                        %26SignatureVersion%3D1.0%26Timestamp%3D2026-01-02T03%253A04%253A05Z\
                        %26Version%3D2014-06-18";
        assert_eq!(string_to_sign("POST", &params), expected);
        check("POST", &params, SECRET, "AsjAUplQlDuxThfCgdd9X5z5fWk=");
    }

    #[test]
    fn vector_2_get() {
        let stop = [
            ("Action", "StopEdgeTranscodeJob"),
            ("Version", "2016-11-01"),
        ];
        let job = [("ClusterId", "c-1"), ("JobId", "job-1")];
        let params = params(&[&stop, &job, &OLD_CORE, &COMMON]);
        check("GET", &params, SECRET, "XUVFX3XchVzc8N0+R8Bdjp4SFVU=");
    }

    #[test]
    fn vector_3_business_parameter_in_the_form_body() {
        let query = "SignatureVersion=1.0&Action=CancelJob&Format=JSON&RegionId=cn-hangzhou\
                     &SignatureMethod=HMAC-SHA1&SignatureNonce=0123456789abcdef0123456789abcdef\
                     &SignatureType=&Timestamp=2026-01-02T03%3A04%3A05Z&Version=2014-06-18\
                     &AccessKeyId=AKIDEXAMPLE0001";
        let params = Params::parse(query.as_bytes(), Some(b"JobId=j+1")).unwrap();
        check("POST", &params, SECRET, "fOmVcpfo1NfW/+ykBzbLdrxATDM=");
    }

    #[test]
    fn vector_4_new_sdk_in_v2_mode() {
        let own = [("Format", "json"), ("JobId", "j 1")];
        let params = params(&[&CANCEL, &own, &COMMON]);
        check("POST", &params, SECRET, "AYQMn8MMbLGjowiJP6mOTvMiiEY=");
    }

    #[test]
    fn vector_5_documented_sample() {
        let params = params(&[&[
            ("Timestamp", "2015-05-14T09:03:45Z"),
            ("Format", "XML"),
            ("AccessKeyId", "testId"),
            ("Action", "SearchTemplate"),
            ("PageSize", "2"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", "4902260a-516a-4b6a-a455-45b653cf6150"),
            ("SignatureVersion", "1.0"),
            ("Version", "2014-06-18"),
        ]]);
        check(
            "GET",
            &params,
            "testKeySecret",
            "kmDv4mWo806GWPjQMy2z4VhBBDQ=",
        );
    }

    #[test]
    fn everything_but_the_signature_is_signed() {
        let params = params(&[&[
            ("SecurityToken", "t"),
            ("Signature", "s"),
            ("SignatureType", ""),
            ("a", "b"),
        ]]);
        let expected = "GET&%2F&SecurityToken%3Dt%26SignatureType%3D%26a%3Db";
        assert_eq!(string_to_sign("GET", &params), expected);
    }

    #[test]
    fn sha256_is_an_option_and_case_does_not_matter() {
        let mut pairs = [&CANCEL[..], &COMMON].concat();
        pairs[2].1 = "hmac-sha256";
        let unsigned = Params::from_pairs(pairs.clone()).unwrap();
        let signature = sign_v1("GET", &unsigned, SECRET).unwrap();
        assert_eq!(BASE64.decode(&signature).unwrap().len(), 32);
        pairs.push(("Signature", &signature));
        assert!(verify("GET", &Params::from_pairs(pairs).unwrap(), SECRET).is_ok());
    }

    #[test]
    fn incomplete_or_foreign_claims_are_refused_by_name() {
        let signed = [&COMMON[..], &[("Signature", "AA==")]].concat();
        let code = |pairs: &[(&str, &str)]| {
            let params = Params::from_pairs(pairs.to_vec()).unwrap();
            verify("GET", &params, SECRET)
                .unwrap_err()
                .code
                .into_owned()
        };
        for (name, _) in &signed {
            let rest: Vec<_> = signed
                .iter()
                .copied()
                .filter(|(other, _)| other != name)
                .collect();
            assert_eq!(code(&rest), format!("Missing{name}"));
        }
        for (name, value, expected) in [
            ("SignatureMethod", "HMAC-MD5", "InvalidSignatureMethod"),
            ("SignatureVersion", "2.0", "InvalidSignatureVersion"),
            ("Signature", "no base64", "IncompleteSignature"),
            ("Signature", "", "SignatureDoesNotMatch"),
            ("Signature", "AA==", "SignatureDoesNotMatch"),
        ] {
            let replace = |pair: &(&'static str, &'static str)| {
                if pair.0 == name { (name, value) } else { *pair }
            };
            let changed: Vec<_> = signed.iter().map(replace).collect();
            assert_eq!(code(&changed), expected, "{name}={value}");
        }
    }

    #[test]
    fn an_authorization_of_another_kind_is_an_incomplete_signature() {
        let headers = HeaderMap::from_iter([(
            http::header::AUTHORIZATION,
            http::HeaderValue::from_static("Bearer t"),
        )]);
        let error = claims(&Params::from_pairs([]).unwrap(), &headers).unwrap_err();
        assert_eq!(error.code, "IncompleteSignature");
    }
}
