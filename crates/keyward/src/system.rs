//! The machine's clock and randomness: the only place that reads them.

use std::cell::RefCell;

use keyward_domain::{Clock, Randomness, Timestamp};

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock comes from")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's source of random bytes.
#[derive(Debug, Clone, Copy)]
pub struct SystemRandomness;

/// Up to this many bytes are taken from what a thread has asked for ahead: the
/// ids of calls, each of which would ask the operating system otherwise. Secrets
/// are longer and never lie about before they are made.
const SMALL: usize = 16;

thread_local! {
    /// Random bytes that nobody has seen yet; each is used once.
    static AHEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > SMALL {
            return ask(bytes);
        }
        AHEAD.with_borrow_mut(|ahead| {
            if ahead.len() < bytes.len() {
                ahead.resize(64 * SMALL, 0);
                ask(ahead);
            }
            let rest = ahead.len() - bytes.len();
            bytes.copy_from_slice(&ahead[rest..]);
            ahead.truncate(rest);
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where randomness comes from")]
#[expect(clippy::expect_used, reason = "without randomness no secret may be made, and there is no going on")]
fn ask(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_bytes_come_twice() {
        let mut seen = HashSet::new();
        for length in [16, 10, 16, 9, 32].into_iter().cycle().take(2000) {
            let mut bytes = vec![0; length];
            SystemRandomness.fill(&mut bytes);
            assert!(bytes.iter().any(|byte| *byte != 0));
            assert!(seen.insert(bytes[..8].to_vec()));
        }
    }
}
