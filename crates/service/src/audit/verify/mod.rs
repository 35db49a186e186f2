//! Proving the audit log untouched: in a database, or in an exported file.
//! Neither needs the master key, so an auditor can do it.
//!
//! What it shows: every event is what was written, none is missing or out of
//! place, and the last one is what the installation signed. Where retention
//! removed the start of a chain, it left a signed anchor: what is left must follow
//! that, and nothing else explains a missing start. What it can't show by itself: that a whole log was set back to an earlier state together with
//! its old head. Compare with the head of an earlier export for that.

mod database;
mod file;

pub(crate) use database::{Mark, prove, prove_segment};
pub use database::{verify, verify_database, verify_database_by};
pub use file::verify_export;
use keyward_domain::{
    Timestamp,
    audit::{AuditEvent, CHAIN_START, ChainBroken, ChainHash, ChainVerifier},
    clock::from_millis,
};

use super::{PublicKey, SignedAnchor, SignedHead};

/// What proving a chain showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Whose chain it is, `org_…`; empty if a file doesn't say.
    pub organization_id: String,
    /// Sequence number of the first event; more than 1 if the file begins later,
    /// or retention removed what was before.
    pub first_sequence: i64,
    /// The last event that retention removed; in a file it may lie before those
    /// that are left out.
    pub anchor: Option<SignedAnchor>,
    /// How many events hold together, from the first on.
    pub events: i64,
    /// When the first and the last of these happened; `None` if there are none.
    pub period: Option<(Timestamp, Timestamp)>,
    /// The signed end.
    pub head: Option<SignedHead>,
    /// The first thing that is wrong.
    pub broken: Option<Broken>,
}

impl Verification {
    /// Whether everything that is there is proven.
    pub const fn holds(&self) -> bool {
        self.broken.is_none()
    }

    /// Whether events before the first one aren't there.
    pub const fn is_partial(&self) -> bool {
        self.first_sequence > 1
    }

    /// Whether it was retention that removed just what was before the first one.
    pub fn begins_at_anchor(&self) -> bool {
        self.anchor.as_ref().is_some_and(|anchor| anchor.sequence.saturating_add(1) == self.first_sequence)
    }
}

/// Where a chain breaks first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {sequence}{}: {reason}", .id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default())]
pub struct Broken {
    /// The place in the chain.
    pub sequence: i64,
    /// Id of the event that stands there, if it can be told.
    pub id: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with an event or a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Another event stands where it should.
    #[error("it is missing or out of place: event {found} stands where it should")]
    Missing {
        /// That event's sequence number.
        found: i64,
    },
    /// The log ends before its head.
    #[error("it is missing: the log was cut off before its signed head, event {head}")]
    CutOff {
        /// The head's sequence number.
        head: i64,
    },
    /// It, or its hash, isn't what was written.
    #[error("it was changed after it was written")]
    Changed,
    /// It can't be read at all.
    #[error("it can't be read")]
    Unreadable,
    /// A column isn't what the event says.
    #[error("its column {0} was changed")]
    Column(&'static str),
    /// The targets that it is found by aren't its own.
    #[error("the targets that it is found by were changed")]
    Targets,
    /// It belongs to another organization.
    #[error("it is another organization's")]
    Foreign,
    /// It follows the head.
    #[error("it stands behind the signed head")]
    BeyondHead,
    /// The anchor's signature is wrong.
    #[error("the anchor that says that retention removed what was before is forged: its signature is wrong")]
    AnchorForged,
    /// The anchor isn't this chain's.
    #[error("the anchor that says what retention removed isn't that of this chain")]
    AnchorDiffers,
    /// There is no head.
    #[error("the signed head, which should follow here, is missing")]
    HeadMissing,
    /// The head's signature is wrong.
    #[error("the head that names it last is forged: its signature is wrong")]
    HeadForged,
    /// The head isn't this chain's.
    #[error("the signed head isn't that of this chain")]
    HeadDiffers,
    /// The head was signed with another key than the expected one.
    #[error("the head was signed with another key than the expected one")]
    OtherKey,
}

impl Reason {
    /// Machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::CutOff { .. } => "cut_off",
            Self::Changed => "changed",
            Self::Unreadable => "unreadable",
            Self::Column(_) => "column_changed",
            Self::Targets => "targets_changed",
            Self::Foreign => "foreign",
            Self::BeyondHead => "beyond_head",
            Self::AnchorForged => "anchor_forged",
            Self::AnchorDiffers => "anchor_differs",
            Self::HeadMissing => "head_missing",
            Self::HeadForged => "head_forged",
            Self::HeadDiffers => "head_differs",
            Self::OtherKey => "other_key",
        }
    }
}

/// Follows a chain event by event.
struct Walk {
    organization_id: String,
    first_sequence: i64,
    /// The hash that the first event follows.
    before: ChainHash,
    anchor: Option<SignedAnchor>,
    /// When the first and the last event happened that hold, in milliseconds.
    period: Option<(i64, i64)>,
    verifier: ChainVerifier,
}

impl Walk {
    fn from_start(organization_id: String) -> Self {
        Self::after(organization_id, (0, CHAIN_START))
    }

    /// Begins behind a known event.
    fn after(organization_id: String, (sequence, hash): (i64, ChainHash)) -> Self {
        let verifier = ChainVerifier::starting_after(sequence, hash);
        Self {
            organization_id,
            first_sequence: sequence.saturating_add(1),
            before: hash,
            anchor: None,
            period: None,
            verifier,
        }
    }

    /// The sequence number that comes next.
    const fn expected(&self) -> i64 {
        self.verifier.head().0.saturating_add(1)
    }

    /// What is wrong with whatever stands at the next place.
    fn broken(&self, id: Option<String>, reason: Reason) -> Broken {
        Broken { sequence: self.expected(), id, reason }
    }

    fn take(&mut self, text: &str, hash: &ChainHash) -> Result<AuditEvent, Broken> {
        match self.verifier.next(text, hash) {
            Ok(event) if event.organization_id == self.organization_id => Ok(event),
            Ok(event) => Err(Broken { sequence: event.sequence, id: Some(event.id), reason: Reason::Foreign }),
            Err(broken) => {
                let reason = match broken {
                    ChainBroken::Gap { found, .. } => Reason::Missing { found },
                    ChainBroken::Changed => Reason::Changed,
                    ChainBroken::Unreadable => Reason::Unreadable,
                };
                let id = match reason {
                    Reason::Changed => serde_json::from_str::<AuditEvent>(text).ok().map(|event| event.id),
                    _ => None,
                };
                Err(self.broken(id, reason))
            }
        }
    }

    /// Takes down when an event happened of which everything holds.
    const fn hold(&mut self, at_ms: i64) {
        self.period = Some(match self.period {
            Some((first, _)) => (first, at_ms),
            None => (at_ms, at_ms),
        });
    }

    /// Compares the end with the head, and answers what was shown.
    fn finish(self, taken: Result<(), Broken>, head: Option<SignedHead>, trusted: Option<&PublicKey>) -> Verification {
        let taken = self.check_anchor(head.as_ref(), trusted).and(taken);
        let end = taken.as_ref().map_or_else(|broken| broken.sequence, |()| self.expected());
        let events = (end - self.first_sequence).max(0);
        let broken = taken.and_then(|()| self.check_head(head.as_ref(), trusted)).err();
        let Self { organization_id, first_sequence, anchor, period, .. } = self;
        let period = period.filter(|_| events > 0).map(|(first, last)| (from_millis(first), from_millis(last)));
        Verification { organization_id, first_sequence, anchor, events, period, head, broken }
    }

    /// Whether what the anchor says goes with where the events begin.
    fn check_anchor(&self, head: Option<&SignedHead>, trusted: Option<&PublicKey>) -> Result<(), Broken> {
        let Some(anchor) = &self.anchor else { return Ok(()) };
        // That the head's key is the trusted one is checked with the head.
        let Some(key) = head.map(|head| &head.public_key).or(trusted) else { return Ok(()) };
        let next = anchor.sequence.saturating_add(1);
        let reason = if !anchor.is_genuine(key) {
            Reason::AnchorForged
        } else if anchor.organization_id != self.organization_id
            || next > self.first_sequence
            || next == self.first_sequence && anchor.hash != self.before
        {
            Reason::AnchorDiffers
        } else {
            return Ok(());
        };
        Err(Broken { sequence: self.first_sequence, id: None, reason })
    }

    fn check_head(&self, head: Option<&SignedHead>, trusted: Option<&PublicKey>) -> Result<(), Broken> {
        let Some(head) = head else { return Err(self.broken(None, Reason::HeadMissing)) };
        let (last, hash) = self.verifier.head();
        let at = |sequence, reason| Err(Broken { sequence, id: None, reason });
        if trusted.is_some_and(|key| *key != head.public_key) {
            return at(head.sequence, Reason::OtherKey);
        }
        if !head.is_genuine() {
            return at(head.sequence, Reason::HeadForged);
        }
        if head.organization_id != self.organization_id {
            return at(head.sequence, Reason::HeadDiffers);
        }
        match head.sequence {
            end if end > last => at(last + 1, Reason::CutOff { head: end }),
            end if end < last => at(end + 1, Reason::BeyondHead),
            end if head.hash != hash => at(end, Reason::HeadDiffers),
            _ => Ok(()),
        }
    }
}
