//! One element of the `Outputs` parameter: what a job is to make.
//!
//! A template is required; what the output itself gives overrides the template field by field. Fields that are not
//! served are refused by name, unless they ask for nothing or for what is done anyway.

mod animation;
mod audio;
mod clip;
mod dewatermark;
mod join;
mod mix;
mod mode;
mod mux;
pub(super) mod object;
mod picture;
mod protection;
mod rate;
pub(super) mod settings;
mod streams;
mod subtitles;
mod video;
mod volume;
mod watermark;

use reelgate_domain::BucketName;
use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::transcode::{OutputSpec, Settings};
use reelgate_domain::job::{MAX_USER_DATA_BYTES, Priority};
use serde_json::{Map, Value};

use super::configs::Configs;
use super::errors::{Code, Refusal};
use super::fields::{self, Fields};
use super::input::Input;
use super::presets::{self, Lookup, Preset};
use super::templates::Used;

/// What all outputs of a submission share.
pub(super) struct Target<'a> {
    pub(super) input: &'a Input,
    pub(super) bucket: &'a BucketName,
    /// The account's own templates that the outputs name.
    pub(super) templates: &'a Used,
    /// What the files hold that the outputs name.
    pub(super) configs: &'a Configs,
}

/// An output that can be made.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) spec: OutputSpec,
    pub(super) priority: Priority,
    pub(super) user_data: Option<String>,
    /// The output as received, but for strings that contain objects, which are unfolded.
    pub(super) request: Map<String, Value>,
    /// `OutputObject` as received.
    pub(super) object: String,
}

/// Reads one output.
pub(super) fn parse(output: Value, target: &Target<'_>) -> Result<Accepted, Refusal> {
    let mut request = members(output)?;
    let mut fields = Fields::new("", &request);
    let object = fields.required("OutputObject")?;
    let template = template(&fields.required("TemplateId")?, target.templates)?;
    let (mut settings, segment_at_ms) = settings(&template, &mut fields)?;
    let degrees = picture::rotation(&mut fields)?;
    match &mut settings.video {
        Some(video) => video.rotate = degrees,
        None if degrees > 0 => return fields.refuse(Code::NotSupported, "Rotate"),
        None => {}
    }
    let (clip, is_first_clipped) = clip::read(fields.object("Clip")?)?;
    let priority = priority(&mut fields)?;
    let user_data = user_data(&mut fields)?;
    let streams = streams::read(&mut fields)?;
    let unused = [
        (
            "VideoStreamMap",
            streams.video.is_some() && settings.video.is_none(),
        ),
        (
            "AudioStreamMap",
            streams.audio.is_some() && settings.audio.is_none(),
        ),
    ];
    if let Some((name, _)) = unused.iter().find(|(_, is_unused)| *is_unused) {
        return fields.refuse(Code::NotSupported, name);
    }
    let join = join::read(&mut fields, target.configs)?;
    let is_rescaled = picture::is_rescaled(&request).or_else(|| template.is_rescaled());
    join.apply(&mut settings, is_rescaled.unwrap_or(false));
    let mix = mix::read(&mut fields)?;
    if !mix.is_empty() && settings.audio.is_none() {
        return fields.refuse(Code::NotSupported, "Amix");
    }
    let config = fields.object("SubtitleConfig")?;
    let subtitles = subtitles::read(config, &target.input.object.key)?;
    let marks = watermark::read(&mut fields, target.templates)?;
    for (is_given, name) in [
        (!marks.is_empty(), "WaterMarks"),
        (!join.openings.is_empty(), "OpeningList"),
        (!subtitles.is_empty(), "SubtitleConfig"),
    ] {
        if is_given && settings.video.is_none() {
            return fields.refuse(Code::NotSupported, name);
        }
    }
    let erased = dewatermark::read(&mut fields)?;
    match &mut settings.video {
        Some(video) => video.erase = erased,
        None if erased.is_empty() => {}
        None => return fields.refuse(Code::NotSupported, "DeWatermark"),
    }
    let (encryption, segment_tags) = protection::read(&mut fields, settings.container)?;
    fields.finish()?;
    protection::without_key(&mut request);
    let key = object::key(&object, &target.input.object.key, settings.container)?;
    let object_ref = ObjectRef {
        bucket: target.bucket.clone(),
        key,
    };
    let mut spec = OutputSpec::new(object_ref, settings);
    spec.clip = clip;
    spec.clip_first = is_first_clipped && !join.parts.is_empty();
    spec.streams = streams;
    spec.append = join.parts;
    spec.mix = mix;
    spec.subtitles = subtitles;
    // Marks lie on the whole picture, and so above what is seen in it.
    spec.overlays = join.openings.into_iter().chain(marks).collect();
    spec.encryption = encryption;
    spec.segment_tags = segment_tags;
    spec.segment_at_ms = segment_at_ms;
    check(&spec)?;
    Ok(Accepted {
        spec,
        priority,
        user_data,
        request,
        object,
    })
}

/// Numbers are in range by now; what a text may hold, and what goes together, is for all APIs to say. An output that does
/// not pass here would take the others of its call with it.
fn check(spec: &OutputSpec) -> Result<(), Refusal> {
    let Err(error) = spec.validate() else {
        return Ok(());
    };
    Err(match error.field {
        // Nothing but the input's own sound is measured.
        "audio.volume" => Refusal::new(Code::NotSupported, "Volume"),
        field if field.starts_with("subtitles") => Refusal::new(Code::OutOfRange, "SubtitleConfig"),
        field if field.starts_with("overlays") => Refusal::new(Code::OutOfRange, "WaterMarks"),
        "object.key" => Refusal::new(Code::OutOfRange, "OutputObject"),
        field => Refusal::new(Code::OutOfRange, field),
    })
}

fn members(output: Value) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(mut members) = output else {
        return Err(Refusal::new(Code::JsonObjectFormat, "Outputs"));
    };
    fields::expand(&mut members, "")?;
    Ok(members)
}

/// What an output's own parameters lie over.
enum Template {
    Preset(&'static Preset, &'static Settings),
    /// The parts of one of the account's own.
    Own(Map<String, Value>),
}

fn template(id: &str, own: &Used) -> Result<Template, Refusal> {
    match presets::look_up(id) {
        Lookup::Served(preset, settings) => Ok(Template::Preset(preset, settings)),
        Lookup::Documented => Err(Refusal::new(Code::TemplateNotSupported, id)),
        Lookup::Unknown => own.template(id).map(Template::Own),
    }
}

impl Template {
    /// What it makes without a word of the output's own.
    fn settings(&self) -> Result<(Settings, Vec<u64>), Refusal> {
        match self {
            // No preset says when segments begin.
            Self::Preset(_, settings) => Ok(((*settings).clone(), Vec::new())),
            Self::Own(parts) => settings::read_whole(parts),
        }
    }

    /// Whether it asks for a stretched picture by name, which no preset does.
    fn is_rescaled(&self) -> Option<bool> {
        match self {
            Self::Preset(..) => None,
            Self::Own(parts) => picture::is_rescaled(parts),
        }
    }

    fn parameters(&self) -> Map<String, Value> {
        match self {
            Self::Preset(preset, _) => preset.parameters(),
            Self::Own(parts) => parts.clone(),
        }
    }
}

/// The template's settings under those of the output, and when segments begin besides.
fn settings(template: &Template, fields: &mut Fields<'_>) -> Result<(Settings, Vec<u64>), Refusal> {
    let remux = match template {
        Template::Preset(preset, _) => preset.remux(fields)?,
        Template::Own(_) => None,
    };
    let mut own = Vec::new();
    for part in settings::PARTS {
        if let Some(fields) = fields.object(part)? {
            own.push((part, fields));
        }
    }
    if let Some(settings) = remux {
        // Its segments begin at the key frames that the source has.
        return match settings::points(fields.members(), settings.container)?.is_empty() {
            true => Ok((settings, Vec::new())),
            false => Err(Refusal::new(
                Code::NotSupported,
                "MuxConfig.Segment.ForceSegTime",
            )),
        };
    }
    if own.is_empty() {
        return template.settings();
    }
    let mut parameters = template.parameters();
    animation::without_rates(&mut parameters, fields.members());
    for (part, own) in own {
        let whole = parameters
            .entry(part)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(whole) = whole {
            fields::overlay(whole, own.members());
        }
    }
    settings::read_whole(&parameters)
}

fn priority(fields: &mut Fields<'_>) -> Result<Priority, Refusal> {
    let level = fields.integer("Priority", 1..=10)?;
    let priority = level
        .and_then(|level| u8::try_from(level).ok())
        .and_then(Priority::new);
    Ok(priority.unwrap_or_default())
}

fn user_data(fields: &mut Fields<'_>) -> Result<Option<String>, Refusal> {
    let data = fields.text("UserData")?;
    if data
        .as_ref()
        .is_some_and(|data| data.len() > MAX_USER_DATA_BYTES)
    {
        return fields.refuse(Code::OutOfRange, "UserData");
    }
    // It cannot be kept in every store.
    if data.as_ref().is_some_and(|data| data.contains('\0')) {
        return fields.refuse(Code::Format, "UserData");
    }
    Ok(data)
}

#[cfg(test)]
mod tests;
