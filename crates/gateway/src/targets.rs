//! Credentials made ready for calling, kept as long as they don't change. The
//! key index tells of a change by the credential's version, so a replaced
//! secret is used by the very next call.

use std::{cell::RefCell, collections::HashMap};

use http::StatusCode;
use keyward_access::CredentialEntry;
use keyward_domain::id::CredentialId;
use keyward_provider::Target;

use crate::error::CallError;

/// More than this are forgotten together and made again.
const MOST: usize = 4096;

/// One core's ready credentials.
#[derive(Default)]
pub(crate) struct Targets(RefCell<HashMap<CredentialId, (i64, Target)>>);

impl Targets {
    /// Where calls with that credential go.
    pub(crate) fn get(&self, credential: &CredentialEntry) -> Result<Target, CallError> {
        let mut known = self.0.borrow_mut();
        if let Some((version, target)) = known.get(&credential.id)
            && *version == credential.version
        {
            return Ok(target.clone());
        }
        let base_url = credential.base_url.as_deref();
        let target = Target::new(credential.provider, base_url, credential.secret.as_ref()).map_err(|error| {
            tracing::warn!(credential = %credential.id, %error, "a credential can't be used");
            CallError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "provider_not_configured",
                "The credential of this model's provider can't be used. Check its base URL and secret.",
            )
        })?;
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(credential.id, (credential.version, target.clone()));
        Ok(target)
    }
}
