//! Tests of replacing a certificate, on files that change.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use reelgate_service::SystemClock;
use tempfile::TempDir;

use super::*;

fn made() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

struct Home {
    dir: TempDir,
    tls: Tls,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let args = TlsArgs {
            tls_cert: Some(dir.path().join("cert.pem")),
            tls_key: Some(dir.path().join("key.pem")),
        };
        write(dir.path(), &made());
        let tls = Tls::load(&args, Arc::new(SystemClock)).unwrap();
        Self {
            dir,
            tls: tls.expect("it is configured"),
        }
    }

    /// As every few seconds.
    fn look(&mut self) -> Option<[u8; 32]> {
        let content = self.tls.files.read();
        self.tls.look(content, false)
    }
}

fn write(dir: &Path, made: &CertifiedKey<KeyPair>) {
    fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    let key = dir.join("key.pem");
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
}

fn sha256(made: &CertifiedKey<KeyPair>) -> [u8; 32] {
    digest(&SHA256, made.cert.der())
        .as_ref()
        .try_into()
        .unwrap()
}

#[tokio::test]
async fn a_new_pair_is_taken_once_it_is_seen_twice() {
    let mut home = Home::new();
    let first = home.tls.sha256;
    let mut settings = home.tls.settings();
    assert_eq!((home.look(), home.look()), (None, None));
    let next = made();
    write(home.dir.path(), &next);
    assert_eq!(home.look(), None);
    assert!(!settings.has_changed().unwrap());
    assert_eq!(home.look(), Some(sha256(&next)));
    assert!(settings.has_changed().unwrap());
    settings.mark_unchanged();
    assert_ne!(home.tls.sha256, first);
    assert_eq!((home.look(), home.look()), (None, None));
    assert!(!settings.has_changed().unwrap());
}

#[tokio::test]
async fn one_who_asks_does_not_wait() {
    let mut home = Home::new();
    let next = made();
    write(home.dir.path(), &next);
    let content = home.tls.files.read();
    assert_eq!(home.tls.look(content, true), Some(sha256(&next)));
}

/// They are written one after the other, and a look may come in between.
#[tokio::test]
async fn what_is_half_written_leaves_the_old_pair_in_use() {
    let mut home = Home::new();
    let next = made();
    let settings = home.tls.settings();
    fs::write(home.dir.path().join("cert.pem"), next.cert.pem()).unwrap();
    for _ in 0..3 {
        assert_eq!(home.look(), None);
    }
    fs::remove_file(home.dir.path().join("key.pem")).unwrap();
    for _ in 0..3 {
        assert_eq!(home.look(), None);
    }
    assert!(!settings.has_changed().unwrap());
    write(home.dir.path(), &next);
    assert_eq!((home.look(), home.look()), (None, Some(sha256(&next))));
}

/// The log would say the same every few seconds.
#[tokio::test]
async fn a_pair_is_refused_once_and_again_only_when_somebody_asks() {
    let mut home = Home::new();
    fs::write(home.dir.path().join("cert.pem"), "nothing").unwrap();
    home.look();
    assert_eq!(home.tls.looks.refused, None);
    home.look();
    let refused = home.tls.looks.refused;
    assert!(refused.is_some());
    home.tls.looks.refused = refused;
    let seen = refused.unwrap();
    assert!(!home.tls.looks.is_new(seen));
    let content = home.tls.files.read();
    assert_eq!(home.tls.look(content, true), None);
    assert_eq!(home.tls.looks.refused, refused);
}

#[tokio::test]
async fn watching_ends_with_the_last_user_of_the_settings() {
    let home = Home::new();
    let settings = home.tls.settings();
    let watching = tokio::spawn(home.tls.keep_up(|_| ()));
    assert!(!watching.is_finished());
    drop(settings);
    watching.await.unwrap();
}
