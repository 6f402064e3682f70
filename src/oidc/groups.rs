//! What a person's groups at the provider stand for here.

use serde_json::Value;

use crate::config::GroupRole;
use crate::domain::person::Role;

/// The role that a person's groups give: the greatest.
pub(super) fn role(roles: &[GroupRole], groups: &[&str]) -> Option<Role> {
    let given = roles
        .iter()
        .filter(|entry| groups.contains(&entry.group.as_str()));
    given.map(|entry| entry.role).max()
}

/// The groups of a claim: a list, or a text where there is one.
pub(super) fn groups(claim: &Value) -> impl Iterator<Item = &str> {
    let listed = claim.as_array().into_iter().flatten();
    listed.chain(Some(claim)).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_greatest_role_of_a_persons_groups_counts() {
        let entry = |group: &str, role| GroupRole {
            group: group.into(),
            role,
        };
        let roles = [
            entry("staff", Role::Viewer),
            entry("owners", Role::Administrator),
            entry("staff", Role::Editor),
        ];
        for (claim, expected) in [
            (json!(["staff"]), Some(Role::Editor)),
            (json!(["owners", "staff", 7]), Some(Role::Administrator)),
            (json!("owners"), Some(Role::Administrator)),
            (json!(["Owners", "guests"]), None),
            (json!({"owners": true}), None),
            (Value::Null, None),
        ] {
            let groups: Vec<&str> = groups(&claim).collect();
            assert_eq!(role(&roles, &groups), expected, "{claim}");
        }
    }
}
