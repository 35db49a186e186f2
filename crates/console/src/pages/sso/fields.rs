//! The fields of a provider's form.

use keyward_domain::{
    Invalid, Name,
    sso::{ClientId, Issuer, Scopes, SsoProvider},
};
use keyward_web::Problem;

use super::mappings;
use crate::form::Form;

/// The form's names for the API's parameters.
const FIELDS: &[(&str, &str)] = &[
    ("name", "name"),
    ("issuer", "issuer"),
    ("client_id", "client_id"),
    ("client_secret", "client_secret"),
    ("scopes", "scopes"),
    ("mappings", "mappings"),
];

pub fn name(form: &Form) -> Result<Name, Invalid> {
    Name::parse("name", form.text("name"))
}

pub fn issuer(form: &Form, allow_http: bool) -> Result<Issuer, Invalid> {
    Issuer::parse("issuer", form.text("issuer"), allow_http)
}

pub fn client_id(form: &Form) -> Result<ClientId, Invalid> {
    ClientId::parse("client_id", form.text("client_id"))
}

pub fn scopes(form: &Form) -> Result<Scopes, Invalid> {
    Scopes::parse("scopes", form.words("scopes"))
}

/// A form that says what a provider is, but for its secret.
pub fn filled(provider: &SsoProvider) -> Form {
    let mut form = Form::filled([
        ("name", provider.name.to_string()),
        ("issuer", provider.issuer.as_str().to_owned()),
        ("client_id", provider.client_id.as_str().to_owned()),
        ("scopes", provider.scopes.text()),
        ("version", provider.version.to_string()),
    ]);
    if provider.creates_members {
        form.set("creates_members", "yes");
    }
    if provider.enabled {
        form.set("enabled", "yes");
    }
    mappings::fill(&mut form, &provider.mappings);
    form
}

/// Takes a refusal in, at its field.
pub fn take(mut form: Form, problem: &Problem) -> Form {
    if mappings::take(&mut form, problem) { form } else { form.take(problem, FIELDS) }
}
