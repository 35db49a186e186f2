//! The TLS settings: rustls on aws-lc, HTTP/1.1 by ALPN, one shared
//! configuration (and session cache) for every client of the process.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What every [`super::Client`] shares about TLS. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    /// `None` when no root is trusted: plain http still works.
    config: Option<Arc<ClientConfig>>,
}

impl Tls {
    /// Trusts the roots of this machine (or of `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR`). Reads files: call it once, at start. Finding none is
    /// an error of the first https call, not of the start.
    #[must_use]
    pub fn native() -> Self {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a trusted root of this machine can't be read");
        }
        let mut roots = RootCertStore::empty();
        let (_, ignored) = roots.add_parsable_certificates(found.certs);
        if ignored > 0 {
            tracing::debug!(ignored, "some roots of this machine can't be parsed");
        }
        Self::with_roots(roots)
    }

    /// Trusts exactly these roots.
    #[must_use]
    pub fn with_roots(roots: RootCertStore) -> Self {
        if roots.is_empty() {
            return Self { config: None };
        }
        #[expect(clippy::expect_used, reason = "aws-lc as built in supports the default versions of TLS")]
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("aws-lc speaks TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { config: Some(Arc::new(config)) }
    }

    pub(super) fn config(&self) -> Option<&Arc<ClientConfig>> {
        self.config.as_ref()
    }
}
