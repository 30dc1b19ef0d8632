//! Finding a library by what somebody calls it.

use anyhow::{Result, bail};
use reelgate_client::{Client, Library};

/// The library with this id or name. Several libraries may have one name.
pub(super) async fn library(client: &Client, name: &str) -> Result<Library> {
    let all = client.libraries().await?.libraries;
    if let Some(found) = all.iter().find(|it| it.id == name) {
        return Ok(found.clone());
    }
    let named: Vec<_> = all.into_iter().filter(|it| it.name == name).collect();
    match named.as_slice() {
        [] => bail!("library {name} does not exist: `reelgate dna list` shows those there are"),
        [only] => Ok(only.clone()),
        several => bail!(
            "{} libraries are called {name}: name one by its id, {}",
            several.len(),
            ids(several).join(" or ")
        ),
    }
}

/// The one library that there is.
pub(super) async fn only(client: &Client) -> Result<Library> {
    let all = client.libraries().await?.libraries;
    match all.as_slice() {
        [] => bail!("there is no library: create one with `reelgate dna create`"),
        [only] => Ok(only.clone()),
        several => bail!(
            "there are {} libraries: name the one to search, {}",
            several.len(),
            ids(several).join(" or ")
        ),
    }
}

fn ids(libraries: &[Library]) -> Vec<&str> {
    libraries.iter().map(|it| it.id.as_str()).collect()
}
