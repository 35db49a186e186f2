//! Which new passwords are refused: those that are guessed first, because they
//! are common, follow a pattern, or are made of what everybody knows about the
//! person. Length does the rest: no rule about kinds of characters.

use keyward_domain::{Invalid, password::Password};
use zxcvbn::{Score, zxcvbn};

/// Shorter words about a person say nothing: they are in every password.
const SHORTEST_WORD: usize = 3;
/// How many letters and digits there must be besides words about the person.
const OTHERS: usize = 8;

/// Refuses a password that somebody who knows `personal` (address, name)
/// guesses in less than a hundred million attempts.
pub(super) fn check(param: &str, password: &Password, personal: &[String]) -> Result<(), Invalid> {
    let text = String::from_utf8_lossy(password.expose());
    let known = known_words(personal);
    let words: Vec<&str> = known.iter().map(String::as_str).collect();
    if others(&text, &words) >= OTHERS && zxcvbn(&text, &words).score() >= Score::Three {
        return Ok(());
    }
    let message = format!(
        "{param} is easily guessed: it is common, follows a pattern, or is made of your address or name. Take several words that don't belong together."
    );
    Err(Invalid::new(param, message).code("password_too_common"))
}

/// What everybody knows, the longest first.
fn known_words(personal: &[String]) -> Vec<String> {
    let mut known = vec!["keyward".to_owned()];
    for text in personal {
        let lower = text.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= SHORTEST_WORD);
        known.extend(words.map(str::to_owned));
    }
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    known
}

/// How many letters and digits are left without the known words. The estimate
/// alone takes a row of three such words for hard.
fn others(text: &str, known: &[&str]) -> usize {
    let rest = known.iter().fold(text.to_lowercase(), |rest, word| rest.replace(word, " "));
    rest.chars().filter(|c| c.is_alphanumeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Invalid> {
        let password = Password::parse("new_password", text).unwrap();
        super::check("new_password", &password, &["ada.lovelace@analytical.example".into(), "Ada Lovelace".into()])
    }

    #[test]
    fn what_is_guessed_first_is_refused_with_the_field_and_the_remedy() {
        for weak in [
            "password1234",
            "Passw0rd1234",
            "123456789012",
            "qwertyuiopas",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabc",
            "letmeinletmein",
            "keywardkeyward",
            "Keyward-2026!",
            "adalovelace1815",
            "ada.lovelace@analytical.example",
            "LovelaceAda!",
            "lovelace.ada",
            "keyward keyward",
            "Ada-Lovelace-Keyward-2026",
        ] {
            let refused = check(weak).expect_err(weak);
            assert_eq!((refused.code, refused.param.as_str()), ("password_too_common", "new_password"));
            assert!(refused.message.contains("Take several words") && !refused.message.contains(weak));
        }
    }

    #[test]
    fn words_that_do_not_belong_together_and_random_characters_are_taken() {
        for strong in [
            "correct horse battery",
            "purple tractor sings quietly",
            "x7Qm2vLp9sTz",
            "Ünter den Linden blüht Kamille",
            "日本語のとても長いパスワード",
        ] {
            check(strong).unwrap_or_else(|refused| panic!("{strong}: {refused}"));
        }
        check(&"x7Qm2vLp9sTz ".repeat(78)).unwrap();
    }
}
