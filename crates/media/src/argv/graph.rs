//! How the picture and the sound of one output come about: by filters of one stream each, or by a graph of several
//! inputs.

use reelgate_domain::job::kind::transcode::{Color, MixUntil};

use super::cascade::Rung;
use super::overlay::Graph;
use super::video::{Pass, filters};
use super::{audio, constant_rate, cut_start, finish, scale, seconds, words};
use crate::plan::{
    AudioPlan, Fade, Matrix, MixPlan, PartPicture, PartPlan, PartSound, Plan, Range, Seek, Size,
    VideoPlan, Window,
};

/// The numbers of an output's inputs, as FFmpeg counts them; the job's input is 0.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) parts: Vec<usize>,
    pub(super) mix: Vec<usize>,
    pub(super) overlays: Vec<Option<usize>>,
    /// Of streams of subtitles.
    pub(super) words: Vec<usize>,
}

/// What is mapped, and the filters that are its own.
pub(super) struct Route {
    pub(super) map: String,
    pub(super) filters: Option<String>,
}

/// Where the streams of an output come from.
#[derive(Default)]
pub(super) struct Routes {
    pub(super) graph: Option<String>,
    /// A part of the graph of the ladder that the output is in.
    pub(super) ladder: Option<String>,
    pub(super) video: Option<Route>,
    pub(super) audio: Option<Route>,
}

/// Those of the output at place `part` of its process. The first pass makes the picture alone, with nothing laid over
/// it, which changes little of where bits are needed.
pub(super) fn routes(
    plan: &Plan,
    (part, rung): (usize, &Rung),
    numbers: &Numbers,
    pass: Pass,
) -> Routes {
    let making = Making {
        plan,
        part,
        rung,
        numbers,
        pass,
    };
    let (mut graph, mut ladder) = (Vec::new(), Vec::new());
    if making.is_joined() {
        graph.extend(making.joined());
    }
    let pictures = match rung.is_alone() {
        true => &mut graph,
        false => &mut ladder,
    };
    let video = (plan.video.as_ref()).map(|video| making.picture(video, pictures));
    let audio = match (&plan.audio, pass) {
        (None, _) => None,
        (Some(audio), Pass::Last) => Some(making.sound(audio, &mut graph)),
        (Some(_), Pass::First) => {
            if making.is_joined() {
                graph.push(format!("[ja{part}]anullsink"));
            }
            None
        }
    };
    let joined = |chains: Vec<String>| (!chains.is_empty()).then(|| chains.join(";"));
    Routes {
        graph: joined(graph),
        ladder: joined(ladder),
        video,
        audio,
    }
}

/// One output on its way into arguments.
struct Making<'a> {
    plan: &'a Plan,
    part: usize,
    rung: &'a Rung,
    numbers: &'a Numbers,
    pass: Pass,
}

impl Making<'_> {
    const fn is_joined(&self) -> bool {
        !self.plan.parts.is_empty()
    }

    fn picture(&self, video: &VideoPlan, graph: &mut Vec<String>) -> Route {
        let (plan, part) = (self.plan, self.part);
        let own = format!("0:{}", video.stream);
        if video.is_copied() {
            return Route {
                map: own,
                filters: None,
            };
        }
        let overlays = match self.pass {
            Pass::First => &[],
            Pass::Last => plan.overlays.as_slice(),
        };
        let mut rate = constant_rate(video.worked_rate());
        if self.is_joined() {
            // Of what is put together nothing tells how long the last frame is.
            rate.push_str(":eof_action=pass");
        }
        let (main, filters) = match self.is_joined() {
            true => (
                format!("jv{part}"),
                cut_start(&plan.window, "").into_iter().collect(),
            ),
            false if !self.rung.is_alone() => {
                self.rung.picture((part, own), (video, &plan.window), graph)
            }
            false => (own, filters(video, &plan.window)),
        };
        if self.pass == Pass::Last {
            // As what moves, they come and go between the frames of a slow source.
            rate = words::filters(rate, plan, part);
        }
        let finish = finish::filters(video, part);
        if !self.is_joined() && self.rung.is_alone() && overlays.is_empty() {
            return Route {
                map: main,
                filters: Some(format!("{},{rate}{finish}", filters.join(","))),
            };
        }
        let laid_over = Graph {
            part,
            size: video.size,
            format: video.pixel_format,
            main,
            filters: &filters,
            rate: &rate,
            finish: &finish,
            overlays,
            inputs: &self.numbers.overlays,
        };
        graph.push(laid_over.text());
        Route {
            map: laid_over.label(),
            filters: None,
        }
    }

    fn sound(&self, audio: &AudioPlan, graph: &mut Vec<String>) -> Route {
        let (plan, part) = (self.plan, self.part);
        let own = format!("0:{}", audio.stream);
        if audio.encoder().is_none() {
            return Route {
                map: own,
                filters: None,
            };
        }
        if !self.is_joined() && plan.mix.is_empty() {
            return Route {
                map: own,
                filters: Some(audio::filters(audio, &plan.window)),
            };
        }
        let (main, mut chain) = match self.is_joined() {
            true => (
                format!("ja{part}"),
                cut_start(&plan.window, "a").into_iter().collect(),
            ),
            false => (own, audio::unchanged(audio, &plan.window)),
        };
        if chain.is_empty() {
            chain.push("anull".to_owned());
        }
        let mut last = format!("[{main}]{}", chain.join(","));
        if !plan.mix.is_empty() {
            graph.push(format!("{last},{}[x{part}m0]", form(audio)));
            graph.extend(self.mixed(audio));
            // Levels stay what they are, and what would be too loud together is held below full scale.
            let sum = plan.mix.len();
            last = format!("[x{part}m{sum}]alimiter=limit=0.98:level=0:latency=1");
        }
        let gain = audio::gain(audio).map_or(String::new(), |gain| format!(",{gain}"));
        graph.push(format!("{last}{gain}[a{part}]"));
        Route {
            map: format!("[a{part}]"),
            filters: None,
        }
    }

    /// The sum of the output's own sound and the others, one after another.
    fn mixed(&self, audio: &AudioPlan) -> Vec<String> {
        let part = self.part;
        let each = self.plan.mix.iter().zip(&self.numbers.mix).enumerate();
        let chains = each.map(|(place, (sound, number))| {
            let mut chain: Vec<String> = mix_cut(sound).into_iter().collect();
            chain.push(audio::mixed(sound.mix, audio.channels));
            chain.push(form(audio));
            let duration = match sound.until {
                MixUntil::Longest => "longest",
                MixUntil::First => "first",
            };
            format!(
                "[{number}:{}]{}[y{part}m{place}];[x{part}m{place}][y{part}m{place}]amix=inputs=2\
                 :duration={duration}:normalize=0:dropout_transition=0[x{part}m{}]",
                sound.stream,
                chain.join(","),
                place + 1,
            )
        });
        chains.collect()
    }

    /// Every part made like the output, and then one after another.
    fn joined(&self) -> Vec<String> {
        let (plan, part) = (self.plan, self.part);
        let mut chains = Vec::new();
        let mut ends: Vec<String> = Vec::new();
        for (place, (one, number)) in plan.parts.iter().zip(&self.numbers.parts).enumerate() {
            let mut end = String::new();
            if let (Some(picture), Some(whole)) = (&one.picture, &plan.video) {
                let label = format!("[v{part}p{place}]");
                let filters = part_picture(one, picture, whole);
                let stream = picture.video.stream;
                chains.push(format!("[{number}:{stream}]{filters}{label}"));
                end.push_str(&label);
            }
            if let (Some(sound), Some(audio)) = (one.sound, &plan.audio) {
                let label = format!("[a{part}p{place}]");
                chains.push(part_sound(one, sound, audio, *number) + &label);
                end.push_str(&label);
            }
            ends.push(end);
        }
        self.put_together(&mut chains, &ends);
        chains
    }

    /// What is between two fades is put together at once. For a fade, what is before it is seen a second time, its
    /// last picture staying on, and goes out over what follows.
    fn put_together(&self, chains: &mut Vec<String>, ends: &[String]) {
        let (plan, part) = (self.plan, self.part);
        let kinds = (plan.video.is_some(), plan.audio.is_some());
        let labels = |name: &str| match kinds {
            (true, true) => format!("[{name}v{part}][{name}a{part}]"),
            (true, false) => format!("[{name}v{part}]"),
            (false, _) => format!("[{name}a{part}]"),
        };
        let (video, audio) = (u8::from(kinds.0), u8::from(kinds.1));
        let concat = |count: usize, from: &str, to: &str| {
            format!("{from}concat=n={count}:v={video}:a={audio}{to}")
        };
        let fades: Vec<(usize, Fade)> = (plan.parts.iter().enumerate())
            .filter_map(|(place, one)| Some((place, one.fade?)))
            .collect();
        let name = |stage: usize| match stage == fades.len() {
            true => "j".to_owned(),
            false => format!("s{stage}"),
        };
        let first = fades.first().map_or(ends.len(), |(place, _)| *place);
        chains.push(concat(first, &ends[..first].concat(), &labels(&name(0))));
        for (stage, (place, fade)) in fades.iter().enumerate() {
            let next = fades.get(stage + 1).map_or(ends.len(), |(next, _)| *next);
            let (before, after) = (name(stage), name(stage + 1));
            let (once, again) = (format!("[o{stage}v{part}]"), format!("[k{stage}v{part}]"));
            let joined = format!("[c{stage}v{part}]");
            chains.push(format!("[{before}v{part}]split{once}{again}"));
            let sound = |name: &str| match kinds.1 {
                true => format!("[{name}a{part}]"),
                false => String::new(),
            };
            let from = format!("{once}{}{}", sound(&before), ends[*place..next].concat());
            let to = format!("{joined}{}", sound(&after));
            chains.push(concat(1 + next - place, &from, &to));
            chains.push(format!(
                "{joined}{again}{}[{after}v{part}]",
                going_out(*fade)
            ));
        }
    }
}

/// The second picture goes out over the first.
fn going_out(fade: Fade) -> String {
    let (start, length) = (fade.start_seconds, fade.seconds);
    let end = start + length;
    format!(
        "blend=all_expr='A+(B-A)*clip(({end:.3}-T)/{length:.3},0,1)':enable='gte(t,{start:.3})*lt(t,{end:.3})'"
    )
}

/// The picture in the middle of one as large as the output's, in the output's colours.
fn part_picture(part: &PartPlan, picture: &PartPicture, whole: &VideoPlan) -> String {
    let video = &picture.video;
    // It is cut here, whichever way its start is reached.
    let nothing = Window {
        start_ms: 0,
        length_ms: None,
        ..part.window
    };
    let mut chain: Vec<String> = part_cut(part, "").into_iter().collect();
    chain.extend(filters(video, &nothing));
    let (own, wanted) = (video.matrix_name(), whole.matrix_name());
    if own != wanted {
        let made = scale(video.size, Range::Keep, Some(wanted));
        chain.push(format!("{made}:in_color_matrix={own}"));
        chain.push(format!("format={}", whole.pixel_format));
    }
    chain.extend(padded(video.size, whole.size, picture.background));
    chain.push(match whole.matrix {
        _ if whole.tone.is_some() => "setparams=colorspace=bt709".to_owned(),
        Matrix::Tag(name) | Matrix::ConvertTo(name) => format!("setparams=colorspace={name}"),
        Matrix::Keep => "setparams=colorspace=unknown".to_owned(),
    });
    // Each at the same rate from its own first moment on, so that the next begins where this one ends.
    chain.push(constant_rate(whole.worked_rate()));
    chain.join(",")
}

fn padded(own: Size, whole: Size, Color([red, green, blue]): Color) -> Option<String> {
    // Colours are at every second pixel.
    let half = |outer: u32, inner: u32| (outer - inner) / 4 * 2;
    (own != whole).then(|| {
        format!(
            "pad=w={}:h={}:x={}:y={}:color=0x{red:02x}{green:02x}{blue:02x}",
            whole.width,
            whole.height,
            half(whole.width, own.width),
            half(whole.height, own.height)
        )
    })
}

fn part_sound(part: &PartPlan, sound: PartSound, audio: &AudioPlan, number: usize) -> String {
    match sound {
        // Where sound ends before the picture, silence follows, unless it is the last.
        PartSound::Silence { seconds } => format!(
            "anullsrc=r={}:d={:.3},{}",
            audio.sample_rate,
            seconds.unwrap_or(0.01),
            form(audio)
        ),
        PartSound::Stream { stream, mix } => {
            let mut chain: Vec<String> = part_cut(part, "a").into_iter().collect();
            chain.push(audio::mixed(mix, audio.channels));
            chain.push(form(audio));
            format!("[{number}:{stream}]{}", chain.join(","))
        }
    }
}

/// The form of the output's sound.
fn form(audio: &AudioPlan) -> String {
    format!(
        "aformat=sample_fmts=fltp:sample_rates={}:channel_layouts={}c",
        audio.sample_rate, audio.channels
    )
}

/// Cuts a part by filters: the input, which other outputs may read as well, and what has no index.
fn part_cut(part: &PartPlan, prefix: &str) -> Option<String> {
    match (part.input, part.window.seek) {
        (Some(_), Seek::Index) => None,
        _ => cut(&part.window, prefix),
    }
}

/// What has an index was cut when it was opened.
fn mix_cut(sound: &MixPlan) -> Option<String> {
    match sound.window.seek {
        Seek::Index => None,
        Seek::Decode => cut(&sound.window, "a"),
    }
}

fn cut(window: &Window, prefix: &str) -> Option<String> {
    let start = seconds(window.start_ms);
    let end = window
        .length_ms
        .map(|length| seconds(window.start_ms + length));
    match (window.start_ms, end) {
        (0, None) => None,
        (0, Some(end)) => Some(format!("{prefix}trim=end={end}")),
        (_, None) => Some(format!(
            "{prefix}trim=start={start},{prefix}setpts=PTS-{start}/TB"
        )),
        (_, Some(end)) => Some(format!(
            "{prefix}trim=start={start}:end={end},{prefix}setpts=PTS-{start}/TB"
        )),
    }
}
