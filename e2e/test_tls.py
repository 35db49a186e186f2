"""HTTPS without a proxy: the official SDK over Keyward's own TLS."""

import re
import signal
import ssl
import subprocess
from pathlib import Path

import httpx2
from openai import OpenAI

from support.keyward import Installation
from support.waiting import eventually


def make(certificate: Path, key: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "90", "-subj", "/CN=Keyward", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )


def test_the_sdk_calls_over_https_and_a_new_certificate_needs_no_restart(
    fresh: Installation,
) -> None:
    certificate, key = fresh.home / "tls.pem", fresh.home / "tls.key"
    make(certificate, key)
    server = fresh.spawn("--demo", "--tls-certificate", str(certificate), "--tls-key", str(key))
    url = httpx2.URL(server.url)
    assert url.scheme == "https"

    def shown() -> str:
        return ssl.get_server_certificate((url.host, url.port or 443))

    def api_key() -> str | None:
        found = re.search(r"sk-project-\w+", server.output.read_text())
        return found[0] if found else None

    secret = eventually("the demo's key is printed", api_key, within=30)
    def sdk() -> OpenAI:
        """A client that trusts what stands in the file now."""
        trusting = httpx2.Client(verify=ssl.create_default_context(cafile=str(certificate)))
        return OpenAI(base_url=f"{url}/v1", api_key=secret, http_client=trusting, max_retries=0)

    with sdk() as client:
        stream = client.chat.completions.create(
            model="demo-small", messages=[{"role": "user", "content": "Hello!"}], stream=True
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    refused = httpx2.get(f"http://{url.host}:{url.port}/healthz")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "https_required")

    # A file that can't be used changes nothing; the next pair is shown at once.
    before = shown()
    certificate.write_text("nonsense")
    server.process.send_signal(signal.SIGHUP)
    eventually("the bad pair is told", lambda: "can't be used" in server.log.read_text())
    assert shown() == before
    make(certificate, key)
    server.process.send_signal(signal.SIGHUP)
    eventually("the new one is shown", lambda: shown().strip() == certificate.read_text().strip())
    with sdk() as client:
        assert client.models.list().data
