//! Whose address a request has: the connection's, unless that is a trusted
//! proxy's, which then says whom it speaks for.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

/// The networks whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts those networks and no others.
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether connections of that address are a proxy's.
    pub fn contains(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&peer))
    }

    /// The client's address: walking `X-Forwarded-For` from the right, the
    /// first address that isn't a trusted proxy. An entry that can't be read
    /// ends the walk at the proxy that vouched for it.
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if self.0.is_empty() {
            return client;
        }
        // Bytes: a caller's part of a line that is no text mustn't hide the proxy's.
        let lines: Vec<&[u8]> = headers.get_all("x-forwarded-for").iter().map(HeaderValue::as_bytes).collect();
        let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        while self.0.iter().any(|network| network.contains(&client)) {
            match hops.next().and_then(|hop| std::str::from_utf8(hop).ok()?.trim().parse::<IpAddr>().ok()) {
                Some(next) => client = next.to_canonical(),
                None => break,
            }
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        trusted.client_address(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_line_that_is_no_text_hides_nothing_of_what_the_proxy_wrote_behind() {
        let trusted = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        for lines in
            [&[&b"\xff, 198.51.100.1"[..]][..], &[b"6.6.6.6", b"\xff, 198.51.100.1"], &[b"6.6.6.6, \xff,198.51.100.1"]]
        {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
            }
            let client = trusted.client_address("10.0.0.1".parse().unwrap(), &headers);
            assert_eq!(client.to_string(), "198.51.100.1", "{headers:?}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_others() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["garbage"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }
}
