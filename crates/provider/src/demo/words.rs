//! What the demo takes for a token: a run of letters and digits, or one other
//! visible character.

/// The tokens of `text`, each with the blanks before it. Blanks at the end are
/// dropped.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_end();
    std::iter::from_fn(move || {
        let blank = rest.len() - rest.trim_start().len();
        let mut visible = rest.get(blank..)?.char_indices();
        let (_, first) = visible.next()?;
        let length = match first.is_alphanumeric() {
            true => visible.find(|(_, c)| !c.is_alphanumeric()).map_or(rest.len() - blank, |(at, _)| at),
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at_checked(blank + length)?;
        rest = after;
        Some(word)
    })
}

/// How many tokens `text` has.
pub(super) fn count(text: &str) -> u64 {
    words(text).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_put_together_are_the_text() {
        assert_eq!(words("Hello, wörld!  a\nb ").collect::<Vec<_>>(), ["Hello", ",", " wörld", "!", "  a", "\nb"]);
        assert_eq!(count(" \n"), 0);
        assert_eq!(count("日本 語。"), 3);
    }
}
