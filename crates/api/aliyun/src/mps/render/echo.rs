//! A request's output in the form of answers: other names for some fields, strings for numbers, fewer fields.

use serde_json::{Map, Value};

use super::View;
use crate::mps::fields::{asks_for_nothing, scalar};
use crate::mps::origin::Remembered;

/// A field that answers repeat.
enum Field {
    Scalar(&'static str),
    /// A boolean, also where it was sent as a text.
    Flag(&'static str),
    /// Its names in requests and in answers.
    Renamed(&'static str, &'static str),
    Object(&'static str, &'static [Field]),
    /// An object that answers have as a text.
    Text(&'static str),
    /// Its name in requests, the two in answers, and the fields of each member.
    List([&'static str; 3], &'static [Field]),
}

use Field::{Flag, List, Object, Renamed, Scalar, Text};

/// Of the fields that an output may have here, those that the answer's shape knows. `Remove`, `LongShortMode`,
/// `Hdr2sdr`, `End` and `ConfigToClipFirstPart` are not among them.
const OUTPUT: &[Field] = &[
    Scalar("TemplateId"),
    Scalar("Rotate"),
    Scalar("VideoStreamMap"),
    Scalar("AudioStreamMap"),
    Text("DeWatermark"),
    Object("Container", &[Scalar("Format")]),
    Object(
        "Video",
        &[
            Scalar("Codec"),
            Scalar("Profile"),
            Scalar("Bitrate"),
            Scalar("Crf"),
            Scalar("Width"),
            Scalar("Height"),
            Scalar("Fps"),
            Scalar("MaxFps"),
            Scalar("Gop"),
            Scalar("Preset"),
            Scalar("ScanMode"),
            Scalar("Bufsize"),
            Scalar("Maxrate"),
            Scalar("PixFmt"),
            Scalar("Crop"),
            Scalar("Pad"),
        ],
    ),
    Object(
        "Audio",
        &[
            Scalar("Codec"),
            Scalar("Profile"),
            Scalar("Samplerate"),
            Scalar("Bitrate"),
            Scalar("Channels"),
            Object("Volume", &[Scalar("Level"), Scalar("Method")]),
        ],
    ),
    Object(
        "TransConfig",
        &[
            Scalar("TransMode"),
            Scalar("AdjDarMethod"),
            Scalar("IsCheckReso"),
            Scalar("IsCheckResoFail"),
            Scalar("IsCheckVideoBitrate"),
            Scalar("IsCheckVideoBitrateFail"),
            Scalar("IsCheckAudioBitrate"),
            Scalar("IsCheckAudioBitrateFail"),
        ],
    ),
    Object(
        "MuxConfig",
        &[
            Object("Segment", &[Scalar("Duration")]),
            Object(
                "Gif",
                &[
                    Scalar("Loop"),
                    Scalar("FinalDelay"),
                    Scalar("IsCustomPalette"),
                    Scalar("DitherMode"),
                ],
            ),
            Object("Webp", &[Scalar("Loop")]),
        ],
    ),
    Object(
        "Clip",
        &[Object("TimeSpan", &[Scalar("Seek"), Scalar("Duration")])],
    ),
    List(
        ["WaterMarks", "WaterMarkList", "WaterMark"],
        &[
            Object(
                "InputFile",
                &[Scalar("Bucket"), Scalar("Location"), Scalar("Object")],
            ),
            Scalar("WaterMarkTemplateId"),
            Scalar("Width"),
            Scalar("Height"),
            Scalar("Dx"),
            Scalar("Dy"),
            Scalar("ReferPos"),
            Scalar("Type"),
        ],
    ),
    Object(
        "SubtitleConfig",
        &[
            List(
                ["ExtSubtitleList", "ExtSubtitleList", "ExtSubtitle"],
                &[
                    Object(
                        "Input",
                        &[Scalar("Bucket"), Scalar("Location"), Scalar("Object")],
                    ),
                    Scalar("CharEnc"),
                    Scalar("FontName"),
                ],
            ),
            List(
                ["SubtitleList", "SubtitleList", "Subtitle"],
                &[Scalar("Map")],
            ),
        ],
    ),
    Scalar("MergeConfigUrl"),
    List(
        ["MergeList", "MergeList", "Merge"],
        &[Scalar("MergeURL"), Scalar("Start"), Scalar("Duration")],
    ),
    List(
        ["OpeningList", "OpeningList", "Opening"],
        &[
            Renamed("OpenUrl", "openUrl"),
            Scalar("Start"),
            Scalar("Width"),
            Scalar("Height"),
        ],
    ),
    List(
        ["TailSlateList", "TailSlateList", "TailSlate"],
        &[
            Scalar("TailUrl"),
            Scalar("Start"),
            Scalar("BlendDuration"),
            Scalar("Width"),
            Scalar("Height"),
            Flag("IsMergeAudio"),
            Scalar("BgColor"),
        ],
    ),
    // `Key` is shown to nobody.
    Object(
        "Encryption",
        &[Scalar("Type"), Scalar("KeyUri"), Scalar("KeyType")],
    ),
    Object(
        "M3U8NonStandardSupport",
        &[Object("TS", &[Flag("Md5Support"), Flag("SizeSupport")])],
    ),
];

/// What only the answer to the submission has.
const SUBMITTED: &[Field] = &[List(
    ["Amix", "AmixList", "Amix"],
    &[
        Scalar("AmixURL"),
        Scalar("Map"),
        Scalar("MixDurMode"),
        Scalar("Start"),
        Scalar("Duration"),
    ],
)];

/// `Output` of a job that this product made.
pub(super) fn output(request: Remembered<'_>, view: View) -> Map<String, Value> {
    let mut output = Map::new();
    let file = Value::Object(request.output_file.clone());
    output.insert("OutputFile".to_owned(), file);
    output.extend(copied(OUTPUT, request.output));
    if view == View::SubmitJobs {
        output.extend(copied(SUBMITTED, request.output));
    }
    output
}

fn copied(fields: &[Field], members: &Map<String, Value>) -> Map<String, Value> {
    let copy = |field: &Field| {
        let (name, value) = match field {
            Scalar(name) => (name, scalar(members.get(*name)?)?.into()),
            Renamed(asked, name) => (name, scalar(members.get(*asked)?)?.into()),
            Flag(name) => {
                let text = scalar(members.get(*name)?)?;
                (name, text.eq_ignore_ascii_case("true").into())
            }
            Text(name) => {
                let value = members.get(*name)?;
                (
                    name,
                    (!asks_for_nothing(value)).then(|| value.to_string().into())?,
                )
            }
            Object(name, fields) => {
                let inner = copied(fields, members.get(*name)?.as_object()?);
                (name, Value::Object(inner))
            }
            List([asked, outer, each], fields) => {
                let items = members.get(*asked)?.as_array()?.iter();
                let items = items.filter_map(Value::as_object);
                let items: Vec<Value> = items.map(|it| copied(fields, it).into()).collect();
                let inner = (!items.is_empty()).then(|| ((*each).to_owned(), items.into()))?;
                (outer, Value::Object(Map::from_iter([inner])))
            }
        };
        (!asks_for_nothing(&value)).then(|| ((*name).to_owned(), value))
    };
    fields.iter().filter_map(copy).collect()
}
