//! TLS on the listener: the certificate that it shows, which can be replaced
//! while it serves. Reading files is the program's business.

use std::{fmt, sync::Arc};

use parking_lot::RwLock;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        client::verify_server_name,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem, pem::PemObject as _},
        server::{ClientHello, ParsedCertificate, ResolvesServerCert},
        sign::CertifiedKey,
    },
};

/// Why a certificate and its key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Not PEM.
    #[error("the certificate file isn't PEM: {0}")]
    CertificatePem(pem::Error),
    /// PEM of something else.
    #[error("the certificate file holds no certificate: it must hold the server's first, then those that signed it")]
    NoCertificate,
    /// Not a certificate.
    #[error("the first certificate of the file can't be read: {0}")]
    Certificate(rustls::Error),
    /// No private key in PEM. Never says more: it would quote the key.
    #[error("the key file holds no private key in PEM without a password (PKCS#8, PKCS#1 or SEC1)")]
    Key,
    /// They don't belong together.
    #[error("the key and the first certificate of the file don't belong together")]
    Mismatch,
    /// A kind of key that TLS doesn't use.
    #[error("the key can't be used: {0}")]
    Unusable(rustls::Error),
}

/// The certificate that the listener shows, with its key.
pub struct ServerCertificate {
    current: RwLock<Arc<CertifiedKey>>,
}

impl ServerCertificate {
    /// Takes a chain of certificates and a private key, both in PEM.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self { current: RwLock::new(Arc::new(read(chain, key)?)) })
    }

    /// Shows these instead from now on; the former ones if they can't be used.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), CertificateError> {
        *self.current.write() = Arc::new(read(chain, key)?);
        Ok(())
    }

    /// The certificate itself, in DER.
    pub fn der(&self) -> Vec<u8> {
        let current = Arc::clone(&self.current.read());
        current.end_entity_cert().map(|certificate| certificate.to_vec()).unwrap_or_default()
    }

    /// Whether it is made out to a host.
    pub fn is_for(&self, host: &str) -> bool {
        let current = Arc::clone(&self.current.read());
        let Ok(name) = ServerName::try_from(host.trim_matches(['[', ']'])) else { return false };
        current
            .end_entity_cert()
            .and_then(ParsedCertificate::try_from)
            .is_ok_and(|certificate| verify_server_name(&certificate, &name).is_ok())
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerCertificate")
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read()))
    }
}

fn read(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, CertificateError> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(CertificateError::CertificatePem)?;
    let Some(first) = chain.first() else { return Err(CertificateError::NoCertificate) };
    ParsedCertificate::try_from(first).map_err(CertificateError::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::Key)?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => CertificateError::Mismatch,
        other => CertificateError::Unusable(other),
    })
}

/// What takes TLS connections: versions 1.2 and 1.3.
pub(crate) fn acceptor(certificate: Arc<ServerCertificate>) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Sessions go on with tickets on every core, and cost no memory.
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(Arc::new(config).into())
}
