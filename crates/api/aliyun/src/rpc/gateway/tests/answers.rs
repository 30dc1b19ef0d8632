//! Where parameters may travel, and the format and content of answers.

use super::*;

#[tokio::test]
async fn v1_answers_xml_unless_asked_for_json() {
    let answer = v1().signed().send().await;
    assert_eq!(answer.summary(), "200");
    assert_eq!(answer.content_type, "application/xml");
    let start = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CancelJobResponse><RequestId>{}</RequestId>",
        answer.member("RequestId")
    );
    assert!(answer.body.starts_with(&start), "{}", answer.body);
    let end = "<JobId>j 1+*~/é</JobId><Account>1234567890123456</Account><Nonce>n1</Nonce>\
               <NonExistJobIds><String>a</String><String>b</String></NonExistJobIds>\
               </CancelJobResponse>";
    assert!(answer.body.ends_with(end), "{}", answer.body);

    for format in ["JSON", "json"] {
        let answer = v1().set("Format", format).signed().send().await;
        assert_eq!(answer.summary(), "200");
        assert_eq!(answer.content_type, "application/json;charset=utf-8");
        assert_eq!(answer.member("JobId"), "j 1+*~/é");
    }
    assert_eq!(
        v1().set("Format", "xml").signed().send().await.content_type,
        "application/xml"
    );
}

#[tokio::test]
async fn v1_parameters_may_travel_in_query_and_form() {
    let post = || {
        V1 {
            method: Method::POST,
            ..v1()
        }
        .signed()
    };
    assert_eq!(post().send().await.summary(), "200");
    let business = |name: &str| name == "JobId";
    assert_eq!(
        post().send_split(business).await.member("JobId"),
        "j 1+*~/é"
    );
    let all = post().set("Format", "JSON").without("Signature").signed();
    assert_eq!(all.send_split(|_| true).await.member("JobId"), "j 1+*~/é");
}

#[tokio::test]
async fn v3_answers_json_unless_asked_for_xml() {
    let answer = v3("JobId=j+1").signed().send().await;
    assert_eq!(answer.summary(), "200");
    assert_eq!(answer.content_type, "application/json;charset=utf-8");
    assert_eq!(answer.member("JobId"), "j 1");
    assert_eq!(answer.member("Nonce"), "n3");

    let by_parameter = v3("JobId=1&Format=XML").signed().send().await;
    assert_eq!(by_parameter.content_type, "application/xml");
    let by_accept = v3("JobId=1")
        .header("accept", "application/xml")
        .signed()
        .send()
        .await;
    assert_eq!(by_accept.content_type, "application/xml");
    let error = v3("")
        .header("accept", "application/xml")
        .signed()
        .send()
        .await;
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
    let answer = v3("").form("JobId=j%201").signed().send().await;
    assert_eq!(answer.member("JobId"), "j 1");
}

#[tokio::test]
async fn a_host_that_is_no_name_yields_an_empty_host_id() {
    let mut request = request(Method::GET, "Format=JSON");
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("a b"));
    request.headers_mut().remove(ACCEPT);
    let answer = send(request).await;
    assert_eq!(answer.member("Code"), "MissingVersion");
    assert_eq!(answer.member("HostId"), "");
}
