//! The fields that creating and editing a key read alike.

use keyward_domain::{
    Invalid, Timestamp,
    api_key::{AccessPatch, KeyAccess, expiry_after, parse_expiry},
    model::ModelPatterns,
};

use crate::{budgets::TermsBody, limits::LimitsBody, time::Moment};

/// A key's restrictions as they were sent.
pub struct AccessFields {
    pub scopes: Option<Vec<String>>,
    pub allowed_models: Option<Vec<String>>,
    pub allowed_ips: Option<Vec<String>>,
    pub allowed_origins: Option<Vec<String>>,
    pub require_origin: Option<bool>,
    pub limits: LimitsBody,
    pub budget: Option<Option<TermsBody>>,
}

impl AccessFields {
    pub fn read(self) -> Result<AccessPatch, Invalid> {
        Ok(AccessPatch {
            scopes: self.scopes.as_deref().map(KeyAccess::parse_scopes).transpose()?,
            allowed_models: self
                .allowed_models
                .map(|models| ModelPatterns::parse("allowed_models", models))
                .transpose()?,
            allowed_ips: self.allowed_ips.as_deref().map(KeyAccess::parse_ips).transpose()?,
            allowed_origins: self.allowed_origins.as_deref().map(KeyAccess::parse_origins).transpose()?,
            require_origin: self.require_origin,
            limits: self.limits.read().map_err(|invalid| invalid.within("limits"))?,
            budget: self
                .budget
                .map(|terms| terms.map(|terms| terms.read()).transpose())
                .transpose()
                .map_err(|invalid| invalid.within("budget"))?,
        })
    }
}

/// Reads `expires_at` (absent, null or a moment) and `expires_in_seconds`: not
/// said, never, or when.
pub fn expiry(
    moment: Option<Option<Moment>>,
    seconds: Option<i64>,
    now: Timestamp,
) -> Result<Option<Option<Timestamp>>, Invalid> {
    match (moment, seconds) {
        (Some(Some(_)), Some(_)) => {
            Err(Invalid::new("expires_in_seconds", "Give expires_at or expires_in_seconds, not both."))
        }
        (_, Some(seconds)) => expiry_after(seconds, now).map(|end| Some(Some(end))),
        (Some(Some(moment)), None) => parse_expiry(moment.read("expires_at")?, now).map(|end| Some(Some(end))),
        (Some(None), None) => Ok(Some(None)),
        (None, None) => Ok(None),
    }
}
