"""Applications with the official `openai` SDK: pictures, sound, moderations; and what no
SDK of OpenAI's has: reranking. Anthropic's counting of tokens."""

import base64
import io
import json
import wave

import openai
import pytest

from support.admin import Project
from support.clients import Clients
from support.keyward import Server
from support.provider import Provider
from support.wire import json_headers, send


class TestTheBuiltInProvider:
    def test_texts_are_moderated(self, demo: Project, clients: Clients) -> None:
        client = clients.openai(demo.create_key().value)

        made = client.moderations.create(input=["I could kill for a cake", "Good morning"])

        assert [result.flagged for result in made.results] == [True, False]
        assert made.results[0].categories.violence

    def test_pictures_are_made_and_counted(self, demo: Project, clients: Clients) -> None:
        key = demo.create_key()

        made = clients.openai(key.value).images.generate(model="demo-image", prompt="a cat", n=2)

        assert made.data is not None and len(made.data) == 2
        assert base64.b64decode(made.data[0].b64_json or "").startswith(b"\x89PNG")
        assert key.read()["usage"]["output_tokens"] == 128

    def test_speech_is_sound(self, demo: Project, clients: Clients) -> None:
        client = clients.openai(demo.create_key().value)

        with client.audio.speech.with_streaming_response.create(
            model="demo-speech", voice="alloy", input="Hello there!", response_format="wav"
        ) as answer:
            sound = b"".join(answer.iter_bytes())

        with wave.open(io.BytesIO(sound)) as file:
            assert (file.getnchannels(), file.getframerate()) == (1, 24_000)
            assert file.getnframes() == 3 * 1_200

    def test_texts_are_reranked(self, demo: Project, server: Server) -> None:
        body = {"model": "demo-rerank", "query": "red cats", "documents": ["dogs", "red cats"]}
        key = demo.create_key()

        answer = send(
            server.url, "POST", "/v1/rerank", json.dumps(body).encode(), json_headers(key.value)
        ).expect(200)

        assert answer.json["results"][0]["index"] == 1

    def test_tokens_are_counted(self, demo: Project, clients: Clients) -> None:
        key = demo.create_key()

        counted = clients.anthropic(key.value).messages.count_tokens(
            model="demo-small", messages=[{"role": "user", "content": "Hello there!"}]
        )

        assert counted.input_tokens == 3
        read = key.read()
        assert (read["request_count"], read["usage"]["input_tokens"]) == (1, 0)

    def test_a_key_with_a_list_of_models_must_name_one(
        self, demo: Project, clients: Clients
    ) -> None:
        client = clients.openai(demo.create_key(allowed_models=["demo-moderation"]).value)

        with pytest.raises(openai.PermissionDeniedError) as refused:
            client.moderations.create(input="x")

        assert (refused.value.code, refused.value.param) == ("model_not_allowed", "model")
        assert not client.moderations.create(model="demo-moderation", input="x").results[0].flagged
        with pytest.raises(openai.PermissionDeniedError):
            client.images.generate(model="demo-image", prompt="x")


def test_sound_reaches_the_caller_byte_for_byte(
    project: Project, provider: Provider, clients: Clients
) -> None:
    sound = bytes(range(256)) * 100
    provider.script = lambda exchange: exchange.answer(sound, content_type="audio/mpeg")

    made = clients.openai(project.create_key().value).audio.speech.create(
        model="tts-1", voice="alloy", input="Hello there!"
    )

    assert made.content == sound
    assert provider.last.path == "/v1/audio/speech"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_recording_reaches_the_provider_as_a_form(
    project: Project, provider: Provider, clients: Clients
) -> None:
    usage = {"type": "tokens", "input_tokens": 9, "output_tokens": 2, "total_tokens": 11}
    said = json.dumps({"text": "Hello", "usage": usage}).encode()
    provider.script = lambda exchange: exchange.answer(said)
    key = project.create_key(allowed_models=["whisper-*"])
    client = clients.openai(key.value)
    recording = bytes(range(256)) * 50

    made = client.audio.transcriptions.create(
        model="whisper-1",
        file=("call.mp3", recording),
        language="en",
        timestamp_granularities=["word", "segment"],
    )
    client.audio.translations.create(model="whisper-1", file=("call.mp3", recording))

    assert made.text == "Hello"
    paths = [call.path for call in provider.calls]
    assert paths == ["/v1/audio/transcriptions", "/v1/audio/translations"]
    assert all(recording in call.body for call in provider.calls)
    assert key.read()["usage"]["input_tokens"] == 18
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.mp3", b"x"))
    assert refused.value.code == "model_not_allowed"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pictures_are_edited_and_varied_through_forms(
    project: Project, provider: Provider, clients: Clients
) -> None:
    made = b'{"created":1,"data":[{"b64_json":"AA=="}]}'
    provider.script = lambda exchange: exchange.answer(made)
    client = clients.openai(project.create_key().value)
    picture = ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")

    edited = client.images.edit(model="gpt-image-1", image=[picture, picture], prompt="more")
    varied = client.images.create_variation(image=picture)

    assert [done.data[0].b64_json for done in (edited, varied) if done.data] == ["AA==", "AA=="]
    assert provider.calls[0].body.count(b'name="image[]"') == 2
    narrow = clients.openai(project.create_key(allowed_models=["*"]).value)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        narrow.images.create_variation(image=picture)
    assert refused.value.param == "model"
