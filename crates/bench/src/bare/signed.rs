//! The least a signed durable call can be: check the signature, insert 500 bytes with group commit,
//! answer. Same HTTP library, same runtime, same signature as ours.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use rusqlite::Connection;
use tokio::net::TcpListener;

use super::durable;
use super::group::GroupCommit;
use super::signature::is_genuine;

const SCHEMA: &str = "CREATE TABLE job (seq INTEGER PRIMARY KEY, state INTEGER, payload BLOB);";
const INSERT: &str = "INSERT INTO job (state, payload) VALUES (0, ?1)";
const ANSWER: &str = r#"{"RequestId":"338CA33A-AE83-5DF4-B6F2-C6D3ED8143F5","Success":true}"#;

struct Shop {
    secret: String,
    rows: GroupCommit<[u8; 500]>,
}

/// Starts the server; it runs as long as the runtime. `/hello` answers without doing anything.
pub(crate) async fn serve(database: &Path, secret: String) -> Result<SocketAddr> {
    let connection = Connection::open(database)?;
    durable(&connection)?;
    connection.execute_batch(SCHEMA)?;
    let rows = GroupCommit::start(connection, |connection, row: &[u8; 500]| {
        connection.prepare_cached(INSERT)?.execute([row])?;
        Ok(())
    });
    let routes = Router::new()
        .route("/", get(insert))
        .route("/hello", get(async || "hello"))
        .with_state(Arc::new(Shop { secret, rows }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

async fn insert(State(shop): State<Arc<Shop>>, RawQuery(query): RawQuery) -> Response {
    if !is_genuine("GET", &query.unwrap_or_default(), &shop.secret) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match shop.rows.write([b'x'; 500]).await {
        Ok(()) => ([(header::CONTENT_TYPE, "application/json")], ANSWER).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
