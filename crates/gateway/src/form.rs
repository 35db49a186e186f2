//! The little that policy needs of a form (`multipart/form-data`): the same
//! fields as of JSON, found without looking into any file.
//!
//! Forms are read in many ways. This reader takes only what all readers take
//! alike: one boundary that stands nowhere else, lines that end with CRLF, a
//! few known headers and no other, names without escapes, no form within the form. All
//! else is refused, so that no spelling can show one model to the lists and
//! another to the provider.

use std::{borrow::Cow, ops::Range};

use http::{HeaderMap, header};
use memchr::memmem;

use crate::{
    disposition,
    fields::folds_to,
    head::{BadBody, BodyHead, FALLBACKS, MODEL, MODELS, STREAM, StreamOptions, check_model},
};

/// The most parts of a form.
const MAX_PARTS: usize = 256;
/// The longest head of a part.
const MAX_HEAD: usize = 8 * 1024;
/// The longest boundary (RFC 2046).
const MAX_BOUNDARY: usize = 70;

/// One part: its name, and where its content stands.
#[derive(Debug)]
struct Part<'a> {
    name: &'a str,
    is_file: bool,
    /// Its content is plain text in UTF-8, as far as it says.
    is_text: bool,
    content: Range<usize>,
}

/// The boundary that the headers name; `None` if they name no form, or in a
/// way that could be read differently.
pub(crate) fn boundary(headers: &HeaderMap) -> Option<&str> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else { return None };
    let (media, parameters) = value.to_str().ok()?.split_once(';')?;
    if !media.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut found = None;
    for parameter in parameters.split(';') {
        let (name, value) = parameter.trim().split_once('=')?;
        let value = value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"'))?;
        if name.eq_ignore_ascii_case("boundary") {
            let is_plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b));
            let is_told_apart = value.bytes().any(|b| b.is_ascii_alphanumeric());
            if found.is_some() || !is_plain || !is_told_apart || value.len() > MAX_BOUNDARY {
                return None;
            }
            found = Some(value);
        } else if !(name.eq_ignore_ascii_case("charset") && value.eq_ignore_ascii_case("utf-8")) {
            return None;
        }
    }
    found
}

impl<'a> BodyHead<'a> {
    /// Reads a form as [`BodyHead::read`] reads JSON. The model stands where
    /// its bare text stands.
    pub(crate) fn read_form(body: &'a [u8], boundary: &str, model_may_be_missing: bool) -> Result<Self, BadBody> {
        let known = [MODEL, STREAM, MODELS, FALLBACKS];
        let mut found: [Option<(&'a str, Range<usize>)>; 4] = [const { None }; 4];
        for part in parts(body, boundary)? {
            for (slot, key) in found.iter_mut().zip(known) {
                // `model[]` and `model[0]` are lists of models to some.
                let stem = part.name.split(['[', '.']).next().unwrap_or_default();
                if stem.len() == part.name.len() && stem == key {
                    let text = field(body, &part, key)?;
                    if slot.replace((text, part.content.clone())).is_some() {
                        return Err(wrong(key, format!("The form has {key} twice. Send it once.")));
                    }
                } else if folds_to(stem, key) {
                    let message = format!("The form has a field that some providers read as {key}. Write {key}.");
                    return Err(wrong(key, message));
                }
            }
        }
        let [model, stream, models, fallbacks] = found;
        let (model, model_at) = match model {
            Some((model, at)) => {
                check_model(model)?;
                if model.contains(boundary) {
                    return Err(wrong(MODEL, "model holds the form's boundary. Send the model's name.".to_owned()));
                }
                (Cow::Borrowed(model), at)
            }
            None if model_may_be_missing => (Cow::Borrowed(""), 0..0),
            None => {
                let message = "The form names no model. Add the field model, such as \"whisper-1\".";
                return Err(wrong(MODEL, message.to_owned()));
            }
        };
        let stream = match stream.map(|(text, _)| text) {
            None | Some("false" | "False") => false,
            Some("true" | "True") => true,
            Some(_) => return Err(wrong(STREAM, "stream must be true or false.".to_owned())),
        };
        let further = [(MODELS, models), (FALLBACKS, fallbacks)].into_iter().find(|(_, found)| found.is_some());
        Ok(Self {
            model,
            model_at,
            stream,
            stream_options: StreamOptions::Missing,
            further_models: further.map(|(name, _)| name),
            inside: 0,
            max_tokens: 0,
            is_form: true,
        })
    }
}

/// The text of a field that policy reads.
fn field<'a>(body: &'a [u8], part: &Part<'_>, key: &'static str) -> Result<&'a str, BadBody> {
    if part.is_file || !part.is_text {
        let message = format!("{key} must be a plain field of the form: no file, and in UTF-8.");
        return Err(wrong(key, message));
    }
    let content = body.get(part.content.clone()).unwrap_or_default();
    std::str::from_utf8(content).map_err(|_| wrong(key, format!("{key} isn't valid UTF-8.")))
}

fn wrong(key: &'static str, message: String) -> BadBody {
    BadBody { param: Some(key), message }
}

fn malformed(message: &str) -> BadBody {
    BadBody { param: None, message: format!("The request's form can't be read safely: {message}") }
}

/// All parts, between delimiters that stand where they may and nowhere else.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, BadBody> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    // Behind the delimiter that opened the present part.
    let mut inside: Option<usize> = None;
    let mut closed = false;
    for at in memmem::find_iter(body, delimiter.as_bytes()) {
        let before = body.get(..at).unwrap_or_default();
        let behind = at + delimiter.len();
        let after = body.get(behind..).unwrap_or_default();
        if closed {
            return Err(malformed("its boundary stands behind its end."));
        }
        match inside {
            None if at > 0 => return Err(malformed("something stands before its first boundary.")),
            None => {}
            Some(start) => {
                let end = before.strip_suffix(b"\r\n").map(<[u8]>::len).filter(|end| *end >= start);
                let end =
                    end.ok_or_else(|| malformed("its boundary stands within a part. Choose another boundary."))?;
                parts.push(part(body, start..end)?);
            }
        }
        match after {
            [b'\r', b'\n', ..] => inside = Some(behind + 2),
            b"--" | b"--\r\n" => closed = true,
            [b'-', b'-', ..] => return Err(malformed("something stands behind its end.")),
            _ => return Err(malformed("a boundary isn't followed by a line break. Choose another boundary.")),
        }
        if parts.len() > MAX_PARTS {
            return Err(malformed("it has more than 256 parts."));
        }
    }
    match (inside, closed) {
        (Some(_), true) => Ok(parts),
        (Some(_), false) => Err(malformed("it breaks off before its last boundary.")),
        (None, _) => Err(malformed("it doesn't begin with the boundary that Content-Type names.")),
    }
}

/// One part out of what stands between two delimiters.
fn part(body: &[u8], range: Range<usize>) -> Result<Part<'_>, BadBody> {
    let whole = body.get(range.clone()).unwrap_or_default();
    let head_end = memmem::find(whole.get(..MAX_HEAD.min(whole.len())).unwrap_or_default(), b"\r\n\r\n");
    let head_end = head_end.ok_or_else(|| malformed("a part has no headers, or too long ones."))?;
    let head = std::str::from_utf8(whole.get(..head_end).unwrap_or_default());
    let head = head.map_err(|_| malformed("a part's headers aren't valid UTF-8."))?;
    let content = range.start + head_end + 4..range.end;

    let (mut disposition, mut kind) = (None, None);
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("a part has a header without a colon."))?;
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(malformed("a part has a header whose name can't be one."));
        }
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(malformed("a part has a control character in a header."));
        }
        let value = value.trim_matches([' ', '\t']);
        let twice = match name.to_ascii_lowercase().as_str() {
            "content-disposition" => disposition.replace(value).is_some(),
            "content-type" if !value.to_ascii_lowercase().contains("name") => kind.replace(value).is_some(),
            "content-length" if value == content.len().to_string() => false,
            "content-transfer-encoding"
                if ["binary", "8bit", "7bit"].iter().any(|plain| plain.eq_ignore_ascii_case(value)) =>
            {
                false
            }
            _ => return Err(malformed("a part has a header that some readers would read it by. Leave it out.")),
        };
        if twice {
            return Err(malformed("a part has a header twice."));
        }
    }
    let disposition = disposition.and_then(disposition::read).ok_or_else(|| {
        malformed(
            "each part must have Content-Disposition: form-data with one plain name without blanks (and filename, without semicolons, quotes or backslashes).",
        )
    })?;
    if kind.is_some_and(|kind| starts_with_ignoring_case(kind, "multipart/")) {
        return Err(malformed("a part is a form itself. Send its fields in this form."));
    }
    if disposition.name.eq_ignore_ascii_case("_charset_") {
        return Err(malformed("the field _charset_ would change how it is read. Send UTF-8 and leave it out."));
    }
    Ok(Part { name: disposition.name, is_file: disposition.is_file, is_text: kind.is_none_or(is_plain_text), content })
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Plain text in UTF-8, or in what is a part of it.
fn is_plain_text(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    parts.next().is_some_and(|media| media.eq_ignore_ascii_case("text/plain"))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) => {
                let value = value.trim_matches('"');
                let is_utf8 = ["utf-8", "us-ascii"].iter().any(|charset| charset.eq_ignore_ascii_case(value));
                name.eq_ignore_ascii_case("charset") && is_utf8
            }
            None => false,
        })
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
