//! Imports: lists of files.

use reelgate_domain::job::{FaultCode, JobSpec};
use serde_json::{Value, json};

use super::{Fp, UNKNOWN, input, text};

const LIST: &str = "{\"Bucket\":\"media\",\"Location\":\"oss-cn-x\",\"Object\":\"a b.txt\",\"PrimaryKey\":\"one\"}\n\
                    {\"Bucket\":\"media\",\"Object\":\"c.txt\",\"PrimaryKey\":\"two\"}\n";

async fn import(fp: &Fp, library: &str, save: &str) -> String {
    let config = json!({"SaveType": save}).to_string();
    let list = input("list.txt");
    let pairs = [
        ("FpDBId", library),
        ("FpImportConfig", &*config),
        ("Input", &*list),
        ("UserData", "{\"Chapter\": 47}"),
    ];
    text(&fp.call("ImportFpShotJob", &pairs).await["JobId"])
}

async fn told(fp: &Fp, import: &str) -> Value {
    let mut answer = fp.call("ListFpShotImportJob", &[("JobIds", import)]).await;
    answer["FpShotImportJobList"][0].take()
}

#[tokio::test]
async fn an_import_stores_each_file_of_its_list() {
    let fp = Fp::new().await;
    let library = fp.library("11").await;
    fp.put("list.txt", LIST).await;
    let id = import(&fp, &library, "onlysave").await;
    let begun = told(&fp, &id).await;
    assert_eq!(
        (&begun["Id"], &begun["Status"]),
        (&json!(id), &json!("Processing"))
    );
    assert_eq!(
        begun["ProcessMessage"],
        "2 files: 0 done, 0 failed, 2 to come"
    );
    assert_eq!(begun["FpImportConfig"], r#"{"SaveType":"onlysave"}"#);
    assert_eq!(begun["UserData"], "{\"Chapter\": 47}");
    assert_eq!((begun.get("FinishTime"), begun.get("Code")), (None, None));

    fp.run(Vec::new(), true).await;
    assert_eq!(told(&fp, &id).await["Status"], "Processing");
    fp.run(Vec::new(), true).await;
    let done = told(&fp, &id).await;
    assert_eq!(done["Status"], "Success");
    assert_eq!(done["FinishTime"], "2026-01-02T03:05:06Z");
    let files = fp.call("ListFpShotFiles", &[("FpDBId", &library)]).await;
    let files = &files["FpShotFileList"]["FpShotFile"];
    assert_eq!(super::ids(files, "PrimaryKey"), ["one", "two"]);
    assert_eq!(files[0]["InputFile"]["Object"], "a%20b.txt");
}

#[tokio::test]
async fn an_import_of_which_a_file_fails_has_failed_when_all_have_ended() {
    let fp = Fp::new().await;
    let library = fp.library("11").await;
    fp.put("list.txt", LIST).await;
    let id = import(&fp, &library, "save").await;
    fp.run_in_vain(FaultCode::SourceMissing).await;
    let begun = told(&fp, &id).await;
    assert_eq!(begun["Status"], "Processing");
    let claim = fp.claim().await.unwrap();
    let JobSpec::Fingerprint(spec) = &claim.job.spec else {
        panic!("{:?}", claim.job.spec);
    };
    assert!(spec.result.is_some(), "save searches");
    assert_eq!(begun["Code"], "InvalidParameter.ResourceNotFound");
    assert!(
        begun["Message"].as_str().unwrap().contains("a b.txt"),
        "{begun}"
    );
}

/// As at the vendor, whose imports read their list after the call was answered.
#[tokio::test]
async fn an_import_of_a_bad_list_fails_and_queues_nothing() {
    let fp = Fp::new().await;
    let library = fp.library("11").await;
    let missing = import(&fp, &library, "save").await;
    let failed = told(&fp, &missing).await;
    assert_eq!(
        (&failed["Status"], &failed["Code"]),
        (&json!("Fail"), &json!("InvalidParameter.ResourceNotFound"))
    );
    for (list, code) in [
        ("", "InvalidParameter.EmptyValue"),
        ("one,two", "InvalidParameter.JsonFormatInvalid"),
        (&*LIST.replace("two", "a,b"), "InvalidParameter"),
        (
            &*LIST.replace("media", "nowhere"),
            "InvalidParameter.ResourceNotFound",
        ),
    ] {
        fp.put("list.txt", list).await;
        let id = import(&fp, &library, "save").await;
        let failed = told(&fp, &id).await;
        assert_eq!(
            (&failed["Status"], &failed["Code"]),
            (&json!("Fail"), &json!(code)),
            "{list}"
        );
        assert_eq!(failed["FinishTime"], failed["CreateTime"]);
    }
    assert!(fp.claim().await.is_none(), "something was queued");
}

#[tokio::test]
async fn an_import_that_cannot_work_is_refused() {
    let fp = Fp::new().await;
    let library = fp.library("11").await;
    let list = input("list.txt");
    let elsewhere = json!({"Bucket": "nowhere", "Location": "x", "Object": "a"}).to_string();
    let good = [
        ("FpDBId", &*library),
        ("FpImportConfig", r#"{"SaveType": "save"}"#),
        ("Input", &*list),
    ];
    let cases = [
        ("FpDBId", UNKNOWN, "400 InvalidParameter.DBNotExist"),
        (
            "FpImportConfig",
            r#"{"SaveType": "nosave"}"#,
            "400 InvalidParameter.NotSupported",
        ),
        ("FpImportConfig", "{}", "400 InvalidParameter.NullValue"),
        (
            "Input",
            "list.txt",
            "400 InvalidParameter.JsonFormatInvalid",
        ),
        (
            "Input",
            &*elsewhere,
            "404 InvalidParameter.ResourceNotFound",
        ),
        ("PipelineId", "1", "400 InvalidParameter.UUIDFormatInvalid"),
        (
            "UserData",
            &*"d".repeat(129),
            "400 InvalidParameter.OutOfRange",
        ),
    ];
    for (name, value, expected) in cases {
        let mut pairs = good.to_vec();
        pairs.retain(|(other, _)| *other != name);
        pairs.push((name, value));
        assert_eq!(
            fp.fail("ImportFpShotJob", &pairs).await,
            expected,
            "{name}={value}"
        );
    }
    let unknown = fp.call("ListFpShotImportJob", &[("JobIds", UNKNOWN)]).await;
    assert_eq!(unknown["NonExistIds"], json!([UNKNOWN]));
    let refused = fp.fail("ListFpShotImportJob", &[]).await;
    assert_eq!(refused, "400 MissingJobIds");
}
