//! How many connections may be open: in all, and from one address. A
//! connection beyond is told so, if that can be done in passing, and closed;
//! those that are open live on.

use std::{
    cell::Cell,
    collections::HashMap,
    io,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use keyward_access::TrustedProxies;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::GatewayOptions;

/// How long somebody who is refused may take to hear it.
const FAREWELL: Duration = Duration::from_secs(1);
/// How many may do so at once on one core; further ones hear nothing.
const FAREWELLS: usize = 64;
/// Between two lines in the log about connections that were refused.
const QUIET: Duration = Duration::from_secs(10);

/// What is open, over all cores.
pub(crate) struct Admission {
    limit: usize,
    limit_per_address: usize,
    trusted_proxies: TrustedProxies,
    open: AtomicUsize,
    addresses: Mutex<HashMap<IpAddr, usize>>,
}

/// Why a connection can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// So many are open in all.
    Process,
    /// So many are open from that address.
    Address,
}

impl Full {
    /// For people.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Process => "Keyward has as many connections open as it may. Try again shortly.",
            Self::Address => {
                "Keyward has as many connections of this address open as it may. Use one connection for several calls, or try again shortly."
            }
        }
    }
}

/// An open connection, until this is dropped.
pub(crate) struct Admitted {
    admission: Arc<Admission>,
    /// Counted, unless it is a proxy's.
    address: Option<IpAddr>,
}

impl Admission {
    pub(crate) fn new(options: &GatewayOptions) -> Arc<Self> {
        Arc::new(Self {
            limit: options.max_connections,
            limit_per_address: options.max_connections_per_address,
            trusted_proxies: options.trusted_proxies.clone(),
            open: AtomicUsize::new(0),
            addresses: Mutex::default(),
        })
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Counts a connection of `peer`, if there is room for it.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Admitted, Full> {
        // From here on it counts: what is dropped below gives it back.
        let mut admitted = Admitted { admission: Arc::clone(self), address: None };
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.limit {
            return Err(Full::Process);
        }
        let peer = peer.to_canonical();
        if !self.trusted_proxies.contains(peer) {
            let address = network(peer);
            let mut addresses = self.addresses.lock();
            let open = addresses.entry(address).or_default();
            if *open >= self.limit_per_address {
                drop(addresses);
                return Err(Full::Address);
            }
            *open += 1;
            admitted.address = Some(address);
        }
        Ok(admitted)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.admission.open.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = self.address else { return };
        let mut addresses = self.admission.addresses.lock();
        if let Some(open) = addresses.get_mut(&address) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                addresses.remove(&address);
            }
        }
    }
}

/// What counts as one address: of IPv6 a whole /64, which is one subscriber's.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// One core's dealings with those who aren't let in.
#[derive(Default)]
pub(crate) struct Refusals {
    leaving: Cell<usize>,
    untold: Cell<u64>,
    told: Cell<Option<Instant>>,
}

impl Refusals {
    /// Notes a refusal.
    pub(crate) fn note(&self, full: Full, peer: IpAddr) {
        self.untold.set(self.untold.get() + 1);
        if self.told.get().is_none_or(|told| told.elapsed() > QUIET) {
            tracing::warn!(connections = self.untold.take(), last = %peer, reason = full.message(), "connections refused");
            self.told.set(Some(Instant::now()));
        }
    }

    /// Says `answer` to somebody who isn't let in, and closes; at once if too
    /// many others are being told.
    pub(crate) async fn turn_away(&self, stream: TcpStream, answer: &[u8]) {
        if self.leaving.get() < FAREWELLS {
            self.leaving.set(self.leaving.get() + 1);
            say_farewell(stream, answer).await;
            self.leaving.set(self.leaving.get() - 1);
        }
    }
}

async fn say_farewell(mut stream: TcpStream, answer: &[u8]) {
    let farewell = async {
        stream.write_all(answer).await?;
        stream.shutdown().await?;
        // What was sent must be read, or the operating system throws the answer away.
        let mut rest = [0; 4096];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<_, io::Error>(())
    };
    let _ = timeout(FAREWELL, farewell).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(limit: usize, limit_per_address: usize) -> Arc<Admission> {
        let options = GatewayOptions {
            max_connections: limit,
            max_connections_per_address: limit_per_address,
            trusted_proxies: TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]),
            ..GatewayOptions::new("127.0.0.1:0".parse().unwrap())
        };
        Admission::new(&options)
    }

    #[test]
    fn what_is_refused_or_closed_leaves_no_trace() {
        let admission = admission(3, 2);
        let admit = |peer: &str| admission.admit(peer.parse().unwrap());
        let first = admit("192.0.2.1").ok().unwrap();
        let _second = admit("::ffff:192.0.2.1").ok().unwrap();
        assert_eq!(admit("192.0.2.1").err(), Some(Full::Address));
        let third = admit("192.0.2.2").ok().unwrap();
        assert_eq!(admit("192.0.2.3").err(), Some(Full::Process));
        drop(third);
        assert!(admit("192.0.2.3").is_ok());
        assert_eq!(admission.addresses.lock().len(), 1);
        drop(first);
        assert!(admit("192.0.2.1").is_ok());
    }

    #[test]
    fn a_subscribers_many_addresses_are_one_and_a_proxys_connections_are_everybodys() {
        let admission = admission(10, 1);
        let admit = |peer: &str| admission.admit(peer.parse().unwrap());
        let _one = admit("2001:db8:1:2::1").ok().unwrap();
        assert_eq!(admit("2001:db8:1:2:ffff::2").err(), Some(Full::Address));
        assert!(admit("2001:db8:1:3::1").is_ok());
        let _proxied: Vec<_> = (0..5).map(|_| admit("10.1.2.3").ok().unwrap()).collect();
    }
}
