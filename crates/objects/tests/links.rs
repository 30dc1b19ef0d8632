//! What somebody with access to a bucket's directory may have put there beside files: links of every kind, pipes,
//! devices, sockets, and very many files.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may fail like the tests themselves"
)]

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use reelgate_domain::ObjectKey;
use reelgate_objects::{Directory, ObjectError, Room};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

/// More than any of these calls needs, less than for ever.
const PATIENCE: Duration = Duration::from_secs(120);

const ROOM: Room = Room {
    limit_bytes: 10,
    floor_bytes: 0,
};

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

fn bucket() -> (TempDir, Directory) {
    let dir = tempfile::tempdir().unwrap();
    let bucket = Directory::make(&dir.path().join("bucket")).unwrap();
    std::fs::write(dir.path().join("secret"), "secret").unwrap();
    std::fs::create_dir(dir.path().join("outside")).unwrap();
    std::fs::write(dir.path().join("outside/file"), "secret").unwrap();
    (dir, bucket)
}

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

async fn put(bucket: &Directory, name: &str) -> Result<(), ObjectError> {
    let content = stream::iter([Ok::<_, String>(Bytes::from_static(b"new"))]);
    let stored = bucket.put(&key(name), content, ROOM, "upload").await;
    stored.map(drop)
}

/// In one word, what reading, describing, handing to a process and deleting come to.
async fn outcomes(bucket: &Directory, name: &str) -> [&'static str; 4] {
    fn word<T>(result: Result<T, ObjectError>) -> &'static str {
        match result {
            Ok(_) => "found",
            Err(ObjectError::Missing(_)) => "missing",
            Err(ObjectError::Outside(_)) => "outside",
            Err(other) => panic!("{other:?}"),
        }
    }
    let key = key(name);
    let all = async {
        [
            word(bucket.get(&key).await),
            word(bucket.head(&key).await),
            word(bucket.local_path(&key).await),
            match bucket.delete(&key).await {
                Ok(true) => "found",
                Ok(false) => "missing",
                Err(error) => word(Err::<(), _>(error)),
            },
        ]
    };
    tokio::time::timeout(PATIENCE, all).await.expect(name)
}

#[tokio::test]
async fn links_that_lead_out_of_the_bucket_are_refused_and_stay() {
    let (dir, bucket) = bucket();
    let root = dir.path().join("bucket");
    let secret = dir.path().join("secret");
    symlink(&secret, root.join("absolute")).unwrap();
    symlink("../secret", root.join("relative")).unwrap();
    symlink("relative", root.join("twice")).unwrap();
    symlink("/etc/passwd", root.join("system")).unwrap();
    symlink(dir.path().join("outside"), root.join("folder")).unwrap();
    for name in ["absolute", "relative", "twice", "system", "folder/file"] {
        assert_eq!(outcomes(&bucket, name).await, ["outside"; 4], "{name}");
    }
    assert!(matches!(
        put(&bucket, "folder/new").await,
        Err(ObjectError::Outside(_))
    ));
    assert!(!dir.path().join("outside/new").exists());
    assert_eq!(std::fs::read(&secret).unwrap(), b"secret");
    assert!(bucket.list("", None, 100).await.unwrap().objects.is_empty());
}

#[tokio::test]
async fn links_that_lead_nowhere_are_no_objects() {
    let (dir, bucket) = bucket();
    let root = dir.path().join("bucket");
    symlink("gone", root.join("dangling")).unwrap();
    symlink("circle", root.join("circle")).unwrap();
    symlink("pong", root.join("ping")).unwrap();
    symlink("ping", root.join("pong")).unwrap();
    symlink(".", root.join("self")).unwrap();
    for name in [
        "dangling",
        "circle",
        "ping",
        "circle/below",
        "dangling/below",
        "self",
    ] {
        assert_eq!(outcomes(&bucket, name).await, ["missing"; 4], "{name}");
    }
    for name in ["circle/below", "dangling/below"] {
        assert!(
            matches!(put(&bucket, name).await, Err(ObjectError::Collision(_))),
            "{name}"
        );
    }
    assert!(bucket.list("", None, 100).await.unwrap().objects.is_empty());
}

#[tokio::test]
async fn a_link_to_an_object_reads_as_that_object() {
    let (dir, bucket) = bucket();
    let root = dir.path().join("bucket");
    put(&bucket, "a/real").await.unwrap();
    symlink("a/real", root.join("link")).unwrap();
    symlink("a", root.join("folder")).unwrap();
    for name in ["link", "folder/real"] {
        assert_eq!(bucket.head(&key(name)).await.unwrap().bytes, 3, "{name}");
    }
    // A new object takes the place of the link and leaves what it led to.
    put(&bucket, "link").await.unwrap();
    assert!(!root.join("link").is_symlink());
    assert!(root.join("a/real").exists());
}

/// Opening one waited for a writer, with a thread that nothing could get back.
#[tokio::test]
async fn pipes_devices_and_sockets_are_no_objects_and_block_nothing() {
    let (dir, bucket) = bucket();
    let root = dir.path().join("bucket");
    pipe(&root.join("pipe"));
    symlink("pipe", root.join("to-pipe")).unwrap();
    symlink("/dev/zero", root.join("device")).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    for name in ["pipe", "to-pipe", "socket", "pipe/below"] {
        assert_eq!(outcomes(&bucket, name).await, ["missing"; 4], "{name}");
        assert!(root.join("pipe").exists());
    }
    assert_eq!(outcomes(&bucket, "device").await, ["outside"; 4]);
    let listing = tokio::time::timeout(PATIENCE, bucket.list("", None, 100)).await;
    assert!(listing.unwrap().unwrap().objects.is_empty());
    // A whole object takes the place of a pipe as it does of any name.
    put(&bucket, "pipe").await.unwrap();
    assert_eq!(bucket.head(&key("pipe")).await.unwrap().bytes, 3);
}

#[tokio::test]
async fn names_that_are_no_text_are_left_out_of_listings() {
    use std::os::unix::ffi::OsStrExt;

    let (dir, bucket) = bucket();
    let name = std::ffi::OsStr::from_bytes(b"not-\xff-text");
    std::fs::write(dir.path().join("bucket").join(name), "x").unwrap();
    std::fs::write(dir.path().join("bucket/a\nb"), "x").unwrap();
    put(&bucket, "text").await.unwrap();
    let listing = bucket.list("", None, 100).await.unwrap();
    let keys: Vec<_> = listing
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    assert_eq!(keys, ["text"]);
}

#[tokio::test]
async fn a_folder_of_100_000_files_is_listed_page_by_page() {
    const FILES: usize = 100_000;
    let (dir, bucket) = bucket();
    let folder = dir.path().join("bucket/many");
    std::fs::create_dir(&folder).unwrap();
    for number in 0..FILES {
        std::fs::File::create(folder.join(format!("{number:06}"))).unwrap();
    }
    for after in [None, Some("many/049999"), Some("many/099899")] {
        let page = tokio::time::timeout(PATIENCE, bucket.list("many/", after, 100)).await;
        let page = page.unwrap().unwrap();
        let first = after.map_or(0, |after| after[5..].parse::<usize>().unwrap() + 1);
        let expected: Vec<_> = (first..first + 100)
            .map(|n| format!("many/{n:06}"))
            .collect();
        let found: Vec<_> = page.objects.iter().map(|o| o.key.to_string()).collect();
        assert_eq!(found, expected);
        assert_eq!(page.truncated, first + 100 < FILES);
    }
}
