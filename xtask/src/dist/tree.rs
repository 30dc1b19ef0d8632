//! A directory of files with set permissions, which an archive or a package is made of.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    pub(super) fn new(root: PathBuf) -> Result<Self> {
        make_folder(&root)?;
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>, mode: u32) -> Result<()> {
        let file = self.place(path)?;
        fs::write(&file, content)
            .and_then(|()| fs::set_permissions(&file, Permissions::from_mode(mode)))
            .with_context(|| format!("write {}", file.display()))
    }

    pub(super) fn copy(&self, from: &Path, path: &str, mode: u32) -> Result<()> {
        let content = fs::read(from).with_context(|| format!("read {}", from.display()))?;
        self.write(path, content, mode)
    }

    /// Copies a folder with all below it; what may be run stays so.
    pub(super) fn copy_folder(&self, from: &Path, path: &str) -> Result<()> {
        for entry in fs::read_dir(from).with_context(|| format!("list {}", from.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().context("a file name is not UTF-8")?;
            let inner = format!("{path}/{name}");
            if entry.file_type()?.is_dir() {
                self.copy_folder(&entry.path(), &inner)?;
            } else {
                let may_run = entry.metadata()?.permissions().mode() & 0o100 != 0;
                self.copy(&entry.path(), &inner, if may_run { 0o755 } else { 0o644 })?;
            }
        }
        Ok(())
    }

    /// The files below, relative to the root and in order.
    pub(super) fn files(&self) -> Result<Vec<String>> {
        let mut files = Vec::new();
        list(&self.root, "", &mut files)?;
        files.sort();
        Ok(files)
    }

    fn place(&self, path: &str) -> Result<PathBuf> {
        let file = self.root.join(path);
        if let Some(folder) = file.parent() {
            make_folder(folder)?;
        }
        Ok(file)
    }
}

/// Whatever the umask of the person who packs, others can look into it.
fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(parent)?;
    }
    fs::create_dir(folder)
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o755)))
        .with_context(|| format!("create {}", folder.display()))
}

fn list(folder: &Path, prefix: &str, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
