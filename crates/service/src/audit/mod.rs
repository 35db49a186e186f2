//! The audit log: search, export, and proving that nobody touched it. Events
//! are written by changes (`crate::change`) and by nothing else; no function
//! here or below alters or removes one.

mod export;
mod head;
mod list;
mod query;
mod verify;

pub use export::{Export, ExportFormat, export};
pub use head::{PublicKey, SignedHead};
pub use keyward_store::audit::AuditRecord;
pub use list::{ListAuditEvents, list};
pub use query::AuditQuery;
pub use verify::{Broken, Reason, Verification, verify, verify_database, verify_database_by, verify_export};
