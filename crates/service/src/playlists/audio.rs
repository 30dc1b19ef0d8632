//! Sound of its own beside pictures: one group of tracks that listeners choose from.

use std::collections::BTreeSet;

use reelgate_domain::ObjectRef;
use reelgate_media::playlist::AudioTrack;

use super::{CreateAudioTrack, MAX_RENDITIONS, Rung, rendition};
use crate::{ErrorKind, ServiceError};

const MOST_NAME_CHARS: usize = 64;

/// Checks what needs no look at the jobs.
pub(super) fn check_names(tracks: &[CreateAudioTrack]) -> Result<(), ServiceError> {
    if tracks.len() > MAX_RENDITIONS {
        let message = format!("a master playlist has at most {MAX_RENDITIONS} tracks of sound");
        return Err(ServiceError::invalid("audio", message));
    }
    let mut names = BTreeSet::new();
    for (place, track) in tracks.iter().enumerate() {
        let is_plain = |name: &str| !name.chars().any(|it| it.is_control() || it == '"');
        let length = track.name.chars().count();
        if !(1..=MOST_NAME_CHARS).contains(&length) || !is_plain(&track.name) {
            let message = "a name has 1 to 64 characters, without quotes and control characters";
            return Err(ServiceError::invalid(
                format!("audio[{place}].name"),
                message,
            ));
        }
        if !names.insert(&track.name) {
            let message = format!("two tracks are called {}", track.name);
            return Err(ServiceError::invalid(
                format!("audio[{place}].name"),
                message,
            ));
        }
        if !track.language.as_deref().is_none_or(is_language) {
            let message = "a language is 2 to 35 letters, digits and hyphens, such as en or pt-BR";
            let subject = format!("audio[{place}].language");
            return Err(ServiceError::invalid(subject, message));
        }
    }
    Ok(())
}

fn is_language(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (2..=35).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Whether pictures and sounds go together: each job has one of both alone, and they last equally long.
pub(super) fn check(pictures: &[Rung<'_>], sounds: &[Rung<'_>]) -> Result<(), ServiceError> {
    let (Some(first), false) = (pictures.first(), sounds.is_empty()) else {
        return Ok(());
    };
    if let Some(rung) = pictures.iter().find(|it| it.facts.audio().is_some()) {
        let message = format!("the output of job {} has sound of its own", rung.job);
        return Err(ServiceError::invalid(rung.job, message));
    }
    let whole = first.playlist.seconds();
    for rung in sounds {
        if rung.facts.video().is_some() || rung.facts.audio().is_none() {
            let message = format!("the output of job {} is not of sound alone", rung.job);
            return Err(ServiceError::invalid(rung.job, message));
        }
        let found = rung.playlist.seconds();
        // Streams of one source may end a second apart.
        if (found - whole).abs() > 1.0 + whole / 100.0 {
            let message = format!(
                "{} lasts {found:.3} s, and the picture {whole:.3} s",
                rung.object
            );
            return Err(ServiceError::new(ErrorKind::Conflict, rung.job, message));
        }
    }
    Ok(())
}

/// The tracks as the playlist tells of them.
pub(super) fn tracks(
    sounds: &[Rung<'_>],
    wanted: &[CreateAudioTrack],
    target: &ObjectRef,
) -> Result<Vec<AudioTrack>, ServiceError> {
    let track = |(rung, wanted): (&Rung<'_>, &CreateAudioTrack)| {
        Ok(AudioTrack {
            name: wanted.name.clone(),
            language: wanted.language.clone(),
            channels: rung.facts.audio().and_then(|(_, audio)| audio.channels),
            sound: rendition::of(rung, target)?,
        })
    };
    sounds.iter().zip(wanted).map(track).collect()
}

#[cfg(test)]
mod tests {
    use reelgate_domain::JobId;

    use super::*;

    fn track(name: &str, language: Option<&str>) -> CreateAudioTrack {
        CreateAudioTrack {
            job: JobId::from_bytes([1; 16]),
            name: name.to_owned(),
            language: language.map(str::to_owned),
        }
    }

    #[test]
    fn names_that_cannot_stand_in_a_playlist_are_refused_by_their_place() {
        let subject = |tracks: &[CreateAudioTrack]| check_names(tracks).err().map(|it| it.subject);
        let good = [
            track("English", Some("en")),
            track("普通话", Some("zh-Hans")),
        ];
        assert_eq!(subject(&good), None);
        for (name, language, field) in [
            ("", None, "name"),
            ("a\"b", None, "name"),
            ("a\nb", None, "name"),
            (&*"a".repeat(65), None, "name"),
            ("English", None, "name"),
            ("a", Some("e"), "language"),
            ("a", Some("e\"n"), "language"),
        ] {
            let tracks = [track("English", None), track(name, language)];
            let expected = format!("audio[1].{field}");
            assert_eq!(subject(&tracks), Some(expected), "{name} {language:?}");
        }
        let many: Vec<_> = (0..31).map(|it| track(&it.to_string(), None)).collect();
        assert_eq!(subject(&many).as_deref(), Some("audio"));
    }
}
