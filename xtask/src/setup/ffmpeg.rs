//! Finds ffmpeg and ffprobe that are new enough, installing them where they are missing.

use anyhow::{Context, Result, bail};

use super::{apt, output_of};

/// libavcodec of FFmpeg 5.1, the oldest release that Reelgate works with. Builds from git have no
/// release number of their own, but every build names this library's version.
const FLOOR: (u32, u32) = (59, 37);
const PROGRAMS: [&str; 2] = ["ffmpeg", "ffprobe"];

#[derive(Debug, PartialEq)]
enum Found {
    Fit,
    Missing,
    Old(String),
}

pub(crate) fn ensure() -> Result<()> {
    for program in PROGRAMS {
        if let Found::Missing = look(program)? {
            apt::install(
                &["ffmpeg"],
                &format!("{program} is missing and does the media work"),
            )?;
        }
    }
    for program in PROGRAMS {
        match look(program)? {
            Found::Fit => {}
            Found::Missing => bail!("{program} is still not on PATH after the installation"),
            Found::Old(version) => bail!(
                "{program} is too old (libavcodec {version}, at least {}.{} is needed, which is \
                 FFmpeg 5.1); put a newer one first on PATH",
                FLOOR.0,
                FLOOR.1
            ),
        }
    }
    Ok(())
}

fn look(program: &str) -> Result<Found> {
    match output_of(program, &["-hide_banner", "-version"]) {
        None => Ok(Found::Missing),
        Some(text) => judge(&text)
            .with_context(|| format!("no libavcodec version in the output of {program} -version")),
    }
}

fn judge(text: &str) -> Option<Found> {
    let (major, minor) = libavcodec(text)?;
    if (major, minor) >= FLOOR {
        Some(Found::Fit)
    } else {
        Some(Found::Old(format!("{major}.{minor}")))
    }
}

/// Reads major and minor from a line such as `libavcodec     59. 37.100 / 59. 37.100`; of the two
/// versions the second is the one in use.
fn libavcodec(text: &str) -> Option<(u32, u32)> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("libavcodec"))?;
    let in_use = line.split('/').next_back()?;
    let mut numbers = in_use.split('.').map(|part| part.trim().parse::<u32>());
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_library_version_in_use() {
        let text = "ffmpeg version 5.1.9\nlibavutil      57. 28.100 / 57. 28.100\n\
                    libavcodec     59. 37.100 / 60.  3.100\n";
        assert_eq!(libavcodec(text), Some((60, 3)));
        assert_eq!(libavcodec("ffmpeg version N-1"), None);
    }

    #[test]
    fn judges_versions_as_numbers() {
        let judged = |version: &str| judge(&format!("libavcodec {version} / {version}"));
        assert_eq!(judged("59. 37.100"), Some(Found::Fit));
        assert_eq!(judged("60.  3.100"), Some(Found::Fit));
        assert_eq!(judged("59. 18.100"), Some(Found::Old("59.18".to_owned())));
        assert_eq!(judged("58.134.100"), Some(Found::Old("58.134".to_owned())));
    }
}
