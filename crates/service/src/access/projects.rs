//! Projects: what some dialects divide an account into.

use reelgate_domain::AccountId;
use reelgate_domain::access::{Project, ProjectId, ProjectName};
use reelgate_store::Create;

use super::caller::Caller;
use crate::{ErrorKind, Service, ServiceError};

impl Service {
    /// Makes a project and the pipeline that its jobs go through.
    pub async fn create_project(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        name: ProjectName,
    ) -> Result<Project, ServiceError> {
        let account = self.account_for(caller, account).await?;
        let now = self.clock.now();
        let project = Project {
            id: ProjectId::from_bytes(self.ids.uuid(now)),
            account,
            name,
            created_at: now,
        };
        let pipeline = self.project_pipeline(&project);
        let once = caller.making(project.id);
        let made = self.store.create_project(project.clone(), pipeline, once);
        let outcome = made.await?;
        created(outcome, "project", &project.name, Project::MOST)?;
        Ok(project)
    }

    pub async fn projects(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
    ) -> Result<Vec<Project>, ServiceError> {
        let account = self.account_for(caller, account).await?;
        Ok(self.store.projects(account).await?)
    }

    /// The caller's projects of this name. An account's only project answers to any name, because
    /// clients of some vendors ask by the name of a region.
    pub async fn projects_named(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Vec<Project>, ServiceError> {
        self.projects_called(caller.account, name).await
    }

    /// The caller's project with this id.
    pub async fn project(&self, caller: &Caller, id: ProjectId) -> Result<Project, ServiceError> {
        let found = self.store.project(id).await?;
        let own = found.filter(|project| project.account == caller.account);
        own.ok_or_else(|| ServiceError::missing("project", id))
    }
}

/// What became of a wish for something new, for the caller.
pub(super) fn created(
    outcome: Create,
    what: &str,
    name: &dyn std::fmt::Display,
    most: u32,
) -> Result<(), ServiceError> {
    let message = match outcome {
        Create::Created => return Ok(()),
        Create::Taken => format!("{what} {name} already exists"),
        Create::TooMany => format!("the account has {most} of this kind, which is the most"),
        Create::OwnerMissing => {
            let message = format!("the account that {what} {name} is for does not exist");
            return Err(ServiceError::new(ErrorKind::NotFound, name, message));
        }
    };
    Err(ServiceError::new(ErrorKind::Conflict, name, message))
}
