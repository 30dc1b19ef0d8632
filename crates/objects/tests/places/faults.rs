//! An object store that fails, is slow, breaks off and loses answers.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reelgate_objects::s3::{Patience, PlaceWish, S3Bucket, S3Client};
use reelgate_objects::{ObjectError, OpenBucket};
use reelgate_s3server::{ACCESS_KEY_ID, Fault, Rule, S3Server, SECRET};

use crate::house::{
    House, Kind, PATIENCE, ROOM, SIZES, content, key, now, opened, opened_by, read, s3,
};

#[tokio::test]
async fn what_fails_for_a_moment_is_tried_again() {
    let house = House::new(Kind::Path).await;
    let large = content(11 << 20);
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
        Fault::LostAnswer,
    ] {
        for method in ["PUT", "POST", "GET", "HEAD", "DELETE"] {
            house
                .server()
                .misbehave(Rule::times(method, "", fault.clone(), 2));
        }
        house.put("small", b"small").await.unwrap();
        house.put("large", &large).await.unwrap();
        assert_eq!(house.get("small").await.unwrap(), b"small");
        assert!(house.get("large").await.unwrap() == large);
        assert_eq!(house.names("").await, ["large", "small"]);
        assert!(house.bucket.delete(&key("small")).await.unwrap());
        house.server().behave();
    }
}

/// The second try was told that there is no such upload, and the object was there.
#[tokio::test]
async fn an_upload_whose_last_answer_was_lost_has_succeeded() {
    let house = House::new(Kind::Path).await;
    let large = content(6 << 20);
    house
        .server()
        .misbehave(Rule::times("POST", "uploadId", Fault::LostAnswer, 1));
    let stored = house.put("large", &large).await.unwrap();
    assert_eq!(stored.bytes, 6 << 20);
    assert!(house.server().uploads().is_empty());
    // One that somebody else put there is not taken for it.
    house
        .server()
        .misbehave(Rule::times("POST", "uploads", Fault::LostAnswer, 0));
    let says = "<Error><Code>NoSuchUpload</Code></Error>".to_owned();
    house
        .server()
        .misbehave(Rule::always("POST", "uploadId", Fault::Says(says)));
    assert!(house.put("large", &large[1..]).await.is_err());
}

/// The older object was told as what had been stored.
#[tokio::test]
async fn an_upload_is_stored_only_if_the_store_says_so() {
    let house = House::new(Kind::Path).await;
    house.put("a", b"the older one").await.unwrap();
    for cut in ["", "<?xml version=\"1.0\"?>\n"] {
        let pretends = Fault::Pretends(cut.to_owned());
        let rule = Rule::times("POST", "uploadId", pretends, 1);
        house.server().misbehave(rule);
        let stored = house.put("a", &content(6 << 20)).await;
        let away = matches!(stored, Err(ObjectError::Away { .. }));
        assert!(away, "{cut:?}: {stored:?}");
        assert_eq!(house.get("a").await.unwrap(), b"the older one");
    }
    // The same answers to a call that was heard.
    let says = Rule::times("POST", "uploadId", Fault::Says(String::new()), 1);
    house.server().misbehave(says);
    house.put("a", &content(6 << 20)).await.unwrap();
}

/// As servers need it, whose streams can be moved from thread to thread and be shared by none.
fn movable<T: Send>(future: T) -> T {
    future
}

/// Each upload held a part, however many there were.
#[tokio::test]
async fn uploads_together_hold_no_more_than_they_may() {
    let house = House::new(Kind::Path).await;
    let client = S3Client::new(now, PATIENCE).unwrap();
    let client = client.with_upload_memory(SIZES.part);
    let bucket = opened_by(client, house.server(), Kind::Path, SECRET).with_sizes(SIZES);
    let piece = || Ok::<_, String>(Bytes::from(vec![0; 1 << 20]));
    let (go_on, told) = tokio::sync::oneshot::channel::<()>();
    let holds = tokio::sync::Notify::new();
    let first = stream::iter([piece(), piece()]);
    let first = first.chain(stream::once(async {
        holds.notify_one();
        told.await.map_err(|error| error.to_string())?;
        piece()
    }));
    let (one, two, small) = (key("one"), key("two"), key("small"));
    let first = movable(bucket.put(&one, first.boxed(), ROOM, "one"));
    tokio::pin!(first);
    tokio::select! {
        _ = &mut first => unreachable!("it waits"),
        () = holds.notified() => {}
    }
    let second = stream::iter((0..6).map(|_| piece()));
    let second = bucket.put(&two, second, ROOM, "two");
    tokio::pin!(second);
    // What is small needs no share and is stored while the second one waits.
    let third = stream::iter([Ok::<_, String>(Bytes::from_static(b"small"))]);
    tokio::select! {
        _ = &mut second => unreachable!("there is no room for it"),
        stored = bucket.put(&small, third, ROOM, "small") => drop(stored.unwrap()),
    }
    go_on.send(()).unwrap();
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.unwrap().bytes, 3 << 20);
    assert_eq!(second.unwrap().bytes, 6 << 20);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_read_on_from_there() {
    let house = House::new(Kind::Path).await;
    let all = content(3 << 20);
    house.put("a", &all).await.unwrap();
    for cut in [0, 1, 1 << 20, (3 << 20) - 1] {
        house
            .server()
            .misbehave(Rule::times("GET", "/a", Fault::CutAfter(cut), 2));
        assert!(house.get("a").await.unwrap() == all, "cut after {cut}");
        house.server().behave();
    }
    // One that never brings a byte is given up.
    house
        .server()
        .misbehave(Rule::always("GET", "/a", Fault::CutAfter(0)));
    let given_up = house.get("a").await.unwrap_err();
    assert!(given_up.is_passing(), "{given_up:?}");
}

#[tokio::test]
async fn listings_that_break_off_are_asked_for_again() {
    let house = House::new(Kind::Path).await;
    for name in ["a", "b"] {
        house.put(name, b"x").await.unwrap();
    }
    house
        .server()
        .misbehave(Rule::times("GET", "max-keys", Fault::CutAfter(100), 2));
    assert_eq!(house.names("").await, ["a", "b"]);
    let half = "<ListBucketResult><Contents><Key>a</Key>".to_owned();
    house
        .server()
        .misbehave(Rule::always("GET", "max-keys", Fault::Says(half)));
    let broken = house.bucket.list("", None, 9).await;
    assert!(
        matches!(broken, Err(ObjectError::Away { .. })),
        "{broken:?}"
    );
}

#[tokio::test]
async fn an_object_that_is_replaced_on_the_way_is_never_mixed() {
    let house = House::new(Kind::Path).await;
    house.put("a", &content(2 << 20)).await.unwrap();
    let object = house.bucket.get(&key("a")).await.unwrap();
    house.put("a", &content(3 << 20)).await.unwrap();
    let replaced = read(object, 0, 2 << 20).await.unwrap_err();
    assert!(matches!(replaced, ObjectError::Changed(_)), "{replaced:?}");
    // In the middle, too.
    let object = house.bucket.get(&key("a")).await.unwrap();
    house
        .server()
        .misbehave(Rule::times("GET", "/a", Fault::CutAfter(1000), 1));
    let mut reading = object.read(0, 3 << 20).await.unwrap();
    reading.next().await.unwrap().unwrap();
    house.put("a", b"short").await.unwrap();
    let error = loop {
        match reading.next().await.unwrap() {
            Ok(_) => {}
            Err(error) => break error.downcast::<ObjectError>().unwrap(),
        }
    };
    assert!(matches!(error, ObjectError::Changed(_)), "{error:?}");
}

#[tokio::test]
async fn slow_reads_come_to_their_end() {
    let house = House::new(Kind::Path).await;
    let all = content(64 << 10);
    house.put("a", &all).await.unwrap();
    let trickle = Fault::Trickle {
        bytes: 8 << 10,
        every_ms: 20,
    };
    house.server().misbehave(Rule::always("GET", "", trickle));
    assert!(house.get("a").await.unwrap() == all);
    assert_eq!(house.names("").await, ["a"]);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_not_waited_for_for_ever() {
    let server = S3Server::start(&["films"]).await.unwrap();
    let patience = Patience {
        answer: Duration::from_millis(500),
        ..PATIENCE
    };
    let bucket = s3(&server, Kind::Path, patience);
    server.misbehave(Rule::times("HEAD", "", Fault::Hang, 1));
    let missing = bucket.head(&key("a")).await;
    assert!(
        matches!(missing, Err(ObjectError::Missing(_))),
        "{missing:?}"
    );
    server.misbehave(Rule::always("HEAD", "", Fault::Hang));
    let before = server.requests().len();
    let away = bucket.head(&key("a")).await.unwrap_err();
    assert!(
        away.is_passing() && away.to_string().contains("too long"),
        "{away}"
    );
    // Four times that wait made callers wait for over a minute.
    assert_eq!(server.requests().len(), before + 2);
}

/// A store answers that it has begun, and says later that it failed.
#[tokio::test]
async fn an_error_inside_a_success_is_one() {
    let house = House::new(Kind::Path).await;
    let says = Fault::Says("<Error><Code>InternalError</Code></Error>".to_owned());
    let large = content(6 << 20);
    house
        .server()
        .misbehave(Rule::times("POST", "uploadId", says.clone(), 1));
    house.put("large", &large).await.unwrap();
    house
        .server()
        .misbehave(Rule::always("POST", "uploadId", says));
    let failed = house.put("other", &large).await.unwrap_err();
    assert!(failed.is_passing(), "{failed:?}");
}

#[tokio::test]
async fn a_store_that_is_away_is_an_error_that_passes_and_tells_no_address() {
    let server = S3Server::start(&["films"]).await.unwrap();
    let bucket = OpenBucket::S3(s3(&server, Kind::Path, PATIENCE));
    let port = server.address().port().to_string();
    drop(server);
    let content = stream::iter([Ok::<_, String>(Bytes::from_static(b"x"))]);
    let away = bucket
        .put(&key("a"), content, ROOM, "upload")
        .await
        .unwrap_err();
    assert!(away.is_passing(), "{away:?}");
    assert!(!away.to_string().contains(&port), "{away}");
}

#[tokio::test]
async fn a_check_says_what_cannot_be_done_and_leaves_nothing() {
    let server = S3Server::start(&["films"]).await.unwrap();
    for kind in [Kind::Path, Kind::Virtual, Kind::Prefix] {
        s3(&server, kind, PATIENCE).check("id").await.unwrap();
    }
    let files = std::fs::read_dir(server.root().join("films/.reelgate/checks"));
    assert_eq!(files.unwrap().count(), 0);
    let wrong = opened(&server, Kind::Path, PATIENCE, "another secret");
    let refused = wrong.check("id").await.unwrap_err().to_string();
    assert!(refused.contains("SignatureDoesNotMatch"), "{refused}");
    let wish = PlaceWish {
        endpoint: server.endpoint(),
        bucket: "no-such-bucket".to_owned(),
        access_key_id: ACCESS_KEY_ID.to_owned(),
        ..PlaceWish::default()
    };
    let client = S3Client::new(now, PATIENCE).unwrap();
    let secret = SECRET.to_owned().into();
    let nowhere = S3Bucket::open(client, &wish.check().unwrap(), secret).unwrap();
    let refused = nowhere.check("id").await.unwrap_err();
    assert!(!refused.is_passing(), "{refused:?}");
    server.misbehave(Rule::always("DELETE", "", Fault::Status(403)));
    let refused = s3(&server, Kind::Path, PATIENCE)
        .check("id")
        .await
        .unwrap_err();
    assert!(refused.to_string().starts_with("removing"), "{refused}");
}

#[tokio::test]
async fn an_address_can_be_read_by_anybody_until_its_time_is_over() {
    for kind in [Kind::Path, Kind::Virtual, Kind::Prefix] {
        let house = House::new(kind).await;
        house.put("a b/\u{e9}.mp4", b"content").await.unwrap();
        let address = house.bucket.presigned(&key("a b/\u{e9}.mp4"), 60).unwrap();
        assert!(!address.contains(SECRET));
        let get = async |address: &str| {
            // Names below localhost are for our own client only.
            let (host, path) = address
                .strip_prefix("http://")
                .unwrap()
                .split_once('/')
                .unwrap();
            let request =
                format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            let mut stream = tokio::net::TcpStream::connect(house.server().address())
                .await
                .unwrap();
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let answer = get(&address).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("content"),
            "{answer}"
        );
        let other = address.replace("mp4", "mp3");
        assert!(get(&other).await.starts_with("HTTP/1.1 403"));
    }
    let directory = House::new(Kind::Directory).await;
    assert_eq!(directory.bucket.presigned(&key("a"), 60), None);
}

/// Clients that hang up leave no parts behind.
#[tokio::test]
async fn an_upload_whose_caller_goes_away_is_given_up() {
    let house = House::new(Kind::Path).await;
    let begun = tokio::sync::Notify::new();
    let some = stream::iter((0..6).map(|_| Ok::<_, String>(Bytes::from(vec![0; 1 << 20]))));
    let content = some
        .chain(stream::once(async {
            begun.notify_one();
            std::future::pending().await
        }))
        .boxed();
    let name = key("a");
    tokio::select! {
        _ = house.bucket.put(&name, content, ROOM, "upload") => unreachable!("it never ends"),
        () = begun.notified() => {}
    }
    // The removal is under way when the upload is gone, and told by the store.
    let removed = async {
        while !house.server().uploads().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), removed)
        .await
        .unwrap();
    assert!(house.names("").await.is_empty());
}
