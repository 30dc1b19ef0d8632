//! What an output is made from: the job's input, and what it names besides.

use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::transcode::StreamChoice;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{AudioFacts, MediaFacts, StreamDetail, StreamFacts, VideoFacts};

/// An object that outputs name besides the input, or why it cannot be had.
#[derive(Clone, Debug)]
pub struct Further {
    pub object: ObjectRef,
    pub facts: Result<MediaFacts, Fault>,
}

/// What is known of everything that outputs of one job are made from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    pub main: &'a MediaFacts,
    /// Each object once. Plans name them by their places here.
    pub further: &'a [Further],
}

impl<'a> From<&'a MediaFacts> for Sources<'a> {
    fn from(main: &'a MediaFacts) -> Self {
        let further = &[];
        Self { main, further }
    }
}

impl<'a> Sources<'a> {
    /// The place of an object, and what is known of it.
    pub(super) fn find(&self, object: &ObjectRef) -> Result<(usize, &'a MediaFacts), Fault> {
        let mut all = self.further.iter().enumerate();
        let found = all.find(|(_, further)| further.object == *object);
        let Some((place, further)) = found else {
            let message = format!("input {object} was not looked for");
            return Err(Fault::new(FaultCode::SourceMissing, message));
        };
        match &further.facts {
            Ok(facts) => Ok((place, facts)),
            Err(fault) => Err(fault.clone()),
        }
    }
}

/// The moving picture that is chosen.
pub(super) fn video(
    facts: &MediaFacts,
    choice: StreamChoice,
) -> Result<Option<(&StreamFacts, &VideoFacts)>, Fault> {
    let Some(place) = choice.video else {
        return Ok(facts.video());
    };
    let mut streams = facts
        .streams
        .iter()
        .filter_map(|stream| match &stream.detail {
            StreamDetail::Video(video) => Some((stream, video)),
            _ => None,
        });
    match nth(&mut streams, place) {
        Ok((_, video)) if video.is_picture => Err(Fault::new(
            FaultCode::SpecUnfit,
            format!("video stream {place} of the source is a cover picture"),
        )),
        Ok(found) => Ok(Some(found)),
        Err(0) => Ok(None),
        Err(count) => Err(no_such("video", place, count)),
    }
}

/// The sound that is chosen.
pub(super) fn audio(
    facts: &MediaFacts,
    choice: StreamChoice,
) -> Result<Option<(&StreamFacts, &AudioFacts)>, Fault> {
    let Some(place) = choice.audio else {
        return Ok(facts.audio());
    };
    let mut streams = facts
        .streams
        .iter()
        .filter_map(|stream| match &stream.detail {
            StreamDetail::Audio(audio) => Some((stream, audio)),
            _ => None,
        });
    match nth(&mut streams, place) {
        Ok(found) => Ok(Some(found)),
        // A choice that cannot be met is no wish for silence.
        Err(0) => Err(Fault::new(
            FaultCode::NoAudioStream,
            "the source has no audio stream",
        )),
        Err(count) => Err(no_such("audio", place, count)),
    }
}

/// What is at a place, or how many there are.
fn nth<T>(streams: &mut impl Iterator<Item = T>, place: u32) -> Result<T, usize> {
    let mut count = 0;
    for stream in streams {
        if count == place as usize {
            return Ok(stream);
        }
        count += 1;
    }
    Err(count)
}

fn no_such(kind: &str, place: u32, count: usize) -> Fault {
    let message = format!("there is no {kind} stream {place} in the source, which has {count}");
    Fault::new(FaultCode::SpecUnfit, message)
}
