//! What commands read beside their arguments: documents and passwords, from files, the standard input or a terminal.

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use reelgate_client::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::screen::remark;

/// The text of a file, or of the standard input for `-`.
pub(super) fn text(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .context("the standard input cannot be read")?;
        return Ok(text);
    }
    fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// The password in a file, which may end in a line's end, or one that is typed twice on a terminal.
/// Command lines are no place for one: others can see them.
pub(super) fn password(file: Option<&Path>) -> Result<Secret> {
    let Some(file) = file else {
        return ask();
    };
    only_line(file)
}

/// The secret of an access key in a file, as [`password`] reads one, or one that is typed on a terminal.
pub(super) fn secret_key(file: Option<&Path>) -> Result<Secret> {
    if let Some(file) = file {
        return only_line(file);
    }
    if !io::stdin().is_terminal() {
        bail!(
            "no secret: name a file with --secret-file, set REELGATE_S3_SECRET, or run this on a terminal"
        );
    }
    Ok(Secret::new(
        Quiet::start()?.line("secret of the access key: ")?,
    ))
}

fn only_line(file: &Path) -> Result<Secret> {
    let text = text(file)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let password = line.strip_suffix('\r').unwrap_or(line);
    Ok(Secret::new(password))
}

/// Says that what is on the screen cannot be asked for again.
pub(super) fn shown_once(what: &str) {
    remark(&format!(
        "keep {what}: this is the only time they are shown"
    ));
}

fn ask() -> Result<Secret> {
    if !io::stdin().is_terminal() {
        bail!("no password: name a file with --password-file, or run this on a terminal");
    }
    let quiet = Quiet::start()?;
    let first = quiet.line("password: ")?;
    let second = quiet.line("again: ")?;
    if first != second {
        bail!("the two passwords differ");
    }
    Ok(Secret::new(first))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet(Termios);

impl Quiet {
    fn start() -> Result<Self> {
        let before = tcgetattr(io::stdin()).context("the terminal cannot be asked")?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)
            .context("the terminal cannot be made silent")?;
        Ok(Self(before))
    }

    fn line(&self, prompt: &str) -> Result<String> {
        let mut screen = io::stderr();
        write!(screen, "{prompt}")?;
        screen.flush()?;
        let mut line = String::new();
        io::stdin()
            .read_line(&mut line)
            .context("the terminal cannot be read")?;
        // The line's end was typed in silence, too.
        writeln!(screen)?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok(line)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // If it fails, there is nobody to tell: the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_may_end_in_a_line_s_end_and_is_otherwise_taken_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        for (content, expected) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            (" se\ncret \n\n", " se\ncret \n"),
        ] {
            fs::write(&file, content).unwrap();
            assert_eq!(password(Some(&file)).unwrap().expose(), expected);
        }
        fs::write(&file, b"\xff").unwrap();
        let error = password(Some(&file)).unwrap_err();
        assert!(format!("{error:#}").contains("cannot be read"), "{error:#}");
    }
}
