//! A transcoding task as it is asked for: one source, and outputs by templates or by parameters of their own.

use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::kind::transcode::{
    AudioCodec, Clip, ClipLength, Encryption, OutputSpec, Settings, SubtitleForm, Subtitles,
    VideoCodec,
};
use reelgate_domain::job::{MAX_USER_DATA_BYTES, Priority};

use super::audio_process::AudioProcess;
use super::origin::Remembered;
use super::video_process::VideoProcess;
use super::watermarks::{self, Watermark};
use super::{encryption, names, off, pictures, subtitle};
use crate::errors::ApiError;
use crate::mpc::address::Address;
use crate::mpc::errors::invalid;
use crate::mpc::fields::Fields;
use crate::mpc::settings::{AvParameters, Place};

/// The documented number of outputs.
const MOST_OUTPUTS: usize = 9;

/// Longer than any source can be.
const MOST_CROP_SECONDS: i64 = 10_000_000;

/// Templates are looked up where this is given to.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) input: Address,
    pub(super) output: Address,
    pub(super) wanted: Vec<Wanted>,
    pub(super) priority: Priority,
    pub(super) user_data: Option<String>,
    pub(super) remembered: Remembered,
    pub(super) pictures: Vec<SnapshotSpec>,
    pub(super) watermarks: Vec<Watermark>,
    pub(super) subtitles: Vec<Subtitles>,
    clip: Option<Clip>,
    process: VideoProcess,
    sound: AudioProcess,
    encryption: Option<Encryption>,
}

/// One output.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) made: Made,
    /// Where it goes, if not to where all go.
    output: Option<Address>,
    /// Its name and the member that gave it.
    name: Option<(String, String)>,
}

/// How it is made.
#[derive(Debug)]
pub(super) enum Made {
    By(Box<Settings>),
    ByTemplate(i64),
}

impl Request {
    pub(super) fn read(mut body: Fields) -> Result<Self, ApiError> {
        let member = |name: &str| body.members().get(name).filter(|it| !it.is_null()).cloned();
        let (trans_template_id, av_parameters) =
            (member("trans_template_id"), member("av_parameters"));
        let input = Address::read(body.needed_object("input")?)?;
        if input.file_name.is_some() {
            return Err(body.refuse("input.file_name", "is for outputs only"));
        }
        input.source()?;
        let output = Address::read(body.needed_object("output")?)?;
        let wanted = wanted(&mut body, &output)?;
        let priority = priority(&mut body)?;
        let user_data = user_data(&mut body)?;
        let clip = clip(&mut body)?;
        let process = VideoProcess::take(&mut body)?;
        let sound = AudioProcess::take(&mut body)?;
        let encryption = encryption::take(&mut body)?;
        let sets = pictures::take(&mut body, &input, &output)?;
        let watermarks = watermarks::take(&mut body)?;
        let subtitles = subtitle::take(&mut body)?;
        off::check(&mut body)?;
        body.finish()?;
        let templates = wanted.iter().map(|wanted| match wanted.made {
            Made::By(_) => None,
            Made::ByTemplate(id) => Some(id),
        });
        let remembered = Remembered {
            input: input.echo.clone(),
            output: output.echo.clone(),
            trans_template_id,
            av_parameters,
            templates: templates.collect(),
            pictures: sets.iter().map(|set| set.kept.clone()).collect(),
        };
        Ok(Self {
            input,
            output,
            wanted,
            priority,
            user_data,
            remembered,
            pictures: sets.into_iter().map(|set| set.spec).collect(),
            watermarks,
            subtitles,
            clip,
            process,
            sound,
            encryption,
        })
    }

    /// The output at this place of the task, with its settings.
    pub(super) fn spec(
        &self,
        place: usize,
        mut settings: Settings,
    ) -> Result<OutputSpec, ApiError> {
        let wanted = &self.wanted[place];
        self.check_copies(&settings)?;
        self.process.check(settings.container)?;
        self.process.apply(&mut settings);
        self.sound.apply(&mut settings);
        let container = settings.container;
        let name = match &wanted.name {
            Some((name, path)) => names::given(name, path, container)?,
            None => names::generated(&self.input, place, container),
        };
        let target = wanted.output.as_ref().unwrap_or(&self.output);
        let mut spec = OutputSpec::new(target.below(&name)?, settings);
        spec.clip = self.clip;
        spec.encryption.clone_from(&self.encryption);
        if spec.encryption.is_some() {
            let checked = spec.validate();
            checked.map_err(|error| invalid(&error.to_string()))?;
        }
        Ok(spec)
    }

    /// Whether places on the source's picture are the same places, as shares, on those of outputs with these settings.
    pub(super) fn keeps_frame(&self, settings: &[Settings]) -> bool {
        let mut pictures = settings.iter().filter_map(|it| it.video.as_ref());
        self.process.keeps_frame() && !pictures.any(|video| video.crop_borders)
    }

    /// Whether subtitles become part of pictures.
    pub(super) fn draws_subtitles(&self) -> bool {
        let mut forms = self.subtitles.iter().map(|subtitles| subtitles.form);
        forms.any(|form| form == SubtitleForm::Drawn)
    }

    /// Refuses, by its name in the task, what a stream that is copied cannot have.
    fn check_copies(&self, settings: &Settings) -> Result<(), ApiError> {
        let picture = settings.video.as_ref().map(|video| video.codec) == Some(VideoCodec::Copy);
        let sound = settings.audio.as_ref().map(|audio| audio.codec) == Some(AudioCodec::Copy);
        let wanted = [
            ("video_process.rotate", picture && self.process.turns()),
            ("watermarks", picture && !self.watermarks.is_empty()),
            ("subtitle", picture && self.draws_subtitles()),
            ("audio_process.volume", sound && self.sound.changes()),
        ];
        match wanted.into_iter().find(|(_, is_wanted)| *is_wanted) {
            Some((name, _)) => Err(invalid(&format!(
                "{name} is not for streams that are copied"
            ))),
            None => Ok(()),
        }
    }
}

/// The outputs. `av_parameters` win over templates, as documented; of templates those of `trans_template_id` come first.
fn wanted(body: &mut Fields, output: &Address) -> Result<Vec<Wanted>, ApiError> {
    let ids = body.integers("trans_template_id")?.unwrap_or_default();
    let listed = body.objects("trans_template_list")?.unwrap_or_default();
    let own = body.objects("av_parameters")?.unwrap_or_default();
    let (many_ids, many_listed, many_own) = (ids.len(), listed.len(), own.len());
    if many_own > MOST_OUTPUTS || many_ids + many_listed > MOST_OUTPUTS {
        return Err(invalid(&format!(
            "a task has at most {MOST_OUTPUTS} outputs"
        )));
    }
    let ids = ids.into_iter().map(|id| Wanted {
        made: Made::ByTemplate(id),
        output: None,
        name: None,
    });
    let mut wanted: Vec<Wanted> = ids.collect();
    for listed in listed {
        wanted.push(of_list(listed)?);
    }
    let own: Result<Vec<Wanted>, ApiError> = own.into_iter().map(of_its_own).collect();
    let own = own?;
    if !own.is_empty() {
        wanted = own;
    }
    if wanted.is_empty() {
        return Err(invalid("trans_template_id or av_parameters is missing"));
    }
    name(body, output, &mut wanted)?;
    Ok(wanted)
}

fn of_list(mut listed: Fields) -> Result<Wanted, ApiError> {
    let id = listed.integer("template_id", 0..=i64::from(i32::MAX))?;
    let id = id.ok_or_else(|| listed.refuse("template_id", "is missing"))?;
    targeted(listed, Made::ByTemplate(id))
}

fn of_its_own(mut own: Fields) -> Result<Wanted, ApiError> {
    let settings = AvParameters::take(&mut own, Place::Task)?.settings;
    targeted(own, Made::By(Box::new(settings)))
}

/// Reads where an output goes that may have a place and a name of its own.
fn targeted(mut fields: Fields, made: Made) -> Result<Wanted, ApiError> {
    let output = fields.object("output")?.map(Address::read).transpose()?;
    let path = fields.path("output_filename");
    let name = fields.text("output_filename")?.map(|name| (name, path));
    let of_output = output.as_ref().and_then(|it| it.file_name.clone());
    let of_output = of_output.map(|name| (name, fields.path("output.file_name")));
    fields.finish()?;
    Ok(Wanted {
        made,
        output,
        name: name.or(of_output),
    })
}

/// `output_filenames`, one for each output in its order, and the `file_name` of a task's only output.
fn name(body: &mut Fields, output: &Address, wanted: &mut [Wanted]) -> Result<(), ApiError> {
    let names = body.texts("output_filenames")?.unwrap_or_default();
    if names.len() > wanted.len() {
        return Err(body.refuse(
            "output_filenames",
            "has more names than the task has outputs",
        ));
    }
    for (place, (name, wanted)) in names.into_iter().zip(wanted.iter_mut()).enumerate() {
        let path = format!("output_filenames[{place}]");
        wanted.name.get_or_insert((name, path));
    }
    match (&output.file_name, wanted) {
        (None, _) => Ok(()),
        (Some(name), [only]) => {
            let path = "output.file_name".to_owned();
            only.name.get_or_insert((name.clone(), path));
            Ok(())
        }
        (Some(_), _) => Err(body.refuse(
            "output.file_name",
            "cannot name several outputs: use output_filenames",
        )),
    }
}

/// 9 is high and 6 medium.
fn priority(body: &mut Fields) -> Result<Priority, ApiError> {
    match body.integer("priority", i64::MIN..=i64::MAX)? {
        None | Some(6) => Ok(Priority::default()),
        Some(9) => Ok(Priority::new(9).unwrap_or_default()),
        Some(_) => Err(body.refuse("priority", "must be 6 or 9")),
    }
}

fn user_data(body: &mut Fields) -> Result<Option<String>, ApiError> {
    let data = body.text("user_data")?;
    match &data {
        Some(text) if text.len() > MAX_USER_DATA_BYTES || text.contains('\0') => {
            let why =
                format!("must have at most {MAX_USER_DATA_BYTES} bytes and no zero character");
            Err(body.refuse("user_data", &why))
        }
        _ => Ok(data),
    }
}

/// The first so many seconds.
fn clip(body: &mut Fields) -> Result<Option<Clip>, ApiError> {
    let Some(mut crop) = body.object("crop")? else {
        return Ok(None);
    };
    let seconds = crop.integer("duration", 1..=MOST_CROP_SECONDS)?;
    crop.finish()?;
    Ok(seconds.map(|seconds| Clip {
        start_ms: 0,
        length: Some(ClipLength::DurationMs(seconds.cast_unsigned() * 1000)),
    }))
}

#[cfg(test)]
mod tests;
