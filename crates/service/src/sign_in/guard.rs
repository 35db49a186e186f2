//! Who must wait before they try a password again. Failures are counted for a
//! client's network, and for a network together with an address: never for an
//! address alone, so that nobody can lock anybody out from elsewhere.

use std::net::IpAddr;

use jiff::SignedDuration;
use keyward_domain::{
    Timestamp,
    network::ClientNetwork,
    secret::SecretDigest,
    throttle::{Counted, Limit, Throttle},
};
use parking_lot::Mutex;

use crate::{Error, Keyward, Result};

/// What is allowed to one network with one address.
const PAIR: Limit = Limit {
    free: 5,
    window: SignedDuration::from_mins(15),
    pause: SignedDuration::from_secs(30),
    longest_pause: SignedDuration::from_mins(15),
};
/// What is allowed to one network with all addresses.
const NETWORK: Limit = Limit { free: 50, ..PAIR };
/// For how many of each it is counted.
const CAPACITY: usize = 65_536;

/// The address as it was typed, known by its digest: what is no address is
/// counted like one, and no address stands in memory.
type Address = SecretDigest;

/// Counts what goes wrong.
#[derive(Debug)]
pub(crate) struct Guard(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    pairs: Throttle<(Option<ClientNetwork>, Address)>,
    networks: Throttle<Option<ClientNetwork>>,
}

impl Default for Guard {
    fn default() -> Self {
        let (pairs, networks) = (Throttle::new(PAIR, CAPACITY), Throttle::new(NETWORK, CAPACITY));
        Self(Mutex::new(Counts { pairs, networks }))
    }
}

/// An attempt that is under way. It has failed unless it is settled otherwise.
#[must_use = "settle it, or it has failed"]
pub(crate) struct Attempt<'a> {
    guard: &'a Guard,
    network: Option<ClientNetwork>,
    address: Address,
    counted: (Counted, Counted),
}

impl Keyward {
    /// Begins an attempt to prove with a password to be whoever has `address`;
    /// refuses it while they must wait.
    pub(crate) fn begin_attempt(&self, ip: Option<IpAddr>, address: &str) -> Result<Attempt<'_>> {
        let address = self.vault.pepper.digest(&format!("address:{}", address.trim().to_lowercase()));
        self.guard.begin(ip.map(ClientNetwork::of), address, self.now())
    }
}

impl Guard {
    fn begin(&self, network: Option<ClientNetwork>, address: Address, now: Timestamp) -> Result<Attempt<'_>> {
        let Counts { pairs, networks } = &mut *self.0.lock();
        let pair = (network, address);
        if let Some(wait) = pairs.wait(&pair, now).max(networks.wait(&network, now)) {
            let retry_after = u64::try_from(wait.as_secs()).unwrap_or(0) + u64::from(wait.subsec_nanos() > 0);
            return Err(Error::TooManyAttempts { retry_after });
        }
        let counted = (pairs.count(&pair, now), networks.count(&network, now));
        Ok(Attempt { guard: self, network, address, counted })
    }
}

impl Attempt<'_> {
    /// Counts the attempt by how it ended: one that went well makes up for all
    /// before it, one that was wrong counts, and what had another reason is as
    /// if it had never been.
    pub fn settle<T>(self, outcome: &Result<T>) {
        let Self { guard, network, address, counted } = self;
        let Counts { pairs, networks } = &mut *guard.0.lock();
        let pair = (network, address);
        match outcome {
            Ok(_) => {
                pairs.clear(&pair);
                networks.take_back(&network, counted.1);
            }
            Err(
                Error::NotSignedIn { code: "invalid_credentials" | "invalid_second_factor", .. }
                | Error::Forbidden { code: "wrong_password", .. },
            ) => {}
            Err(_) => {
                pairs.take_back(&pair, counted.0);
                networks.take_back(&network, counted.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use keyward_domain::clock::from_millis;

    use super::*;
    use crate::sign_in::invalid_credentials;

    const NOW: i64 = 1_767_225_600_000;

    fn attempt(guard: &Guard, network: u8, address: u8, outcome: &Result<()>) -> Result<()> {
        let network = Some(ClientNetwork::of([192, 0, 2, network].into()));
        guard.begin(network, SecretDigest([address; 32]), from_millis(NOW))?.settle(outcome);
        Ok(())
    }

    #[test]
    fn who_fails_waits_and_nobody_else_does() {
        let (guard, wrong) = (Guard::default(), Err(invalid_credentials()));
        assert!((0..5).all(|_| attempt(&guard, 1, 1, &wrong).is_ok()));
        let refused = attempt(&guard, 1, 1, &Ok(()));
        assert!(matches!(refused, Err(Error::TooManyAttempts { retry_after: 30 })), "{refused:?}");
        // The same address from elsewhere, and another address from here.
        attempt(&guard, 2, 1, &Ok(())).unwrap();
        attempt(&guard, 1, 2, &Ok(())).unwrap();
        assert!(attempt(&guard, 1, 1, &Ok(())).is_err());
    }

    #[test]
    fn a_network_that_tries_many_addresses_waits_altogether() {
        let (guard, wrong) = (Guard::default(), Err(invalid_credentials()));
        assert!((0..50).all(|address| attempt(&guard, 1, address, &wrong).is_ok()));
        assert!(attempt(&guard, 1, 99, &Ok(())).is_err());
        attempt(&guard, 2, 99, &Ok(())).unwrap();
    }

    #[test]
    fn what_goes_well_or_has_another_reason_does_not_count() {
        let (guard, wrong) = (Guard::default(), Err(invalid_credentials()));
        for _ in 0..100 {
            attempt(&guard, 1, 1, &Ok(())).unwrap();
            attempt(&guard, 1, 2, &Err(Error::Busy)).unwrap();
            attempt(&guard, 1, 3, &Err(crate::sign_in::second_factor_required())).unwrap();
        }
        assert!((0..4).all(|_| attempt(&guard, 1, 1, &wrong).is_ok()));
        attempt(&guard, 1, 1, &Ok(())).unwrap();
        assert!((0..5).all(|_| attempt(&guard, 1, 1, &wrong).is_ok()));
    }
}
