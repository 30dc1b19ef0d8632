//! Projects of an account.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::InAccount;
use crate::error::Error;

/// A project, with the pipeline that came with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub id: String,
    pub name: String,
    pub account: String,
    pub created_at: String,
}

/// All projects of an account, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projects {
    pub projects: Vec<Project>,
}

/// A project to create.
#[derive(Clone, Debug, Serialize)]
pub struct NewProject {
    pub name: String,
}

impl InAccount<'_> {
    pub async fn create_project(&self, project: &NewProject) -> Result<Project, Error> {
        let call = self.call(Method::POST, &["projects"]);
        call.json(project).answer().await
    }

    pub async fn projects(&self) -> Result<Projects, Error> {
        self.call(Method::GET, &["projects"]).answer().await
    }
}
