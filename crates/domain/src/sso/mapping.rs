//! Which claim with which value gives which group or role. An owner is made by
//! owners alone, never by a claim.

use serde::{Deserialize, Serialize};

use crate::{
    Invalid,
    id::{GroupId, ProjectId, RoleId},
    name::free_text,
    role::{BuiltIn, Scope},
};

/// Most mappings of one provider.
const MAX: usize = 200;

/// Whoever comes with this value of this claim gets this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The claim's name.
    pub claim: String,
    /// Its value, or one of its values.
    pub value: String,
    /// What it gives.
    pub gives: Given,
}

/// What a mapping gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Given {
    /// Membership of a group.
    Group(GroupId),
    /// A role, at the organization or at a project.
    Role(RoleId, Scope),
}

/// A mapping as it is written down and sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingText {
    /// The claim's name.
    pub claim: String,
    /// Its value, or one of its values.
    pub value: String,
    /// The group that is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The role that is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_id: Option<String>,
    /// Where the role is given; none: at the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
}

impl Mapping {
    /// As it is written down and sent.
    pub fn text(&self) -> MappingText {
        let (group_id, role_id, project_id) = match self.gives {
            Given::Group(group) => (Some(group.to_string()), None, None),
            Given::Role(role, scope) => (None, Some(role.to_string()), scope.project().map(|id| id.to_string())),
        };
        MappingText { claim: self.claim.clone(), value: self.value.clone(), group_id, role_id, project_id }
    }

    /// Reads the field `param`.
    pub fn parse(param: &str, text: MappingText) -> Result<Self, Invalid> {
        for (field, text, most) in [("claim", &text.claim, 200), ("value", &text.value, 500)] {
            let at = format!("{param}.{field}");
            if text.trim().is_empty() {
                return Err(Invalid::new(&at, format!("{at} is empty: give it 1 to {most} characters.")));
            }
            free_text(&at, text, most)?;
        }
        let unknown = |field: &str, what: &str| {
            let at = format!("{param}.{field}");
            let message = format!("{at} names no {what} of this organization.");
            Invalid::new(at, message)
        };
        let gives = match (text.group_id, text.role_id, text.project_id) {
            (Some(group), None, None) => Given::Group(group.parse().map_err(|_| unknown("group_id", "group"))?),
            (None, Some(role), project) => {
                let role: RoleId = role.parse().map_err(|_| unknown("role_id", "role"))?;
                if role == BuiltIn::OrganizationOwner.id() {
                    let at = format!("{param}.role_id");
                    let message = "Single sign-on never makes an owner: only an owner does. Map another role.";
                    return Err(Invalid::new(at, message).code("owner_by_sso"));
                }
                let project = project.map(|id| id.parse::<ProjectId>().map_err(|_| unknown("project_id", "project")));
                Given::Role(role, project.transpose()?.map_or(Scope::Organization, Scope::Project))
            }
            _ => {
                let message = format!(
                    "{param} must give one thing: a group_id, or a role_id (with a project_id for a role at a project)."
                );
                return Err(Invalid::new(param, message));
            }
        };
        Ok(Self { claim: text.claim, value: text.value, gives })
    }
}

impl Serialize for Mapping {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text().serialize(serializer)
    }
}

/// Reads a whole list, the field `param`.
pub fn parse_mappings(param: &str, texts: Vec<MappingText>) -> Result<Vec<Mapping>, Invalid> {
    if texts.len() > MAX {
        return Err(Invalid::new(param, format!("{param} has {} entries: at most {MAX} are possible.", texts.len())));
    }
    texts.into_iter().enumerate().map(|(index, text)| Mapping::parse(&format!("{param}[{index}]"), text)).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn text(group: Option<&str>, role: Option<&str>, project: Option<&str>) -> MappingText {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        MappingText {
            claim: "groups".into(),
            value: "staff".into(),
            group_id: owned(group),
            role_id: owned(role),
            project_id: owned(project),
        }
    }

    #[test]
    fn a_mapping_is_read_back_as_it_was_written() {
        let group = GroupId::from_uuid(Uuid::from_u128(7)).to_string();
        let (role, project) = (BuiltIn::ProjectMember.id().to_string(), ProjectId::from_uuid(Uuid::nil()).to_string());
        for text in [
            text(Some(&group), None, None),
            text(None, Some(&role), Some(&project)),
            text(None, Some(&BuiltIn::OrganizationAdmin.id().to_string()), None),
        ] {
            let mapping = Mapping::parse("mappings[0]", text.clone()).unwrap();
            let json = serde_json::to_string(&mapping).unwrap();
            assert_eq!(serde_json::from_str::<MappingText>(&json).unwrap(), text);
        }
    }

    #[test]
    fn a_mapping_gives_one_thing_and_never_ownership() {
        let group = GroupId::from_uuid(Uuid::from_u128(7)).to_string();
        let (owner, member) =
            (BuiltIn::OrganizationOwner.id().to_string(), BuiltIn::OrganizationMember.id().to_string());
        for (wrong, param) in [
            (text(None, None, None), "mappings[3]"),
            (text(Some(&group), Some(&member), None), "mappings[3]"),
            (text(Some(&group), None, Some("proj_x")), "mappings[3]"),
            (text(Some("group_x"), None, None), "mappings[3].group_id"),
            (text(None, Some("x"), None), "mappings[3].role_id"),
            (text(None, Some(&owner), None), "mappings[3].role_id"),
            (text(None, Some(&member), Some("x")), "mappings[3].project_id"),
            (MappingText { claim: " ".into(), ..text(Some(&group), None, None) }, "mappings[3].claim"),
            (MappingText { value: "a\nb".into(), ..text(Some(&group), None, None) }, "mappings[3].value"),
        ] {
            assert_eq!(Mapping::parse("mappings[3]", wrong).unwrap_err().param, param);
        }
    }
}
