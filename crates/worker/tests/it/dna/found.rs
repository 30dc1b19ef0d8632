//! What is found, and where.

use reelgate_domain::dna::{Channel, DnaModel};
use reelgate_domain::job::JobSpec;
use reelgate_domain::job::kind::fingerprint::{DnaMedia, SaveMode};

use super::{BBB, HDR, SPEECH, Wish, clip, cut_of_the_second, film, is_about, keys_of, two_in_one};
use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_clip_is_found_in_a_film_with_its_places() {
    let house = House::new().await;
    house.put("film.mp4", two_in_one().into()).await;
    house.put("cut.mp4", cut_of_the_second().into()).await;
    house
        .put_clip("phone_vfr_hevc_rot90_2video.mp4", "other.mp4")
        .await;
    let library = house.library(DnaModel::Video).await;
    let worker = house.worker(1);
    let wish = |input, key, save| Wish {
        library,
        input,
        key,
        save,
        media: DnaMedia::Video,
    };
    let stored = house.print(wish("film.mp4", "film", SaveMode::Only)).await;
    assert!(stored.fault().is_none(), "{stored:?}");
    let other = house
        .print(wish("other.mp4", "other", SaveMode::IfNew))
        .await;
    assert_eq!(keys_of(&house.found(&other)), [] as [&str; 0]);
    let job = house.print(wish("cut.mp4", "cut", SaveMode::Never)).await;
    let found = house.found(&job);
    assert_eq!((found.library, found.version), (library, 2));
    assert_eq!(keys_of(&found), ["film"]);
    let [segment] = &found.entries[0].segments[..] else {
        panic!("{found:?}");
    };
    assert_eq!(segment.channel, Channel::Video);
    assert!(is_about(segment.input, 0.0, 4.0), "{segment:?}");
    // The animation begins after 4.24 s, and the cut a second later.
    assert!(is_about(segment.reference, 5.24, 9.24), "{segment:?}");
    assert!(segment.similarity > 0.7 && !segment.mirrored, "{segment:?}");
    // What is in the library already is a duplicate, and what only searches is not stored.
    let again = house.print(wish("cut.mp4", "again", SaveMode::IfNew)).await;
    assert_eq!(keys_of(&house.found(&again)), ["film"]);
    assert_eq!(house.keys(library).await, ["film", "other"]);
    let entries = house.entries(library).await;
    assert_eq!(entries[0].duration_ms.unwrap() / 100, 95, "{entries:?}");
    worker.shut_down().await;
    assert!(house.scratch_files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_is_found_whatever_it_lies_in() {
    let house = House::new().await;
    house.put_clip(SPEECH, "speech.ogg").await;
    let path = clip(SPEECH);
    let part = format!(
        "-f lavfi -i testsrc2=s=64x36:r=10:d=8 -ss 4 -t 8 -i {} -map 0:v -map 1:a -c:v libx264 \
         -preset ultrafast -c:a aac -b:a 48k",
        path.display()
    );
    house.put("part.mp4", film(&part, "part.mp4").into()).await;
    house.put_clip(HDR, "mute.mp4").await;
    let library = house.library(DnaModel::Audio).await;
    let worker = house.worker(1);
    let wish = |input, key, save, media| Wish {
        library,
        input,
        key,
        save,
        media,
    };
    let (speech, video) = (DnaMedia::Audio, DnaMedia::Video);
    let stored = wish("speech.ogg", "speech", SaveMode::Always, speech);
    assert_eq!(
        keys_of(&house.found(&house.print(stored).await)),
        [] as [&str; 0]
    );
    let job = house
        .print(wish("part.mp4", "part", SaveMode::Never, video))
        .await;
    let found = house.found(&job);
    assert_eq!(keys_of(&found), ["speech"]);
    let segment = &found.entries[0].segments[0];
    assert_eq!(segment.channel, Channel::Audio);
    assert!(is_about(segment.input, 0.0, 8.0), "{segment:?}");
    assert!(is_about(segment.reference, 4.0, 12.0), "{segment:?}");
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_found_among_pictures_and_in_videos() {
    let house = House::new().await;
    house.put("film.mp4", two_in_one().into()).await;
    let frame = |seconds: u32, more: &str| {
        let args = format!(
            "-ss {seconds} -i {} -frames:v 1 {more}",
            clip(BBB).display()
        );
        film(&args, "frame.jpg")
    };
    house.put("original.jpg", frame(3, "").into()).await;
    let small = frame(3, "-vf hflip,scale=160:-2,eq=contrast=1.3 -q:v 15");
    house.put("small.jpg", small.into()).await;
    house.put("other.jpg", frame(0, "").into()).await;
    let pictures = house.library(DnaModel::Image).await;
    let videos = house.library(DnaModel::Video).await;
    let worker = house.worker(1);
    let wish = |library, input, save, media| Wish {
        library,
        input,
        key: input,
        save,
        media,
    };
    let image = DnaMedia::Image;
    for input in ["original.jpg", "other.jpg"] {
        let job = house
            .print(wish(pictures, input, SaveMode::IfNew, image))
            .await;
        assert_eq!(keys_of(&house.found(&job)), [] as [&str; 0]);
    }
    let job = house
        .print(wish(pictures, "small.jpg", SaveMode::IfNew, image))
        .await;
    let found = house.found(&job);
    assert_eq!(keys_of(&found), ["original.jpg"]);
    let segment = &found.entries[0].segments[0];
    assert!(
        segment.mirrored && segment.channel == Channel::Image,
        "{segment:?}"
    );
    assert_eq!((segment.input.end, segment.text.as_ref()), (0.0, None));
    assert_eq!(house.keys(pictures).await, ["original.jpg", "other.jpg"]);

    house
        .print(wish(videos, "film.mp4", SaveMode::Only, DnaMedia::Video))
        .await;
    let job = house
        .print(wish(videos, "original.jpg", SaveMode::Never, image))
        .await;
    let found = house.found(&job);
    assert_eq!(keys_of(&found), ["film.mp4"]);
    let place = found.entries[0].segments[0].reference;
    assert!(place.start <= 7.5 && place.end >= 7.0, "{place:?}");
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_in_texts_and_transcripts() {
    let house = House::new().await;
    let text = "Preface of the book. It was the best of times, it was the worst of times, it was the age of wisdom.";
    house.put("book.txt", text.into()).await;
    let lines = r#"[{"text": "and then he said", "start": 0.0, "end": 2.5},
        {"text": "It was the best of times it was the worst of times", "start": 2.5, "end": 7.25}]"#;
    house.put("talk.json", lines.into()).await;
    house.put("broken.json", "{".into()).await;
    house
        .put("picture.txt", vec![0xFF, 0xFE, 0xFD].into())
        .await;
    let library = house.library(DnaModel::Text).await;
    let worker = house.worker(1);
    let wish = |input, save, media| Wish {
        library,
        input,
        key: input,
        save,
        media,
    };
    house
        .print(wish("book.txt", SaveMode::Only, DnaMedia::Text))
        .await;
    let job = house
        .print(wish("talk.json", SaveMode::Never, DnaMedia::Asr))
        .await;
    let found = house.found(&job);
    let segment = &found.entries[0].segments[0];
    assert_eq!((segment.input.start, segment.input.end), (2.5, 7.25));
    assert_eq!(
        (segment.reference.start, segment.reference.end),
        (21.0, 72.0)
    );
    let words = segment.text.as_ref().unwrap();
    assert_eq!(
        words.input,
        "It was the best of times it was the worst of times"
    );
    assert_eq!(
        words.reference,
        "It was the best of times, it was the worst of times"
    );
    for (input, media) in [
        ("broken.json", DnaMedia::Asr),
        ("picture.txt", DnaMedia::Text),
    ] {
        let job = house.print(wish(input, SaveMode::Never, media)).await;
        let code = job.fault().map(|fault| fault.code);
        assert_eq!(
            code,
            Some(reelgate_domain::job::FaultCode::SourceUnreadable)
        );
    }
    worker.shut_down().await;
    let spec = house.service.job(&house.caller, job.id).await.unwrap().spec;
    assert!(matches!(spec, JobSpec::Fingerprint(_)));
}
