//! The gateway as its callers and its providers see it: real sockets on both
//! sides, a real journal, a key index filled by hand.
#![expect(clippy::unwrap_used, reason = "a test that can't go on stops")]
#![expect(clippy::expect_used, reason = "a test that can't go on stops")]
#![expect(clippy::panic, reason = "a test that can't go on stops")]

mod bodies;
mod books;
mod budgets;
mod cache;
mod cache_hostile;
mod caps;
mod checks;
mod cut;
mod decisions;
mod doors;
mod estimates;
mod failover;
mod failures;
mod forms;
mod full_disk;
mod hang_ups;
mod http2;
mod kept;
mod kept_lists;
mod limits;
mod media;
mod metrics;
mod models;
mod origins;
mod owed;
mod passing;
mod server;
mod shadow;
mod shadow_budgets;
mod streams;
mod support;
mod tls;
mod wire;
