//! No sequence of changes raises what those who make them may do together.
#![cfg(test)]

mod support;

use keyward_domain::{
    access::Access,
    actor::{Actor, Identity, RequestOrigin},
    clock::to_millis,
    id::{GroupId, ProjectId, RoleId, SessionId, UserId},
    organization::{Email, User},
    permission::{Permission, PermissionSet},
    role::{BuiltIn, Scope},
};
use keyward_service::{
    admin_key::{self, CreateAdminKey, RevealedAdminKey, WantedRole},
    group::{self, CreateGroup},
    member::{self, UpdateMember},
    project_group,
    project_member::{self, AddProjectMember, Who},
    role::{self, CreateRole, UpdateRole},
    role_assignment::{self, Principal, Seat},
};
use keyward_store::role_assignment::Assignment;
use proptest::prelude::*;
use support::{House, name};

/// The permissions that one can give or take access with.
const TOOLS: &[Permission] = &[
    Permission::MembersRead,
    Permission::MembersManage,
    Permission::RolesRead,
    Permission::RolesManage,
    Permission::RolesAssign,
    Permission::GroupsRead,
    Permission::GroupsManage,
    Permission::AdminKeysRead,
    Permission::AdminKeysManage,
];

/// What somebody tries: all numbers are taken modulo what there is.
#[derive(Debug, Clone)]
struct Attempt {
    by: usize,
    what: u8,
    whom: usize,
    role: usize,
    place: usize,
    permissions: u64,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let one = (0usize..9, 0u8..10, 0usize..9, 0usize..16, 0usize..3, any::<u64>());
    let attempt =
        one.prop_map(|(by, what, whom, role, place, permissions)| Attempt { by, what, whom, role, place, permissions });
    proptest::collection::vec(attempt, 1..30)
}

/// Which role somebody begins with, and where: half of them keep roles, who
/// have every tool and little else.
fn beginnings() -> impl Strategy<Value = (usize, usize)> {
    let role = prop_oneof![0..BuiltIn::ALL.len(), Just(BuiltIn::ALL.len())];
    (role, 0usize..3)
}

/// An organization in which some people conspire.
struct Plot {
    house: House,
    scopes: [Scope; 3],
    users: Vec<UserId>,
    /// Who takes part, with every key that they make.
    actors: Vec<Actor>,
    groups: Vec<GroupId>,
    roles: Vec<RoleId>,
    made: usize,
}

impl Plot {
    /// `start`: what each of the two conspirators holds.
    async fn begin(start: [(usize, usize); 2]) -> Self {
        let house = House::new().await;
        let (one, two) = (house.project("One").await.id, house.project("Two").await.id);
        let scopes = [Scope::Organization, Scope::Project(one), Scope::Project(two)];
        let tools: PermissionSet = TOOLS.iter().copied().collect();
        let keeper = CreateRole {
            scope: Scope::Organization,
            name: name("Keeper of roles"),
            description: String::new(),
            permissions: tools,
            idempotency: None,
        };
        let keeper = role::create(&house.keyward, &house.owner(), keeper).await.unwrap();
        let mut roles: Vec<_> = BuiltIn::ALL.into_iter().map(BuiltIn::id).collect();
        roles.push(keeper.id);
        let staff = CreateGroup { name: name("Staff"), idempotency: None };
        let staff = group::create(&house.keyward, &house.owner(), staff).await.unwrap();
        let admins = Seat { principal: Principal::Group(staff.id), scope: Scope::Organization };
        let admin = BuiltIn::OrganizationAdmin.id();
        role_assignment::assign(&house.keyward, &house.owner(), admins, admin).await.unwrap();
        let mut plot = Self {
            users: vec![house.owner().user().unwrap()],
            actors: Vec::new(),
            groups: vec![staff.id],
            roles,
            made: 0,
            scopes,
            house,
        };
        for (number, (role, place)) in start.into_iter().enumerate() {
            let (role, scope) = (plot.roles[role % plot.roles.len()], plot.scopes[place % 3]);
            plot.join(number, role, scope).await;
        }
        let (role, place) = start[0];
        plot.find_key(plot.roles[role % plot.roles.len()], plot.scopes[place % 3]).await;
        plot
    }

    /// They come by a key of the owner's that holds one role, if it fits there.
    async fn find_key(&mut self, role: RoleId, scope: Scope) {
        let roles = vec![WantedRole { role, scope }];
        let command = CreateAdminKey { name: name("Found"), expires_in_seconds: None, roles, idempotency: None };
        if role != BuiltIn::OrganizationOwner.id()
            && let Ok(made) = admin_key::create(&self.house.keyward, &self.house.owner(), command).await
        {
            self.take_key(made);
        }
    }

    fn take_key(&mut self, made: RevealedAdminKey) {
        let (id, owner) = (made.key.details.key.id, made.key.details.owner);
        let identity = Identity::AdminKey { id, owner: owner.id, owner_email: owner.email };
        self.actors.push(self.actor(identity));
    }

    /// Somebody joins, with one role if it fits there; nobody begins as an owner.
    async fn join(&mut self, number: usize, role: RoleId, scope: Scope) {
        let house = &self.house;
        let id = UserId::from_uuid(uuid::Uuid::from_u128(1000 + number as u128));
        let email = Email::parse("email", &format!("user{number}@example.com")).unwrap();
        let now = to_millis(house.keyward.now());
        let user = User { id, email: email.clone(), name: name("User"), created_at: house.keyward.now() };
        let mut transaction = house.pool.begin().await.unwrap();
        let conn = &mut transaction.conn();
        keyward_store::organization::insert_user(conn, &user).await.unwrap();
        keyward_store::organization::insert_member(conn, house.organization, id, now).await.unwrap();
        if role != BuiltIn::OrganizationOwner.id() {
            let assignment = Assignment {
                principal: Principal::User(id),
                scope,
                role,
                source: None,
                created_by: None,
                created_at: now,
            };
            keyward_store::role_assignment::insert(conn, house.organization, &assignment).await.unwrap();
        }
        let session = support::session_of(SessionId::from_uuid(id.uuid()), id, house.organization, house.keyward.now());
        keyward_store::session::insert(conn, &session, id.uuid().as_bytes()).await.unwrap();
        transaction.commit().await.unwrap();
        let identity = Identity::User { id, email, session: Some(session.id) };
        self.users.push(id);
        self.actors.push(self.actor(identity));
    }

    fn actor(&self, identity: Identity) -> Actor {
        let organization = self.house.organization;
        Actor { organization, identity, access: Access::default(), origin: RequestOrigin::default() }
    }

    /// All conspirators as they come in at this moment.
    async fn present(&self) -> Vec<Actor> {
        let mut present = Vec::new();
        for actor in &self.actors {
            present.extend(self.house.keyward.admit(actor.clone()).await);
        }
        present
    }

    /// What they may do together.
    async fn power(&self) -> (Vec<PermissionSet>, bool) {
        let present = self.present().await;
        let at = |scope| present.iter().fold(PermissionSet::default(), |all, actor| all | actor.access.at(scope));
        (self.scopes.into_iter().map(at).collect(), present.iter().any(|actor| actor.access.is_owner()))
    }

    async fn try_it(&mut self, attempt: &Attempt) {
        let present = self.present().await;
        if present.is_empty() {
            return;
        }
        let actor = &present[attempt.by % present.len()];
        let keyward = &self.house.keyward;
        let (user, group) =
            (self.users[attempt.whom % self.users.len()], self.groups[attempt.whom % self.groups.len()]);
        let (role, scope) = (self.roles[attempt.role % self.roles.len()], self.scopes[attempt.place]);
        let project = scope.project().unwrap_or_else(|| ProjectId::from_uuid(uuid::Uuid::nil()));
        // The rest of the number says which permissions somebody wants.
        let wanted: PermissionSet = Permission::ALL
            .iter()
            .enumerate()
            .filter(|(number, _)| attempt.permissions >> number & 1 == 1)
            .map(|(_, permission)| *permission)
            .collect();
        self.made += 1;
        let called = name(&format!("Thing {}", self.made));
        match attempt.what {
            0 => {
                let permissions = if attempt.role.is_multiple_of(2) { wanted & actor.access.at(scope) } else { wanted };
                let command =
                    CreateRole { scope, name: called, description: String::new(), permissions, idempotency: None };
                if let Ok(role) = role::create(keyward, actor, command).await {
                    self.roles.push(role.id);
                }
            }
            1 => {
                let command = UpdateRole { permissions: Some(wanted), ..UpdateRole::default() };
                let _ = role::update(keyward, actor, scope, role, command).await;
            }
            2 | 3 => {
                let seat = Seat { principal: Principal::User(user), scope };
                let _ = role_assignment::assign(keyward, actor, seat, role).await;
            }
            4 => {
                let seat = Seat { principal: Principal::Group(group), scope };
                let _ = role_assignment::assign(keyward, actor, seat, role).await;
            }
            5 => {
                let _ = group::add_member(keyward, actor, group, user).await;
            }
            6 => {
                if let Ok(group) = group::create(keyward, actor, CreateGroup { name: called, idempotency: None }).await
                {
                    self.groups.push(group.id);
                }
            }
            7 => {
                let roles = if attempt.whom.is_multiple_of(2) { Vec::new() } else { vec![WantedRole { role, scope }] };
                let command = CreateAdminKey { name: called, expires_in_seconds: None, roles, idempotency: None };
                if let Ok(made) = admin_key::create(keyward, actor, command).await {
                    self.take_key(made);
                }
            }
            8 => {
                let command = UpdateMember { role: Some(role), role_param: "role", disabled: None };
                let _ = member::update(keyward, actor, user, command).await;
            }
            _ => {
                let _ = project_group::add(keyward, actor, project, group, role).await;
                let command = AddProjectMember { project, who: Who::Id(user), role };
                let _ = project_member::add(keyward, actor, command).await;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_people_do_raises_what_they_may_do(
        start in [beginnings(), beginnings()],
        attempts in attempts(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut plot = Plot::begin(start).await;
            let (first, _) = plot.power().await;
            for attempt in &attempts {
                plot.try_it(attempt).await;
                let (now, owns) = plot.power().await;
                for ((now, first), scope) in now.iter().zip(&first).zip(plot.scopes) {
                    let raised: Vec<_> = (*now - *first).iter().map(Permission::as_str).collect();
                    prop_assert!(raised.is_empty(), "{attempt:?} gave {raised:?} at {scope:?}");
                }
                prop_assert!(!owns, "{attempt:?} made an owner");
            }
            Ok(())
        })?;
    }
}
