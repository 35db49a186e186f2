//! Proving an exported file.

use std::io::{self, BufRead, Read};

use keyward_domain::audit::{AuditEvent, CHAIN_START, ChainHash};

use super::{Broken, Reason, Verification, Walk};
use crate::audit::{
    PublicKey, SignedAnchor, SignedHead,
    export::jsonl::{Line, read_line},
};

/// Longest line that is read: far longer than any event.
const MAX_LINE: u64 = 16 * 1024 * 1024;

/// Proves a JSONL export: that its events follow each other without a gap, from
/// the first one that it holds up to the signed head in its last line. Without
/// `trusted`, the head is proven by the key that stands beside it, which shows
/// only that whoever has that key wrote the file.
pub fn verify_export(file: impl BufRead, trusted: Option<&PublicKey>) -> io::Result<Verification> {
    let mut reading = Reading { walk: None, head: None, anchor: None };
    let taken = reading.read(file)?;
    let Reading { walk, head, anchor } = reading;
    // A file without events says where it should end, if anything.
    let mut walk = walk.unwrap_or_else(|| {
        Walk::from_start(head.as_ref().map_or_else(String::new, |head| head.organization_id.clone()))
    });
    walk.anchor = anchor;
    Ok(walk.finish(taken, head, trusted))
}

struct Reading {
    walk: Option<Walk>,
    head: Option<SignedHead>,
    anchor: Option<SignedAnchor>,
}

impl Reading {
    fn read(&mut self, mut file: impl BufRead) -> io::Result<Result<(), Broken>> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if Read::by_ref(&mut file).take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
                return Ok(Ok(()));
            }
            if let Err(broken) = self.take(line.trim_ascii()) {
                return Ok(Err(broken));
            }
        }
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Broken> {
        let line = read_line(line).ok_or_else(|| self.broken(Reason::Unreadable))?;
        if self.head.is_some() {
            return Err(self.broken(Reason::BeyondHead));
        }
        match line {
            Line::Event(text, previous, hash) => self.take_event(text, previous, hash),
            Line::Head(head, anchor) => {
                self.head = Some(*head);
                self.anchor = anchor;
                Ok(())
            }
        }
    }

    fn take_event(&mut self, text: &str, previous: ChainHash, hash: ChainHash) -> Result<(), Broken> {
        let unreadable = self.broken(Reason::Unreadable);
        let walk = match &mut self.walk {
            Some(walk) => walk,
            None => {
                let first: AuditEvent = serde_json::from_str(text).map_err(|_| unreadable)?;
                self.walk.insert(starting_at(&first, previous)?)
            }
        };
        let (_, before) = walk.verifier.head();
        let event = walk.take(text, &hash)?;
        if before == previous {
            walk.hold(event.at_ms);
            return Ok(());
        }
        Err(Broken { sequence: event.sequence, id: Some(event.id), reason: Reason::Changed })
    }

    fn broken(&self, reason: Reason) -> Broken {
        match &self.walk {
            Some(walk) => walk.broken(None, reason),
            None => Broken { sequence: 1, id: None, reason },
        }
    }
}

/// A chain whose first event here is `first`.
fn starting_at(first: &AuditEvent, previous: ChainHash) -> Result<Walk, Broken> {
    let broken = |reason| Broken { sequence: first.sequence, id: Some(first.id.clone()), reason };
    if first.sequence < 1 {
        return Err(broken(Reason::Unreadable));
    }
    if first.sequence == 1 && previous != CHAIN_START {
        return Err(broken(Reason::Changed));
    }
    Ok(Walk::after(first.organization_id.clone(), (first.sequence - 1, previous)))
}
