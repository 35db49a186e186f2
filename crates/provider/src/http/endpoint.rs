//! Where a provider lives: a base URL, taken apart once, so that a call only
//! copies ready bytes. It must not resolve names: that belongs to the moment
//! of connecting.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::ServerName;
use url::Url;

/// A provider's base URL, parsed. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `scheme://host:port`, the key of the connection pool.
    origin: Arc<str>,
    host: Host,
    port: u16,
    /// The name that the peer's certificate must carry; `None` for http.
    server_name: Option<ServerName<'static>>,
    /// The Host header: the port only when it isn't the scheme's own.
    authority: Arc<str>,
    path: Arc<str>,
}

/// What to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Name(Arc<str>),
    Address(IpAddr),
}

/// Why a base URL is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an absolute URL, or it has spaces, control characters or backslashes.
    #[error("not a URL")]
    NotAUrl,
    /// The scheme is neither http nor https.
    #[error("the URL must begin with https:// or http://")]
    Scheme,
    /// It carries a user name or password.
    #[error("the URL must not carry a user name or password")]
    UserInfo,
    /// It carries a query or a fragment.
    #[error("the URL must end with its path: no '?' and no '#'")]
    QueryOrFragment,
    /// The host is no name that a certificate could be issued for.
    #[error("the URL's host is not a valid name")]
    Host,
}

impl Endpoint {
    /// Reads `http[s]://host[:port][/path]`. Odd spellings of an IPv4 address
    /// (decimal, octal, hexadecimal) become that address, so that the guard
    /// sees what would be connected to.
    pub fn parse(base_url: &str) -> Result<Self, EndpointError> {
        // The URL standard drops or rewrites these silently; nobody means them.
        if base_url.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(EndpointError::NotAUrl);
        }
        let url = Url::parse(base_url).map_err(|_| EndpointError::NotAUrl)?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(EndpointError::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::QueryOrFragment);
        }
        let host = match url.host().ok_or(EndpointError::NotAUrl)? {
            url::Host::Domain(name) => Host::Name(name.into()),
            url::Host::Ipv4(address) => Host::Address(address.into()),
            url::Host::Ipv6(address) => Host::Address(address.into()),
        };
        let server_name = match (&host, secure) {
            (_, false) => None,
            (Host::Address(address), true) => Some(ServerName::IpAddress((*address).into())),
            (Host::Name(name), true) => Some(ServerName::try_from(name.to_string()).map_err(|_| EndpointError::Host)?),
        };
        let port = url.port_or_known_default().ok_or(EndpointError::NotAUrl)?;
        let bare = url.host_str().ok_or(EndpointError::NotAUrl)?;
        Ok(Self {
            origin: format!("{}://{bare}:{port}", url.scheme()).into(),
            host,
            port,
            server_name,
            authority: match url.port() {
                Some(port) => format!("{bare}:{port}").into(),
                None => bare.into(),
            },
            path: url.path().trim_end_matches('/').into(),
        })
    }

    /// The base path without a trailing slash; empty for the root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The Host header: name or address, and the port unless it is the
    /// scheme's own.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    pub(super) fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}
