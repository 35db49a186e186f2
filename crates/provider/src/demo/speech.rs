//! OpenAI's speech (<https://platform.openai.com/docs/api-reference/audio/createSpeech>).
//! The demo can't speak: it plays one tone for each word.

use bytes::Bytes;

use super::{fnv, media, refusal::Refusal, request::Request, words};

/// The most words that are played.
const MOST: usize = 40;
/// The longest text, as OpenAI has it.
const LONGEST: usize = 4096;

/// The sound and its type: WAV unless bare samples are asked for.
pub(super) fn answer(request: &Request) -> Result<(&'static str, Bytes), Refusal> {
    request.model(&["demo-speech"])?;
    let input = request.text("input")?;
    request.required("voice")?;
    if input.chars().count() > LONGEST {
        return Err(Refusal::wrong_value("input", &format!("have at most {LONGEST} characters")));
    }
    request.choice("stream_format", &["audio"])?;
    let tones = words::words(input).take(MOST).map(|word| fnv(word.trim_start().as_bytes()));
    let samples = media::tones(tones);
    match request.choice("response_format", &["wav", "pcm"])? {
        Some("pcm") => Ok(("audio/pcm", samples.into())),
        _ => Ok(("audio/wav", media::wav(&samples).into())),
    }
}
