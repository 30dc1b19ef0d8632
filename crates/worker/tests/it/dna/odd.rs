//! Media that are short, dark, silent, broken, very slow or very fast.

use reelgate_domain::dna::DnaModel;
use reelgate_domain::job::kind::fingerprint::{DnaMedia, SaveMode};
use reelgate_domain::job::{FaultCode, Job};

use super::{BBB, SPEECH, Wish, clip, film, keys_of};
use crate::house::House;

const CODE: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

/// What a file comes to: stored first, then looked for.
struct Odd {
    name: &'static str,
    content: Vec<u8>,
    model: DnaModel,
    media: DnaMedia,
    /// Why it is not stored.
    store: Option<FaultCode>,
    /// Why it cannot be looked for; without a reason, it finds itself if it was stored.
    search: Option<FaultCode>,
}

fn odd(name: &'static str, content: Vec<u8>, store: Option<FaultCode>) -> Odd {
    Odd {
        name,
        content,
        model: DnaModel::Video,
        media: DnaMedia::Video,
        store,
        search: None,
    }
}

fn all() -> Vec<Odd> {
    let video = |source: &str, name| film(&format!("-f lavfi -i {source} {CODE}"), name);
    let unfit = Some(FaultCode::SpecUnfit);
    let cut = |bytes: Vec<u8>, share: usize| bytes[..bytes.len() * share / 10].to_vec();
    let fast = format!(
        "-i {} -vf fps=120,scale=160:-2 {CODE} -an",
        clip(BBB).display()
    );
    let slow = format!(
        "-i {} -vf fps=1,scale=160:-2 {CODE} -an",
        clip(BBB).display()
    );
    let one = format!(
        "-i {} -vf scale=160:-2 {CODE} -an -frames:v 1",
        clip(BBB).display()
    );
    let transport = format!(
        "-i {} -vf scale=160:-2 {CODE} -an -f mpegts",
        clip(BBB).display()
    );
    let sound = |name, content, store| Odd {
        model: DnaModel::Audio,
        media: DnaMedia::Audio,
        ..odd(name, content, store)
    };
    let none = |code| (Some(code), Some(code));
    let (no_video, no_video_to_search) = none(FaultCode::NoVideoStream);
    let (no_audio, no_audio_to_search) = none(FaultCode::NoAudioStream);
    let (unreadable, unreadable_to_search) = none(FaultCode::SourceUnreadable);
    vec![
        odd(
            "black.mp4",
            video("color=black:s=64x36:d=3", "a.mp4"),
            unfit,
        ),
        odd("fast.mp4", film(&fast, "a.mp4"), None),
        odd("slow.mp4", film(&slow, "a.mp4"), None),
        odd("one.mp4", film(&one, "a.mp4"), None),
        odd("truncated.ts", cut(film(&transport, "a.ts"), 6), None),
        Odd {
            search: unreadable_to_search,
            ..odd(
                "no-index.mp4",
                cut(std::fs::read(clip(BBB)).unwrap(), 5),
                unreadable,
            )
        },
        Odd {
            search: no_video_to_search,
            ..odd("sound.ogg", std::fs::read(clip(SPEECH)).unwrap(), no_video)
        },
        sound(
            "silent.wav",
            film("-f lavfi -i anullsrc=r=22050:cl=mono -t 10", "a.wav"),
            unfit,
        ),
        sound(
            "short.wav",
            film("-f lavfi -i sine=440 -t 0.2", "a.wav"),
            unfit,
        ),
        Odd {
            search: no_audio_to_search,
            ..sound("mute.mp4", video("testsrc2=s=64x36:d=1", "a.mp4"), no_audio)
        },
        Odd {
            model: DnaModel::Image,
            media: DnaMedia::Image,
            ..odd(
                "grey.png",
                film("-f lavfi -i color=gray:s=99x77 -frames:v 1", "a.png"),
                unfit,
            )
        },
        Odd {
            model: DnaModel::Text,
            media: DnaMedia::Text,
            ..odd("empty.txt", b" ... \n".to_vec(), unfit)
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_media_are_stored_and_found_or_it_is_said_why_not() {
    let house = House::new().await;
    let odd = all();
    let mut libraries = std::collections::HashMap::new();
    for model in DnaModel::ALL {
        libraries.insert(model, house.library(model).await);
    }
    let worker = house.worker(2);
    let code = |job: &Job| job.fault().map(|fault| fault.code);
    for file in &odd {
        let name = file.name;
        house.put(name, file.content.clone().into()).await;
        let wish = |key, save| Wish {
            library: libraries[&file.model],
            input: name,
            key,
            save,
            media: file.media,
        };
        let stored = house.print(wish(name, SaveMode::Only)).await;
        assert_eq!(code(&stored), file.store, "{name}: {:?}", stored.fault());
        let searched = house.print(wish("search", SaveMode::Never)).await;
        assert_eq!(
            code(&searched),
            file.search,
            "{name}: {:?}",
            searched.fault()
        );
        if file.search.is_none() {
            let found = house.found(&searched);
            let finds_itself = keys_of(&found).contains(&name);
            let expected = file.store.is_none();
            assert_eq!(finds_itself, expected, "{name}: {found:?}");
        }
        house.entries(libraries[&file.model]).await;
    }
    worker.shut_down().await;
}

/// Windows of ten minutes are looked for one by one, and what goes over several is told as one.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_video_is_looked_for_in_pieces_and_found_whole() {
    let house = House::new().await;
    // Pictures that differ from second to second, and no second is like another.
    let film = film(
        &format!(
            "-f lavfi -i mandelbrot=s=96x54:r=1:maxiter=200:end_scale=0.0001:end_pts=1300 -t 1300 {CODE} -g 60"
        ),
        "long.mp4",
    );
    house.put("long.mp4", film.into()).await;
    let library = house.library(DnaModel::Video).await;
    let worker = house.worker(1);
    let wish = |key, save| Wish {
        library,
        input: "long.mp4",
        key,
        save,
        media: DnaMedia::Video,
    };
    let stored = house.print(wish("long", SaveMode::Only)).await;
    assert!(stored.fault().is_none(), "{stored:?}");
    let found = house.found(&house.print(wish("search", SaveMode::Never)).await);
    assert_eq!(keys_of(&found), ["long"]);
    let covers = |segment: &&reelgate_domain::dna::Segment| {
        segment.input.start < 5.0 && segment.input.end > 1290.0
    };
    let segments = &found.entries[0].segments;
    let whole = segments.iter().find(covers);
    let whole = whole.unwrap_or_else(|| panic!("{segments:?}"));
    assert!(
        (whole.reference.end - whole.input.end).abs() < 2.0,
        "{whole:?}"
    );
    worker.shut_down().await;
}
