//! Jobs that are short, and what each is to leave behind.

use std::collections::BTreeSet;
use std::slice;

use fastrand::Rng;
use reelgate_client::{NewJob, NewOutput};
use serde_json::{Value, json};

/// The clip has this many pictures a second, and so have its outputs.
const FPS: u64 = 25;

/// A job to submit.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// Found again as the job's user data, also where the answer to the submit was lost.
    pub(crate) tag: String,
    pub(crate) bucket: String,
    pub(crate) input: String,
    pub(crate) outputs: Vec<Output>,
    pub(crate) pipeline: Option<String>,
}

/// An output of an order. Each order has a folder of its own, named as its tag.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) form: Form,
    /// The key without its ending.
    pub(crate) stem: String,
    pub(crate) seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Mp4,
    /// HLS with a segment each second.
    Ts,
    Fmp4,
    /// MP4 without pictures.
    Sound,
    /// MP4 that takes many seconds to make.
    Slow,
}

impl Order {
    /// One of several sorts of short jobs.
    pub(crate) fn drawn(rng: &mut Rng, tag: String, bucket: &str, input: &str) -> Self {
        let sorts: [&[(Form, u64)]; 4] = [
            &[(Form::Mp4, 2)],
            &[(Form::Ts, 5)],
            &[(Form::Fmp4, 4)],
            &[(Form::Mp4, 1), (Form::Ts, 3), (Form::Fmp4, 2)],
        ];
        Self::new(tag, bucket, input, sorts[rng.usize(..sorts.len())])
    }

    pub(crate) fn new(tag: String, bucket: &str, input: &str, forms: &[(Form, u64)]) -> Self {
        let outputs = forms
            .iter()
            .enumerate()
            .map(|(index, (form, seconds))| Output {
                form: *form,
                stem: format!("{tag}/{index}"),
                seconds: *seconds,
            });
        Self {
            outputs: outputs.collect(),
            tag,
            bucket: bucket.to_owned(),
            input: input.to_owned(),
            pipeline: None,
        }
    }

    pub(crate) fn request(&self) -> NewJob {
        let address = |key: &str| format!("oss://{}/{key}", self.bucket);
        let outputs = self.outputs.iter().map(|output| NewOutput {
            object: address(&output.key()),
            preset: None,
            settings: Some(output.form.settings()),
            clip: Some(json!({"length": {"duration_ms": output.seconds * 1000}})),
        });
        NewJob {
            input: address(&self.input),
            outputs: outputs.collect(),
            pipeline: self.pipeline.clone(),
            priority: None,
            user_data: Some(self.tag.clone()),
        }
    }

    /// Several jobs with one output each, which read the same input and share its decoding.
    pub(crate) fn family(tag: &str, bucket: &str, input: &str) -> Vec<Self> {
        let forms = [(Form::Ts, 3), (Form::Mp4, 2), (Form::Ts, 2)];
        let members = forms.iter().enumerate().map(|(index, form)| {
            let tag = format!("{tag}-{index}");
            Self::new(tag, bucket, input, slice::from_ref(form))
        });
        members.collect()
    }

    /// The keys of all files in the order in which they may appear, output by output.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.outputs.iter().flat_map(Output::keys).collect()
    }

    /// The same without their order.
    pub(crate) fn key_set(&self) -> BTreeSet<String> {
        self.keys().into_iter().collect()
    }
}

impl Output {
    /// The key of the file that stands for the whole output.
    pub(crate) fn key(&self) -> String {
        match self.form {
            Form::Mp4 | Form::Sound | Form::Slow => format!("{}.mp4", self.stem),
            Form::Ts | Form::Fmp4 => format!("{}.m3u8", self.stem),
        }
    }

    /// The keys of its files, its main file last.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        keys.extend(self.head_key());
        keys.extend((1..=self.segments()).map(|number| self.segment_key(number)));
        keys.push(self.key());
        keys
    }

    /// The key of the file without which segments say nothing.
    pub(crate) fn head_key(&self) -> Option<String> {
        (self.form == Form::Fmp4).then(|| format!("{}-init.mp4", self.stem))
    }

    pub(crate) fn segments(&self) -> u64 {
        match self.form {
            Form::Mp4 | Form::Sound | Form::Slow => 0,
            Form::Ts | Form::Fmp4 => self.seconds,
        }
    }

    pub(crate) fn segment_key(&self, number: u64) -> String {
        let ending = match self.form {
            Form::Fmp4 => "m4s",
            _ => "ts",
        };
        format!("{}-{number:05}.{ending}", self.stem)
    }

    /// How many pictures it has.
    pub(crate) fn pictures(&self) -> u64 {
        match self.form {
            Form::Sound => 0,
            _ => self.seconds * FPS,
        }
    }

    /// How many pictures a segment has.
    pub(crate) fn pictures_of_segment(&self) -> u64 {
        FPS
    }
}

impl Form {
    fn settings(self) -> Value {
        let container = match self {
            Self::Mp4 | Self::Sound | Self::Slow => json!({"format": "mp4"}),
            Self::Ts => json!({"format": "hls", "segments": "ts", "segment_seconds": 1}),
            Self::Fmp4 => json!({"format": "hls", "segments": "fmp4", "segment_seconds": 1}),
        };
        let (height, preset) = match self {
            Self::Slow => (1080, "slower"),
            _ => (144, "veryfast"),
        };
        let video = json!({
            "height": height, "preset": preset, "gop": {"seconds": 1},
            "rate": {"mode": "crf", "crf": 30},
        });
        let audio = json!({"kbps": 32, "sample_rate": 22050, "channels": 1});
        match self {
            Self::Sound => json!({"container": container, "audio": audio}),
            _ => json!({"container": container, "video": video, "audio": audio}),
        }
    }
}
