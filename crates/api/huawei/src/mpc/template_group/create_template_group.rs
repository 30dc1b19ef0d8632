//! `POST /template_group/transcodings`: keeps a group, each of whose members gets a template id.

use http::StatusCode;
use serde_json::{Value, json};

use super::Group;
use crate::answer;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::{GROUP_TAKEN, plain};
use crate::mpc::kept::{self, GROUP_NAMES, GROUPS, MEMBERS, MOST_TRIES};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let mut group = Group::changed(None, asked.body()?)?;
    let id = asked.service.new_document_id();
    for _ in 0..MOST_TRIES {
        let (ids, taken) = kept::next_ids(asked, group.videos().len()).await?;
        group.number(&ids);
        let refusal = || plain(GROUP_TAKEN);
        let name = kept::take_name(asked, GROUP_NAMES, group.name(), json!(id), refusal).await?;
        let document = kept::named(asked, &id);
        let body = Value::Object(group.0.clone());
        let mut changes = vec![kept::new(GROUPS, document, body), name, taken];
        for member in ids {
            let document = kept::numbered(asked, member);
            changes.push(kept::new(MEMBERS, document, json!(id)));
        }
        if kept::written(asked, changes).await? {
            let body = json!({"template_group": group.shown(&id)});
            return Ok(answer::json(StatusCode::CREATED, &body));
        }
    }
    Err(kept::outrun())
}
