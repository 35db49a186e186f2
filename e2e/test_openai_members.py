"""Members, roles, assignments and groups with the official `openai` SDK, unchanged."""

import itertools
from dataclasses import dataclass

import openai
import pytest

from support.admin import Admin, Project
from support.clients import Clients
from support.person import Person

OWNER = "role_00000000000070008000000000000001"
ADMIN = "role_00000000000070008000000000000002"
PROJECT_ADMIN = "role_00000000000070008000000000000005"

numbers = itertools.count(1)


@dataclass
class Member:
    """A member of the organization besides its owner, signed in."""

    id: str
    email: str
    person: Person


@pytest.fixture
def client(clients: Clients, admin: Admin) -> openai.OpenAI:
    return clients.openai_admin(admin.organization.admin_key)


@pytest.fixture
def member(client: openai.OpenAI, admin: Admin) -> Member:
    """Somebody who was invited and came."""
    email = f"member{next(numbers)}@example.com"
    invite = client.admin.organization.invites.create(email=email, role="reader")
    assert invite.model_extra is not None
    token = admin.secrets.add(invite.model_extra["url"].rsplit("/", 1)[1], "a link's token")
    person = Person(admin.url, admin.secrets)
    password = admin.secrets.make("", "a member's password")
    body = {"token": token, "name": email.partition("@")[0], "password": password}
    person.post("/v1/auth/invitations/accept", body).expect(200)
    (user,) = client.admin.organization.users.list(emails=[email])
    return Member(user.id, email, person)


class TestUsers:
    """`client.admin.organization.users`"""

    def test_members_are_listed_read_changed_and_removed(
        self, client: openai.OpenAI, admin: Admin, member: Member
    ) -> None:
        users = client.admin.organization.users

        everybody = {user.id: user for user in users.list(limit=1)}
        assert everybody[admin.organization.user_id].role == "owner"
        assert everybody[member.id].role == "reader"
        read = users.retrieve(member.id)
        assert read == everybody[member.id]
        assert (read.object, read.email) == ("organization.user", member.email)
        assert read.user is not None and read.user.enabled
        assert read.is_service_account is False

        assert users.update(member.id, role="owner").role == "owner"
        assert users.update(member.id, role_id=ADMIN).role == "reader"
        nothing = users.update(member.id, technical_level=None, developer_persona=None)
        assert nothing.role == "reader"

        deleted = users.delete(member.id)
        assert (deleted.object, deleted.deleted) == ("organization.user.deleted", True)
        assert deleted.model_extra == {"created_api_keys": [], "created_api_key_count": 0}
        assert member.person.get("/v1/organization/projects").status == 401
        with pytest.raises(openai.NotFoundError):
            users.retrieve(member.id)

    def test_the_last_owner_stays(self, client: openai.OpenAI, admin: Admin) -> None:
        users = client.admin.organization.users
        owner = admin.organization.user_id

        with pytest.raises(openai.ConflictError) as demoted:
            users.update(owner, role="reader")
        with pytest.raises(openai.ConflictError) as removed:
            users.delete(owner)
        with pytest.raises(openai.ConflictError) as unassigned:
            users.roles.delete(OWNER, user_id=owner)

        for refused in (demoted, removed, unassigned):
            assert refused.value.code == "last_owner"

    def test_a_disabled_member_is_out_at_once(self, admin: Admin, member: Member) -> None:
        path = f"/v1/organization/users/{member.id}"
        assert member.person.get("/v1/organization/projects").status == 200

        disabled = admin.post(path, {"disabled": True}).expect(200).json
        assert disabled["disabled_at"] is not None
        assert member.person.get("/v1/organization/projects").status == 401
        # Enabled again, they sign in again.
        assert admin.post(path, {"disabled": False}).expect(200).json["disabled_at"] is None
        assert member.person.get("/v1/organization/projects").status == 401


class TestRoles:
    """`client.admin.organization.roles` and `…projects.roles`"""

    def test_roles_of_the_organization(self, client: openai.OpenAI) -> None:
        roles = client.admin.organization.roles

        made = roles.create(role_name="Operator", permissions=["api_keys:read"], description="x")
        assert (made.object, made.resource_type) == ("role", "api.organization")
        assert (made.predefined_role, made.permissions) == (False, ["api_keys:read"])
        assert roles.retrieve(made.id) == made
        changed = roles.update(made.id, role_name="Operators", permissions=["api_keys:revoke"])
        assert (changed.name, changed.permissions) == ("Operators", ["api_keys:revoke"])

        listed = list(roles.list(limit=2))
        assert [role.predefined_role for role in listed[:4]] == [True] * 4
        assert changed in listed and len(listed) == len({role.id for role in listed})
        deleted = roles.delete(made.id)
        assert (deleted.object, deleted.id, deleted.deleted) == ("role.deleted", made.id, True)

        with pytest.raises(openai.PermissionDeniedError) as built_in:
            roles.update(OWNER, description="Mine")
        assert built_in.value.code == "role_is_built_in"
        with pytest.raises(openai.BadRequestError) as unknown:
            roles.create(role_name="Eater", permissions=["api_keys:eat"])
        assert unknown.value.param == "permissions" and "api_keys:eat" in unknown.value.message

    def test_roles_of_a_project(self, client: openai.OpenAI, admin: Admin) -> None:
        project = admin.create_project()
        roles = client.admin.organization.projects.roles

        made = roles.create(project.id, role_name="Caller", permissions=["llm:invoke"])
        assert made.resource_type == "api.project"
        assert roles.retrieve(made.id, project_id=project.id) == made
        changed = roles.update(made.id, project_id=project.id, description="Calls models")
        assert changed.description == "Calls models"
        names = [role.name for role in roles.list(project.id, limit=1, order="asc")]
        assert names == ["Project Admin", "Project Member", "Project Viewer", "Caller"]
        assert roles.delete(made.id, project_id=project.id).deleted
        with pytest.raises(openai.NotFoundError):
            roles.retrieve(made.id, project_id=project.id)


class TestGroups:
    """`client.admin.organization.groups`"""

    def test_groups_have_members_and_roles(self, client: openai.OpenAI, member: Member) -> None:
        groups = client.admin.organization.groups
        keys = "/v1/organization/admin_api_keys"

        made = groups.create(name=f"Group {next(numbers)}")
        assert (made.group_type, made.is_scim_managed) == ("group", False)
        assert groups.retrieve(made.id) == made
        renamed = groups.update(made.id, name=f"Renamed {next(numbers)}")
        assert renamed.id == made.id
        assert [group.id for group in groups.list(limit=1)].count(made.id) == 1

        added = groups.users.create(made.id, user_id=member.id)
        assert (added.object, added.user_id, added.group_id) == ("group.user", member.id, made.id)
        assert groups.users.retrieve(member.id, group_id=made.id).email == member.email
        assert [user.id for user in groups.users.list(made.id)] == [member.id]

        assert member.person.get(keys).status == 403
        given = groups.roles.create(made.id, role_id=ADMIN)
        assert (given.object, given.group.id, given.role.id) == ("group.role", made.id, ADMIN)
        assert member.person.get(keys).status == 200
        assert [role.id for role in groups.roles.list(made.id)] == [ADMIN]
        assert groups.roles.retrieve(ADMIN, group_id=made.id).name == "Organization Admin"

        users = client.admin.organization.users
        through = users.roles.retrieve(ADMIN, user_id=member.id).assignment_sources
        assert through is not None
        assert [(source.principal_type, source.principal_id) for source in through] == [
            ("group", made.id)
        ]

        assert groups.roles.delete(ADMIN, group_id=made.id).deleted
        assert member.person.get(keys).status == 403
        assert groups.users.delete(member.id, group_id=made.id).deleted
        assert groups.delete(made.id).deleted

    def test_groups_hold_roles_in_projects(
        self, client: openai.OpenAI, admin: Admin, member: Member
    ) -> None:
        organization = client.admin.organization
        groups = organization.projects.groups
        project = admin.create_project()
        group = organization.groups.create(name=f"Group {next(numbers)}")
        organization.groups.users.create(group.id, user_id=member.id)

        assert member.person.get(project.path).status == 404
        added = groups.create(project.id, group_id=group.id, role="member")
        assert (added.object, added.group_name) == ("project.group", group.name)
        assert groups.retrieve(group.id, project_id=project.id, group_type="group") == added
        assert list(groups.list(project.id)) == [added]
        assert member.person.get(project.path).status == 200

        place = {"project_id": project.id}
        groups.roles.create(group.id, role_id=PROJECT_ADMIN, **place)
        held = [role.name for role in groups.roles.list(group.id, limit=1, **place)]
        assert held == ["Project Admin", "Project Member"]
        retrieved = groups.roles.retrieve(PROJECT_ADMIN, group_id=group.id, **place)
        assert retrieved.predefined_role
        assert groups.roles.delete(PROJECT_ADMIN, group_id=group.id, **place).deleted
        assert groups.delete(group.id, project_id=project.id).deleted
        assert member.person.get(project.path).status == 404


class TestAssignments:
    """`client.admin.organization.users.roles` and `…projects.users`"""

    def test_roles_are_given_and_taken(self, client: openai.OpenAI, member: Member) -> None:
        roles = client.admin.organization.users.roles

        for _ in range(2):
            given = roles.create(member.id, role_id=ADMIN)
            assert (given.object, given.user.id) == ("user.role", member.id)
        assert [role.id for role in roles.list(member.id)] == [ADMIN]
        assert roles.retrieve(ADMIN, user_id=member.id).resource_type == "api.organization"
        # An administrator makes no owner.
        path = f"/v1/organization/users/{member.id}/roles"
        refused = member.person.post(path, {"role_id": OWNER}).expect(403).json
        assert refused["error"]["code"] == "escalation_not_allowed"
        assert roles.delete(ADMIN, user_id=member.id).deleted
        with pytest.raises(openai.NotFoundError):
            roles.retrieve(ADMIN, user_id=member.id)
        with pytest.raises(openai.BadRequestError) as misplaced:
            roles.create(member.id, role_id=PROJECT_ADMIN)
        assert (misplaced.value.code, misplaced.value.param) == ("role_does_not_fit", "role_id")

    def test_members_of_a_project(
        self, client: openai.OpenAI, admin: Admin, member: Member
    ) -> None:
        project = admin.create_project()
        users = client.admin.organization.projects.users

        added = users.create(project.id, email=member.email, role="member")
        assert (added.object, added.id) == ("organization.project.user", member.id)
        assert users.create(project.id, user_id=member.id, role="member") == added
        assert users.retrieve(member.id, project_id=project.id) == added
        assert list(users.list(project.id, limit=1)) == [added]
        check_may(member, project, create_keys=False)

        assert users.update(member.id, project_id=project.id, role="owner").role == "owner"
        check_may(member, project, create_keys=True)
        place = {"project_id": project.id}
        assert [role.id for role in users.roles.list(member.id, **place)] == [PROJECT_ADMIN]
        assert users.roles.retrieve(PROJECT_ADMIN, user_id=member.id, **place).predefined_role
        users.roles.create(member.id, role_id=PROJECT_ADMIN, **place)
        assert users.roles.delete(PROJECT_ADMIN, user_id=member.id, **place).deleted
        with pytest.raises(openai.NotFoundError):
            users.retrieve(member.id, project_id=project.id)

        users.create(project.id, user_id=member.id, role="viewer")
        deleted = users.delete(member.id, project_id=project.id)
        assert (deleted.object, deleted.id) == ("organization.project.user.deleted", member.id)
        assert member.person.get(project.path).status == 404
        with pytest.raises(openai.BadRequestError) as stranger:
            users.create(project.id, email="nobody@example.com", role="member")
        assert stranger.value.code == "not_a_member" and "Invite" in stranger.value.message


def check_may(member: Member, project: Project, create_keys: bool) -> None:
    """Reads the project; creates keys in it, or not."""
    member.person.get(project.path).expect(200)
    made = member.person.post(f"{project.path}/api_keys", {"name": f"Key {next(numbers)}"})
    if create_keys:
        member.person.secrets.add(made.expect(200).json["value"], "an API key")
    else:
        made.expect(403)
