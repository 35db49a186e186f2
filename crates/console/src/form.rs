//! What somebody typed into a form: read field by field, and shown again with
//! what is wrong with it.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use keyward_web::Problem;
use secrecy::SecretString;

use crate::{Console, problem_page::Refused};

/// A form's fields, and what was wrong when it was sent.
#[derive(Clone, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    errors: BTreeMap<String, String>,
    /// What is wrong with all of it.
    pub alert: Option<String>,
    /// What somebody else has saved meanwhile: label and value.
    pub theirs: Vec<(&'static str, String)>,
}

/// Fields with these words in their names hold what is never shown again.
const SECRET: &[&str] = &["secret", "password", "code", "provider_key"];

/// Whether a field holds what is never shown again.
pub fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|word| name.contains(word))
}

impl Form {
    /// An empty form with these fields filled in.
    pub fn filled<const N: usize>(fields: [(&str, String); N]) -> Self {
        Self { fields: fields.map(|(name, value)| (name.to_owned(), value)).into(), ..Self::default() }
    }

    /// Reads what a browser sent; `None` if no page has so many fields.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let fields: Vec<_> = form_urlencoded::parse(bytes).into_owned().take(MAX_FIELDS + 1).collect();
        (fields.len() <= MAX_FIELDS).then(|| Self { fields, ..Self::default() })
    }

    /// Adds a field.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.fields.retain(|(key, _)| key != name);
        self.fields.push((name.to_owned(), value.into()));
    }

    /// Adds one more value to a field.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.fields.push((name.to_owned(), value.into()));
    }

    /// What was typed, empty if nothing was.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// What was typed, if anything was.
    pub fn optional(&self, name: &str) -> Option<&str> {
        Some(self.text(name).trim()).filter(|text| !text.is_empty())
    }

    /// All values of a field that can be chosen several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The words of a field that takes several, apart by blanks, commas or lines.
    pub fn words(&self, name: &str) -> Vec<String> {
        let text = self.text(name);
        text.split([' ', ',', '\n', '\r', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// Whether a box was ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.fields.iter().any(|(key, _)| key == name)
    }

    /// Whether `value` is among the values of a field.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|chosen| chosen == value)
    }

    /// A secret, if one was typed.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(|text| SecretString::from(text.to_owned()))
    }

    /// The version that the form was made from.
    pub fn version(&self) -> Option<i64> {
        self.text("version").parse().ok()
    }

    /// What is wrong with a field.
    pub fn error(&self, name: &str) -> Option<&str> {
        self.errors.get(name).map(String::as_str)
    }

    /// Whether anything is wrong.
    pub fn is_refused(&self) -> bool {
        self.alert.is_some() || !self.errors.is_empty()
    }

    /// Says at a field what is wrong with it.
    pub fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.errors.insert(name.to_owned(), message.into());
    }

    /// Takes a refusal in: at its field, if the form has one of that name
    /// (`fields`: the form's name for a parameter of the API), else above all.
    pub fn take(mut self, problem: &Problem, fields: &[(&str, &str)]) -> Self {
        let param = problem.param.as_deref().unwrap_or_default();
        let top = param.split(['.', '[']).next().unwrap_or_default();
        let found = fields.iter().find(|(theirs, _)| *theirs == param || *theirs == top).map(|(_, ours)| *ours);
        match found {
            // The field stands right there, under a name for people.
            Some(field) => match problem.message.strip_prefix(param) {
                Some(rest) if !param.is_empty() && rest.starts_with(' ') => self.refuse(field, format!("This{rest}")),
                _ => self.refuse(field, &problem.message),
            },
            None => self.alert = Some(problem.message.clone()),
        }
        self.ask_again_for_secrets();
        self
    }

    /// Takes in that somebody else saved theirs first: what was typed is kept, and
    /// sent again it takes the place of theirs. `present`: the form as it would be
    /// filled now; `fields`: what is compared, with its label.
    pub fn overtaken(mut self, present: &Self, what: &str, fields: &[(&'static str, &str)]) -> Self {
        for &(label, field) in fields {
            let (typed, now) = (self.joined(field), present.joined(field));
            if typed != now {
                let nothing = if typed == "yes" { "no" } else { "nothing" };
                self.theirs.push((label, if now.is_empty() { nothing.into() } else { now }));
            }
        }
        self.set("version", present.text("version"));
        self.ask_again_for_secrets();
        self.alert = Some(format!(
            "Somebody else changed this {what} while you were editing it. What you typed is kept below; save again to put it in place of theirs."
        ));
        self
    }

    /// All values of a field as one text, its lines as everywhere but in forms.
    fn joined(&self, name: &str) -> String {
        self.all(name).collect::<Vec<_>>().join(", ").replace("\r\n", "\n")
    }

    /// Says at a secret that was typed that it isn't kept: an empty field would
    /// mean that there is none, or that the present one stays.
    pub fn ask_again_for_secrets(&mut self) {
        for name in ["provider_key", "client_secret"] {
            if !self.text(name).is_empty() && self.error(name).is_none() {
                self.refuse(name, "Type it again: a secret isn't kept in the page.");
            }
        }
    }

    /// The fields that may be shown again.
    pub fn shown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().filter(|(name, _)| !is_secret(name)).map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.fields.iter().map(|(name, _)| name)).finish()
    }
}

/// Most fields of a form: single sign-on's mappings have the most, a thousand.
const MAX_FIELDS: usize = 2000;

/// What is told of a form that no page has.
pub fn too_large() -> Problem {
    let message = "This form is too large, or broke off. Go back and send it again.";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_body", message)
}

/// Most bytes of a form.
pub const MAX_BYTES: usize = 512 * 1024;

impl FromRequest<Console> for Form {
    type Rejection = Refused;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Refused> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            let message = "A page's form is sent as application/x-www-form-urlencoded. Programs use the admin API: see /openapi.json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message).into());
        }
        let bytes = Bytes::from_request(request, console).await.map_err(|_| too_large())?;
        Ok(Self::read(&bytes).ok_or_else(too_large)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_at_its_field_or_above_all() {
        let form = || Form::read(b"name=CI&allowed_ips=1.2.3.4%2C+5.6.7.8&client_secret=x&scope=a&scope=b").unwrap();
        assert!(
            Form::read("a&".repeat(2001).as_bytes()).is_none() && Form::read("a&".repeat(2000).as_bytes()).is_some()
        );
        let invalid = |param: &str| {
            let problem = Problem::new(StatusCode::BAD_REQUEST, "invalid_value", "Wrong.");
            if param.is_empty() { problem } else { problem.param(param) }
        };
        let fields = [("name", "name"), ("credential.api_key", "provider_key"), ("allowed_ips", "allowed_ips")];
        assert_eq!(form().take(&invalid("allowed_ips[1]"), &fields).error("allowed_ips"), Some("Wrong."));
        assert_eq!(form().take(&invalid("credential.api_key"), &fields).error("provider_key"), Some("Wrong."));
        for other in ["", "x", "credential.base_url"] {
            assert_eq!(form().take(&invalid(other), &fields).alert.as_deref(), Some("Wrong."), "{other}");
        }
        assert_eq!(form().words("allowed_ips"), ["1.2.3.4", "5.6.7.8"]);
        let short = Problem::new(StatusCode::BAD_REQUEST, "invalid_value", "name has 0 characters.").param("name");
        assert_eq!(form().take(&short, &fields).error("name"), Some("This has 0 characters."));
        assert!(form().has("scope", "b") && !form().has("scope", "c"));
        assert!(form().take(&invalid("name"), &fields).error("client_secret").unwrap().starts_with("Type it again"));
        let shown: Vec<_> = form().shown().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(shown, ["name", "allowed_ips", "scope", "scope"], "a secret isn't shown again");
        assert!(!format!("{:?}", form()).contains("1.2.3.4"));
    }
}
