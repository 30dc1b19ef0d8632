//! What the fuzz targets share: taking an input apart, changing one byte of a request, and checks of what was accepted.

use reelgate_domain::ObjectKey;
use reelgate_domain::job::{JobSpec, Origin};
use reelgate_service::SubmitJob;

/// The lines of an input, up to `N`; the last one is all the rest. Missing ones are empty.
pub fn lines<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == b'\n');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// A change to some text: `at:with`, where `at` is reduced to a place in it and `with` replaces what is there, byte for
/// byte, or is put in after a `+`. `None` if nothing changes.
pub fn tampered(text: &[u8], change: &[u8]) -> Option<Vec<u8>> {
    let split = change.iter().position(|byte| *byte == b':')?;
    let at: usize = std::str::from_utf8(&change[..split]).ok()?.parse().ok()?;
    let with = &change[split + 1..];
    let at = at % (text.len() + 1);
    let mut changed = text.to_vec();
    match with.strip_prefix(b"+") {
        Some(added) => drop(changed.splice(at..at, added.iter().copied())),
        None => {
            let end = text.len().min(at + with.len());
            changed.splice(at..end, with.iter().copied());
        }
    }
    (changed != text).then_some(changed)
}

/// Checks a job that a reader accepted: the domain takes it too, its keys stay in their buckets, and what the store
/// writes of it reads back.
pub fn check_job(job: &SubmitJob) {
    let objects = job.spec.targets().into_iter().chain(job.spec.input());
    objects.for_each(|object| check_key(&object.key));
    // What is out of range in jobs of other kinds is found when they are submitted.
    if let JobSpec::Transcode(spec) = &job.spec {
        for output in &spec.outputs {
            output.validate().expect("an accepted output is in range");
        }
    }
    let written = serde_json::to_vec(&job.spec).expect("a job can be written");
    let read: JobSpec = serde_json::from_slice(&written).expect("a written job reads back");
    assert_eq!(read, job.spec, "a job reads back as it was written");
    if let Some(origin) = &job.origin {
        assert!(origin.fits(), "the copy of the request fits");
        let written = serde_json::to_vec(origin).expect("a request can be written");
        let read = serde_json::from_slice::<Origin>(&written);
        assert!(read.is_ok(), "the copy of a request reads back: {read:?}");
    }
}

/// Checks that a key's file lies in its bucket and outside the folder for unfinished files.
pub fn check_key(key: &ObjectKey) {
    use std::path::{Component, Path};

    let root = Path::new("/data/buckets/media");
    let path = root.join(key.as_str());
    let below = path
        .strip_prefix(root)
        .expect("the file lies in the bucket");
    let mut names = below.components();
    assert!(
        below
            .components()
            .all(|part| matches!(part, Component::Normal(_))),
        "{below:?}"
    );
    let first = names.next().expect("the file is not the bucket itself");
    assert_ne!(
        first.as_os_str(),
        ObjectKey::RESERVED,
        "the reserved folder"
    );
    assert_eq!(below.as_os_str(), key.as_str(), "a key names one file only");
    assert!(
        !key.as_str().bytes().any(|byte| byte < 0x20 || byte == 0x7f),
        "control characters"
    );
    assert_eq!(format!("{}{}", key.folder(), key.file_name()), key.as_str());
    assert_eq!(ObjectKey::new(key.as_str()).as_ref(), Ok(key));
}
