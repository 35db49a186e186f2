//! What a key may do and from where: scopes, models, addresses, origins.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::change::set;
use crate::{
    Invalid,
    budget::{BudgetTerms, TermsPatch},
    limit::{Limits, LimitsPatch},
    model::ModelPatterns,
    permission::{Permission, PermissionSet, parse_scopes},
};

const MAX_ENTRIES: usize = 100;

/// The restrictions of a key. The default restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyAccess {
    /// Data permissions; empty: all of them.
    #[serde(serialize_with = "names", deserialize_with = "scopes")]
    pub scopes: Vec<Permission>,
    /// Models, within what the project allows; empty: all of those.
    pub allowed_models: ModelPatterns,
    /// Client networks; empty: all.
    pub allowed_ips: Vec<IpNet>,
    /// Web origins; empty: all.
    pub allowed_origins: Vec<Origin>,
    /// Whether a request without an `Origin` is refused.
    pub require_origin: bool,
    /// How often it may be used.
    #[serde(skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// What its calls may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetTerms>,
}

/// An edit of restrictions: `None` leaves one as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessPatch {
    /// New scopes, all of them.
    pub scopes: Option<Vec<Permission>>,
    /// New models, all of them.
    pub allowed_models: Option<ModelPatterns>,
    /// New client networks, all of them.
    pub allowed_ips: Option<Vec<IpNet>>,
    /// New web origins, all of them.
    pub allowed_origins: Option<Vec<Origin>>,
    /// Whether a request without an `Origin` is refused.
    pub require_origin: Option<bool>,
    /// New limits.
    pub limits: LimitsPatch,
    /// Another budget, or none.
    pub budget: Option<Option<TermsPatch>>,
}

impl KeyAccess {
    /// Applies an edit; refuses a new budget without an amount, and shadow mode for
    /// limits that aren't there.
    pub fn apply(&mut self, patch: AccessPatch) -> Result<(), Invalid> {
        let AccessPatch { scopes, allowed_models, allowed_ips, allowed_origins, require_origin, limits, budget } =
            patch;
        if let Some(patch) = budget {
            self.budget = patch.map(|patch| patch.apply(self.budget.as_ref())).transpose()?;
        }
        set(&mut self.scopes, scopes);
        set(&mut self.allowed_models, allowed_models);
        set(&mut self.allowed_ips, allowed_ips);
        set(&mut self.allowed_origins, allowed_origins);
        set(&mut self.require_origin, require_origin);
        self.limits = limits.apply(self.limits);
        if limits.shadow == Some(true) && self.limits.is_empty() {
            let message = "This key has no limits of its own that could be in shadow mode. Give requests_per_minute, tokens_per_minute or parallel_requests, too.";
            return Err(Invalid::new("limits.shadow", message));
        }
        Ok(())
    }

    /// What the scopes permit.
    pub fn permissions(&self) -> PermissionSet {
        if self.scopes.is_empty() { PermissionSet::all_data() } else { self.scopes.iter().copied().collect() }
    }

    /// Reads `scopes`.
    pub fn parse_scopes(names: &[String]) -> Result<Vec<Permission>, Invalid> {
        parse_scopes("scopes", names)
    }

    /// Reads `allowed_ips`: networks such as `10.0.0.0/8`, or single addresses.
    pub fn parse_ips(networks: &[String]) -> Result<Vec<IpNet>, Invalid> {
        bounded("allowed_ips", networks)?;
        networks
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let text = text.trim();
                text.parse::<IpNet>()
                    .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                    .map(|net| net.trunc())
                    .map_err(|_| {
                        let shown: String = text.chars().take(60).collect();
                        Invalid::new(
                            format!("allowed_ips[{index}]"),
                            format!(
                                "{shown:?} is neither an address such as 192.0.2.7 nor a network such as 192.0.2.0/24."
                            ),
                        )
                    })
            })
            .collect()
    }

    /// Reads `allowed_origins`.
    pub fn parse_origins(origins: &[String]) -> Result<Vec<Origin>, Invalid> {
        bounded("allowed_origins", origins)?;
        origins
            .iter()
            .enumerate()
            .map(|(index, text)| Origin::parse(&format!("allowed_origins[{index}]"), text))
            .collect()
    }
}

fn bounded(param: &str, entries: &[String]) -> Result<(), Invalid> {
    if entries.len() > MAX_ENTRIES {
        return Err(Invalid::new(
            param,
            format!("{param} has {} entries: at most {MAX_ENTRIES} are possible.", entries.len()),
        ));
    }
    Ok(())
}

/// A web origin as browsers send it: scheme, host and, unless usual, port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    /// Reads the field `param`.
    pub fn parse(param: &str, text: &str) -> Result<Self, Invalid> {
        let shown: String = text.chars().take(120).collect();
        let invalid = || {
            Invalid::new(
                param,
                format!(
                    "{shown:?} is not an origin such as https://app.example.com: a scheme, a host, perhaps a port, nothing behind."
                ),
            )
        };
        let url = Url::parse(text.trim()).map_err(|_| invalid())?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let origin = url.origin();
        if !bare || !origin.is_tuple() {
            return Err(invalid());
        }
        Ok(Self(origin.ascii_serialization()))
    }

    /// The origin as browsers send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Origin {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn names<S: Serializer>(scopes: &[Permission], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(scopes.iter().map(|scope| scope.as_str()))
}

fn scopes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Permission>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    parse_scopes("scopes", &names).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_single_addresses_are_read() {
        let nets = KeyAccess::parse_ips(&["10.1.2.3/8".into(), "::1".into()]).unwrap();
        assert_eq!(nets.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.0/8", "::1/128"]);
        assert_eq!(
            KeyAccess::parse_ips(&["10.0.0.0/8".into(), "10.0.0.0/33".into()]).unwrap_err().param,
            "allowed_ips[1]"
        );
    }

    #[test]
    fn origins_are_normalised_and_paths_refused() {
        assert_eq!(Origin::parse("o", "HTTPS://App.Example.com:443").unwrap().as_str(), "https://app.example.com");
        for wrong in ["app.example.com", "https://a/b", "null", "*", "data:x", "https://u@a"] {
            assert!(Origin::parse("o", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shadow_mode_needs_limits_that_could_be_in_it() {
        let shadow = LimitsPatch { shadow: Some(true), ..LimitsPatch::default() };
        let mut access = KeyAccess::default();
        let patch = |limits| AccessPatch { limits, ..AccessPatch::default() };
        assert_eq!(access.apply(patch(shadow)).unwrap_err().param, "limits.shadow");
        let two = LimitsPatch { parallel_requests: Some(Some(2)), ..shadow };
        access.apply(patch(two)).unwrap();
        assert!(access.limits.shadow);
        assert_eq!(serde_json::from_value::<KeyAccess>(serde_json::to_value(&access).unwrap()).unwrap(), access);
    }

    #[test]
    fn stored_restrictions_are_read_back() {
        let access = KeyAccess { scopes: vec![Permission::LlmInvoke], require_origin: true, ..KeyAccess::default() };
        let text = serde_json::to_string(&access).unwrap();
        assert_eq!(serde_json::from_str::<KeyAccess>(&text).unwrap(), access);
    }
}
