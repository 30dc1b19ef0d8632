//! The arguments of processes that take pictures. Pure.

use std::ffi::OsString;
use std::path::Path;

use reelgate_domain::job::kind::snapshot::{NotBlack, PictureFormat};
use reelgate_domain::job::kind::transcode::Color;

use super::{Args, micros, tone};
use crate::plan::gcd;
use crate::plan::{FirstLook, Pass, SheetPlan, Size, Tone, View};

/// Where pictures are made, in the working directory.
pub(crate) const TAKEN: &str = "taken";
/// The best there is without the file growing for nothing.
const JPEG_QUALITY: &str = "2";
/// Times in files are rounded, to as much as a millisecond: a frame this much later is shown already.
const LATE_MICROS: i64 = 500;
/// So many ticks are asked for one by one.
const FEW: usize = 32;
const SCALER: &str = "flags=bicubic+accurate_rnd";
/// What JPEG is taken for, which has no tags; what becomes RGB is not affected.
const STILL: &str = ":out_color_matrix=bt601:out_range=pc";
/// What is looked at of a frame to judge it.
const JUDGED: &str =
    "scale=w=96:h=96:flags=area,format=gray,signalstats,metadata=mode=print:file=-";

/// Times of a pass are counted in ticks of this many milliseconds from its first moment on.
pub(crate) fn tick_ms(pass: &Pass) -> u64 {
    let first = pass.moments.first().copied().unwrap_or(0);
    let mut tick = 1000;
    for at in &pass.moments {
        tick = gcd(tick, at - first);
    }
    tick
}

/// The tick of each moment of a pass, by which its picture is named.
pub(crate) fn ticks(pass: &Pass) -> impl Iterator<Item = (u64, u64)> {
    let first = pass.moments.first().copied().unwrap_or(0);
    let tick = tick_ms(pass);
    let of = move |at: &u64| ((at - first) / tick, *at);
    pass.moments.iter().map(of)
}

/// The scratch name of the picture of a tick, in [`TAKEN`].
pub(crate) fn scratch_name(format: PictureFormat, tick: u64) -> String {
    format!("{tick:08}.{}", extension(format))
}

/// The scratch name of the cell of this number, from 1 on, in [`TAKEN`].
pub(crate) fn cell_name(format: PictureFormat, number: usize) -> String {
    format!("cell-{number:05}.{}", extension(format))
}

/// The scratch name of the sheet of this number, from 1 on, in [`TAKEN`].
pub(crate) fn sheet_name(format: PictureFormat, number: usize) -> String {
    format!("sheet-{number:05}.{}", extension(format))
}

/// The FFmpeg that takes the pictures of one pass into [`TAKEN`], under the names of their ticks.
pub(crate) fn pass_argv(view: &View, pass: &Pass, input: &Path) -> Vec<OsString> {
    let mut args = open(view, pass, input, true);
    let filters = format!("{},{}", moments(view, pass), picture(view, view.size));
    args.pair("-map", format!("0:{}", view.stream))
        .pair("-filter:v", filters);
    write(&mut args, view.format, pass.moments.len());
    args.add(&["-frame_pts", "1"])
        .pair("-y", format!("{TAKEN}/%08d.{}", extension(view.format)));
    args.0
}

/// The FFmpeg that writes every frame from a moment on as one picture in [`TAKEN`], so that the last stays.
pub(crate) fn last_argv(view: &View, seek_ms: Option<u64>, input: &Path) -> Vec<OsString> {
    let pass = Pass {
        seek_ms,
        moments: Vec::new(),
    };
    let mut args = open(view, &pass, input, true);
    let deinterlace = deinterlace(view);
    args.pair("-map", format!("0:{}", view.stream)).pair(
        "-filter:v",
        format!("{deinterlace}{}", picture(view, view.size)),
    );
    write(&mut args, view.format, i32::MAX as usize);
    args.add(&["-update", "1"])
        .pair("-y", format!("{TAKEN}/{}", scratch_name(view.format, 0)));
    args.0
}

/// The FFmpeg that takes the picture of one moment, and tells on its standard output what it looks like.
pub(crate) fn judged_argv(view: &View, pass: &Pass, input: &Path) -> Vec<OsString> {
    let mut args = open(view, pass, input, false);
    let graph = format!(
        "[0:{}]{},split[a][b];[a]{}[picture];[b]{JUDGED}[looks]",
        view.stream,
        moments(view, pass),
        picture(view, view.size),
    );
    args.pair("-filter_complex", graph)
        .add(&["-map", "[picture]"]);
    write(&mut args, view.format, 1);
    args.add(&["-frame_pts", "1"])
        .pair("-y", format!("{TAKEN}/%08d.{}", extension(view.format)))
        .add(&["-map", "[looks]", "-frames:v", "1", "-f", "null", "-"]);
    args.0
}

/// The FFmpeg that tells how many percent of each frame are dark, from the one that is shown at a moment on. Their
/// times are counted from that moment, less [`LATE_MICROS`].
pub(crate) fn dark_argv(look: &FirstLook, input: &Path) -> Vec<OsString> {
    let FirstLook { black, pass, view } = look;
    let (zero, shift, _) = origin(pass);
    let filters = format!(
        "settb=1/1000000,setpts=PTS{zero}-{shift},trim=end={},format=gray,\
         blackframe=amount=0:threshold={},metadata=mode=print:key=lavfi.blackframe.pblack:file=-",
        micros(NotBlack::WITHIN_MS * 1000),
        black.luma,
    );
    let mut args = open(view, pass, input, false);
    args.pair("-map", format!("0:{}", view.stream))
        .pair("-filter:v", filters)
        .add(&["-fps_mode", "passthrough", "-f", "null", "-"]);
    args.0
}

/// The FFmpeg that tells what all key frames of a source look like.
pub(crate) fn scan_argv(view: &View, input: &Path) -> Vec<OsString> {
    let mut args = Args::default();
    begin(&mut args, false);
    args.add(&["-skip_frame", "nokey"]);
    args.open_source(input).input(input);
    args.pair("-map", format!("0:{}", view.stream))
        .pair(
            "-filter:v",
            format!("settb=1/1000000,setpts=PTS-STARTPTS,{JUDGED}"),
        )
        .add(&["-fps_mode", "passthrough", "-f", "null", "-"]);
    args.0
}

/// The FFmpeg that tiles the cells in [`TAKEN`] on sheets there.
pub(crate) fn sheet_argv(sheets: &SheetPlan, cells: PictureFormat, count: usize) -> Vec<OsString> {
    let mut args = Args::default();
    begin(&mut args, true);
    args.add(&["-protocol_whitelist", super::PROTOCOLS])
        .add(&["-f", "image2", "-pattern_type", "sequence"])
        .add(&["-start_number", "1", "-framerate", "1"])
        .pair("-i", format!("{TAKEN}/cell-%05d.{}", extension(cells)));
    let sprite = &sheets.sprite;
    // Colours have no blocks while pictures are moved to where they may not lie on one.
    let filters = format!(
        "scale=w={}:h={}:{SCALER},format=rgb24,tile={}x{}:padding={}:margin={}{},scale={SCALER}{STILL},{}",
        sheets.cell.width,
        sheets.cell.height,
        sprite.columns,
        sprite.rows,
        sprite.padding,
        sprite.margin,
        background(sprite.color),
        form(sheets.format),
    );
    args.pair("-filter:v", filters);
    write(&mut args, sheets.format, count);
    args.add(&["-start_number", "1"]).pair(
        "-y",
        format!("{TAKEN}/sheet-%05d.{}", extension(sheets.format)),
    );
    args.0
}

/// Black is there by itself.
fn background(color: Color) -> String {
    let Color([red, green, blue]) = color;
    match color == Color::default() {
        true => String::new(),
        false => format!(":color=0x{red:02x}{green:02x}{blue:02x}"),
    }
}

fn begin(args: &mut Args, tells_progress: bool) {
    args.add(&["-nostdin", "-hide_banner", "-nostats"])
        .add(&["-loglevel", "level+error"]);
    if tells_progress {
        args.add(&["-progress", "pipe:1", "-stats_period", "0.5"]);
    }
}

fn open(view: &View, pass: &Pass, input: &Path, tells_progress: bool) -> Args {
    let mut args = Args::default();
    begin(&mut args, tells_progress);
    // Of a damaged source there are pictures of what is left.
    args.add(&["-max_error_rate", "1"]);
    if view.key_frames {
        args.add(&["-skip_frame", "nokey"]);
    }
    args.open_source(input).add(&["-reinit_filter:v", "0"]);
    if let Some(seek) = pass.seek_ms {
        // What is decoded on the way holds the frame that is shown at the moment: rates vary.
        args.add(&["-noaccurate_seek"])
            .pair("-ss", micros(seek * 1000 + view.origin_micros));
    }
    args.input(input);
    args
}

const fn deinterlace(view: &View) -> &'static str {
    match view.deinterlace {
        true => "bwdif=mode=send_frame:deint=interlaced,",
        false => "",
    }
}

/// How times become those of a pass: what comes after `PTS`, how many microseconds are taken off, and from when on
/// there has to be a frame.
fn origin(pass: &Pass) -> (&'static str, i64, &'static str) {
    let first = pass.moments.first().copied().unwrap_or(0);
    let (zero, before, start) = match pass.seek_ms {
        Some(seek) => ("", first - seek, ""),
        // From the beginning the first frame is what times are counted from: FFmpeg counts those of
        // broadcasts from the first stream in use, and others from the first of all. It is shown
        // before its time as well, should a decoder have lost some.
        None => ("-STARTPTS", first, ":start_time=0"),
    };
    (zero, before as i64 * 1000 + LATE_MICROS, start)
}

/// Lets the frames pass that are shown at the moments of a pass, each with its tick as its time.
fn moments(view: &View, pass: &Pass) -> String {
    let (zero, shift, start) = origin(pass);
    let (keys, start, longer) = match view.key_frames {
        // Not every decoder passes over frames. The last key frame is shown to the end, which is after all moments:
        // of a frame after which nothing comes the next filter would make none.
        true => {
            let after = ticks(pass).last().map_or(0, |(tick, _)| tick + 1);
            let end = after * tick_ms(pass) * 1000;
            let longer = format!("tpad=stop=-1:stop_mode=clone,trim=end_pts={end},");
            // One that is told when to start forgets a last frame from before.
            ("select=key,", "", longer)
        }
        false => ("", start, String::new()),
    };
    let rate = 1000 / tick_ms(pass);
    let deinterlace = deinterlace(view);
    format!(
        "{keys}{deinterlace}settb=1/1000000,setpts=PTS{zero}-{shift},{longer}fps=fps={rate}:round=up{start},select={}",
        chosen(&ticks(pass).map(|(tick, _)| tick).collect::<Vec<_>>())
    )
}

/// Ticks one by one, or many at equal distances by one formula: it is looked at for each frame.
fn chosen(ticks: &[u64]) -> String {
    let steps: Vec<u64> = ticks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    match (steps.first(), ticks.last()) {
        (Some(step), Some(last))
            if ticks.len() > FEW && ticks[0] == 0 && steps.iter().all(|it| it == step) =>
        {
            format!("not(mod(pts\\,{step}))*lte(pts\\,{last})")
        }
        _ => {
            let each = ticks.iter().map(|tick| format!("eq(pts\\,{tick})"));
            each.collect::<Vec<_>>().join("+")
        }
    }
}

/// From a frame as it is decoded to a picture with square pixels, of the one form of its format that
/// every reader knows.
fn picture(view: &View, size: Size) -> String {
    let Size { width, height } = size;
    let scaled = |more: &str| format!("scale=w={width}:h={height}:{SCALER}{more}");
    match view.tone {
        Tone::Tagged => format!("{},{}", scaled(STILL), form(view.format)),
        Tone::Taken(matrix) => {
            let matrix = format!(":in_color_matrix={matrix}{STILL}");
            format!("{},{}", scaled(&matrix), form(view.format))
        }
        Tone::Mapped {
            transfer,
            is_full_range,
        } => {
            format!(
                "{},format=yuv444p10le,{},format=gbrp,scale={SCALER}{STILL},{}",
                scaled(""),
                tone::to_sdr(transfer, is_full_range),
                form(view.format)
            )
        }
    }
}

fn form(format: PictureFormat) -> &'static str {
    match format {
        PictureFormat::Jpeg => "format=yuvj420p,setsar=1",
        PictureFormat::Png => "format=rgb24,setsar=1",
    }
}

fn write(args: &mut Args, format: PictureFormat, most: usize) {
    args.add(&["-fps_mode", "passthrough"])
        .pair("-frames:v", most.to_string())
        .add(&["-flags:v", "+bitexact", "-f", "image2"]);
    match format {
        PictureFormat::Jpeg => args.add(&["-c:v", "mjpeg", "-q:v", JPEG_QUALITY]),
        PictureFormat::Png => args.add(&["-c:v", "png"]),
    };
}

fn extension(format: PictureFormat) -> &'static str {
    match format {
        PictureFormat::Jpeg => "jpg",
        PictureFormat::Png => "png",
    }
}
