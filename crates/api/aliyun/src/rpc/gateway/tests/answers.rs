//! Where parameters may travel, and the format and content of answers.

use super::*;

#[tokio::test]
async fn v1_answers_xml_unless_asked_for_json() {
    let world = world().await;
    let answer = v1(&world).signed().send(&world).await;
    assert_eq!(answer.summary(), "200");
    assert_eq!(answer.content_type, "application/xml");
    let start = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CancelJobResponse><RequestId>{}</RequestId>",
        answer.member("RequestId")
    );
    assert!(answer.body.starts_with(&start), "{}", answer.body);
    let end = "<JobId>j 1+*~/é</JobId><Account>1234567890123456</Account>\
               <CountsOnce>true</CountsOnce>\
               <NonExistJobIds><String>a</String><String>b</String></NonExistJobIds>\
               </CancelJobResponse>";
    assert!(answer.body.ends_with(end), "{}", answer.body);

    for format in ["JSON", "json"] {
        let answer = v1(&world).set("Format", format).signed();
        let answer = answer.send(&world).await;
        assert_eq!(answer.summary(), "200");
        assert_eq!(answer.content_type, "application/json;charset=utf-8");
        assert_eq!(answer.member("JobId"), "j 1+*~/é");
    }
    let answer = v1(&world).set("Format", "xml").signed();
    assert_eq!(answer.send(&world).await.content_type, "application/xml");
}

#[tokio::test]
async fn v1_parameters_may_travel_in_query_and_form() {
    let world = world().await;
    let post = || v1(&world).post().signed();
    assert_eq!(post().send(&world).await.summary(), "200");
    let business = post().split(|name| name == "JobId");
    assert_eq!(world.send(business).await.member("JobId"), "j 1+*~/é");
    let all = v1(&world).post().json().signed().split(|_| true);
    assert_eq!(world.send(all).await.member("JobId"), "j 1+*~/é");
}

#[tokio::test]
async fn v3_answers_json_unless_asked_for_xml() {
    let world = world().await;
    let answer = v3(&world, "JobId=j+1").signed().send(&world).await;
    assert_eq!(answer.summary(), "200");
    assert_eq!(answer.content_type, "application/json;charset=utf-8");
    assert_eq!(answer.member("JobId"), "j 1");

    let by_parameter = v3(&world, "JobId=1&Format=XML").signed();
    let by_parameter = by_parameter.send(&world).await;
    assert_eq!(by_parameter.content_type, "application/xml");
    let accepting = |query| v3(&world, query).header("accept", "application/xml");
    let by_accept = accepting("JobId=1").signed().send(&world).await;
    assert_eq!(by_accept.content_type, "application/xml");
    let error = accepting("").signed().send(&world).await;
    assert_eq!(error.content_type, "text/xml;charset=utf-8");
    assert!(
        error.body.contains("?><Error><RequestId>"),
        "{}",
        error.body
    );
    assert_eq!(error.summary(), "400 MissingJobId");
}

#[tokio::test]
async fn v3_parameters_may_travel_in_the_form() {
    let world = world().await;
    let answer = v3(&world, "").form("JobId=j%201").signed();
    assert_eq!(answer.send(&world).await.member("JobId"), "j 1");
}

#[tokio::test]
async fn a_host_that_is_no_name_yields_an_empty_host_id() {
    let world = world().await;
    let mut request = bare(Method::GET, "Format=JSON");
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_static("a b"));
    headers.remove(ACCEPT);
    let answer = world.send(request).await;
    assert_eq!(answer.member("Code"), "MissingVersion");
    assert_eq!(answer.member("HostId"), "");
}

#[tokio::test]
async fn failures_of_ours_hide_their_cause() {
    let world = world().await;
    for action in ["Break", "AnswerNothing"] {
        let answer = v3(&world, "").header("x-acs-action", action).signed();
        let answer = answer.send(&world).await;
        assert_eq!(answer.summary(), "500 InternalError");
        assert!(!answer.body.contains("fire"));
    }
}
