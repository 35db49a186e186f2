//! What a provider says of somebody, once it is verified that the provider says
//! so: who they are there, their address, and what mappings give them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Given, Mapping};
use crate::{Name, organization::Email};

/// The claims of one person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims(Map<String, Value>);

/// Everything that mappings give somebody.
pub type GivenBy = BTreeSet<Given>;

impl Claims {
    /// Takes a token's payload.
    pub const fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// Takes in what is said elsewhere; what is said here stands.
    pub fn complete_with(&mut self, more: Map<String, Value>) {
        for (name, value) in more {
            self.0.entry(name).or_insert(value);
        }
    }

    /// Whether anything is said about `name`.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Their address, if it is one.
    pub fn email(&self) -> Option<Email> {
        Email::parse("email", self.text("email")?).ok()
    }

    /// Their address, if the provider has made sure that it is theirs. Some
    /// write `true` as a text; Microsoft says it of the domain, in a claim of
    /// its own.
    pub fn verified_email(&self) -> Option<Email> {
        let is_true = |value: &Value| *value == Value::Bool(true) || value.as_str() == Some("true");
        let verified = match self.0.get("email_verified") {
            Some(said) => is_true(said),
            None => {
                self.0.get("xms_edov").is_some_and(|said| is_true(said) || said.as_str() == Some("1") || *said == 1)
            }
        };
        self.email().filter(|_| verified)
    }

    /// What to call somebody new: by their name, else by their address.
    pub fn name(&self, email: &Email) -> Option<Name> {
        let local = email.as_str().split('@').next();
        ["name", "preferred_username"]
            .into_iter()
            .filter_map(|claim| self.text(claim))
            .chain(local)
            .find_map(|text| Name::parse("name", text).ok())
    }

    fn matches(&self, mapping: &Mapping) -> bool {
        match self.0.get(&mapping.claim) {
            Some(Value::String(value)) => *value == mapping.value,
            Some(Value::Array(values)) => values.iter().any(|value| value.as_str() == Some(&mapping.value)),
            _ => false,
        }
    }
}

/// What `mappings` give somebody with these claims.
pub fn given(mappings: &[Mapping], claims: &Claims) -> GivenBy {
    mappings.iter().filter(|mapping| claims.matches(mapping)).map(|mapping| mapping.gives).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::id::GroupId;

    fn claims(value: Value) -> Claims {
        Claims::new(value.as_object().unwrap().clone())
    }

    #[test]
    fn an_address_counts_only_when_it_is_verified() {
        for (said, verified) in [
            (json!({"email_verified": true}), true),
            (json!({"email_verified": "true"}), true),
            (json!({"xms_edov": true}), true),
            (json!({"xms_edov": "1"}), true),
            (json!({}), false),
            (json!({"email_verified": false}), false),
            (json!({"email_verified": "false", "xms_edov": true}), false),
            (json!({"email_verified": null}), false),
            (json!({"email_verified": 1}), false),
            (json!({"email_verified": ["true"]}), false),
        ] {
            let mut said = claims(said);
            said.complete_with(claims(json!({"email": "Ada@Example.com"})).0);
            let email = Email::parse("email", "ada@example.com").unwrap();
            assert_eq!(said.verified_email(), verified.then_some(email), "{said:?}");
        }
        assert_eq!(claims(json!({"email": "ada", "email_verified": true})).verified_email(), None);
    }

    #[test]
    fn a_claim_is_a_text_or_a_list_and_matches_whole_values() {
        let mapping = |value: &str, id| Mapping {
            claim: "groups".into(),
            value: value.into(),
            gives: Given::Group(GroupId::from_uuid(Uuid::from_u128(id))),
        };
        let mappings = [mapping("a", 1), mapping("b", 2), mapping("a", 3)];
        let number = |said: Value| given(&mappings, &claims(said)).len();
        assert_eq!(number(json!({"groups": "a"})), 2);
        assert_eq!(number(json!({"groups": ["x", "b", "a", 7]})), 3);
        for nothing in [
            json!({}),
            json!({"groups": "ab"}),
            json!({"groups": "a b"}),
            json!({"groups": {"a": 1}}),
            json!({"Groups": "a"}),
        ] {
            assert_eq!(number(nothing), 0);
        }
    }

    #[test]
    fn what_is_said_first_stands() {
        let mut said = claims(json!({"email_verified": false}));
        said.complete_with(claims(json!({"email": "a@b.example", "email_verified": true})).0);
        assert_eq!((said.email().is_some(), said.verified_email()), (true, None));
        let email = said.email().unwrap();
        assert_eq!(said.name(&email).unwrap().as_str(), "a");
        assert_eq!(claims(json!({"name": "a\nb", "preferred_username": "ada"})).name(&email).unwrap().as_str(), "ada");
    }
}
