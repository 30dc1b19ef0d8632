//! What every place does alike.

use bytes::Bytes;
use futures_util::stream;
use reelgate_domain::ObjectKey;
use reelgate_domain::stream::StreamId;
use reelgate_objects::{ByteRange, ObjectError, Readable};

use crate::house::{House, Kind, ROOM, SIZES, content, key, read};

// A macro, because each case is a test in each place.
macro_rules! in_every_place {
    ($($case:ident),* $(,)?) => {
        mod directory {
            $(#[tokio::test]
            async fn $case() { super::$case(super::Kind::Directory).await; })*
        }
        mod s3_path {
            $(#[tokio::test]
            async fn $case() { super::$case(super::Kind::Path).await; })*
        }
        mod s3_virtual {
            $(#[tokio::test]
            async fn $case() { super::$case(super::Kind::Virtual).await; })*
        }
        mod s3_prefix {
            $(#[tokio::test]
            async fn $case() { super::$case(super::Kind::Prefix).await; })*
        }
    };
}

in_every_place!(
    an_object_is_read_back_and_replaced_whole,
    large_objects_are_stored_in_one_piece_whatever_their_size,
    a_part_of_an_object_is_read,
    what_is_not_there_is_missing,
    an_upload_over_the_limit_or_broken_off_leaves_nothing,
    deleting_takes_one_object,
    listings_come_in_pages_in_the_order_of_bytes,
    keys_may_have_any_characters,
    an_object_is_fetched_for_a_process,
    an_empty_object_is_one,
    finished_files_are_taken_in_whatever_their_size,
    a_streams_picture_is_kept_where_no_listing_shows_it,
);

async fn an_object_is_read_back_and_replaced_whole(kind: Kind) {
    let house = House::new(kind).await;
    let first = house.put("a/b.mp4", b"one").await.unwrap();
    assert_eq!((first.bytes, first.content_type), (3, "video/mp4"));
    assert_eq!(
        house.bucket.head(&key("a/b.mp4")).await.unwrap().etag,
        first.etag
    );
    let second = house.put("a/b.mp4", b"three").await.unwrap();
    assert_ne!(first.etag, second.etag);
    assert!(second.etag.starts_with('"') && second.etag.ends_with('"'));
    let seen = house.bucket.head(&key("a/b.mp4")).await.unwrap();
    assert_eq!((seen.bytes, &seen.etag), (5, &second.etag));
    assert!(
        seen.modified
            .as_millis()
            .abs_diff(second.modified.as_millis())
            < 60_000
    );
    assert_eq!(house.get("a/b.mp4").await.unwrap(), b"three");
}

async fn large_objects_are_stored_in_one_piece_whatever_their_size(kind: Kind) {
    let house = House::new(kind).await;
    let part = usize::try_from(SIZES.part).unwrap();
    for bytes in [part - 1, part, part + 1, 2 * part, 2 * part + 1] {
        let all = content(bytes);
        let stored = house.put("large", &all).await.unwrap();
        assert_eq!(stored.bytes, bytes as u64);
        assert!(house.get("large").await.unwrap() == all, "{bytes} bytes");
    }
    assert_eq!(house.names("").await, ["large"]);
}

async fn a_part_of_an_object_is_read(kind: Kind) {
    let house = House::new(kind).await;
    house.put("digits", b"0123456789").await.unwrap();
    for (range, part) in [
        (ByteRange::Between(0, Some(3)), &b"0123"[..]),
        (ByteRange::Between(7, None), b"789"),
        (ByteRange::Between(9, Some(100)), b"9"),
        (ByteRange::Last(2), b"89"),
        (ByteRange::Last(100), b"0123456789"),
    ] {
        let object = house.bucket.get(&key("digits")).await.unwrap();
        let (offset, length) = range.within(object.meta.bytes).unwrap();
        assert_eq!(read(object, offset, length).await.unwrap(), part);
    }
    assert_eq!(ByteRange::Between(10, None).within(10), None);
}

async fn what_is_not_there_is_missing(kind: Kind) {
    let house = House::new(kind).await;
    house.put("a/b", b"x").await.unwrap();
    for name in ["b", "a", "a/b/c", "a/bc"] {
        let missing = |error| matches!(error, ObjectError::Missing(_));
        assert!(
            missing(house.bucket.head(&key(name)).await.unwrap_err()),
            "{name}"
        );
        assert!(missing(house.get(name).await.unwrap_err()), "{name}");
        assert!(
            missing(house.bucket.readable(&key(name)).await.unwrap_err()),
            "{name}"
        );
        assert!(!house.bucket.delete(&key(name)).await.unwrap(), "{name}");
    }
}

async fn an_upload_over_the_limit_or_broken_off_leaves_nothing(kind: Kind) {
    let house = House::new(kind).await;
    house.put("a", b"old").await.unwrap();
    let too_much = usize::try_from(ROOM.limit_bytes).unwrap() + 1;
    let refused = house.put("a", &content(too_much)).await;
    assert!(
        matches!(refused, Err(ObjectError::TooLarge { .. })),
        "{refused:?}"
    );
    for before in [1, 6] {
        let pieces = (0..before).map(|_| Ok(Bytes::from(vec![0; 1 << 20])));
        let broken = stream::iter(pieces.chain([Err("reset")]));
        let refused = house.bucket.put(&key("a"), broken, ROOM, "broken").await;
        assert!(
            matches!(refused, Err(ObjectError::Upload { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(house.get("a").await.unwrap(), b"old");
    assert_eq!(house.names("").await, ["a"]);
    if let Some(server) = &house.server {
        assert!(server.uploads().is_empty());
    }
}

async fn deleting_takes_one_object(kind: Kind) {
    let house = House::new(kind).await;
    for name in ["a/b", "a/bc", "d"] {
        house.put(name, b"x").await.unwrap();
    }
    assert!(house.bucket.delete(&key("a/b")).await.unwrap());
    assert!(!house.bucket.delete(&key("a/b")).await.unwrap());
    assert_eq!(house.names("").await, ["a/bc", "d"]);
}

async fn listings_come_in_pages_in_the_order_of_bytes(kind: Kind) {
    let house = House::new(kind).await;
    let all = [".reel", ".reelgate0", "a.b", "a/1", "a/2", "a0", "b/c/d"];
    for name in all {
        house.put(name, name.as_bytes()).await.unwrap();
    }
    // What the program keeps for itself is not listed, however much there is of it.
    let file = tempfile::NamedTempFile::new().unwrap();
    let job = reelgate_domain::JobId::from_bytes([7; 16]);
    for number in 0..3 {
        let name = key(&format!("{number}"));
        let path = file.path().with_extension(number.to_string());
        std::fs::write(&path, "x").unwrap();
        house
            .bucket
            .stage_file((job, 1), &path, &name)
            .await
            .unwrap();
        let _ = std::fs::remove_file(path);
    }
    for limit in [1, 2, 3, 7, 100] {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = house
                .bucket
                .list("", after.as_deref(), limit)
                .await
                .unwrap();
            assert!(page.objects.len() <= limit);
            found.extend(page.objects.iter().map(|object| object.key.to_string()));
            after = page.objects.last().map(|object| object.key.to_string());
            if !page.truncated {
                break;
            }
        }
        assert_eq!(found, all, "pages of {limit}");
    }
    assert_eq!(house.names("a/").await, ["a/1", "a/2"]);
    assert_eq!(house.names("b/c").await, ["b/c/d"]);
    assert!(house.names("c").await.is_empty());
    let listed = house
        .bucket
        .list("a.", None, 9)
        .await
        .unwrap()
        .objects
        .remove(0);
    let seen = house.bucket.head(&key("a.b")).await.unwrap();
    assert_eq!((listed.bytes, listed.etag), (3, seen.etag));
}

async fn keys_may_have_any_characters(kind: Kind) {
    let house = House::new(kind).await;
    for name in [
        "a b/\u{e9}+%~*'()!.mp4",
        "&<>\"?#;=@,:$",
        "\u{65e5}\u{672c}",
        " lead",
        "100%25",
    ] {
        assert!(ObjectKey::new(name).is_ok());
        house.put(name, name.as_bytes()).await.unwrap();
        assert_eq!(house.get(name).await.unwrap(), name.as_bytes(), "{name}");
        assert_eq!(house.names(name).await, [name]);
        assert!(house.bucket.delete(&key(name)).await.unwrap(), "{name}");
    }
}

async fn an_object_is_fetched_for_a_process(kind: Kind) {
    let house = House::new(kind).await;
    let all = content(3 << 20);
    house.put("a/in.mp4", &all).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = match house.bucket.readable(&key("a/in.mp4")).await.unwrap() {
        Readable::Here(path) => path,
        Readable::Away(meta) => {
            assert_eq!(meta.bytes, 3 << 20);
            let path = dir.path().join("in.mp4");
            house.bucket.fetch(&meta, &path).await.unwrap();
            path
        }
    };
    assert!(std::fs::read(path).unwrap() == all);
}

async fn an_empty_object_is_one(kind: Kind) {
    let house = House::new(kind).await;
    assert_eq!(house.put("none", b"").await.unwrap().bytes, 0);
    assert_eq!(house.get("none").await.unwrap(), b"");
    assert_eq!(house.names("").await, ["none"]);
}

async fn finished_files_are_taken_in_whatever_their_size(kind: Kind) {
    let house = House::new(kind).await;
    let scratch = tempfile::tempdir().unwrap();
    let part = usize::try_from(SIZES.part).unwrap();
    for (n, bytes) in [0, 5, part + 1].into_iter().enumerate() {
        let all = content(bytes);
        let file = scratch.path().join(n.to_string());
        std::fs::write(&file, &all).unwrap();
        for id in ["one", "two"] {
            house.bucket.take(&file, &key("a/taken"), id).await.unwrap();
            assert!(house.get("a/taken").await.unwrap() == all, "{bytes} bytes");
        }
        assert!(file.exists());
    }
    assert_eq!(house.names("").await, ["a/taken"]);
}

async fn a_streams_picture_is_kept_where_no_listing_shows_it(kind: Kind) {
    let house = House::new(kind).await;
    let [one, other] = [1, 2].map(|n| StreamId::from_bytes([n; 16]));
    assert_eq!(house.bucket.thumbnail(one).await.unwrap(), None);
    assert!(house.bucket.thumbnails().await.unwrap().is_empty());
    for (stream, jpeg) in [(one, "first"), (one, "second"), (other, "x")] {
        house
            .bucket
            .put_thumbnail(stream, jpeg.into())
            .await
            .unwrap();
    }
    let newest = house.bucket.thumbnail(one).await.unwrap();
    assert_eq!(newest, Some(Bytes::from_static(b"second")));
    assert!(house.names("").await.is_empty());
    for _ in 0..2 {
        house.bucket.remove_thumbnail(other).await.unwrap();
    }
    assert_eq!(house.bucket.thumbnails().await.unwrap(), [one]);
}
