//! The text of a request.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{SAMPLE, scaled, tokens};
use crate::Operation;

/// What stands around each message, in tokens: OpenAI's count.
const A_MESSAGE: u64 = 3;

/// Fields whose strings a model reads, at any depth.
const TEXTS: [&str; 9] =
    ["content", "text", "input", "prompt", "instructions", "system", "arguments", "output", "refusal"];

/// Fields that a model reads as they are written.
const WRITTEN: [&str; 3] = ["tools", "functions", "response_format"];

/// A request, as much of it as its tokens are counted by.
#[derive(Debug, Clone)]
pub struct Asked {
    sample: Bytes,
    length: usize,
}

impl Asked {
    /// Keeps what is needed of a JSON body; `None` where such calls aren't counted
    /// in tokens of text.
    pub fn of(operation: Operation, body: &Bytes) -> Option<Self> {
        let is_text = operation.answers_text() || operation == Operation::Embeddings;
        let sample = match body.get(..SAMPLE) {
            // The rest needn't stay in memory for as long as the call takes.
            Some(beginning) if body.len() > SAMPLE => Bytes::copy_from_slice(beginning),
            _ => body.clone(),
        };
        is_text.then_some(Self { sample, length: body.len() })
    }

    /// About how many tokens it has.
    pub fn tokens(&self) -> u64 {
        let mut read = Read::default();
        let ended = if self.length > self.sample.len() { ended(&self.sample) } else { Cow::Borrowed(&self.sample[..]) };
        let mut json = serde_json::Deserializer::from_slice(&ended);
        // What came before the cut is read, whatever follows.
        let _ = Walk { read: &mut read, is_text: false }.deserialize(&mut json);
        let Read { text, messages, numbers } = read;
        let count = tokens(&text).saturating_add(messages * A_MESSAGE).saturating_add(numbers);
        scaled(count, self.sample.len(), self.length)
    }
}

/// JSON that was cut anywhere, its last string ended: it counts, too.
fn ended(cut: &[u8]) -> Cow<'_, [u8]> {
    let (mut at, mut is_inside) = (0, false);
    while let Some(byte) = cut.get(at) {
        let step = match (is_inside, byte) {
            (true, b'\\') if cut.get(at + 1) == Some(&b'u') => 6,
            (true, b'\\') => 2,
            _ => 1,
        };
        if at + step > cut.len() {
            break;
        }
        is_inside ^= *byte == b'"';
        at += step;
    }
    let whole = cut.get(..at).unwrap_or(cut);
    let whole = std::str::from_utf8(whole).map_or_else(|error| &whole[..error.valid_up_to()], str::as_bytes);
    if is_inside { Cow::Owned([whole, b"\""].concat()) } else { Cow::Borrowed(whole) }
}

#[derive(Default)]
struct Read {
    text: String,
    messages: u64,
    /// Tokens that the caller made itself.
    numbers: u64,
}

impl Read {
    fn push(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }
}

/// Goes through any JSON; `is_text`: a model reads the strings that stand here.
struct Walk<'a> {
    read: &'a mut Read,
    is_text: bool,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.is_text {
            self.read.push(text);
        }
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.read.numbers += u64::from(self.is_text);
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Walk { read: self.read, is_text: self.is_text })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        /// Serde borrows into a `Cow` only when told to.
        #[derive(Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
        while let Some(Key(key)) = entries.next_key()? {
            if WRITTEN.contains(&&*key) {
                self.read.push(entries.next_value::<&RawValue>()?.get());
            } else if key == "role" {
                self.read.messages += 1;
                entries.next_value::<IgnoredAny>()?;
            } else {
                entries.next_value_seed(Walk { read: self.read, is_text: TEXTS.contains(&&*key) })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counted(operation: Operation, body: &str) -> u64 {
        Asked::of(operation, &Bytes::copy_from_slice(body.as_bytes())).unwrap().tokens()
    }

    #[test]
    fn what_a_model_reads_is_counted_wherever_it_stands() {
        let hello = tokens("Hello, world! How are you today?");
        assert_eq!(hello, 9);
        for (operation, body, expected) in [
            (
                Operation::ChatCompletions,
                r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Hello, world! How are you today?"}]}"#,
                hello + A_MESSAGE,
            ),
            (
                Operation::Messages,
                r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[
                    {"type":"text","text":"Hello, world! How are you today?"},
                    {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoAAAANSU"}}]}]}"#,
                hello + A_MESSAGE,
            ),
            (Operation::Responses, r#"{"model":"m","input":"Hello, world! How are you today?"}"#, hello),
            (Operation::Completions, r#"{"model":"m","prompt":["Hello, world! How are you today?"]}"#, hello),
            (Operation::Embeddings, r#"{"model":"m","input":[[1,2,3],[4,5]],"dimensions":256}"#, 5),
            (Operation::Responses, r#"{"model":"m","tools":[1],"input":null,"x":[true,-1,0.5,{}]}"#, tokens("[1]")),
        ] {
            assert_eq!(counted(operation, body), expected, "{body}");
        }
        assert!(Asked::of(Operation::ImageGenerations, &Bytes::new()).is_none());
    }

    #[test]
    fn a_long_text_is_counted_by_its_beginning() {
        let sentence = "All work and no play makes Jack a dull boy. ";
        let body = format!(r#"{{"input":"{}"}}"#, sentence.repeat(10_000));
        let (counted, expected) = (counted(Operation::Responses, &body), tokens(sentence.trim()) * 10_000);
        assert!(counted.abs_diff(expected) < expected / 50, "{counted} {expected}");
    }

    proptest! {
        /// Of any body, cut anywhere.
        #[test]
        fn any_body_is_counted(
            text in r#"(\PC|[{}\[\]:,"\\u0-9]|"content":"){0,60}"#,
            more in 0..3_usize,
        ) {
            let sample = Bytes::from(text);
            let length = sample.len() * (1 + more);
            let _ = Asked { sample, length }.tokens();
        }
    }

    #[test]
    fn json_may_be_cut_anywhere() {
        let body = r#"{"messages":[{"role":"user","content":"a \\ \" \u00e9 日本 \n"}]}"#;
        for cut in 0..body.len() {
            let ended = ended(&body.as_bytes()[..cut]);
            let mut read = Read::default();
            let mut json = serde_json::Deserializer::from_slice(&ended);
            let _ = Walk { read: &mut read, is_text: false }.deserialize(&mut json);
            let whole = "a \\ \" é 日本 \n";
            assert!(whole.starts_with(&read.text), "{cut}: {:?}", read.text);
            assert_eq!(read.text.is_empty(), cut < 40, "{cut}: {:?}", read.text);
        }
    }
}
