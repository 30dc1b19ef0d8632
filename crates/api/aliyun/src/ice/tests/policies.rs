//! Policies: the actions are `ice:…`, on all of the account's resources.

use super::*;

const ACTIONS: [&str; 13] = [
    "CancelDNAJob",
    "CreateDNADB",
    "CreatePipeline",
    "DeleteDNADB",
    "DeleteDNAFiles",
    "DeletePipeline",
    "GetPipeline",
    "ListDNADB",
    "ListDNAFiles",
    "ListPipelines",
    "QueryDNAJobList",
    "SubmitDNAJob",
    "UpdatePipeline",
];

#[tokio::test]
async fn each_action_needs_its_own_permission() {
    let world = world().await;
    for action in ACTIONS {
        let policy =
            json!([{"Effect": "Allow", "Action": format!("ice:{action}"), "Resource": "*"}]);
        let user = world.user(action, policy).await;
        for other in ACTIONS {
            let found = request_by(&world, &user, ICE, other, &[]);
            let found = found.summary(&world).await;
            if other == action {
                assert_ne!(found, "403 Forbidden.RAM", "{action}");
            } else {
                assert_eq!(found, "403 Forbidden.RAM", "{other} by who may {action}");
            }
        }
    }
}

#[tokio::test]
async fn a_cancel_is_denied_before_anything_is_looked_up() {
    let world = world().await;
    let library = library(&world, "films").await;
    let job = submitted(&world, &library, "a", &[]).await;
    let policy = json!([
        {"Effect": "Allow", "Action": "ice:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ice:CancelDNAJob", "Resource": "*"},
    ]);
    let user = world.user("user", policy).await;
    for id in [&*job, UNKNOWN_ID] {
        let found = request_by(&world, &user, ICE, "CancelDNAJob", &[("JobId", id)]);
        assert_eq!(found.summary(&world).await, "403 Forbidden.RAM");
    }
    assert_eq!(shown(&world, &job).await["Status"], "Queuing");
    // Nothing narrower than everything is a resource of these actions.
    let narrow = json!([{
        "Effect": "Allow", "Action": "ice:CancelDNAJob",
        "Resource": format!("acs:ice:*:*:dnajob/{job}"),
    }]);
    let narrow = world.user("narrow", narrow).await;
    let found = request_by(&world, &narrow, ICE, "CancelDNAJob", &[("JobId", &job)]);
    assert_eq!(found.summary(&world).await, "403 Forbidden.RAM");
}
