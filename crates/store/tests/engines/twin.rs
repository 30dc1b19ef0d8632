//! The engine that simulations use against the suite, so that what they show is true of the others.

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_store::Store;
use reelgate_store::conformance::{Home, World};
use reelgate_store::twin::{Direct, TwinDatabase};

struct Memory(TwinDatabase);

impl Memory {
    fn new() -> Self {
        Self(TwinDatabase::new().expect("it opens"))
    }
}

#[async_trait]
impl Home for Memory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.store(Arc::new(Direct)))
    }

    async fn open_beside(&self, _: &Arc<dyn Store>) -> Arc<dyn Store> {
        self.open().await
    }
}

reelgate_store::conformance_tests!(Memory::new());

#[tokio::test]
async fn a_database_that_is_rewound_is_as_a_new_one() {
    let home = Memory::new();
    let empty = home.0.rows().unwrap();
    let world = World::new(&home).await;
    assert_ne!(home.0.rows().unwrap(), empty);
    drop(world);
    let again = Memory(home.0.rewind().unwrap());
    assert_eq!(again.0.rows().unwrap(), empty);
    World::new(&again).await;
}
