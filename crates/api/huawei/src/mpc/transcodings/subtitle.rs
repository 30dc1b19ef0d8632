//! `subtitle` of a task: files of subtitles that are drawn into its outputs, or become WebVTT beside them.

use reelgate_domain::job::kind::transcode::{SubtitleForm, Subtitles};

use super::off::asks_for_nothing;
use crate::errors::ApiError;
use crate::mpc::address::Address;
use crate::mpc::fields::Fields;

/// Takes it out of the body. `subtitle_type` 0 asks for none, 1 for a file that is drawn, 2 for WebVTT. Neither has room
/// for a language.
pub(super) fn take(body: &mut Fields) -> Result<Vec<Subtitles>, ApiError> {
    let Some(mut subtitle) = body.object("subtitle")? else {
        return Ok(Vec::new());
    };
    let form = match subtitle.integer("subtitle_type", 0..=2)? {
        Some(1) => SubtitleForm::Drawn,
        Some(2) => SubtitleForm::WebVtt,
        _ => {
            for name in ["input", "inputs"] {
                let given = subtitle.value(name);
                if given.is_some_and(|value| !asks_for_nothing(&value)) {
                    return Err(subtitle.refuse(name, "is for subtitle_type 1 and 2"));
                }
            }
            subtitle.finish()?;
            return Ok(Vec::new());
        }
    };
    let files = files(&mut subtitle)?;
    if files.is_empty() {
        return Err(subtitle.refuse("input", "is missing"));
    }
    if form == SubtitleForm::Drawn && files.len() > 1 {
        let why = "must be one file: of several in the same place none could be read";
        return Err(subtitle.refuse("inputs", why));
    }
    if files.len() > Subtitles::MOST {
        return Err(subtitle.refuse("inputs", "must be at most 32"));
    }
    subtitle.finish()?;
    let made = files.into_iter().map(|file| {
        Ok(Subtitles {
            object: Some(file.source()?),
            form,
            ..Subtitles::default()
        })
    });
    made.collect()
}

fn files(subtitle: &mut Fields) -> Result<Vec<Address>, ApiError> {
    let one = subtitle.object("input")?.map(Address::read).transpose()?;
    let listed = subtitle.objects("inputs")?.unwrap_or_default();
    let mut files: Vec<Address> = one.into_iter().collect();
    for mut listed in listed {
        listed.text("language")?;
        files.push(Address::read(listed.needed_object("input")?)?);
        listed.finish()?;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> Result<Vec<Subtitles>, ApiError> {
        let mut body = Fields::body(text.as_bytes()).unwrap();
        let taken = take(&mut body)?;
        body.finish()?;
        Ok(taken)
    }

    const FILE: &str = r#"{"bucket":"media","location":"x","object":"a.srt"}"#;

    #[test]
    fn a_file_is_drawn_wherever_it_is_named() {
        for text in [
            format!(r#"{{"subtitle":{{"subtitle_type":1,"input":{FILE}}}}}"#),
            format!(
                r#"{{"subtitle":{{"subtitle_type":1,"inputs":[{{"language":"eng","input":{FILE}}}]}}}}"#
            ),
        ] {
            let found = taken(&text).unwrap();
            let drawn = r#"[{"object":{"bucket":"media","key":"a.srt"}}]"#;
            assert_eq!(serde_json::to_string(&found).unwrap(), drawn, "{text}");
        }
        for text in [
            r#"{"subtitle":{"subtitle_type":0}}"#,
            r#"{"subtitle":{"subtitle_type":0,"inputs":[]}}"#,
            "{}",
        ] {
            assert!(taken(text).unwrap().is_empty(), "{text}");
        }
        let several = format!(
            r#"{{"subtitle":{{"subtitle_type":2,"input":{FILE},"inputs":[{{"language":"fr","input":{FILE}}}]}}}}"#
        );
        let beside = taken(&several).unwrap();
        assert_eq!(beside.len(), 2);
        assert!(beside.iter().all(|it| it.form == SubtitleForm::WebVtt));
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_by_name() {
        let twice = format!(
            r#"{{"subtitle":{{"subtitle_type":1,"input":{FILE},"inputs":[{{"input":{FILE}}}]}}}}"#
        );
        for (text, name) in [
            (r#"{"subtitle":{"subtitle_type":1}}"#, "subtitle.input"),
            (twice.as_str(), "subtitle.inputs"),
            (
                r#"{"subtitle":{"inputs":[{"language":"en"}]}}"#,
                "subtitle.inputs",
            ),
            (r#"{"subtitle":{"subtitle_type":2}}"#, "subtitle.input"),
            (
                r#"{"subtitle":{"subtitle_type":3}}"#,
                "subtitle.subtitle_type",
            ),
            (r#"{"subtitle":{"subtitle_type":0,"x":1}}"#, "subtitle.x"),
        ] {
            let error = taken(text).unwrap_err();
            assert_eq!(error.code(), "MPC.10202");
            let begin = format!("Invalid request parameter, {name} ");
            assert!(error.message().starts_with(&begin), "{error}");
        }
    }
}
