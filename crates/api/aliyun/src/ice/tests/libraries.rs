//! Libraries: made, shown, deleted.

use super::*;

#[tokio::test]
async fn libraries_are_made_listed_and_deleted() {
    let world = world().await;
    let pairs = [
        ("Name", "films"),
        ("Model", "Audio"),
        ("Description", "What we have"),
        // Of older clients; they change nothing.
        ("OwnerAccount", "x"),
        ("OwnerId", "7"),
        ("ResourceOwnerAccount", "y"),
        ("ResourceOwnerId", "8"),
    ];
    let made = ice(&world, "CreateDNADB", &pairs).await["DBInfo"].take();
    let id = text(&made["DBId"]);
    let expected = |status: &str| {
        json!({
            "DBId": id, "Name": "films", "Model": "Audio", "Description": "What we have",
            "Status": status,
        })
    };
    assert_eq!(made, expected("offline"));
    let other = library(&world, "others").await;

    let all = ice(&world, "ListDNADB", &[]).await;
    assert_eq!(all["DBList"].as_array().unwrap().len(), 2);
    assert_eq!(all["DBList"][0], expected("active"));
    assert_eq!(all["DBList"][1]["Model"], "Video");
    let asked = format!("{UNKNOWN_ID},nonsense,{other}, {id}");
    let found = ice(&world, "ListDNADB", &[("DBIds", &asked)]).await;
    let found = found["DBList"].as_array().unwrap().iter();
    let ids: Vec<_> = found.map(|it| text(&it["DBId"])).collect();
    assert_eq!(ids, [other.as_str(), id.as_str()]);

    let deleted = ice(&world, "DeleteDNADB", &[("DBId", &id)]).await;
    assert_eq!(deleted.as_object().unwrap().len(), 1, "{deleted}");
    let found = ice(&world, "ListDNADB", &[("DBIds", &id)]).await;
    assert_eq!(found["DBList"], json!([expected("deleted")]));
    let all = ice(&world, "ListDNADB", &[]).await;
    assert_eq!(all["DBList"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_library_is_refused_by_every_action_on_one() {
    let world = world().await;
    let deleted = library(&world, "deleted").await;
    ice(&world, "DeleteDNADB", &[("DBId", &deleted)]).await;
    let foreign = world.account("foreign").await;
    let theirs = Key::new(&foreign.access_key_id, &foreign.access_key_secret);
    let made = request_by(&world, &theirs, ICE, "CreateDNADB", &[("Name", "theirs")]);
    let made = made.signed().send(&world).await.json();
    let foreign = text(&made["DBInfo"]["DBId"]);
    let input = r#"{"Type":"OSS","Media":"oss://media/a.mp4"}"#;
    for id in [UNKNOWN_ID, "nonsense", &deleted, &foreign] {
        for (action, more) in [
            ("DeleteDNADB", vec![]),
            ("ListDNAFiles", vec![]),
            ("DeleteDNAFiles", vec![("PrimaryKeys", "a")]),
            ("SubmitDNAJob", vec![("PrimaryKey", "a"), ("Input", input)]),
        ] {
            let pairs: Vec<_> = [("DBId", id)].into_iter().chain(more).collect();
            let found = refused(&world, action, &pairs).await;
            assert_eq!(found, "400 InvalidParameter.DBNotExist", "{action} {id}");
        }
    }
    let all = ice(&world, "ListDNADB", &[("DBIds", &foreign)]).await;
    assert_eq!(all["DBList"], json!([]));
}

#[tokio::test]
async fn an_account_has_five_libraries() {
    let world = world().await;
    let first = library(&world, "1").await;
    for name in ["2", "3", "4", "5"] {
        library(&world, name).await;
    }
    let sixth = [("Name", "6")];
    let found = refused(&world, "CreateDNADB", &sixth).await;
    assert_eq!(found, "403 PermissionDenied.ResourceQuotaExceed");
    ice(&world, "DeleteDNADB", &[("DBId", &first)]).await;
    library(&world, "6").await;
}

#[tokio::test]
async fn bad_parameters_of_libraries_are_refused() {
    let world = world().await;
    let id = library(&world, "films").await;
    let (long, fifty_one) = ("n".repeat(129), vec!["k"; 51].join(","));
    let (text, ids) = ("d".repeat(1025), vec![UNKNOWN_ID; 101].join(","));
    for (action, pairs, expected) in [
        ("CreateDNADB", vec![], "400 MissingName"),
        ("CreateDNADB", vec![("Name", "")], "400 MissingName"),
        (
            "CreateDNADB",
            vec![("Name", &*long)],
            "400 InvalidParameter",
        ),
        (
            "CreateDNADB",
            vec![("Name", "n"), ("Model", "Film")],
            "400 InvalidParameter",
        ),
        (
            "CreateDNADB",
            vec![("Name", "n"), ("Description", &*text)],
            "400 InvalidParameter",
        ),
        ("ListDNADB", vec![("DBIds", ",")], "400 MissingDBIds"),
        (
            "ListDNADB",
            vec![("DBIds", &*ids)],
            "400 InvalidParameter.ListSizeExceed",
        ),
        ("DeleteDNADB", vec![], "400 MissingDBId"),
        (
            "DeleteDNAFiles",
            vec![("DBId", &*id)],
            "400 MissingPrimaryKeys",
        ),
        (
            "DeleteDNAFiles",
            vec![("DBId", &*id), ("PrimaryKeys", &*fifty_one)],
            "400 InvalidParameter.ListSizeExceed",
        ),
        (
            "ListDNAFiles",
            vec![("DBId", &*id), ("PageSize", "101")],
            "400 InvalidParameter.OutOfRange",
        ),
        (
            "ListDNAFiles",
            vec![("DBId", &*id), ("PageSize", "many")],
            "400 InvalidParameter",
        ),
        (
            "ListDNAFiles",
            vec![("DBId", &*id), ("NextPageToken", "?")],
            "400 InvalidParameter",
        ),
    ] {
        let found = refused(&world, action, &pairs).await;
        assert_eq!(found, expected, "{action} {pairs:?}");
    }
    let fifty = vec!["k"; 50].join(",");
    ice(
        &world,
        "DeleteDNAFiles",
        &[("DBId", &id), ("PrimaryKeys", &fifty)],
    )
    .await;
}
