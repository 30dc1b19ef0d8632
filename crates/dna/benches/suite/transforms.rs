//! What is done to copies, by class.

use crate::clips::Way;

/// How hard a transform is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Mild,
    Medium,
    Hard,
}

impl Class {
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Mild, Self::Medium, Self::Hard]
            .into_iter()
            .find(|class| format!("{class:?}").eq_ignore_ascii_case(name))
    }
}

pub(crate) struct Transform {
    pub(crate) class: Class,
    pub(crate) name: &'static str,
    pub(crate) way: Way,
    /// Seconds of the original in a second of the copy.
    pub(crate) speed: f64,
}

const X264: &str = "-an -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 48 -crf";

/// Transforms of video, all of them encoded anew.
pub(crate) fn video() -> Vec<Transform> {
    let even = "scale=trunc(iw/2)*2:trunc(ih/2)*2";
    let make = |class, name, filter: &str, crf: u32| Transform {
        class,
        name,
        way: Way {
            filter: format!("{filter}{}{even}", if filter.is_empty() { "" } else { "," }),
            graph: String::new(),
            encode: format!("{X264} {crf}"),
            format: "mkv",
        },
        speed: 1.0,
    };
    use Class::{Hard, Medium, Mild};
    let encoded = |name, encode: &str| {
        let mut other = make(Mild, name, "", 0);
        other.way.encode = encode.to_owned();
        other
    };
    let logo = "drawbox=x=iw*0.72:y=ih*0.03:w=iw*0.25:h=ih*0.25:color=orange:t=fill,\
                drawbox=x=iw*0.77:y=ih*0.08:w=iw*0.15:h=ih*0.15:color=blue:t=fill";
    let subtitles = "drawbox=x=iw*0.15:y=ih*0.82:w=iw*0.7:h=ih*0.1:color=black:t=fill,\
                     drawbox=x=iw*0.2:y=ih*0.85:w=iw*0.6:h=ih*0.04:color=white:t=fill";
    let mut all = vec![
        make(Mild, "crf 38", "", 38),
        make(Mild, "240 px wide", "scale=240:-2", 30),
        make(Mild, "15 fps", "fps=15", 30),
        make(Mild, "60 fps", "fps=60", 30),
        make(Mild, "brighter 15 %", "eq=brightness=0.15", 28),
        make(Mild, "darker 15 %", "eq=brightness=-0.15", 28),
        make(Mild, "contrast 1.4", "eq=contrast=1.4:gamma=0.7", 28),
        make(Mild, "grey", "hue=s=0", 28),
        make(Mild, "noise 20", "noise=alls=20:allf=t", 28),
        make(Mild, "mirrored", "hflip", 28),
        make(Mild, "letterbox", "pad=iw:ih*4/3:0:(oh-ih)/2:black", 28),
        make(Mild, "pillarbox", "pad=iw*4/3:ih:(ow-iw)/2:0:black", 28),
        make(Mild, "stretched", "scale=iw*3/4:ih", 28),
        make(Mild, "blurred", "boxblur=2", 30),
        encoded("MPEG-4, q 14", "-an -c:v mpeg4 -q:v 14 -pix_fmt yuv420p"),
        make(Medium, "crop 5 %", "crop=iw*0.9:ih*0.9", 28),
        make(Medium, "crop 7 %", "crop=iw*0.86:ih*0.86", 28),
        make(Medium, "crop 10 %", "crop=iw*0.8:ih*0.8", 28),
        make(Medium, "logo 25 %", logo, 28),
        make(Medium, "subtitles", subtitles, 28),
        make(
            Medium,
            "in picture 70 %",
            "pad=iw/0.7:ih/0.7:(ow-iw)/2:(oh-ih)/2:gray",
            28,
        ),
        make(
            Medium,
            "crop 5 %, logo 15 %",
            "crop=iw*0.9:ih*0.9,drawbox=x=iw*0.8:y=ih*0.05:w=iw*0.15:h=ih*0.15:color=red:t=fill",
            32,
        ),
        make(
            Medium,
            "mirrored, subtitles",
            &format!("hflip,{subtitles}"),
            30,
        ),
        make(
            Medium,
            "letterbox, grey",
            "hue=s=0,pad=iw:ih*4/3:0:(oh-ih)/2:black",
            32,
        ),
        make(
            Medium,
            "letterbox, subtitles",
            &format!("pad=iw:ih*4/3:0:(oh-ih)/2:black,{subtitles}"),
            28,
        ),
        make(Hard, "crop 10 % left", "crop=iw*0.9:ih:iw*0.1:0", 28),
        make(
            Hard,
            "crop 7 % left and top",
            "crop=iw*0.93:ih*0.93:iw*0.07:ih*0.07",
            28,
        ),
        make(Hard, "rotated 1.5 degrees", "rotate=1.5*PI/180", 28),
        make(Hard, "rotated 3 degrees", "rotate=3*PI/180", 28),
        make(
            Hard,
            "crop 5 %, logo, subtitles",
            &format!("crop=iw*0.9:ih*0.9,{logo},{subtitles}"),
            32,
        ),
    ];
    for (name, speed) in [("faster 5 %", 1.05), ("slower 5 %", 0.95)] {
        let mut faster = make(Medium, name, &format!("setpts=PTS/{speed}"), 28);
        faster.speed = speed;
        all.push(faster);
    }
    let mut both = make(
        Medium,
        "crop 8 %, faster 3 %",
        "crop=iw*0.84:ih*0.84,setpts=PTS/1.03",
        28,
    );
    both.speed = 1.03;
    all.push(both);
    let mut in_moving = make(Hard, "in moving picture 70 %", "", 28);
    in_moving.way.filter.clear();
    in_moving.way.graph = "[0:v]scale=448:252[small];[1:v]scale=640:360[big];[big][small]overlay=(W-w)/2:(H-h)/2:shortest=1[out]".to_owned();
    all.push(in_moving);
    all
}

/// Transforms of sound.
pub(crate) fn audio() -> Vec<Transform> {
    let make = |name, filter: &str, encode: &str, format, speed| Transform {
        class: Class::Mild,
        name,
        way: Way {
            filter: filter.to_owned(),
            graph: String::new(),
            encode: format!("-vn {encode}"),
            format,
        },
        speed,
    };
    let wav = "-c:a pcm_s16le";
    let mut all = vec![
        make("opus 24k", "", "-c:a libopus -b:a 24k", "mka", 1.0),
        make("mp3 48k", "", "-c:a libmp3lame -b:a 48k", "mp3", 1.0),
        make("12 dB lower", "volume=-12dB", wav, "wav", 1.0),
        make("low-pass 3 kHz", "lowpass=f=3000", wav, "wav", 1.0),
        make("tempo +5 %", "atempo=1.05", wav, "wav", 1.05),
        make("tempo -5 %", "atempo=0.95", wav, "wav", 0.95),
        make(
            "speed +2 %",
            "aresample=44100,asetrate=44982,aresample=44100",
            wav,
            "wav",
            1.02,
        ),
        make(
            "speed +5 %",
            "aresample=44100,asetrate=46305,aresample=44100",
            wav,
            "wav",
            1.05,
        ),
        make(
            "speed -5 %",
            "aresample=44100,asetrate=41895,aresample=44100",
            wav,
            "wav",
            0.95,
        ),
        make("aac 64k", "", "-c:a aac -b:a 64k", "mka", 1.0),
    ];
    let mut echo = make("echo 60 ms", "aecho=0.8:0.7:60:0.5", wav, "wav", 1.0);
    echo.class = Class::Hard;
    all.push(echo);
    for (name, graph) in [
        (
            "pink noise, 10 dB below",
            "anoisesrc=color=pink:amplitude=NOISE:sample_rate=44100[n];[0:a]aresample=44100[a];[a][n]amix=inputs=2:duration=first:normalize=0[out]",
        ),
        (
            "speech over it",
            "[0:a]aresample=44100,aformat=channel_layouts=mono[a];[1:a]aresample=44100,aformat=channel_layouts=mono[b];[a][b]amix=inputs=2:duration=first:normalize=0[out]",
        ),
    ] {
        let mut mixed = make(name, "", wav, "wav", 1.0);
        mixed.way.graph = graph.to_owned();
        // Louder speech than what it is laid over is another matter.
        mixed.class = if name == "speech over it" {
            Class::Hard
        } else {
            Class::Mild
        };
        all.push(mixed);
    }
    all
}

impl Transform {
    /// What is done to a clip whose samples have this root mean square: noise is 10 dB below it.
    pub(crate) fn way_at(&self, level: f64) -> Way {
        // FFmpeg's pink noise of amplitude 1 is at -14.1 dB.
        let amplitude = level / 32_768.0 * 10_f64.powf((14.1 - 10.0) / 20.0);
        let mut way = self.way.clone();
        way.graph = way
            .graph
            .replace("NOISE", &format!("{:.5}", amplitude.min(1.0)));
        way
    }
}
