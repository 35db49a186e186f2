//! The audit log: search, export, and proving that nobody touched it. Events
//! are written by changes (`crate::change`) and removed by `crate::retention`,
//! from the start of a chain; no function here or below alters one.

mod anchor;
mod export;
mod head;
mod list;
mod query;
mod verify;

pub use anchor::SignedAnchor;
pub(crate) use anchor::anchor_message;
pub use export::{Export, ExportFormat, export};
pub use head::{PublicKey, SignedHead};
pub use keyward_store::audit::AuditRecord;
pub use list::{ListAuditEvents, list};
pub use query::AuditQuery;
pub use verify::{Broken, Reason, Verification, verify, verify_database, verify_database_by, verify_export};
pub(crate) use verify::{Mark, prove, prove_segment};
