//! `GET /livez`: the process answers.

pub(crate) async fn live() -> &'static str {
    "ok"
}
