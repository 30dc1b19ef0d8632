//! Tests of refusals in place of the HTTP library's own, on a pipe that takes a few bytes at a time.

use http::{Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

/// What the library writes for a head that it cannot read.
const BARE: &str =
    "HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\ndate: today\r\n\r\n";

fn refuse(head_start: &[u8], status: StatusCode) -> Response<Vec<u8>> {
    let length = head_start.len();
    let body = format!(
        "{status} after {length}: {}",
        head_start[..8].escape_ascii()
    );
    Response::builder()
        .status(status)
        .header("x-request-id", "1")
        .body(body.into())
        .unwrap()
}

/// The client's end, the server's, and what follows the server's handlers.
fn connection(refuse: Option<Refuse>) -> (DuplexStream, ClientStream<DuplexStream>, Exchange) {
    let (client, server) = duplex(7);
    let exchange = Exchange::default();
    let stream = ClientStream::new(server, exchange.clone(), refuse);
    (client, stream, exchange)
}

/// Sends the text to the server, which reads all of it.
async fn ask(client: &mut DuplexStream, server: &mut ClientStream<DuplexStream>, text: &str) {
    let mut read = vec![0; text.len()];
    let (sent, received) = tokio::join!(
        client.write_all(text.as_bytes()),
        server.read_exact(&mut read)
    );
    sent.unwrap();
    received.unwrap();
}

/// Writes the text and closes; what the client sees.
async fn answer(
    mut client: DuplexStream,
    mut server: ClientStream<DuplexStream>,
    text: &str,
) -> String {
    let mut seen = String::new();
    let writing = async {
        server.write_all(text.as_bytes()).await.unwrap();
        server.flush().await.unwrap();
        drop(server);
    };
    let (_, read) = tokio::join!(writing, client.read_to_string(&mut seen));
    read.unwrap();
    seen
}

const REFUSED: &str = "HTTP/1.1 414 URI Too Long\r\nx-request-id: 1\r\ndate: today\r\n";

#[tokio::test]
async fn an_answer_that_no_handler_gave_is_replaced() {
    let (mut client, mut server, _) = connection(Some(refuse));
    ask(&mut client, &mut server, "GET /long").await;
    let seen = answer(client, server, BARE).await;
    let body = "414 URI Too Long after 9: GET /lon";
    let length = body.len();
    let expected = format!("{REFUSED}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn only_the_start_of_a_head_is_kept() {
    let (mut client, mut server, _) = connection(Some(refuse));
    ask(&mut client, &mut server, &"x".repeat(3 * HEAD_START_BYTES)).await;
    let seen = answer(client, server, BARE).await;
    assert!(seen.ends_with(" after 512: xxxxxxxx"), "{seen}");
}

#[tokio::test]
async fn a_refusal_of_head_has_no_body() {
    let (mut client, mut server, _) = connection(Some(refuse));
    ask(&mut client, &mut server, "HEAD /long").await;
    let seen = answer(client, server, BARE).await;
    assert!(
        seen.starts_with(REFUSED) && seen.ends_with("\r\n\r\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn what_a_handler_sends_stays_however_it_looks() {
    let (mut client, mut server, exchange) = connection(Some(refuse));
    ask(&mut client, &mut server, "GET /").await;
    exchange.begin();
    assert_eq!(answer(client, server, BARE).await, BARE);
}

/// The last piece of an object may look like an answer.
#[tokio::test]
async fn what_is_left_of_an_answer_stays_until_it_is_flushed() {
    let (client, server, exchange) = connection(Some(refuse));
    exchange.begin();
    drop(super::super::exchange::AnswerBody {
        body: axum::body::Body::empty(),
        exchange: exchange.clone(),
    });
    assert_eq!(answer(client, server, BARE).await, BARE);
    assert!(exchange.is_awaited());
}

#[tokio::test]
async fn nothing_is_replaced_when_nobody_words_refusals() {
    let (client, server, _) = connection(None);
    assert_eq!(answer(client, server, BARE).await, BARE);
}
