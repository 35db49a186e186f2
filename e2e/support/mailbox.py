"""A mail server on the loopback that takes every mail, or is away."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import cast


@dataclass
class Letter:
    """A mail as it arrived."""

    to: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return str(self.message.get_content())


@dataclass
class Mailbox:
    """What arrived, the oldest first."""

    port: int
    letters: list[Letter] = field(default_factory=list)
    is_away: bool = False
    """Whether it takes no mail for now."""
    refusals: int = 0

    @property
    def settings(self) -> dict[str, str]:
        """How Keyward is told of it."""
        return {
            "KEYWARD_SMTP_URL": f"smtp://127.0.0.1:{self.port}?tls=none",
            "KEYWARD_MAIL_FROM": "Keyward <keyward@example.com>",
        }

    def to(self) -> list[str]:
        """Whom they were for."""
        return sorted(letter.to for letter in list(self.letters))


class Desk(socketserver.StreamRequestHandler):
    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        mailbox = cast(Server, self.server).mailbox
        to = ""
        self.say("220 test")
        while line := self.rfile.readline():
            match line.split(b" ")[0].split(b":")[0].strip().upper():
                case b"EHLO":
                    self.say("250 8BITMIME")
                case b"RCPT" if mailbox.is_away:
                    mailbox.refusals += 1
                    self.say("451 try again later")
                case b"RCPT":
                    to = line.split(b"<")[1].split(b">")[0].decode()
                    self.say("250 ok")
                case b"DATA":
                    self.say("354 go ahead")
                    lines = []
                    while (one := self.rfile.readline()) not in (b".\r\n", b""):
                        lines.append(one.removeprefix(b"."))
                    message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                    mailbox.letters.append(Letter(to, cast(EmailMessage, message)))
                    self.say("250 taken")
                case b"QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 ok")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mailbox: Mailbox


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """A mail server, gone afterwards."""
    with Server(("127.0.0.1", 0), Desk) as server:
        server.mailbox = Mailbox(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, name="mail server")
        thread.start()
        try:
            yield server.mailbox
        finally:
            server.shutdown()
            thread.join()
