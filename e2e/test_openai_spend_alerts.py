"""Spend alerts with the official `openai` SDK, and the mails that they send."""

import json
import subprocess
from collections.abc import Iterator

import openai
import pytest
from openai.types.admin.organization.spend_alert_create_params import NotificationChannel

from support.admin import Admin, Project
from support.clients import Clients
from support.databases import KINDS, fresh_database
from support.keyward import Installation, installation
from support.mailbox import Mailbox, mail_server
from support.nodes import beside
from support.waiting import eventually

ORGANIZATION = "/v1/organization/spend_alerts"


@pytest.fixture
def client(clients: Clients, admin: Admin) -> openai.OpenAI:
    return clients.openai_admin(admin.organization.admin_key)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as server:
        yield server


def to(*recipients: str, prefix: str | None = None) -> NotificationChannel:
    return {"type": "email", "recipients": list(recipients), "subject_prefix": prefix}


def body(cents: int, recipient: str) -> dict[str, object]:
    channel = to(recipient)
    return {"threshold_amount": cents, "currency": "USD", "interval": "month", "notification_channel": channel}


def a_cent_for_each_call(admin: Admin) -> Project:
    price = {"model": "demo-*", "input_per_million": "0", "output_per_million": "0", "per_request": "0.01"}
    admin.post("/v1/organization/prices", price).expect(200)
    project = admin.create_project()
    project.create_credential("demo")
    return project


def call(client: openai.OpenAI) -> None:
    client.chat.completions.create(model="demo-small", messages=[{"role": "user", "content": "Hi"}])


class TestWithTheOfficialClient:
    def test_alerts_of_organization_and_project_are_made_read_listed_changed_and_deleted(
        self, client: openai.OpenAI, admin: Admin
    ) -> None:
        project = admin.create_project()
        of_all = client.admin.organization.spend_alerts
        of_project = client.admin.organization.projects.spend_alerts

        made = of_all.create(
            threshold_amount=2500,
            currency="USD",
            interval="month",
            notification_channel=to("Ada@example.com", prefix="[Keyward]"),
        )
        assert (made.object, made.threshold_amount, made.interval) == ("organization.spend_alert", 2500, "month")
        assert made.notification_channel.recipients == ["ada@example.com"]
        assert made.notification_channel.subject_prefix == "[Keyward]"
        assert made.model_extra is not None
        assert made.model_extra["delivery"] == {"status": "mail_not_configured"}
        assert of_all.retrieve(made.id) == made
        changed = of_all.update(
            made.id, threshold_amount=3000, currency="USD", interval="month", notification_channel=to("bob@example.com")
        )
        assert (changed.threshold_amount, changed.notification_channel.recipients) == (3000, ["bob@example.com"])
        more = [
            of_all.create(
                threshold_amount=cents, currency="USD", interval="month", notification_channel=to("a@example.com")
            )
            for cents in range(3)
        ]
        ids = [made.id, *(alert.id for alert in more)]
        assert [alert.id for alert in of_all.list(limit=2)] == ids, "the SDK goes on by itself"
        assert [alert.id for alert in of_all.list(limit=3, order="desc")] == ids[::-1]
        for id in ids:
            deleted = of_all.delete(id)
            assert (deleted.object, deleted.id, deleted.deleted) == ("organization.spend_alert.deleted", id, True)

        own = of_project.create(
            project.id, threshold_amount=0, currency="USD", interval="month", notification_channel=to("a@example.com")
        )
        assert own.object == "project.spend_alert"
        assert of_project.retrieve(own.id, project_id=project.id) == own
        changed_own = of_project.update(
            own.id,
            project_id=project.id,
            threshold_amount=1,
            currency="USD",
            interval="month",
            notification_channel=to("b@example.com"),
        )
        assert changed_own.threshold_amount == 1
        assert [alert.id for alert in of_project.list(project.id)] == [own.id]
        assert of_project.delete(own.id, project_id=project.id).object == "project.spend_alert.deleted"
        with pytest.raises(openai.NotFoundError):
            of_project.retrieve(own.id, project_id=project.id)
        with pytest.raises(openai.BadRequestError) as refused:
            of_all.create(
                threshold_amount=1,
                currency="USD",
                interval="month",
                notification_channel=to("a@example.com\r\nBcc: e@example.com"),
            )
        assert refused.value.param == "notification_channel.recipients[0]"


class TestMails:
    def test_what_calls_cost_is_mailed_once_also_across_a_restart(
        self, fresh: Installation, mailbox: Mailbox
    ) -> None:
        fresh.environment |= mailbox.settings
        organization = fresh.init(name="Ærø GmbH")
        server = fresh.start()
        admin = Admin(server.url, organization, fresh.secrets)
        project = a_cent_for_each_call(admin)
        secret = project.create_key("Worker").value
        with Clients(server.url) as clients:
            alerts = clients.openai_admin(organization.admin_key).admin.organization.projects.spend_alerts
            alert = alerts.create(
                project.id,
                threshold_amount=2,
                currency="USD",
                interval="month",
                notification_channel=to("ada@example.com", "bob@example.com", prefix="[Kosten ü]"),
            )
            application = clients.openai(secret)
            call(application)
            call(application)
            eventually("both are told", lambda: len(mailbox.letters) == 2, within=30)
            read = lambda: alerts.retrieve(alert.id, project_id=project.id)  # noqa: E731
            eventually("it says so", lambda: (read().model_extra or {})["last_notified_at"])
        assert mailbox.to() == ["ada@example.com", "bob@example.com"]
        letter = mailbox.letters[0]
        assert letter.subject.startswith(f"[Kosten ü] {admin.get(project.path).json['name']} reached $0.02 in ")
        assert "of Ærø GmbH has reached" in letter.text and "Spent:     $0.02 in" in letter.text
        assert f"/projects/{project.id}/usage" in letter.text
        assert str(letter.message["From"]) == "Keyward <keyward@example.com>"

        server.kill()
        server = fresh.start()
        with Clients(server.url) as clients:
            call(clients.openai(secret))
            alerts = clients.openai_admin(organization.admin_key).admin.organization.spend_alerts
            alerts.create(
                threshold_amount=3, currency="USD", interval="month", notification_channel=to("eve@example.com")
            )
            eventually("a new one is told", lambda: len(mailbox.letters) == 3, within=30)
        assert mailbox.to() == ["ada@example.com", "bob@example.com", "eve@example.com"]
        assert len({str(letter.message["Message-ID"]) for letter in mailbox.letters}) == 3

    def test_without_a_mail_server_an_alert_waits_for_one(self, fresh: Installation, mailbox: Mailbox) -> None:
        organization = fresh.init()
        server = fresh.start()
        admin = Admin(server.url, organization, fresh.secrets)
        project = a_cent_for_each_call(admin)
        made = admin.post(ORGANIZATION, body(0, "ada@example.com")).expect(200).json
        assert made["delivery"] == {"status": "mail_not_configured"}
        with Clients(server.url) as clients:
            call(clients.openai(project.create_key("Worker").value))
        eventually("the log tells", lambda: "nobody is told" in server.log.read_text(), within=30)
        assert server.terminate() == 0
        finding = mail_finding(fresh)
        assert finding["state"] == "note" and "nobody is told of 1 spend alerts, and 1 mails" in finding["message"]

        fresh.environment |= mailbox.settings
        mailbox.is_away = True
        fresh.start()
        eventually("it is tried", lambda: mailbox.refusals, within=30)
        assert mailbox.letters == []
        mailbox.is_away = False
        eventually("it arrives", lambda: mailbox.letters, within=60)
        assert mailbox.to() == ["ada@example.com"]
        eventually("nothing waits", lambda: mail_finding(fresh)["state"] == "ok")

    @pytest.mark.skipif("postgres" not in KINDS, reason="an embedded database has one process")
    def test_two_nodes_tell_once(self, tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox) -> None:
        with (
            fresh_database("postgres") as database,
            installation(tmp_path_factory.mktemp("nodes"), database) as first,
        ):
            first.environment |= mailbox.settings
            organization = first.init()
            second = beside(first, "second")
            servers = [first.start(), second.start()]
            admin = Admin(servers[0].url, organization, first.secrets)
            project = a_cent_for_each_call(admin)
            secret = project.create_key("Worker").value
            for cents in range(1, 11):
                admin.post(ORGANIZATION, body(cents, f"{cents}@example.com")).expect(200)
            with Clients(servers[0].url) as here, Clients(servers[1].url) as there:
                for _ in range(5):
                    call(here.openai(secret))
                    call(there.openai(secret))

            def all_told() -> bool:
                listed = admin.get(ORGANIZATION).expect(200).json["data"]
                return all(alert["last_notified_at"] for alert in listed)

            eventually("all are told", all_told, within=60)
            second.stop()
        assert mailbox.to() == sorted(f"{cents}@example.com" for cents in range(1, 11))


def mail_finding(installed: Installation) -> dict[str, str]:
    looked: subprocess.CompletedProcess[str] = installed.run("doctor", "--json", "--listen", "127.0.0.1:0")
    (finding,) = [finding for finding in json.loads(looked.stdout) if finding["check"] == "mail"]
    return finding
