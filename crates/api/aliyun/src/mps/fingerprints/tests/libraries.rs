//! Libraries and what is in them.

use reelgate_domain::dna::LibraryStatus;
use serde_json::json;

use super::{Fp, UNKNOWN, ids, library_id, text};

#[tokio::test]
async fn a_library_is_made_and_listed() {
    let fp = Fp::new().await;
    let pairs = [("Name", "songs"), ("ModelId", "3"), ("Description", "all")];
    let made = fp.call("CreateFpShotDB", &pairs).await;
    let id = text(&made["FpShotDB"]["FpDBId"]);
    let expected = json!({
        "FpDBId": id, "Name": "songs", "ModelId": 13, "Description": "all", "State": "offline",
    });
    assert_eq!(made["FpShotDB"], expected);

    let other = fp.library("12").await;
    let all = fp.call("ListFpShotDB", &[]).await;
    let list = &all["FpShotDBList"]["FpShotDB"];
    assert_eq!(ids(list, "FpDBId"), [&*id, &*other]);
    assert_eq!(
        (&list[0]["Status"], &list[1]["ModelId"]),
        (&json!("active"), &json!(12))
    );
    assert_eq!(all.get("NonExistIds"), None);

    let asked = format!("{other},{UNKNOWN}");
    let some = fp.call("ListFpShotDB", &[("FpDBIds", &asked)]).await;
    assert_eq!(ids(&some["FpShotDBList"]["FpShotDB"], "FpDBId"), [&*other]);
    assert_eq!(some["NonExistIds"]["String"], json!([UNKNOWN]));
}

#[tokio::test]
async fn what_makes_no_library_is_refused() {
    let fp = Fp::new().await;
    let name = "n".repeat(129);
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[], "400 MissingName"),
        (&[("Name", "")], "400 InvalidParameter.EmptyValue"),
        (&[("Name", &name)], "400 InvalidParameter"),
        (
            &[("Name", "a"), ("ModelId", "2")],
            "400 InvalidParameter.OutOfRange",
        ),
        (
            &[("Name", "a"), ("ModelId", "x")],
            "400 InvalidParameter.NumberFormatInvalid",
        ),
        (
            &[("Name", "a"), ("Config", "{")],
            "400 InvalidParameter.JsonFormatInvalid",
        ),
        (
            &[("Name", "a"), ("Config", r#"{"Level": 1}"#)],
            "400 InvalidParameter.NotSupported",
        ),
        (
            &[("Name", "a"), ("Description", &"d".repeat(1025))],
            "400 InvalidParameter",
        ),
    ];
    for (pairs, expected) in cases {
        assert_eq!(
            fp.fail("CreateFpShotDB", pairs).await,
            expected,
            "{pairs:?}"
        );
    }
    for _ in 0..5 {
        fp.library("12").await;
    }
    let sixth = fp.fail("CreateFpShotDB", &[("Name", "a")]).await;
    assert_eq!(sixth, "403 PermissionDenied.ResourceQuotaExceed");
}

#[tokio::test]
async fn a_library_that_was_made_by_others_is_the_same() {
    let fp = Fp::new().await;
    let id = fp.library("14").await;
    let caller = fp.world.caller();
    let library = fp
        .world
        .service
        .library(&caller, library_id(&id))
        .await
        .unwrap();
    assert_eq!(library.status, LibraryStatus::Active);
    fp.world
        .service
        .delete_library(&caller, library.id)
        .await
        .unwrap();
    let all = fp.call("ListFpShotDB", &[]).await;
    assert_eq!(all["FpShotDBList"]["FpShotDB"], json!([]));
    let asked = fp.call("ListFpShotDB", &[("FpDBIds", &id)]).await;
    assert_eq!(asked["FpShotDBList"]["FpShotDB"][0]["Status"], "deleted");
    let gone = fp.fail("ListFpShotFiles", &[("FpDBId", &id)]).await;
    assert_eq!(gone, "400 InvalidParameter.DBNotExist");
}

#[tokio::test]
async fn files_come_page_by_page_in_the_order_of_their_keys() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    let mut jobs = Vec::new();
    for key in ["c", "a", "b"] {
        jobs.push(fp.submit(&library, "onlysave", key).await);
        fp.run(Vec::new(), true).await;
    }
    let page = [("FpDBId", &*library), ("PageSize", "2")];
    let first = fp.call("ListFpShotFiles", &page).await;
    let files = &first["FpShotFileList"]["FpShotFile"];
    assert_eq!(ids(files, "PrimaryKey"), ["a", "b"]);
    assert_eq!(ids(files, "FileId"), [&*jobs[1], &*jobs[2]]);
    assert_eq!(files[0]["InputFile"]["Bucket"], "media");
    assert_eq!(files[0]["InputFile"]["Object"], "in%20put.mp4");
    assert_eq!(files[0]["StoreTime"], "2026-01-02T03:05:06Z");
    let token = text(&first["NextPageToken"]);
    let next = [page[0], page[1], ("NextPageToken", &token)];
    let second = fp.call("ListFpShotFiles", &next).await;
    assert_eq!(
        ids(&second["FpShotFileList"]["FpShotFile"], "PrimaryKey"),
        ["c"]
    );
    assert_eq!(second.get("NextPageToken"), None);
}

#[tokio::test]
async fn files_are_found_by_the_time_they_were_stored_at() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    fp.submit(&library, "onlysave", "a").await;
    fp.run(Vec::new(), true).await;
    let count = async |from: &str, to: &str| {
        let pairs = [("FpDBId", &*library), ("StartTime", from), ("EndTime", to)];
        let found = fp.call("ListFpShotFiles", &pairs).await;
        found["FpShotFileList"]["FpShotFile"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(
        count("2026-01-02T03:05:06Z", "2026-01-02T03:05:06Z").await,
        1
    );
    assert_eq!(count("2026-01-02T03:05:07Z", "").await, 0);
    assert_eq!(count("", "2026-01-02T03:05:05Z").await, 0);
    for (name, value, expected) in [
        ("StartTime", "yesterday", "400 InvalidParameter.Format"),
        ("PageSize", "101", "400 InvalidParameter.OutOfRange"),
        ("NextPageToken", "z", "400 InvalidParameter"),
        ("FpDBId", UNKNOWN, "400 InvalidParameter.DBNotExist"),
        ("FpDBId", "films", "400 InvalidParameter.UUIDFormatInvalid"),
    ] {
        let mut pairs = vec![("FpDBId", &*library)];
        pairs.retain(|(other, _)| *other != name);
        pairs.push((name, value));
        assert_eq!(fp.fail("ListFpShotFiles", &pairs).await, expected, "{name}");
    }
}
