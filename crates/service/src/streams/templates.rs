//! Templates of live streams: those that ship with the program, and those of an account.

use reelgate_domain::Timestamp;
use reelgate_domain::document::{Document, DocumentKind};
use reelgate_domain::job::kind::transcode::OutOfRange;
use reelgate_domain::stream::{
    EdgeTemplate, Follow, LiveCodec, LiveGop, LiveSettings, Side, TemplateId, TemplateKind,
};
use serde::{Deserialize, Serialize};

use super::StreamError;
use crate::{Caller, KeepDocument, Service, ServiceError};

const KIND: DocumentKind = "live.template";
/// The most templates of an account.
const MOST_TEMPLATES: u32 = 1000;
const MOST_NAME_CHARS: usize = 128;

/// A template that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLiveTemplate {
    /// 1 to 128 letters, digits, `-`, `_` and `.`.
    pub name: String,
    pub settings: LiveSettings,
}

/// What is to change of a template. Absent fields stay as they are. Streams that run go on as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeLiveTemplate {
    pub name: Option<String>,
    pub settings: Option<LiveSettings>,
}

/// As it is kept. What is added to it later is optional, so that older ones can be read.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    kind: TemplateKind,
    settings: LiveSettings,
}

/// When those that ship with the program were made.
const MADE_AT: Timestamp = Timestamp::from_millis(1_795_305_600_000);

/// The templates of everybody. Their ids stay what they are, whatever becomes of their settings.
pub fn built_in_templates() -> Vec<EdgeTemplate> {
    let mut all = Vec::new();
    for (codec, word) in [(LiveCodec::H264, "h264"), (LiveCodec::H265, "h265")] {
        let gop = Follow::Fixed(LiveGop::Millis(2000));
        let source = LiveSettings {
            codec,
            gop,
            ..LiveSettings::copy()
        };
        all.push(built_in(
            &format!("live-source-{word}"),
            &format!("source-{word}"),
            source,
        ));
        // H.265 needs about 60 % of the bits for the same picture.
        let kbps = |h264: u32| match codec {
            LiveCodec::H265 => h264 * 3 / 5,
            LiveCodec::H264 | LiveCodec::Copy => h264,
        };
        for (height, h264_kbps) in [(1080, 5000), (720, 2500), (480, 1200)] {
            let settings = LiveSettings {
                codec,
                width: Side::Ratio,
                height: Side::Pixels(height),
                video_kbps: Follow::Fixed(kbps(h264_kbps)),
                milli_fps: Follow::Source,
                gop,
                audio_kbps: Some(128),
            };
            let id = format!("live-{height:05}p-{word}");
            all.push(built_in(&id, &format!("{height}p-{word}"), settings));
        }
    }
    all.push(built_in("live-source-copy", "copy", LiveSettings::copy()));
    all
}

/// The 16 characters are the id's bytes.
fn built_in(id: &str, name: &str, settings: LiveSettings) -> EdgeTemplate {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(id.as_bytes());
    EdgeTemplate {
        id: TemplateId::from_bytes(bytes),
        account: None,
        name: name.to_owned(),
        kind: TemplateKind::Common,
        settings,
        created_at: MADE_AT,
    }
}

impl Service {
    /// Those that ship with the program, then the account's, oldest first.
    pub async fn live_templates(&self, caller: &Caller) -> Result<Vec<EdgeTemplate>, StreamError> {
        let mut all = built_in_templates();
        let documents = self.documents(caller, KIND).await?;
        // Ids sort by the time of creation.
        all.extend(documents.iter().filter_map(|document| {
            let read = read(document);
            read.inspect_err(|error| {
                let id = &document.id;
                tracing::error!(%error, "template {id} of live streams cannot be read");
            })
            .ok()
        }));
        Ok(all)
    }

    pub async fn live_template(
        &self,
        caller: &Caller,
        id: TemplateId,
    ) -> Result<EdgeTemplate, StreamError> {
        if let Some(found) = built_in_templates().into_iter().find(|it| it.id == id) {
            return Ok(found);
        }
        let found = self.document(caller, KIND, &id.to_string()).await?;
        Ok(read(&found.ok_or(StreamError::NoTemplate(id))?)?)
    }

    pub async fn create_live_template(
        &self,
        caller: &Caller,
        new: NewLiveTemplate,
    ) -> Result<EdgeTemplate, StreamError> {
        self.require_edge(caller).await?;
        check(&new.name, &new.settings)?;
        let id = TemplateId::from_bytes(self.ids.uuid(self.clock.now()));
        let kept = Kept {
            name: new.name,
            kind: TemplateKind::Common,
            settings: new.settings,
        };
        let keeping = keeping(id, &kept, None)?;
        let once = caller.making(id);
        let caller = Caller {
            once,
            ..caller.clone()
        };
        let made = self.keep_document(&caller, keeping).await?;
        Ok(read(&made)?)
    }

    pub async fn change_live_template(
        &self,
        caller: &Caller,
        id: TemplateId,
        change: ChangeLiveTemplate,
    ) -> Result<EdgeTemplate, StreamError> {
        self.require_edge(caller).await?;
        require_own(id)?;
        let found = self.document(caller, KIND, &id.to_string()).await?;
        let found = found.ok_or(StreamError::NoTemplate(id))?;
        let known = read(&found)?;
        let kept = Kept {
            name: change.name.unwrap_or(known.name),
            kind: known.kind,
            settings: change.settings.unwrap_or(known.settings),
        };
        check(&kept.name, &kept.settings)?;
        let keeping = keeping(id, &kept, Some(found.revision))?;
        let changed = self.keep_document(caller, keeping).await?;
        Ok(read(&changed)?)
    }

    /// Streams that name it go on as long as they run, and cannot be started again.
    pub async fn delete_live_template(
        &self,
        caller: &Caller,
        id: TemplateId,
    ) -> Result<(), StreamError> {
        require_own(id)?;
        match self.forget_document(caller, KIND, &id.to_string()).await? {
            true => Ok(()),
            false => Err(StreamError::NoTemplate(id)),
        }
    }
}

fn require_own(id: TemplateId) -> Result<(), StreamError> {
    match built_in_templates().iter().any(|it| it.id == id) {
        true => Err(StreamError::BuiltIn(id)),
        false => Ok(()),
    }
}

fn check(name: &str, settings: &LiveSettings) -> Result<(), StreamError> {
    let allowed = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_' | '.');
    let fits = (1..=MOST_NAME_CHARS).contains(&name.chars().count());
    if !fits || !name.chars().all(allowed) {
        return Err(StreamError::Invalid(OutOfRange {
            field: "name",
            expected: "1 to 128 letters, digits, '-', '_' and '.'",
        }));
    }
    Ok(settings.validate()?)
}

fn keeping(
    id: TemplateId,
    kept: &Kept,
    replaces: Option<u64>,
) -> Result<KeepDocument, ServiceError> {
    Ok(KeepDocument {
        kind: KIND,
        id: id.to_string(),
        body: serde_json::to_value(kept).map_err(ServiceError::internal)?,
        replaces,
        most: MOST_TEMPLATES,
    })
}

fn read(document: &Document) -> Result<EdgeTemplate, ServiceError> {
    let id = document.id.parse().map_err(ServiceError::internal)?;
    let kept = Kept::deserialize(&document.body).map_err(ServiceError::internal)?;
    Ok(EdgeTemplate {
        id,
        account: Some(document.account),
        name: kept.name,
        kind: kept.kind,
        settings: kept.settings,
        created_at: document.created_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_that_ship_with_the_program_are_sound_and_keep_their_ids() {
        let all = built_in_templates();
        for template in &all {
            check(&template.name, &template.settings).unwrap();
        }
        let shown: Vec<_> = all
            .iter()
            .map(|it| format!("{} {}", it.id, it.name))
            .collect();
        let expected = [
            "6c6976652d736f757263652d68323634 source-h264",
            "6c6976652d3031303830702d68323634 1080p-h264",
            "6c6976652d3030373230702d68323634 720p-h264",
            "6c6976652d3030343830702d68323634 480p-h264",
            "6c6976652d736f757263652d68323635 source-h265",
            "6c6976652d3031303830702d68323635 1080p-h265",
            "6c6976652d3030373230702d68323635 720p-h265",
            "6c6976652d3030343830702d68323635 480p-h265",
            "6c6976652d736f757263652d636f7079 copy",
        ];
        assert_eq!(shown, expected);
    }
}
