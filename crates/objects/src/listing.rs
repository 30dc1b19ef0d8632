//! Listing a bucket's objects in the order of their keys, a page at a time.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use reelgate_domain::ObjectKey;

use crate::directory::{Directory, meta};
use crate::error::ObjectError;
use crate::object::ObjectMeta;

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub objects: Vec<ObjectMeta>,
    /// Whether there are more: ask again with `after` set to the last key.
    pub truncated: bool,
}

impl Directory {
    /// The objects whose keys start with `prefix` and come after `after`, in byte order.
    pub async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Listing, ObjectError> {
        let walk = Walk {
            root: self.root.clone(),
            prefix: prefix.to_owned(),
            after: after.unwrap_or_default().to_owned(),
            limit,
            found: Vec::new(),
        };
        tokio::task::spawn_blocking(move || walk.run())
            .await
            .unwrap_or_else(|stopped| {
                let source = std::io::Error::other(stopped);
                Err(ObjectError::Io {
                    what: "listing the bucket".into(),
                    source,
                })
            })
    }
}

struct Walk {
    root: PathBuf,
    prefix: String,
    after: String,
    /// One more than this is looked for, to know whether the listing goes on.
    limit: usize,
    found: Vec<ObjectMeta>,
}

impl Walk {
    fn run(mut self) -> Result<Listing, ObjectError> {
        let root = self.root.clone();
        self.folder(&root, "")?;
        let truncated = self.found.len() > self.limit;
        self.found.truncate(self.limit);
        Ok(Listing {
            objects: self.found,
            truncated,
        })
    }

    fn folder(&mut self, path: &Path, base: &str) -> Result<(), ObjectError> {
        let failed = |source| ObjectError::Io {
            what: format!("listing {base}"),
            source,
        };
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            // Deleted since its parent was read.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let is_folder = entry.file_type().map_err(failed)?.is_dir();
            // With its slash a folder sorts where its keys do.
            names.push(if is_folder {
                format!("{base}{name}/")
            } else {
                format!("{base}{name}")
            });
        }
        names.sort_unstable();
        for name in names {
            if self.found.len() > self.limit {
                break;
            }
            self.entry(&name)?;
        }
        Ok(())
    }

    fn entry(&mut self, name: &str) -> Result<(), ObjectError> {
        if name.ends_with('/') {
            let reserved = name.strip_suffix('/') == Some(ObjectKey::RESERVED);
            let matches = name.starts_with(&self.prefix) || self.prefix.starts_with(name);
            // Keys below the folder start with its name: all of them lie before `after` unless
            // that is inside the folder or before it.
            let may_follow = name > self.after.as_str() || self.after.starts_with(name);
            if !reserved && matches && may_follow {
                self.folder(&self.root.join(name), name)?;
            }
            return Ok(());
        }
        if name.starts_with(&self.prefix) && name > self.after.as_str() {
            let key = ObjectKey::new(name);
            let metadata = self.metadata(name);
            if let (Ok(key), Ok(metadata)) = (key, metadata)
                && let Ok(object) = meta(&key, &metadata)
            {
                self.found.push(object);
            }
        }
        Ok(())
    }

    /// Of the file that a read would open: none behind a link that leaves the bucket.
    fn metadata(&self, name: &str) -> std::io::Result<Metadata> {
        let path = self.root.join(name);
        let metadata = std::fs::symlink_metadata(&path)?;
        if !metadata.is_symlink() {
            return Ok(metadata);
        }
        let real = path.canonicalize()?;
        if real.starts_with(&self.root) {
            real.metadata()
        } else {
            Err(ErrorKind::NotFound.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn list(prefix: &str, after: Option<&str>, limit: usize) -> (Vec<String>, bool) {
        let dir = tempfile::tempdir().unwrap();
        for key in ["a.b", "a/1", "a/2", "a0", "b/c/d", ".reelgate/x"] {
            let path = dir.path().join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let bucket = Directory::open(dir.path()).unwrap();
        let listing = bucket.list(prefix, after, limit).await.unwrap();
        (
            listing.objects.iter().map(|o| o.key.to_string()).collect(),
            listing.truncated,
        )
    }

    #[tokio::test]
    async fn keys_come_in_byte_order_without_the_reserved_folder() {
        let all = ["a.b", "a/1", "a/2", "a0", "b/c/d"]
            .map(String::from)
            .to_vec();
        assert_eq!(list("", None, 5).await, (all, false));
    }

    #[tokio::test]
    async fn a_page_goes_on_after_its_last_key() {
        assert_eq!(
            list("", None, 2).await,
            (vec!["a.b".into(), "a/1".into()], true)
        );
        assert_eq!(
            list("", Some("a/1"), 2).await,
            (vec!["a/2".into(), "a0".into()], true)
        );
        assert_eq!(list("", Some("a0"), 2).await, (vec!["b/c/d".into()], false));
    }

    /// They were listed with the size and time of a file that no call hands out.
    #[tokio::test]
    async fn links_are_listed_unless_they_leave_the_bucket() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(dir.path().join("file"), "x").unwrap();
        for (target, link) in [(outside.path(), "out"), (Path::new("file"), "in")] {
            std::os::unix::fs::symlink(target, dir.path().join(link)).unwrap();
        }
        let bucket = Directory::open(dir.path()).unwrap();
        let listing = bucket.list("", None, 9).await.unwrap();
        let keys: Vec<_> = listing.objects.iter().map(|o| o.key.as_str()).collect();
        assert_eq!(keys, ["file", "in"]);
    }

    #[tokio::test]
    async fn a_prefix_may_end_inside_a_name() {
        assert_eq!(list("a/", None, 9).await.0, ["a/1", "a/2"]);
        assert_eq!(list("b/c", None, 9).await.0, ["b/c/d"]);
        assert!(list("c", None, 9).await.0.is_empty());
    }
}
