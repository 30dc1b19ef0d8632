//! The keys that outputs are encrypted with, between the call that gives them and the worker that needs them.

use reelgate_domain::job::kind::transcode::{ContentKey, OutputSpec, TranscodeSpec};
use reelgate_domain::job::{Job, JobSpec};

use super::*;
use crate::{ErrorKind, ServiceError, Submission, SubmitJob};

/// Its text stands nowhere else.
const KEY: &str = "c2l4dGVlbiBzZWNyZXRzIQ==";

fn output(key: &str) -> OutputSpec {
    let spec = format!(
        r#"{{"object": {{"bucket": "media", "key": "a.m3u8"}}, "settings": {{"container": {{"format": "hls"}},
            "audio": {{}}}}, "encryption": {{"keys": [{{"key": "{key}", "uri": "https://k.example/1"}}]}}}}"#
    );
    serde_json::from_str(&spec).unwrap()
}

impl House {
    async fn submit(&self, output: OutputSpec) -> Result<Job, ServiceError> {
        let object = output.object.clone();
        let spec = TranscodeSpec {
            input: object,
            outputs: vec![output],
            pictures: Vec::new(),
        };
        let submission = Submission::one(SubmitJob::new(JobSpec::Transcode(spec)));
        let mut jobs = self.service.submit(self.root(), submission).await?;
        Ok(jobs.remove(0))
    }

    async fn stored_output(&self, job: &Job) -> OutputSpec {
        let mut found = self.store.jobs(self.account, &[job.id]).await.unwrap();
        let JobSpec::Transcode(spec) = found.remove(0).spec else {
            panic!("it is a transcode")
        };
        spec.outputs.into_iter().next().unwrap()
    }
}

fn key_of(output: &OutputSpec) -> &ContentKey {
    &output.encryption.as_ref().unwrap().keys[0].key
}

#[tokio::test]
async fn a_key_is_stored_sealed_and_opens_for_its_job_after_any_rotation() {
    let house = House::new().await;
    let job = house.submit(output(KEY)).await.unwrap();
    let sealed = house.stored_output(&job).await;
    assert!(matches!(key_of(&sealed), ContentKey::Sealed(bytes) if bytes.len() > 16));
    let text = serde_json::to_string(&sealed).unwrap();
    assert!(!text.contains("c2l4dGVlbiBzZWNyZXRz"), "{text}");

    let opened = |service: Service| {
        let mut output = sealed.clone();
        let id = job.id;
        async move {
            service.content_keys().open(id, &mut output).await.unwrap();
            output
        }
    };
    assert_eq!(
        key_of(&opened(house.started_again()).await),
        key_of(&output(KEY))
    );
    let rotated = house.service.rotate_master_key(&house.operator).await;
    assert!(rotated.unwrap().resealed > 0);
    house.clock.advance(Duration::from_secs(26 * 3600));
    house.service.drop_retired_master_keys().await.unwrap();
    assert_eq!(
        key_of(&opened(house.started_again()).await),
        key_of(&output(KEY))
    );

    // Nobody reads it by putting it into a job of their own.
    let other = house.submit(output(KEY)).await.unwrap();
    let mut moved = sealed.clone();
    let keys = house.service.content_keys();
    assert!(keys.open(other.id, &mut moved).await.is_err());
    assert_eq!(moved, sealed);
    let again = house.submit(sealed.clone()).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::Invalid);
}
