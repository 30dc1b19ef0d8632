//! Signed calls that come twice.

use reelgate_domain::PipelineId;
use reelgate_domain::access::Once;
use reelgate_domain::pipeline::PipelineChange;

use super::*;
use crate::access::signed_call;
use crate::{CreatePipeline, ErrorKind, PipelineQuery, ServiceError};

impl House {
    fn call(&self, nonce: &str) -> Once {
        signed_call(&self.made.access_key_id, nonce, self.clock.now())
    }

    fn calling(&self, nonce: &str) -> Caller {
        self.root().clone().once(self.call(nonce))
    }

    async fn create(&self, caller: &Caller) -> Result<PipelineId, ServiceError> {
        let wanted = CreatePipeline {
            name: "night".to_owned(),
            concurrency: None,
            origin: None,
        };
        let made = self.service.create_pipeline(caller, wanted).await?;
        Ok(made.id)
    }
}

#[tokio::test]
async fn a_call_that_changes_something_does_so_once_also_after_a_restart() {
    let house = House::new().await;
    let root = house.root();
    let id = house.create(&house.calling("1")).await.unwrap();
    let replayed = |outcome: Result<(), ServiceError>| {
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::Replayed);
    };
    replayed(house.create(&house.calling("1")).await.map(drop));
    house.create(&house.calling("2")).await.unwrap();
    let query = PipelineQuery {
        limit: 10,
        ..PipelineQuery::default()
    };
    // Two that an account has from its beginning, and those that were made.
    assert_eq!(
        house
            .service
            .list_pipelines(root, query)
            .await
            .unwrap()
            .total,
        4
    );

    let change = PipelineChange::default;
    let service = house.started_again();
    replayed(
        service
            .change_pipeline(&house.calling("1"), id, change())
            .await
            .map(drop),
    );
    service
        .change_pipeline(&house.calling("3"), id, change())
        .await
        .unwrap();
    replayed(service.delete_pipeline(&house.calling("3"), id).await);
    service
        .delete_pipeline(&house.calling("4"), id)
        .await
        .unwrap();
    // What has no effect in the store uses calls up, too.
    let calling = house.calling("5");
    service.use_once(&calling).await.unwrap();
    replayed(service.use_once(&calling).await);
    service.use_once(root).await.unwrap();
}

#[tokio::test]
async fn a_read_comes_once_on_one_node() {
    let house = House::new().await;
    assert!(house.service.read_once(&house.call("1")));
    assert!(!house.service.read_once(&house.call("1")));
    assert!(house.started_again().read_once(&house.call("1")));
}
