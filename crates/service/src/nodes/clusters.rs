//! Clusters: create, list, delete.

use reelgate_domain::node::{Cluster, ClusterName};
use reelgate_store::DeleteCluster;

use crate::access::require_operator;
use crate::{Caller, ErrorKind, Service, ServiceError};

impl Service {
    /// Only operators may.
    pub async fn create_cluster(
        &self,
        caller: &Caller,
        name: ClusterName,
    ) -> Result<Cluster, ServiceError> {
        require_operator(caller)?;
        let created_at = self.clock.now();
        let cluster = Cluster { name, created_at };
        let once = caller.making(&cluster.name);
        if self.store.create_cluster(cluster.clone(), once).await? {
            return Ok(cluster);
        }
        let message = format!("there is already a cluster called {}", cluster.name);
        Err(ServiceError::new(
            ErrorKind::Conflict,
            cluster.name,
            message,
        ))
    }

    /// By name. Only operators may.
    pub async fn clusters(&self, caller: &Caller) -> Result<Vec<Cluster>, ServiceError> {
        require_operator(caller)?;
        Ok(self.store.clusters().await?)
    }

    /// Deletes a cluster in which no worker stands and that has no live streams. Only operators may.
    pub async fn delete_cluster(
        &self,
        caller: &Caller,
        name: &ClusterName,
    ) -> Result<(), ServiceError> {
        require_operator(caller)?;
        match self.store.delete_cluster(name, self.clock.now()).await? {
            DeleteCluster::Deleted => Ok(()),
            DeleteCluster::Missing => Err(ServiceError::missing("cluster", name)),
            DeleteCluster::Used(workers) => {
                let message = format!("{workers} workers stand in cluster {name}: end them first");
                Err(ServiceError::new(ErrorKind::Conflict, name, message))
            }
            DeleteCluster::HasStreams => {
                let message = format!("cluster {name} has live streams: delete them first");
                Err(ServiceError::new(ErrorKind::Conflict, name, message))
            }
        }
    }
}
