//! Which addresses a provider call may go to. A base URL is a project's own
//! choice, so a name that leads into the operator's network must not be a way
//! in. The check is made on the very address that is connected to, after
//! resolution: a name that changes between two look-ups gains nothing.
//!
//! Source: the IANA IPv4 and IPv6 special-purpose address registries. For
//! IPv6 it is an allow-list (global unicast, 2000::/3) with holes.
//!
//! It must not resolve names and must not know the configuration.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `address` is on the public internet: not private, loopback,
/// link-local, shared (CGNAT), metadata, unspecified, multicast, broadcast,
/// documentation, benchmark or reserved, nor an IPv6 form that leads to such
/// an IPv4 address.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

const REFUSED_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // "this network", unspecified
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // shared with the carrier; Alibaba's metadata
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // Azure's wire server: metadata on a public address
    ([169, 254, 0, 0], 16),   // link-local; the metadata of most clouds
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments; Oracle's metadata
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // 6to4 relay, withdrawn
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, broadcast
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    !REFUSED_V4.iter().any(|(network, prefix)| {
        let network = u32::from_be_bytes(*network);
        (address.to_bits() ^ network).leading_zeros() >= *prefix
    })
}

/// The holes in 2000::/3.
const REFUSED_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo, benchmarks
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = embedded_v4(address) {
        return is_public_v4(inner);
    }
    let within =
        |(network, prefix): &(Ipv6Addr, u32)| (address.to_bits() ^ network.to_bits()).leading_zeros() >= *prefix;
    within(&GLOBAL_UNICAST) && !REFUSED_V6.iter().any(within)
}

/// The IPv4 address to which a mapped (::ffff:a.b.c.d), NAT64 (64:ff9b::/96)
/// or 6to4 (2002::/16) address leads. The old compatible form (::a.b.c.d)
/// lies outside 2000::/3 and is refused whatever it embeds.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, a, b] | [0x64, 0xff9b, 0, 0, 0, 0, a, b] => Some(low(a, b)),
        [0x2002, a, b, ..] => Some(low(a, b)),
        _ => None,
    }
}
