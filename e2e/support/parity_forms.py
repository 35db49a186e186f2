"""All the ways to write a request that somebody tried, or could try, to get around a
check. Each says what becomes of it when no policy forbids anything: it goes to the
provider, or is refused with that code whatever the key is."""

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass

Sent = tuple[list[tuple[str, str]], bytes]
"""Headers and body."""

BAD = "invalid_request_body"
TYPE = "unsupported_media_type"
MALFORMED = "malformed_request"
GOES = None

STATUS = {BAD: 400, TYPE: 415, MALFORMED: 400}

BOUNDARY = "xParityBoundary7x"


@dataclass(frozen=True)
class Form:
    """One way to write a request for a model."""

    name: str
    write: Callable[[str], Sent]
    refused: str | None
    """The code with which it is refused; `None`: it goes to the provider."""
    refused_if_model_is_needed: str | None = None
    """The same where the provider has no model of its own."""
    query: str = ""
    chunked: bool = False
    first: bool = False
    """Refused before anybody looks for a key."""
    only_http1: bool = False
    absolute: bool = False
    """Its target names a host."""

    def outcome(self, model_may_be_missing: bool) -> str | None:
        if model_may_be_missing:
            return self.refused
        return self.refused or self.refused_if_model_is_needed


OTHER = "allowed-model"
"""What is named beside the model that the policy is about."""

JSON = ("Content-Type", "application/json")


def text(template: str, model: str) -> bytes:
    """`%` stands for the model as JSON, `@` for another one."""
    return template.replace("%", json.dumps(model)).replace("@", json.dumps(OTHER)).encode()


def escaped(model: str) -> str:
    return '"' + "".join(f"\\u{ord(letter):04x}" for letter in model) + '"'


PLAIN = '{"model":%,"input":"x","messages":[]}'


def typed(content_type: str | None, *more: tuple[str, str]) -> Callable[[str], Sent]:
    """A plain body with these headers."""
    own = [] if content_type is None else [("Content-Type", content_type)]
    return lambda model: ([*own, *more], text(PLAIN, model))


def body(template: str) -> Callable[[str], Sent]:
    return lambda model: ([JSON], text(template, model))


def encoded(coding: str, pack: Callable[[bytes], bytes]) -> Callable[[str], Sent]:
    return lambda model: ([JSON, ("Content-Encoding", coding)], pack(text(PLAIN, model)))


def packed(codec: str) -> Callable[[str], Sent]:
    return lambda model: ([JSON], text(PLAIN, model).decode().encode(codec))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def same(data: bytes) -> bytes:
    return data


def with_headers(*more: tuple[str, str]) -> Callable[[str], Sent]:
    return typed("application/json", *more)


def in_chunks(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)


def gzip_in_chunks(model: str) -> Sent:
    return [JSON, ("Transfer-Encoding", "gzip, chunked")], in_chunks(gzip.compress(text(PLAIN, model)))


def identity_in_chunks(model: str) -> Sent:
    return [JSON, ("Transfer-Encoding", "identity, chunked")], in_chunks(text(PLAIN, model))


def lookalike(key: str) -> Form:
    return Form(f"key {key!r} beside model", body('{"model":@,"%s":%%}' % key), BAD)


JSON_FORMS = [
    Form("plain", typed("application/json"), GOES),
    Form("plain in other letters", typed("Application/JSON"), GOES),
    Form("charset utf-8", typed("application/json; charset=utf-8"), GOES),
    Form("charset UTF-8 in quotes", typed('application/json;charset="UTF-8"'), GOES),
    Form("in chunks", typed("application/json"), GOES, chunked=True),
    Form("streamed", body('{"stream":true,"model":%,"messages":[]}'), GOES),
    Form("streamed, with usage", body('{"model":%,"stream_options":{"include_usage":true},"stream":true}'), GOES),
    Form("streamed, in chunks", body('{"model":%,"stream":true}'), GOES, chunked=True),
    Form("blanks around everything", body('\r\n\t {\n "model" :\t% \n, "messages" : [ ] }\n\n'), GOES),
    Form("model last", body('{"messages":[{"role":"user","content":"\\"model\\":"}],"model":%}'), GOES),
    Form("model escaped", lambda model: ([JSON], f'{{"model":{escaped(model)}}}'.encode()), GOES),
    Form("key escaped", body('{"m\\u006fd\\u0065l":%}'), GOES),
    Form("another model inside", body('{"metadata":{"model":@},"tools":[{"model":@}],"model":%}'), GOES),
    Form("another model in the query", typed("application/json"), GOES, query=f"?model={OTHER}&models[]=x"),
    Form("an absolute address", typed("application/json"), GOES, absolute=True, only_http1=True),
    Form("an empty query", typed("application/json"), GOES, query="?"),
    Form("a large body", lambda model: ([JSON], text(PLAIN, model)[:-1] + b',"x":"' + b"a" * 200_000 + b'"}'), GOES),
    Form("not encoded, as it says", encoded("identity", same), GOES),
    Form("takes gzip", with_headers(("Accept-Encoding", "gzip, br"), ("TE", "trailers")), GOES),
    Form("another method, as it says", with_headers(("X-HTTP-Method-Override", "GET"), ("X-Method-Override", "GET"), ("X-HTTP-Method", "DELETE")), GOES),
    Form("another address, as it says", with_headers(("X-Original-URL", "/v1/models"), ("X-Rewrite-URL", "/v1/models"), ("X-Forwarded-Prefix", "/v1/organization"), ("X-Forwarded-Uri", "/healthz")), GOES),
    Form("another host, as it says", with_headers(("X-Forwarded-Host", "x.example"), ("Forwarded", "for=127.0.0.1;host=x")), GOES),
    Form("from another place, as it says", with_headers(("X-Forwarded-For", "192.0.2.1"), ("X-Real-IP", "192.0.2.1"), ("True-Client-IP", "192.0.2.1"), ("CF-Connecting-IP", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")), GOES),
    Form("another organization, as it says", with_headers(("OpenAI-Organization", "org_x"), ("OpenAI-Project", "proj_x"), ("anthropic-beta", "x")), GOES),
    Form("further models", body('{"model":%,"models":["x"]}'), GOES),
    # Where the provider may choose.
    Form("no model", body('{"input":"x"}'), GOES, BAD),
    Form("model null", body('{"model":null}'), GOES, BAD),
    # Types.
    Form("no type", typed(None), TYPE),
    Form("text", typed("text/plain"), TYPE),
    Form("text/json", typed("text/json"), TYPE),
    Form("+json", typed("application/vnd.api+json"), TYPE),
    Form("a list of types", typed("application/json, text/plain"), TYPE),
    Form("two types", typed("application/json", ("Content-Type", "text/plain")), TYPE),
    Form("latin1", typed("application/json; charset=latin1"), TYPE),
    Form("utf-16, as it says", lambda model: ([("Content-Type", "application/json; charset=utf-16")], text(PLAIN, model).decode().encode("utf-16")), TYPE),
    Form("utf-7", typed("application/json; charset=utf-7"), TYPE),
    Form("two charsets", typed("application/json; charset=utf-8; charset=utf-16"), TYPE),
    Form("a form", lambda model: ([("Content-Type", "application/x-www-form-urlencoded")], f"model={model}".encode()), TYPE),
    Form("a multipart form", lambda model: form([field("model", model)]), TYPE),
    # Encodings.
    Form("gzip", encoded("gzip", gzip.compress), TYPE),
    Form("x-gzip", encoded("x-gzip", gzip.compress), TYPE),
    Form("deflate", encoded("deflate", zlib.compress), TYPE),
    Form("raw deflate", encoded("deflate", raw_deflate), TYPE),
    Form("br", encoded("br", same), TYPE),
    Form("zstd", encoded("zstd", same), TYPE),
    Form("gzip in other letters", encoded("GZip", gzip.compress), TYPE),
    Form("identity, then gzip", encoded("identity, gzip", gzip.compress), TYPE),
    Form("encoded twice", lambda model: ([JSON, ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")], gzip.compress(text(PLAIN, model))), TYPE),
    Form("gzip, unsaid", lambda model: ([JSON], gzip.compress(text(PLAIN, model))), BAD),
    # Two readings.
    Form("two models", body('{"model":@,"model":%}'), BAD),
    Form("two models, the other way", body('{"model":%,"model":@}'), BAD),
    Form("the same model twice", body('{"model":%,"model":%}'), BAD),
    Form("two models, one key escaped", body('{"model":@,"mod\\u0065l":%}'), BAD),
    Form("two streams", body('{"model":%,"stream":false,"stream":true}'), BAD),
    *[lookalike(key) for key in ("Model", "MODEL", "mo_del", "mo-del", "_model", "modeL", "mo" + "_-" * 50 + "del")],
    Form("lookalike alone", body('{"Model":%}'), BAD),
    Form("stream in other letters", body('{"model":%,"Stream":true}'), BAD),
    # Not JSON.
    Form("a byte order mark", lambda model: ([JSON], b"\xef\xbb\xbf" + text(PLAIN, model)), BAD),
    Form("utf-16, unsaid", packed("utf-16-le"), BAD),
    Form("utf-32, unsaid", packed("utf-32"), BAD),
    Form("utf-7, unsaid", lambda model: ([JSON], text(PLAIN, model).replace(b"{", b"+AHs-")), BAD),
    Form("an overlong letter", lambda model: ([JSON], text(PLAIN, model).replace(b'"m', b'"\xc1\xad')), BAD),
    Form("not UTF-8", lambda model: ([JSON], text('{"model":%,"x":"?"}', model).replace(b"?", b"\xff")), BAD),
    Form("half a surrogate", body('{"model":"\\ud800","x":%}'), BAD),
    Form("a list", body('[{"model":%}]'), BAD),
    Form("something behind", body('{"model":@}{"model":%}'), BAD),
    Form("a line behind", body('{"model":@}\n{"model":%}\n'), BAD),
    Form("a comma behind", body('{"model":%,}'), BAD),
    Form("a comment", body('{"model":@/*,"x":*/,"y":%}'), BAD),
    Form("a line comment", body('{"model":@, //\n"x":%}'), BAD),
    Form("single quotes", lambda model: ([JSON], f"{{'model':'{model}'}}".encode()), BAD),
    Form("a bare key", body("{model:%}"), BAD),
    Form("no number", body('{"model":%,"x":NaN}'), BAD),
    Form("cut off", lambda model: ([JSON], text(PLAIN, model)[:-1]), BAD),
    Form("a NUL behind", lambda model: ([JSON], text(PLAIN, model) + b"\0"), BAD),
    Form("a NUL before", lambda model: ([JSON], b"\0" + text(PLAIN, model)), BAD),
    Form("nothing", lambda model: ([JSON], b""), BAD),
    # Not a name.
    Form("a list of models", body('{"model":[%]}'), BAD),
    Form("an object", body('{"model":{"id":%}}'), BAD),
    Form("a blank before", lambda model: ([JSON], text('{"model":%}', " " + model)), BAD),
    Form("a line break behind", lambda model: ([JSON], text('{"model":%}', model + "\n")), BAD),
    Form("a wide blank behind", lambda model: ([JSON], text('{"model":%}', model + "\u2003")), BAD),
    Form("a NUL in it", lambda model: ([JSON], text('{"model":%}', model + "\0x")), BAD),
    Form("longer than a name", lambda model: ([JSON], text('{"model":%}', model + "x" * 600)), BAD),
    # Messages that two readers read differently.
    Form("chunks and a length", typed("application/json", ("Content-Length", "5")), MALFORMED, chunked=True, first=True, only_http1=True),
    Form("gzip on the way", typed("application/json", ("Transfer-Encoding", "gzip")), MALFORMED, first=True, only_http1=True),
    Form("gzip and chunks on the way", gzip_in_chunks, MALFORMED, first=True, only_http1=True),
    Form("unpacked and chunks on the way", identity_in_chunks, MALFORMED, first=True, only_http1=True),
    Form("two hosts", typed("application/json", ("Host", "a"), ("Host", "b")), MALFORMED, first=True, only_http1=True),
]


def field(name: str, value: str, more: str = "", disposition: str | None = None) -> bytes:
    """One part of a form."""
    said = disposition or f'form-data; name="{name}"'
    return f"Content-Disposition: {said}\r\n{more}\r\n{value}".encode()


FILE = b'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\nRIFF\x00\xff'


def form(parts: list[bytes], content_type: str = f"multipart/form-data; boundary={BOUNDARY}") -> Sent:
    opened = b"".join(b"--%b\r\n%b\r\n" % (BOUNDARY.encode(), part) for part in parts)
    return [("Content-Type", content_type)], opened + b"--%b--\r\n" % BOUNDARY.encode()


def parts(*makers: Callable[[str], bytes]) -> Callable[[str], Sent]:
    return lambda model: form([*(make(model) for make in makers), FILE])


def one(disposition: str, more: str = "") -> Callable[[str], bytes]:
    """The model in a part that says this of itself."""
    return lambda model: field("", model, more, disposition)


def model_field(model: str) -> bytes:
    return field("model", model)


def other_field(_: str) -> bytes:
    return field("model", OTHER)


def retyped(content_type: str) -> Callable[[str], Sent]:
    return lambda model: form([model_field(model), FILE], content_type)


def as_body(change: Callable[[bytes], bytes]) -> Callable[[str], Sent]:
    """A form whose bytes are changed."""

    def write(model: str) -> Sent:
        headers, sent = form([model_field(model), FILE])
        return headers, change(sent)

    return write


MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
NESTED = f'Content-Type: multipart/mixed; boundary=inner\r\n'

FORM_FORMS = [
    Form("a form", parts(model_field), GOES),
    Form("a form in chunks", parts(model_field), GOES, chunked=True),
    Form("a form, its boundary in quotes", retyped(f'multipart/form-data; boundary="{BOUNDARY}"'), GOES),
    Form("a form, its file first", lambda model: form([FILE, model_field(model)]), GOES),
    Form("a form that streams", parts(model_field, lambda _: field("stream", "true")), GOES),
    Form("a form, its name bare", parts(one("form-data; name=model")), GOES),
    Form("a form, its model typed", parts(one('form-data; name="model"', "Content-Type: text/plain; charset=utf-8\r\n")), GOES),
    Form("a form with another model in the query", parts(model_field), GOES, query=f"?model={OTHER}"),
    Form("a form without a model", lambda _: form([FILE]), GOES, BAD),
    # Two readings.
    Form("two fields", parts(other_field, model_field), BAD),
    Form("two fields, the other way", parts(model_field, other_field), BAD),
    Form("a field in other letters", parts(other_field, lambda model: field("Model", model)), BAD),
    Form("a field with many separators", parts(other_field, lambda model: field("mo" + "_-" * 50 + "del", model)), BAD),
    Form("a field of a list", parts(other_field, lambda model: field("model[]", model)), BAD),
    Form("a field of a numbered list", parts(other_field, lambda model: field("model[0]", model)), BAD),
    Form("a field of an object", parts(other_field, lambda model: field("model.id", model)), BAD),
    Form("a file named model", parts(one('form-data; name="model"; filename="a.txt"')), BAD),
    Form("a file named model, its name encoded", parts(one("form-data; name=\"model\"; filename*=utf-8''a.txt")), BAD),
    Form("the name encoded", parts(other_field, one("form-data; name*=utf-8''model")), BAD),
    Form("the name escaped", parts(other_field, one('form-data; name="mo\\del"')), BAD),
    Form("the name percent-encoded", parts(other_field, one('form-data; name="mo%64el"')), BAD),
    Form("the name twice", parts(one('form-data; name="x"; name="model"')), BAD),
    Form("the name in a file's name", parts(one('form-data; name="x"; filename="a; name=model"')), BAD),
    Form("another disposition", parts(other_field, one('attachment; name="model"')), BAD),
    Form("no disposition", parts(other_field, lambda model: f"Content-Type: text/plain\r\n\r\n{model}".encode()), BAD),
    Form("two dispositions", parts(lambda model: field("x", model, 'Content-Disposition: form-data; name="model"\r\n')), BAD),
    Form("a folded disposition", parts(other_field, one('form-data;\r\n name="model"')), BAD),
    Form("a part in base64", parts(one('form-data; name="model"', "Content-Transfer-Encoding: base64\r\n")), BAD),
    Form("a part in utf-16", parts(one('form-data; name="model"', "Content-Type: text/plain; charset=utf-16\r\n")), BAD),
    Form("a part that is JSON", parts(one('form-data; name="model"', "Content-Type: application/json\r\n")), BAD),
    Form("a part that is a form", parts(lambda model: field("x", f'--inner\r\nContent-Disposition: form-data; name="model"\r\n\r\n{model}\r\n--inner--', NESTED)), BAD),
    Form("_charset_", parts(model_field, lambda _: field("_charset_", "utf-16")), BAD),
    Form("something before", as_body(lambda sent: b"preamble\r\n" + sent), BAD),
    Form("something behind", as_body(lambda sent: sent + b"epilogue"), BAD),
    Form("a second form behind", as_body(lambda sent: sent + sent), BAD),
    Form("bare line feeds", as_body(lambda sent: sent.replace(b"\r\n", b"\n")), BAD),
    Form("not closed", as_body(lambda sent: sent.removesuffix(b"--\r\n")), BAD),
    Form("another boundary", as_body(lambda sent: sent.replace(BOUNDARY.encode(), b"other")), BAD),
    Form("a blank behind the boundary", as_body(lambda sent: sent.replace(b"7x\r\n", b"7x \r\n", 1)), BAD),
    Form("a line break in the model", parts(lambda model: field("model", model + "\r\n")), BAD),
    Form("an empty form", lambda _: form([]), BAD),
    # Types.
    Form("a form of another type", retyped(MULTIPART.replace("form-data", "mixed")), TYPE),
    Form("a form without its boundary", retyped("multipart/form-data"), TYPE),
    Form("a form with two boundaries", retyped(f"{MULTIPART}; boundary=other"), TYPE),
    Form("a form with an encoded boundary", retyped(f"multipart/form-data; boundary*=utf-8''{BOUNDARY}"), TYPE),
    Form("a form in utf-16", retyped(f"{MULTIPART}; charset=utf-16"), TYPE),
    Form("a form of two types", lambda model: ([("Content-Type", MULTIPART), ("Content-Type", "application/json")], form([model_field(model)])[1]), TYPE),
    Form("JSON instead of a form", typed("application/json"), TYPE),
    Form("fields of an address", lambda model: ([("Content-Type", "application/x-www-form-urlencoded")], f"model={model}".encode()), TYPE),
    Form("a form in gzip", lambda model: ([*form([])[0], ("Content-Encoding", "gzip")], gzip.compress(form([model_field(model)])[1])), TYPE),
]
