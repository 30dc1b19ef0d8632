//! `DELETE /template_group/transcodings`: forgets a group and its members.

use super::{Group, is_id};
use crate::answer::nothing;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::{GROUP_MISSING, plain};
use crate::mpc::kept::{self, GROUP_NAMES, GROUPS, MEMBERS, MOST_TRIES};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let query = asked.query(&["group_id"])?;
    let id = query.needed("group_id")?;
    if !is_id(id) {
        return Err(plain(GROUP_MISSING));
    }
    for _ in 0..MOST_TRIES {
        let old = kept::read(asked, GROUPS, &kept::named(asked, id)).await?;
        let old = old.ok_or_else(|| plain(GROUP_MISSING))?;
        let group = Group::of(&old);
        let mut changes = vec![kept::without(GROUPS, &old)];
        changes.extend(kept::give_name_up(asked, GROUP_NAMES, group.name()).await?);
        for member in group.ids() {
            let document = kept::numbered(asked, member);
            let found = kept::read(asked, MEMBERS, &document).await?;
            changes.extend(found.map(|found| kept::without(MEMBERS, &found)));
        }
        if kept::written(asked, changes).await? {
            return Ok(nothing());
        }
    }
    Err(kept::outrun())
}
