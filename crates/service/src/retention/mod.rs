//! How long data is kept: the organization's decision, what a run would delete,
//! and the runs themselves.
//!
//! The audit log loses whole, proven segments from the start of its chain and
//! nothing else: see [`run`].

mod find;
mod preview;
mod run;
mod update;

use keyward_domain::{Timestamp, clock::to_millis, id::OrganizationId};
use keyward_store::{Conn, audit as store};

pub use find::{Retention, find};
pub use preview::{Preview, preview};
pub use run::{keep_running, run, run_due};
pub use update::{UpdateRetention, update};

use crate::Result;

/// The start of the audit log that is older than `cut_off`: behind which
/// sequence number, up to which. An older event behind a newer one waits for it.
async fn expired(conn: &mut Conn<'_>, organization: OrganizationId, cut_off: Timestamp) -> Result<Option<(i64, i64)>> {
    let after = store::anchor(conn, organization).await?.map_or(0, |anchor| anchor.sequence);
    let through = match store::first_since(conn, organization, to_millis(cut_off)).await? {
        Some(first_kept) => first_kept.saturating_sub(1),
        None => store::head(conn, organization).await?.sequence,
    };
    Ok((through > after).then_some((after, through)))
}
