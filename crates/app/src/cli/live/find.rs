//! Finding a stream by what somebody calls it.

use anyhow::{Result, bail};
use reelgate_client::{Client, StreamQuery};

/// The id of the stream with this id or name. Several streams may have one name.
pub(super) async fn id(client: &Client, stream: &str) -> Result<String> {
    let is_id = stream.len() == 32 && stream.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        return Ok(stream.to_owned());
    }
    let mut found = Vec::new();
    let mut query = StreamQuery {
        keyword: Some(stream.to_owned()),
        limit: Some(100),
        ..StreamQuery::default()
    };
    loop {
        let page = client.streams(&query).await?;
        let named = page.streams.into_iter().filter(|it| it.name == stream);
        found.extend(named.map(|it| it.id));
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => break,
        }
    }
    match found.as_slice() {
        [] => bail!("stream {stream} does not exist"),
        [id] => Ok(id.clone()),
        several => bail!(
            "{} streams are called {stream}: name one by its id, {}",
            several.len(),
            several.join(" or ")
        ),
    }
}
