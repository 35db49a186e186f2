//! The address guard, by table: the first and last address of each refused
//! network and its neighbours outside.

use std::net::IpAddr;

use keyward_provider::http::guard::is_public;

const REFUSED: &[&str] = &[
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "100.100.100.200",
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.88.99.0",
    "192.88.99.255",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.0",
    "198.51.100.255",
    "203.0.113.0",
    "203.0.113.255",
    "224.0.0.0",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::8.8.8.8",
    "::ffff:0.0.0.0",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "100::1",
    "1fff:ffff::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:20::1",
    "2001:1ff::1",
    "2001:db8::1",
    "2001:db8:ffff::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2002:c0a8:101::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fdff:ffff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff00::1",
    "ff02::1",
    "ffff::1",
];

const ALLOWED: &[&str] = &[
    "1.0.0.0",
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:db7::1",
    "2001:db9::1",
    "2606:4700::1111",
    "2a00:1450:4001:800::200e",
    "2002:808:808::1",
    "3ffe::1",
    "3fff:1000::1",
    "64:ff9b::8.8.8.8",
    "::ffff:8.8.8.8",
];

#[test]
fn addresses_inside_the_operators_network_are_refused() {
    for text in REFUSED {
        let address: IpAddr = text.parse().unwrap();
        assert!(!is_public(address), "{text}");
    }
}

#[test]
fn addresses_on_the_internet_are_allowed() {
    for text in ALLOWED {
        let address: IpAddr = text.parse().unwrap();
        assert!(is_public(address), "{text}");
    }
}

#[test]
fn an_ipv4_address_is_judged_alike_in_every_ipv6_form_that_leads_to_it() {
    for text in REFUSED.iter().chain(ALLOWED) {
        let IpAddr::V4(inner) = text.parse().unwrap() else {
            continue;
        };
        let [a, b, c, d] = inner.octets();
        for form in
            [format!("::ffff:{inner}"), format!("64:ff9b::{inner}"), format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1")]
        {
            let outer: IpAddr = form.parse().unwrap();
            assert_eq!(is_public(outer), is_public(inner.into()), "{form}");
        }
    }
}
