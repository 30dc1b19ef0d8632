//! What policies can name of access.

use reelgate_api_kit::operation::ResourceType;

pub(super) const USER: ResourceType = ResourceType {
    name: "User",
    arn: "acs:reelgate:*:{accountId}:user/{user}",
    required: true,
};

/// Whose key it is; the account's own keys are nobody else's.
pub(super) const KEY_OWNER: ResourceType = ResourceType {
    required: false,
    ..USER
};

pub(super) const POLICY: ResourceType = ResourceType {
    name: "Policy",
    arn: "acs:reelgate:*:{accountId}:policy/{policy}",
    required: true,
};

pub(super) const ROLE: ResourceType = ResourceType {
    name: "Role",
    arn: "acs:reelgate:*:{accountId}:role/{role}",
    required: true,
};
