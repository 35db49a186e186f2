//! Invitations: an address, the roles that acceptance gives, and how it ends.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Invalid,
    access::Access,
    id::{InvitationId, OrganizationId, ProjectId, UserId},
    organization::Email,
    role::{BuiltIn, Scope},
};

/// How long an invitation can be accepted.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Most projects that one invitation names.
const MAX_PROJECTS: usize = 100;

/// An invitation to an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id; stable when a new link is sent.
    pub id: InvitationId,
    /// Where it leads.
    pub organization: OrganizationId,
    /// Who is invited.
    pub email: Email,
    /// What acceptance gives.
    pub grants: Grants,
    /// In whose name it was sent last: what it gives, they must hold.
    pub invited_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when its link can be used.
    pub expires_at: Timestamp,
    /// How it ended; `None` while nobody has ended it.
    pub ended: Option<Ended>,
}

/// The end of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: Ending,
}

/// How an invitation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The person became a member.
    Accepted,
    /// The person didn't want to.
    Declined,
    /// Somebody withdrew it.
    Revoked,
    /// Nobody used it in time.
    Expired,
    /// Its sender couldn't give any more what it gives.
    Void,
}

impl Ending {
    const ALL: [Self; 5] = [Self::Accepted, Self::Declined, Self::Revoked, Self::Expired, Self::Void];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }

    /// The ending of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.as_str() == name)
    }
}

impl Invitation {
    /// How it has ended at `now`, whether somebody ended it or its time is over.
    pub fn ended_as(&self, now: Timestamp) -> Option<Ending> {
        match self.ended {
            Some(ended) => Some(ended.how),
            None if now >= self.expires_at => Some(Ending::Expired),
            None => None,
        }
    }

    /// Whether it can be accepted at `now`.
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.ended_as(now).is_none()
    }
}

/// What acceptance gives: membership, and these roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grants {
    /// In the organization.
    pub role: InvitedRole,
    /// In projects, each named once.
    pub projects: Vec<ProjectGrant>,
}

/// The specification's words for roles of the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitedRole {
    /// Organization Owner.
    Owner,
    /// Organization Member: what every member holds.
    Reader,
}

impl InvitedRole {
    /// The specification's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Reader => "reader",
        }
    }
}

/// A role in one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ProjectGrant {
    /// The project.
    pub id: ProjectId,
    /// The role.
    pub role: InvitedProjectRole,
}

/// The specification's words for roles of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitedProjectRole {
    /// Project Admin.
    Owner,
    /// Project Member.
    Member,
}

impl InvitedProjectRole {
    /// The specification's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }

    /// The role that it means.
    pub const fn built_in(self) -> BuiltIn {
        match self {
            Self::Owner => BuiltIn::ProjectAdmin,
            Self::Member => BuiltIn::ProjectMember,
        }
    }
}

impl Grants {
    /// Refuses a project named twice, and too many of them.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.projects.len() > MAX_PROJECTS {
            let message = format!("projects names {}: at most {MAX_PROJECTS} are possible.", self.projects.len());
            return Err(Invalid::new("projects", message));
        }
        let is_twice = |at: usize| self.projects[..at].iter().any(|earlier| earlier.id == self.projects[at].id);
        match (0..self.projects.len()).find(|at| is_twice(*at)) {
            Some(at) => {
                let message = "This project stands twice in projects: name it once, with one role.";
                Err(Invalid::new(format!("projects[{at}].id"), message))
            }
            None => Ok(()),
        }
    }

    /// The roles that are held by assignment: a reader holds no more than every
    /// member.
    pub fn roles(&self) -> impl Iterator<Item = (BuiltIn, Scope)> {
        let owner = (self.role == InvitedRole::Owner).then_some((BuiltIn::OrganizationOwner, Scope::Organization));
        let of_projects = self.projects.iter().map(|grant| (grant.role.built_in(), Scope::Project(grant.id)));
        owner.into_iter().chain(of_projects)
    }

    /// What whoever accepts may do.
    pub fn access(&self, organization: OrganizationId) -> Access {
        let mut access = Access::member();
        for (role, scope) in self.roles() {
            access.add(&role.role(organization), scope);
        }
        access
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::permission::Permission;

    fn project(number: u128) -> ProjectId {
        ProjectId::from_uuid(Uuid::from_u128(number))
    }

    fn grants(role: InvitedRole, projects: &[(u128, InvitedProjectRole)]) -> Grants {
        let projects = projects.iter().map(|(number, role)| ProjectGrant { id: project(*number), role: *role });
        Grants { role, projects: projects.collect() }
    }

    #[test]
    fn an_invitation_ends_once_by_somebody_or_by_itself() {
        let second = |second| Timestamp::from_second(second).unwrap();
        let mut invitation = Invitation {
            id: InvitationId::from_uuid(Uuid::nil()),
            organization: OrganizationId::from_uuid(Uuid::nil()),
            email: Email::parse("email", "ada@example.com").unwrap(),
            grants: grants(InvitedRole::Reader, &[]),
            invited_by: UserId::from_uuid(Uuid::nil()),
            created_at: second(0),
            expires_at: second(100),
            ended: None,
        };
        assert!(invitation.is_pending(second(99)));
        assert_eq!(invitation.ended_as(second(100)), Some(Ending::Expired));
        for how in Ending::ALL {
            invitation.ended = Some(Ended { at: second(50), how });
            assert_eq!((invitation.ended_as(second(60)), Ending::parse(how.as_str())), (Some(how), Some(how)));
        }
        assert_eq!(Ending::parse("lost"), None);
    }

    #[test]
    fn what_is_given_is_what_the_words_mean() {
        let organization = OrganizationId::from_uuid(Uuid::nil());
        assert_eq!(grants(InvitedRole::Reader, &[]).access(organization), Access::member());
        assert!(grants(InvitedRole::Owner, &[]).access(organization).is_owner());
        let member = grants(InvitedRole::Reader, &[(1, InvitedProjectRole::Member), (2, InvitedProjectRole::Owner)]);
        let access = member.access(organization);
        assert!(access.holds(Permission::LlmInvoke, Scope::Project(project(1))));
        assert!(!access.holds(Permission::ApiKeysCreate, Scope::Project(project(1))));
        assert!(access.holds(Permission::ApiKeysCreate, Scope::Project(project(2))));
        assert!(!access.holds(Permission::LlmInvoke, Scope::Organization));
    }

    #[test]
    fn a_project_is_named_once() {
        use InvitedProjectRole::{Member, Owner};
        assert!(grants(InvitedRole::Reader, &[(1, Member), (2, Member)]).check().is_ok());
        let refused = grants(InvitedRole::Reader, &[(1, Member), (2, Member), (1, Owner)]).check().unwrap_err();
        assert_eq!(refused.param, "projects[2].id");
        let many: Vec<_> = (0..101).map(|number| (number, Member)).collect();
        assert_eq!(grants(InvitedRole::Reader, &many).check().unwrap_err().param, "projects");
    }
}
