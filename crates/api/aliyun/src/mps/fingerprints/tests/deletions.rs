//! Removing files and libraries.

use serde_json::json;

use super::{Fp, UNKNOWN, ids, text};

#[tokio::test]
async fn files_are_removed_at_once_by_id_and_by_key() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    let mut jobs = Vec::new();
    for key in ["a", "b", "c", "d"] {
        jobs.push(fp.submit(&library, "onlysave", key).await);
        fp.run(Vec::new(), true).await;
    }
    let remove = [
        ("FpDBId", &*library),
        ("FileIds", &*format!("{},{UNKNOWN}", jobs[0])),
        ("PrimaryKeys", "b,never"),
        ("PipelineId", &*fp.world.made.pipeline_id),
        ("UserData", "mine"),
    ];
    let job = text(&fp.call("SubmitFpFileDeleteJob", &remove).await["JobId"]);
    let left = fp.call("ListFpShotFiles", &[("FpDBId", &library)]).await;
    assert_eq!(
        ids(&left["FpShotFileList"]["FpShotFile"], "PrimaryKey"),
        ["c", "d"]
    );
    // What it stored is gone, so the job that stored it has no file.
    assert_eq!(fp.told(&jobs[0]).await.get("FileId"), None);

    let asked = format!("{job},{UNKNOWN}");
    let told = fp
        .call("QueryFpFileDeleteJobList", &[("JobIds", &asked)])
        .await;
    assert_eq!(told["NonExistIds"]["String"], json!([UNKNOWN]));
    let told = &told["FpFileDeleteJobList"]["FpFileDeleteJob"][0];
    assert_eq!(
        (&told["Id"], &told["Status"]),
        (&json!(job), &json!("Success"))
    );
    let removed = format!("{},{UNKNOWN},{}", jobs[0], jobs[1]);
    assert_eq!(
        (&told["FileIds"], &told["FpDBId"]),
        (&json!(removed), &json!(library))
    );
    assert_eq!(
        (&told["UserData"], &told["PipelineId"]),
        (&json!("mine"), &json!(fp.world.made.pipeline_id))
    );
    assert_eq!(told["FinishTime"], "2026-01-02T03:04:05Z");
}

#[tokio::test]
async fn a_library_is_emptied_or_deleted_at_once() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    fp.submit(&library, "onlysave", "a").await;
    fp.run(Vec::new(), true).await;

    let emptied = text(
        &fp.call("SubmitFpDBDeleteJob", &[("FpDBId", &library)])
            .await["JobId"],
    );
    let left = fp.call("ListFpShotFiles", &[("FpDBId", &library)]).await;
    assert_eq!(left["FpShotFileList"]["FpShotFile"], json!([]));

    let delete = [("FpDBId", &*library), ("DelType", "Delete")];
    let deleted = text(&fp.call("SubmitFpDBDeleteJob", &delete).await["JobId"]);
    let again = fp.fail("SubmitFpDBDeleteJob", &delete).await;
    assert_eq!(again, "400 InvalidParameter.DBNotExist");
    let told = fp.call("QueryFpDBDeleteJobList", &[]).await;
    let jobs = &told["FpDBDeleteJobList"]["FpDBDeleteJob"];
    assert_eq!(ids(jobs, "Id"), [&*deleted, &*emptied]);
    assert_eq!(ids(jobs, "DelType"), ["Delete", "Purge"]);
    let bad = [("FpDBId", &*library), ("DelType", "Drop")];
    let refused = fp.fail("SubmitFpDBDeleteJob", &bad).await;
    assert_eq!(refused, "400 InvalidParameter.NotSupported");
}

#[tokio::test]
async fn without_ids_the_newest_twenty_are_told() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    let mut jobs = Vec::new();
    for _ in 0..22 {
        fp.world.pass(1);
        let made = fp
            .call("SubmitFpDBDeleteJob", &[("FpDBId", &library)])
            .await;
        jobs.push(text(&made["JobId"]));
    }
    let told = fp.call("QueryFpDBDeleteJobList", &[]).await;
    let told = ids(&told["FpDBDeleteJobList"]["FpDBDeleteJob"], "Id");
    let newest: Vec<&str> = jobs.iter().rev().take(20).map(|id| &**id).collect();
    assert_eq!(told, newest);
    // Of another sort of removal there is none.
    let files = fp
        .call("QueryFpFileDeleteJobList", &[("JobIds", &jobs[0])])
        .await;
    assert_eq!(files["NonExistIds"]["String"], json!([jobs[0]]));
}
