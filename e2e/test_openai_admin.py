"""Operators with the official `openai` SDK: `client.admin.organization`, unchanged."""

import openai
import pytest

from support.admin import Admin, Project
from support.clients import Clients
from support.keyward import Organization
from support.wire import bearer, send


@pytest.fixture
def client(clients: Clients, admin: Admin) -> openai.OpenAI:
    return clients.openai_admin(admin.organization.admin_key)


class TestProjects:
    """`client.admin.organization.projects`"""

    def test_a_project_is_created_read_renamed_and_archived(self, client: openai.OpenAI) -> None:
        projects = client.admin.organization.projects

        made = projects.create(name="A project of the SDK")
        assert (made.object, made.status) == ("organization.project", "active")
        assert made.id.startswith("proj_")
        assert made.archived_at is None
        assert projects.retrieve(made.id) == made

        renamed = projects.update(made.id, name="Another name")
        assert renamed.name == "Another name"

        archived = projects.archive(made.id)
        assert archived.status == "archived"
        assert archived.archived_at is not None and archived.archived_at >= made.created_at

    def test_lists_page_by_themselves_and_leave_archived_ones_out(
        self, client: openai.OpenAI
    ) -> None:
        projects = client.admin.organization.projects
        made = [projects.create(name=f"Paged {number}").id for number in range(5)]
        projects.archive(made[2])

        active = [project.id for project in projects.list(limit=2)]
        everything = [project.id for project in projects.list(limit=2, include_archived=True)]

        newest_first = made[::-1]
        assert active[:4] == [id for id in newest_first if id != made[2]]
        assert everything[:5] == newest_first
        assert len(everything) == len(set(everything))

    def test_errors_are_the_sdks_exceptions(self, client: openai.OpenAI) -> None:
        projects = client.admin.organization.projects
        projects.create(name="Taken")

        with pytest.raises(openai.ConflictError) as taken:
            projects.create(name="Taken")
        with pytest.raises(openai.BadRequestError) as blank:
            projects.create(name="   ")
        with pytest.raises(openai.NotFoundError):
            projects.retrieve("proj_00000000000000000000000000000000")
        with pytest.raises(openai.NotFoundError):
            projects.retrieve("not-an-id")
        with pytest.raises(openai.BadRequestError) as resident:
            projects.create(name="Elsewhere", geography="EU")

        assert (taken.value.code, taken.value.param) == ("name_taken", "name")
        assert taken.value.response.headers["x-should-retry"] == "false"
        assert blank.value.param == "name"
        assert resident.value.param == "geography"

    def test_what_the_specification_knows_is_accepted_as_null(self, client: openai.OpenAI) -> None:
        made = client.admin.organization.projects.create(
            name="With nulls", external_key_id=None, geography=None, residency=None
        )

        assert made.status == "active"


class TestLimits:
    """`client.admin.organization.projects.rate_limits` and `.model_permissions`"""

    def test_the_limits_of_models_are_listed_and_changed(
        self, client: openai.OpenAI, admin: Admin
    ) -> None:
        project = admin.create_project()
        made = [
            admin.post(f"{project.path}/limits", {"model": model, "requests_per_minute": 5}).expect(200).json["id"]
            for model in ("gpt-4o", "gpt-5*", "o3")
        ]
        admin.post(f"{project.path}/limits", {"requests_per_minute": 9}).expect(200)
        rate_limits = client.admin.organization.projects.rate_limits

        listed = list(rate_limits.list_rate_limits(project.id, limit=2))
        assert [(limit.id, limit.model) for limit in listed] == list(zip(made, ("gpt-4o", "gpt-5*", "o3")))[::-1]

        changed = rate_limits.update_rate_limit(
            made[0], project_id=project.id, max_requests_per_1_minute=7, max_tokens_per_1_minute=1000
        )
        assert (changed.max_requests_per_1_minute, changed.max_tokens_per_1_minute) == (7, 1000)
        kept = admin.get(f"{project.path}/limits/{made[0]}").expect(200).json
        assert (kept["requests_per_minute"], kept["tokens_per_minute"]) == (7, 1000)

    def test_the_models_of_a_project_are_read_changed_and_freed(
        self, client: openai.OpenAI, admin: Admin
    ) -> None:
        project = admin.create_project()
        permissions = client.admin.organization.projects.model_permissions

        updated = permissions.update(project.id, mode="allow_list", model_ids=["gpt-4o*"])
        assert (updated.mode, updated.model_ids) == ("allow_list", ["gpt-4o*"])
        assert permissions.retrieve(project.id).model_ids == ["gpt-4o*"]
        assert permissions.delete(project.id).deleted
        assert permissions.retrieve(project.id).model_ids == []

    def test_the_spend_limits_of_organization_and_project_are_made_replaced_and_deleted(
        self, client: openai.OpenAI, admin: Admin
    ) -> None:
        project = admin.create_project()
        of_organization = client.admin.organization.spend_limit
        of_project = client.admin.organization.projects.spend_limit

        made = of_project.update(project.id, threshold_amount=2500, currency="USD", interval="month")
        assert (made.threshold_amount, made.enforcement.status) == (2500, "inactive")
        assert of_project.update(project.id, threshold_amount=3000, currency="USD", interval="month")
        assert of_project.retrieve(project.id).threshold_amount == 3000
        budget = admin.get(f"{project.path}/budgets").expect(200).json["data"][0]
        assert (budget["amount"], budget["window"], budget["mode"]) == ("30.00", "month", "strict")
        assert of_project.delete(project.id).deleted
        assert of_organization.update(threshold_amount=100_000_000, currency="USD", interval="month")
        assert of_organization.retrieve().threshold_amount == 100_000_000
        assert of_organization.delete().deleted


class TestProjectKeys:
    """`client.admin.organization.projects.api_keys`"""

    def test_keys_are_listed_read_edited_and_deleted(
        self, client: openai.OpenAI, demo: Project, admin: Admin
    ) -> None:
        made = [demo.create_key(f"SDK {number}") for number in range(3)]
        keys = client.admin.organization.projects.api_keys

        listed = list(keys.list(demo.id, limit=1))
        assert [key.id for key in listed] == [key.id for key in reversed(made)]

        read = keys.retrieve(made[0].id, project_id=demo.id)
        assert read.object == "organization.project.api_key"
        assert read.name == "SDK 0"
        assert read.redacted_value == f"sk-project-...{made[0].value[-4:]}"
        assert read.owner_project_access == "active"
        assert read.owner.type == "user" and read.owner.user is not None
        assert read.owner.user.id == admin.organization.user_id
        assert (read.last_used_at, read.expires_at) == (None, None)

        edited = keys.update(made[0].id, project_id=demo.id, expires_in_seconds=3600)
        assert edited.expires_at is not None and edited.expires_at > edited.created_at

        deleted = keys.delete(made[0].id, project_id=demo.id)
        assert (deleted.deleted, deleted.id) == (True, made[0].id)
        assert deleted.object == "organization.project.api_key.deleted"
        with pytest.raises(openai.NotFoundError):
            keys.retrieve(made[0].id, project_id=demo.id)
        assert made[0].id not in [key.id for key in keys.list(demo.id)]

    def test_the_filter_by_owner_is_understood(self, client: openai.OpenAI, demo: Project) -> None:
        made = demo.create_key()
        keys = client.admin.organization.projects.api_keys

        assert [key.id for key in keys.list(demo.id, owner_project_access="any")] == [made.id]
        assert [key.id for key in keys.list(demo.id, owner_project_access="active")] == [made.id]
        assert list(keys.list(demo.id, owner_project_access="inactive")) == []


class TestAdminKeys:
    """`client.admin.organization.admin_api_keys`"""

    def test_an_admin_key_is_made_used_listed_and_deleted(
        self, client: openai.OpenAI, clients: Clients, admin: Admin
    ) -> None:
        keys = client.admin.organization.admin_api_keys

        made = keys.create(name="Deployment", expires_in_seconds=3600)
        admin.secrets.add(made.value, "an admin key")
        assert made.value.startswith("sk-admin-")
        assert made.redacted_value == f"sk-admin-...{made.value[-4:]}"
        assert made.object == "organization.admin_api_key"
        assert made.owner.id == admin.organization.user_id
        assert made.expires_at == made.created_at + 3600

        other = clients.openai_admin(made.value)
        assert list(other.admin.organization.projects.list()) is not None
        assert keys.retrieve(made.id).last_used_at is not None
        listed = list(keys.list(limit=1, order="desc"))
        assert listed[0].id == made.id
        assert not hasattr(listed[0], "value")

        deleted = keys.delete(made.id)
        assert (deleted.id, deleted.deleted) == (made.id, True)
        with pytest.raises(openai.AuthenticationError) as refused:
            other.admin.organization.projects.retrieve("x")
        assert refused.value.code == "invalid_api_key"
        with pytest.raises(openai.NotFoundError):
            keys.retrieve(made.id)

    def test_admin_keys_page_in_both_orders(self, client: openai.OpenAI, admin: Admin) -> None:
        keys = client.admin.organization.admin_api_keys
        for number in range(3):
            admin.secrets.add(keys.create(name=f"Paged {number}").value, "an admin key")

        newest_first = [key.id for key in keys.list(limit=2, order="desc")]
        oldest_first = [key.id for key in keys.list(limit=2, order="asc")]

        assert len(newest_first) >= 4
        assert newest_first == oldest_first[::-1]


class TestAuditLog:
    """`client.admin.organization.audit_logs`"""

    def test_every_change_is_one_event_with_its_actor(
        self, client: openai.OpenAI, demo: Project, admin: Admin
    ) -> None:
        key = demo.create_key("Audited")
        key.edit(name="Audited twice")
        key.rotate()
        key.disable()
        key.revoke()
        key.delete()

        events = list(client.admin.organization.audit_logs.list(resource_ids=[key.id]))

        assert [event.type for event in reversed(events)] == [
            "api_key.created",
            "api_key.updated",
            "api_key.rotated",
            "api_key.updated",
            "api_key.revoked",
            "api_key.deleted",
        ]
        for event in events:
            assert event.project is not None and event.project.id == demo.id
            assert event.actor is not None and event.actor.type == "api_key"
            used = event.actor.api_key
            assert used is not None and used.user is not None
            assert used.user.id == admin.organization.user_id
            assert used.user.email == "owner@example.com"
        created = events[-1].api_key_created
        assert created is not None and created.id == key.id

    def test_events_are_filtered_and_paged(
        self, client: openai.OpenAI, demo: Project, project: Project
    ) -> None:
        logs = client.admin.organization.audit_logs
        for wanted in (demo, project):
            wanted.create_key()

        of_demo = list(logs.list(project_ids=[demo.id], limit=1))
        assert {event.project.id for event in of_demo if event.project} == {demo.id}
        assert len(of_demo) >= 3
        both = list(
            logs.list(project_ids=[demo.id, project.id], event_types=["api_key.created"], limit=1)
        )
        assert [event.project.id for event in both if event.project] == [project.id, demo.id]

        newest = logs.list(limit=1).data[0]
        at = newest.effective_at
        assert newest.id in [event.id for event in logs.list(effective_at={"gte": at, "lte": at})]
        assert list(logs.list(effective_at={"gt": at + 60})) == []
        assert list(logs.list(effective_at={"lt": 1})) == []
        assert list(logs.list(actor_emails=["nobody@example.com"])) == []
        mine = logs.list(actor_emails=["owner@example.com"], limit=1)
        assert mine.data[0].id == newest.id

    def test_a_project_in_the_log_is_told_as_the_specification_does(
        self, client: openai.OpenAI, demo: Project
    ) -> None:
        client.admin.organization.projects.update(demo.id, name="Renamed in the log")
        client.admin.organization.projects.archive(demo.id)
        logs = client.admin.organization.audit_logs

        events = {event.type: event for event in logs.list(resource_ids=[demo.id])}

        created = events["project.created"].project_created
        assert created is not None and created.id == demo.id and created.data is not None
        assert created.data.name == demo.name
        updated = events["project.updated"].project_updated
        assert updated is not None and updated.id == demo.id
        archived = events["project.archived"].project_archived
        assert archived is not None and archived.id == demo.id

    def test_a_type_that_does_not_exist_is_refused(self, client: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError) as refused:
            client.admin.organization.audit_logs.list(event_types=["no.such.event"])  # type: ignore[list-item]

        assert refused.value.param == "event_types"


class TestWhoMayAsk:
    """The administration is closed to everybody without an admin key."""

    def test_an_unknown_admin_key_is_refused(self, clients: Clients) -> None:
        with pytest.raises(openai.AuthenticationError) as refused:
            clients.openai_admin("sk-admin-wrong").admin.organization.projects.list()

        assert refused.value.code == "invalid_api_key"

    def test_parts_that_keyward_does_not_offer_are_unknown_addresses(
        self, client: openai.OpenAI, admin: Admin
    ) -> None:
        with pytest.raises(openai.NotFoundError) as refused:
            client.admin.organization.certificates.list()

        assert refused.value.code == "unknown_url"
        send(admin.url, "GET", "/v1/organization/certificates").expect(401, "invalid_api_key")

    def test_the_first_admin_key_is_listed_like_any_other(
        self, client: openai.OpenAI, admin: Admin
    ) -> None:
        organization: Organization = admin.organization
        shown = [key.redacted_value for key in client.admin.organization.admin_api_keys.list()]

        assert f"sk-admin-...{organization.admin_key[-4:]}" in shown
        send(admin.url, "GET", "/v1/organization/projects", None, bearer(organization.admin_key))
