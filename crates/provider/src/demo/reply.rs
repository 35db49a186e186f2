//! What the demo has to say, word by word, made as it is asked for: an answer
//! of a hundred thousand words takes no more memory than its next one.

use super::words::words;

/// The most that the demo says, in its tokens.
pub(super) const MOST: u64 = 100_000;
/// The most that it repeats of what it was asked.
const ECHO: usize = 40;

/// An answer: its words, each with the blank before it.
pub(super) struct Reply {
    words: Words,
    left: u64,
    end: End,
}

enum Words {
    Said(std::vec::IntoIter<String>),
    Counted { next: u64 },
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// It had more to say than it was allowed.
    pub(super) truncated: bool,
    /// What it said, in its tokens.
    pub(super) output_tokens: u64,
}

impl Reply {
    /// The answer to `asked`, in at most `limit` tokens.
    pub(super) fn new(asked: &str, limit: Option<u64>) -> Self {
        let (words, has) = match count_to(asked) {
            Some(last) => (Words::Counted { next: 1 }, last),
            None => {
                let said = echo(asked);
                let said: Vec<String> = words(&said).map(str::to_owned).collect();
                let has = said.len() as u64;
                (Words::Said(said.into_iter()), has)
            }
        };
        let output_tokens = has.min(limit.unwrap_or(MOST)).min(MOST);
        Self { words, left: output_tokens, end: End { truncated: output_tokens < has, output_tokens } }
    }

    /// How it ends; known from the start.
    pub(super) fn end(&self) -> End {
        self.end
    }
}

impl Iterator for Reply {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.left = self.left.checked_sub(1)?;
        match &mut self.words {
            Words::Said(words) => words.next(),
            Words::Counted { next } => {
                let blank = if *next == 1 { "" } else { " " };
                let word = format!("{blank}{next}");
                *next += 1;
                Some(word)
            }
        }
    }
}

/// The number in `count to <number>`, wherever it stands.
fn count_to(asked: &str) -> Option<u64> {
    let asked = asked.to_ascii_lowercase();
    let (_, after) = asked.split_once("count to ")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next().filter(|digits| !digits.is_empty())?;
    Some(digits.parse().unwrap_or(u64::MAX)).filter(|last| *last > 0)
}

fn echo(asked: &str) -> String {
    let mut said: Vec<&str> = asked.split_whitespace().take(ECHO + 1).collect();
    if said.is_empty() {
        return "You said nothing.".to_owned();
    }
    let more = if said.len() > ECHO { " and so on" } else { "" };
    said.truncate(ECHO);
    format!("You said: {}{more}", said.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(asked: &str, limit: Option<u64>) -> (String, End) {
        let reply = Reply::new(asked, limit);
        let end = reply.end();
        (reply.collect(), end)
    }

    #[test]
    fn it_echoes_and_stops_at_the_limit() {
        let end = |truncated, output_tokens| End { truncated, output_tokens };
        assert_eq!(said("Hello  there!", None), ("You said: Hello there!".into(), end(false, 6)));
        assert_eq!(said("Hello there!", Some(4)), ("You said: Hello".into(), end(true, 4)));
        assert_eq!(said("Hello there!", Some(6)), ("You said: Hello there!".into(), end(false, 6)));
        assert_eq!(said(" ", None).0, "You said nothing.");
        assert!(said(&"word ".repeat(1000), None).0.ends_with("word and so on"));
    }

    #[test]
    fn it_counts_as_far_as_it_may() {
        let end = |truncated, output_tokens| End { truncated, output_tokens };
        assert_eq!(said("Please count to 5.", None), ("1 2 3 4 5".into(), end(false, 5)));
        assert_eq!(said("Count to 5", Some(3)), ("1 2 3".into(), end(true, 3)));
        assert_eq!(said("count to 99999999999999999999999", None).1, end(true, MOST));
        assert!(said("count to zero", None).0.starts_with("You said"));
        assert!(said("count to 0", None).0.starts_with("You said"));
    }
}
