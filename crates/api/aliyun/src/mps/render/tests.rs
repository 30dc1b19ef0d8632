//! Jobs as answers show them, against the shapes that the vendor's SDK understands.

use reelgate_domain::job::kind::transcode::{
    Clip, ClipLength, Container, OutputSpec, Settings, TranscodeSpec,
};
use reelgate_domain::job::{Fault, FaultCode, JobSpec, JobState, Lease, Lifecycle, Priority};
use reelgate_domain::media::{
    AudioFacts, FormatFacts, MediaFacts, StreamDetail, StreamFacts, VideoFacts,
};
use reelgate_domain::{
    AccountId, BucketName, JobId, JobNumber, ObjectKey, ObjectRef, PipelineId, SubmissionId,
    Timestamp, WorkerId,
};

use super::*;
use crate::mps::configs::Configs;
use crate::mps::input::{self, Input};
use crate::mps::origin::JobRequest;
use crate::mps::output::{self, Target};
use crate::mps::shapes;
use crate::mps::templates::Used;

const FINISHED: Timestamp = Timestamp::from_millis(1_767_323_105_000);

fn object(key: &str) -> ObjectRef {
    ObjectRef {
        bucket: BucketName::new("media").unwrap(),
        key: ObjectKey::new(key).unwrap(),
    }
}

fn job_with(spec: OutputSpec, state: JobState) -> Job {
    Job {
        id: JobId::from_bytes([0xab; 16]),
        number: JobNumber(7),
        submission: SubmissionId::from_bytes([1; 16]),
        account: AccountId::new(1_234_567_890_123_456).unwrap(),
        pipeline: PipelineId::from_bytes([0xcd; 16]),
        priority: Priority::default(),
        spec: JobSpec::Transcode(TranscodeSpec {
            input: object("in/a b.mov"),
            pictures: Vec::new(),
            outputs: vec![spec],
        }),
        origin: None,
        user_data: None,
        lifecycle: Lifecycle {
            state,
            attempt: 1,
            forgiven: 0,
            losses: 0,
        },
        progress: 42,
        results: Vec::new(),
        created_at: Timestamp::from_millis(1_767_323_045_678),
        started_at: None,
    }
}

fn foreign(state: JobState) -> Job {
    let settings = Settings {
        container: Container::Hls {
            segments: Default::default(),
            segment_seconds: 6,
        },
        video: Some(Default::default()),
        audio: Some(Default::default()),
        stall_seconds: None,
    };
    let clip = Clip {
        start_ms: 1500,
        length: Some(ClipLength::DurationMs(2000)),
    };
    let mut spec = OutputSpec::new(object("out/a b.m3u8"), settings);
    spec.clip = Some(clip);
    job_with(spec, state)
}

/// A job that this product made of an output.
fn own(output: Value, state: JobState) -> Job {
    let input =
        Input::parse(r#"{"Bucket": "media", "Location": "oss-cn-x", "Object": "in%2Fa%20b.mov"}"#);
    let input = input.unwrap();
    let bucket = BucketName::new("media").unwrap();
    let target = Target {
        input: &input,
        bucket: &bucket,
        configs: &Configs::default(),
        templates: &Used::default(),
    };
    let accepted = output::parse(output, &target).unwrap();
    let request = JobRequest {
        input: input.echo.clone(),
        output_file: input::file("media", "oss-cn-y", &accepted.object),
        output: accepted.request,
    };
    Job {
        origin: Some(request.into_origin()),
        user_data: accepted.user_data,
        priority: accepted.priority,
        ..job_with(accepted.spec, state)
    }
}

fn running() -> JobState {
    JobState::Running {
        lease: Lease {
            worker: WorkerId("w".to_owned()),
            until: FINISHED,
        },
    }
}

/// Renders for every operation, checks each against its shape and returns the last.
fn render(shown: &Job) -> Value {
    let submitted = json!({"Success": true, "Job": job(shown, View::SubmitJobs).unwrap()});
    let submitted = json!({"JobResultList": {"JobResult": [submitted]}});
    shapes::check("SubmitJobs", &submitted);
    let listed = json!({"JobList": {"Job": [job(shown, View::ListJob).unwrap()]}});
    shapes::check("ListJob", &listed);
    let queried = job(shown, View::QueryJobList).unwrap();
    shapes::check("QueryJobList", &json!({"JobList": {"Job": [queried]}}));
    queried
}

#[test]
fn an_own_job_repeats_its_request() {
    let output = json!({
        "OutputObject": "out%2F{FileName}.mp4",
        "TemplateId": "S00000001-200030",
        "Container": "{\"Format\": \"mp4\"}",
        "Video": {"Bitrate": 900, "Fps": 25, "Remove": "false", "Crop": ""},
        "Audio": {},
        "TransConfig": {"TransMode": "onepass", "IsCheckReso": false},
        "MuxConfig": {"Segment": {"Duration": 10}},
        "Clip": {"TimeSpan": {"Seek": 1, "End": "2"}, "ConfigToClipFirstPart": true},
        "WaterMarks": [],
        "Rotate": 0,
        "Priority": 3,
        "UserData": "mine",
    });
    let queued = JobState::Queued { ready_at: None };
    let mut job = own(output, queued);
    job.lifecycle.attempt = 0;
    let expected = json!({
        "JobId": "ab".repeat(16),
        "State": "Submitted",
        "Percent": 42,
        "PipelineId": "cd".repeat(16),
        "SubmitTime": "2026-01-02T03:04:05Z",
        "CreationTime": "2026-01-02T03:04:05Z",
        "MNSMessageResult": {},
        "Input": {"Bucket": "media", "Location": "oss-cn-x", "Object": "in%2Fa%20b.mov"},
        "Output": {
            "OutputFile": {
                "Bucket": "media", "Location": "oss-cn-y", "Object": "out%2F{FileName}.mp4",
            },
            "TemplateId": "S00000001-200030",
            "Rotate": "0",
            "Container": {"Format": "mp4"},
            "Video": {"Bitrate": "900", "Fps": "25"},
            "TransConfig": {"TransMode": "onepass", "IsCheckReso": "false"},
            "MuxConfig": {"Segment": {"Duration": "10"}},
            "Clip": {"TimeSpan": {"Seek": "1"}},
            "Priority": "3",
            "UserData": "mine",
        },
    });
    assert_eq!(render(&job), expected);
}

#[test]
fn a_job_of_another_dialect_shows_its_spec() {
    let output = &render(&foreign(running()))["Output"];
    let expected = json!({
        "OutputFile": {"Bucket": "media", "Object": "out/a%20b.m3u8"},
        "Container": {"Format": "m3u8"},
        "Video": {
            "Codec": "H.264", "Profile": "high", "Preset": "medium", "Gop": "10s", "Crf": "23",
        },
        "Audio": {
            "Codec": "AAC", "Profile": "aac_low", "Samplerate": "44100", "Bitrate": "128",
            "Channels": "2",
        },
        "TransConfig": {"TransMode": "onepass"},
        "MuxConfig": {"Segment": {"Duration": "6"}},
        "Clip": {"TimeSpan": {"Seek": "1.500", "Duration": "2.000"}},
        "Priority": "6",
    });
    assert_eq!(output, &expected);
}

#[test]
fn a_job_of_another_dialect_shows_what_becomes_of_its_picture_and_sound() {
    let mut job = foreign(running());
    let shown = |job: &mut Job, output: Value| {
        let mut spec = job.spec.transcode().unwrap().clone();
        spec.outputs = vec![serde_json::from_value(output).unwrap()];
        job.spec = JobSpec::Transcode(spec);
        render(job)["Output"].clone()
    };
    let object = json!({"bucket": "media", "key": "a"});
    let output = shown(
        &mut job,
        json!({
            "object": object,
            "settings": {
                "container": {"format": "mp4"},
                "video": {
                    "width": 640, "height": 360, "fit": "pad", "upscale": "keep_size", "max_fps": 30.0,
                    "crop": {"width": 600, "height": 300, "left": 4, "top": 6}, "rotate": 90,
                    "pixel_format": "yuv444p", "scan": "interlaced", "above_source": "fail",
                    "rate": {"mode": "source", "least_kbps": 100, "most_kbps": 900},
                },
                "audio": {"volume": {"method": "gain", "db": -3.0}, "above_source": "lower"},
            },
            "streams": {"video": 1, "audio": 2},
            "overlays": [
                {"mark": {"picture": {"object": {"bucket": "media", "key": "logo.png"}}},
                    "corner": "bottom_left"},
                {"mark": {"text": {"text": "a", "size": 40}}},
            ],
        }),
    );
    let expected = json!({
        "OutputFile": {"Bucket": "media", "Object": "a"},
        "Container": {"Format": "mp4"},
        "Video": {
            "Codec": "H.264", "Width": "640", "Height": "360", "MaxFps": "30", "Crop": "600:300:4:6",
            "ScanMode": "interlaced", "PixFmt": "yuv444p", "Profile": "high", "Preset": "medium",
            "Gop": "10s", "Bitrate": "-1", "BitrateBnd": {"Max": "900", "Min": "100"},
        },
        "Audio": {
            "Codec": "AAC", "Profile": "aac_low", "Samplerate": "44100", "Bitrate": "128",
            "Channels": "2", "Volume": {"Method": "linear", "Level": "-3"},
        },
        "TransConfig": {
            "TransMode": "onepass", "AdjDarMethod": "pad", "IsCheckReso": "true",
            "IsCheckVideoBitrateFail": "true", "IsCheckAudioBitrate": "true",
        },
        "Rotate": "90",
        "VideoStreamMap": "0:v:1",
        "AudioStreamMap": "0:a:2",
        "WaterMarkList": {"WaterMark": [{
            "Type": "Image", "InputFile": {"Bucket": "media", "Object": "logo.png"},
            "ReferPos": "BottomLeft",
        }]},
        "Priority": "6",
    });
    assert_eq!(output, expected);
    let gif = json!({
        "object": object,
        "settings": {
            "container": {"format": "gif", "plays": 3, "final_delay_cs": 50, "colours": "bayer"},
            "video": {"codec": "gif", "width": 320, "fps": 10.0},
        },
    });
    let output = shown(&mut job, gif);
    assert_eq!(
        output["Video"],
        json!({"Codec": "GIF", "Width": "320", "Fps": "10"})
    );
    let gif =
        json!({"Loop": "2", "FinalDelay": "50", "IsCustomPalette": "true", "DitherMode": "bayer"});
    assert_eq!(output["MuxConfig"], json!({"Gif": gif}));
}

#[test]
fn a_failure_has_a_code_a_text_and_an_end() {
    let fault = Fault::new(FaultCode::SourceMissing, "object in/a b.mov does not exist");
    let job = render(&foreign(JobState::Failed {
        finished_at: FINISHED,
        fault,
    }));
    assert_eq!(job["State"], "TranscodeFail");
    assert_eq!(job["Code"], "InvalidParameter.ResourceNotFound");
    let message = "The resource operated \"in/a b.mov\" cannot be found. \
                   (object in/a b.mov does not exist)";
    assert_eq!(job["Message"], message);
    assert_eq!(job["FinishTime"], "2026-01-02T03:05:05Z");
    assert_eq!(
        (&job["Percent"], job["Output"].get("Properties")),
        (&json!(42), None)
    );
}

fn facts() -> MediaFacts {
    let video = StreamFacts {
        index: 0,
        codec_name: Some("h264".to_owned()),
        codec_tag: Some("0x31637661".to_owned()),
        profile: Some("High".to_owned()),
        time_base: Some("1/15360".to_owned()),
        start_seconds: Some(0.0),
        duration_seconds: Some(17.233_333),
        bit_rate: Some(421_117),
        frames: Some(517),
        language: Some("eng".to_owned()),
        detail: StreamDetail::Video(VideoFacts {
            width: 720,
            height: 1280,
            has_b_frames: 2,
            dar: Some("9:16".to_owned()),
            level: Some(31),
            average_rate: Some("30/1".to_owned()),
            color_transfer: Some("bt709".to_owned()),
            ..VideoFacts::default()
        }),
        ..StreamFacts::default()
    };
    let audio = StreamFacts {
        index: 1,
        codec_name: Some("aac".to_owned()),
        detail: StreamDetail::Audio(AudioFacts {
            sample_rate: Some(44_100),
            channels: Some(2),
            ..AudioFacts::default()
        }),
        ..StreamFacts::default()
    };
    let subtitle = StreamFacts {
        index: 2,
        detail: StreamDetail::Subtitle,
        ..StreamFacts::default()
    };
    MediaFacts {
        format: FormatFacts {
            name: "mov,mp4".to_owned(),
            long_name: "QuickTime / MOV".to_owned(),
            start_seconds: Some(-0.064),
            duration_seconds: Some(17.234),
            size_bytes: 1_057_273,
            bit_rate: Some(490_784),
            ..FormatFacts::default()
        },
        streams: vec![video, audio, subtitle],
        ..MediaFacts::default()
    }
}

#[test]
fn a_finished_job_shows_what_was_found_in_its_output() {
    let mut job = foreign(JobState::Succeeded {
        finished_at: FINISHED,
    });
    job.results = vec![OutputResult::Done {
        object: object("out/a b.m3u8"),
        files: Vec::new(),
        facts: Box::new(facts()),
        source: None,
    }];
    let job = render(&job);
    assert_eq!(
        (&job["State"], &job["Percent"]),
        (&json!("TranscodeSuccess"), &json!(100))
    );
    let expected = json!({
        "Width": "720", "Height": "1280", "Fps": "30", "Bitrate": "490", "Duration": "17",
        "FileSize": "1057273", "FileFormat": "m3u8",
        "Format": {
            "NumStreams": "3", "NumPrograms": "0", "FormatName": "mov,mp4",
            "FormatLongName": "QuickTime / MOV", "StartTime": "-0.064000",
            "Duration": "17.234000", "Size": "1057273", "Bitrate": "490.784",
        },
        "Streams": {
            "VideoStreamList": {"VideoStream": [{
                "Index": "0", "CodecName": "h264", "CodecTag": "0x31637661", "Profile": "High",
                "Width": "720", "Height": "1280", "HasBFrames": "2", "Dar": "9:16", "Level": "31",
                "Fps": "30.0", "AvgFPS": "30/1", "Timebase": "1/15360", "StartTime": "0.000000",
                "Duration": "17.233333", "Bitrate": "421.117", "NumFrames": "517", "Lang": "eng",
                "colorTransfer": "bt709",
            }]},
            "AudioStreamList": {"AudioStream": [{
                "Index": "1", "CodecName": "aac", "Samplerate": "44100", "Channels": "2",
            }]},
            "SubtitleStreamList": {"SubtitleStream": [{"Index": "2"}]},
        },
    });
    assert_eq!(job["Output"]["Properties"], expected);
}
