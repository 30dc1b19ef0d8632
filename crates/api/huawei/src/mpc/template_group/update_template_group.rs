//! `PUT /template_group/transcodings`: what is given replaces what the group has. Members keep their template ids by
//! their places in the list.

use serde_json::{Value, json};

use super::{Group, is_id};
use crate::answer::nothing;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::{GROUP_MISSING, GROUP_TAKEN, plain};
use crate::mpc::kept::{self, GROUP_NAMES, GROUPS, MEMBERS, MOST_TRIES};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let mut body = asked.body()?;
    let id = body.needed_text("group_id")?;
    if !is_id(&id) {
        return Err(plain(GROUP_MISSING));
    }
    for _ in 0..MOST_TRIES {
        let old = kept::read(asked, GROUPS, &kept::named(asked, &id)).await?;
        let old = old.ok_or_else(|| plain(GROUP_MISSING))?;
        let before = Group::of(&old);
        let mut group = Group::changed(Some(&before), body.clone())?;
        let mut changes = Vec::new();
        if before.name() != group.name() {
            changes.extend(kept::give_name_up(asked, GROUP_NAMES, before.name()).await?);
            let refusal = || plain(GROUP_TAKEN);
            let taken = kept::take_name(asked, GROUP_NAMES, group.name(), json!(id), refusal);
            changes.push(taken.await?);
        }
        let mut ids = before.ids();
        let (many, few) = (group.videos().len(), ids.len());
        if many > few {
            let (more, taken) = kept::next_ids(asked, many - few).await?;
            changes.push(taken);
            for member in &more {
                let document = kept::numbered(asked, *member);
                changes.push(kept::new(MEMBERS, document, json!(id)));
            }
            ids.extend(more);
        }
        for member in ids.drain(many..) {
            let document = kept::numbered(asked, member);
            let found = kept::read(asked, MEMBERS, &document).await?;
            changes.extend(found.map(|found| kept::without(MEMBERS, &found)));
        }
        group.number(&ids);
        changes.push(kept::instead(GROUPS, &old, Value::Object(group.0)));
        if kept::written(asked, changes).await? {
            return Ok(nothing());
        }
    }
    Err(kept::outrun())
}
