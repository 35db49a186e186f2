//! Exporting the audit log: a stretch at a time, oldest first, up to the head
//! that stood when the export began. No connection is held while the reader
//! takes its time; if retention removes meanwhile what wasn't read yet, the
//! export breaks off rather than leave it out silently.

mod csv;
pub(super) mod jsonl;
mod ocsf;

use keyward_domain::{actor::Actor, id::OrganizationId, permission::Permission};
use keyward_store::audit::{self as store, AuditFilter, AuditRecord};

use super::{AuditQuery, SignedAnchor, SignedHead};
use crate::{Error, Keyward, Result};

/// Events read at once.
const STRETCH: i64 = 500;

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A JSON object a line, with the hashes and the signed head: can be proven.
    Jsonl,
    /// A table for spreadsheets.
    Csv,
    /// OCSF 1.2.0 events of the class 3004 (Entity Management), one a line.
    Ocsf,
}

/// An export that is under way.
pub struct Export {
    keyward: Keyward,
    organization: OrganizationId,
    filter: AuditFilter,
    format: ExportFormat,
    head: SignedHead,
    anchor: Option<SignedAnchor>,
    after: i64,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Opening,
    Events,
    Done,
}

/// Begins to export the events that match. In JSONL only an export whose events
/// reach without a gap up to the head can be proven: all of them, or all from
/// some moment on.
pub async fn export(keyward: &Keyward, actor: &Actor, query: AuditQuery, format: ExportFormat) -> Result<Export> {
    let (organization, filter) = (actor.organization, query.filter_for(actor, Permission::AuditExport)?);
    let mut snapshot = keyward.pool.snapshot().await?;
    let head = store::head(&mut snapshot.conn(), organization).await?;
    let anchor = store::anchor(&mut snapshot.conn(), organization).await?;
    drop(snapshot);
    let anchor = anchor.map(|anchor| SignedAnchor::of(organization, anchor));
    let head = SignedHead {
        organization_id: organization.to_string(),
        sequence: head.sequence,
        hash: head.hash,
        signature: head.signature,
        public_key: keyward.audit_public_key().into(),
    };
    let keyward = keyward.clone();
    Ok(Export { keyward, organization, filter, format, head, anchor, after: i64::MIN, stage: Stage::Opening })
}

impl Export {
    /// The next piece, in whole lines; `None` at the end. An export that
    /// answers an error is not complete.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if self.stage == Stage::Done {
            return Ok(None);
        }
        let mut piece = Vec::new();
        if self.stage == Stage::Opening && self.format == ExportFormat::Csv {
            csv::write_header(&mut piece);
        }
        let reach = (self.after, self.head.sequence);
        let mut snapshot = self.keyward.pool.snapshot().await?;
        let records = store::stretch(&mut snapshot.conn(), self.organization, &self.filter, reach, STRETCH).await?;
        let anchor = store::anchor(&mut snapshot.conn(), self.organization).await?;
        drop(snapshot);
        self.check_not_overtaken(anchor.map_or(0, |anchor| anchor.sequence))?;
        for record in &records {
            self.write(&mut piece, record);
            self.after = record.event.sequence;
        }
        let is_last = records.len() < usize::try_from(STRETCH).unwrap_or(usize::MAX);
        if is_last && self.format == ExportFormat::Jsonl {
            jsonl::write_head(&mut piece, &self.head, self.anchor.as_ref());
        }
        self.stage = if is_last { Stage::Done } else { Stage::Events };
        Ok((!piece.is_empty()).then_some(piece))
    }

    /// Refuses to go on where retention removed, since the export began, what
    /// wasn't read yet.
    fn check_not_overtaken(&self, anchor: i64) -> Result<()> {
        let at_start = self.anchor.as_ref().map_or(0, |anchor| anchor.sequence);
        if anchor <= at_start.max(self.after) {
            return Ok(());
        }
        Err(Error::Conflict {
            code: "export_overtaken",
            param: None,
            message: "Retention deleted events that were still to be exported. Export again.".into(),
        })
    }

    fn write(&self, piece: &mut Vec<u8>, record: &AuditRecord) {
        match self.format {
            ExportFormat::Jsonl => jsonl::write_event(piece, record),
            ExportFormat::Csv => csv::write_event(piece, record),
            ExportFormat::Ocsf => ocsf::write_event(piece, record),
        }
    }
}
