//! Tests of certificates and keys in files.

use std::fs::{self, Permissions};

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
};
use tempfile::TempDir;

use super::*;

/// A 2048-bit RSA key in both of its forms, and an elliptic one in the older of its own, all made for these tests.
const RSA_PKCS8: &str = include_str!("tests/rsa_pkcs8.pem");
const RSA_PKCS1: &str = include_str!("tests/rsa_pkcs1.pem");
const EC_SEC1: &str = include_str!("tests/ec_sec1.pem");
const EC_PKCS8: &str = include_str!("tests/ec_pkcs8.pem");

struct Home {
    dir: TempDir,
    files: Files,
}

impl Home {
    fn new(certificate: &str, key: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let files = Files {
            certificate: dir.path().join("cert.pem"),
            key: dir.path().join("key.pem"),
        };
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        fs::set_permissions(&files.key, Permissions::from_mode(0o600)).unwrap();
        Self { dir, files }
    }

    fn error(&self) -> String {
        let refused = self.files.identity().err().expect("it is refused");
        let text = format!("{refused:#}");
        text.replace(&*self.dir.path().to_string_lossy(), "DIR")
    }
}

fn self_signed(key: &KeyPair) -> String {
    let params = CertificateParams::new(["h.example.com".to_owned(), "10.0.0.1".to_owned()]);
    params.unwrap().self_signed(key).unwrap().pem()
}

#[test]
fn keys_are_taken_in_every_usual_form() {
    for (pkcs8, given) in [
        (RSA_PKCS8, RSA_PKCS8),
        (RSA_PKCS8, RSA_PKCS1),
        (EC_PKCS8, EC_PKCS8),
        (EC_PKCS8, EC_SEC1),
    ] {
        let pair = KeyPair::from_pem(pkcs8).unwrap();
        let home = Home::new(&self_signed(&pair), given);
        let identity = home.files.identity();
        assert!(identity.is_ok(), "{:?}", identity.err());
    }
    for algorithm in [&PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let home = Home::new(&self_signed(&pair), &pair.serialize_pem());
        assert!(home.files.identity().is_ok());
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_the_file_and_the_reason() {
    let pair = KeyPair::generate().unwrap();
    let (cert, key) = (self_signed(&pair), pair.serialize_pem());
    let other = KeyPair::generate().unwrap().serialize_pem();
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (certificate, key, expected) in [
        ("", &*key, "DIR/cert.pem has no certificate in PEM"),
        (&*key, &*key, "DIR/cert.pem has no certificate in PEM"),
        (not_der, &*key, "DIR/cert.pem is damaged: "),
        (&cert[..cert.len() / 2], &*key, "DIR/cert.pem is damaged: "),
        (
            &*cert,
            "",
            "DIR/key.pem has no private key in PEM (PKCS#8, PKCS#1 or SEC1)",
        ),
        (
            &*cert,
            &*encrypted,
            "the key DIR/key.pem is encrypted: give one that is not",
        ),
        (
            &*cert,
            &key[..key.len() / 2],
            "the key DIR/key.pem is damaged: ",
        ),
        (
            &*cert,
            &*other,
            "the key DIR/key.pem is not that of the certificate DIR/cert.pem",
        ),
        (
            &*cert,
            RSA_PKCS1,
            "the key DIR/key.pem is not that of the certificate DIR/cert.pem",
        ),
    ] {
        let error = Home::new(certificate, key).error();
        assert!(error.starts_with(expected), "{error}");
    }
    let home = Home::new(&cert, &key);
    fs::remove_file(&home.files.key).unwrap();
    assert!(
        home.error()
            .starts_with("the key DIR/key.pem cannot be read: ")
    );
}

#[test]
fn a_key_that_others_may_read_is_refused_with_the_fix() {
    let pair = KeyPair::generate().unwrap();
    let home = Home::new(&self_signed(&pair), &pair.serialize_pem());
    for (mode, is_fit) in [
        (0o400, true),
        (0o640, true),
        (0o644, false),
        (0o604, false),
        (0o620, false),
    ] {
        fs::set_permissions(&home.files.key, Permissions::from_mode(mode)).unwrap();
        if is_fit {
            assert!(home.files.identity().is_ok());
        } else {
            let fix = format!("open to others (mode {mode:04o}): run `chmod 600 DIR/key.pem`");
            assert!(home.error().ends_with(&fix), "{}", home.error());
        }
    }
}

#[test]
fn a_certificate_says_whom_it_is_for_and_how_long() {
    let day = Duration::from_secs(24 * 60 * 60);
    let pair = KeyPair::generate().unwrap();
    let mut params =
        CertificateParams::new(["h.example.com".to_owned(), "::1".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2030, 1, 1);
    params.not_after = rcgen::date_time_ymd(2030, 12, 31);
    let begin = Timestamp::from_millis(1_893_456_000_000);
    let facts = |params: &CertificateParams| {
        let certificate = params.clone().self_signed(&pair).unwrap();
        Facts::of(certificate.der()).unwrap()
    };
    let found = facts(&params);
    assert_eq!(found.names, ["h.example.com", "::1"]);
    assert_eq!(found.valid_until(), "2030-12-31T00:00:00Z");
    let advice = |days: u32| found.advice(begin.after(day * days)).join("; ");
    assert_eq!(advice(10), "");
    assert!(found.is_valid_at(begin) && found.is_valid_at(begin.after(day * 364)));
    assert!(advice(355).contains("ends at 2030-12-31T00:00:00Z"));
    assert!(advice(365).contains("ended at 2030-12-31T00:00:00Z"));
    assert!(!found.is_valid_at(begin.after(day * 365)));
    let early = Timestamp::from_millis(0);
    assert!(found.advice(early)[0].contains("from 2030-01-01T00:00:00Z only"));

    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.subject_alt_names.clear();
    let advice = facts(&params).advice(begin);
    assert!(
        advice[0].contains("subjectAltName") && advice[1].contains("CA:FALSE"),
        "{advice:?}"
    );
}
