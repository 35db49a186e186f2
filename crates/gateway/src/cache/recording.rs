//! An answer on its way to the caller, written down as it goes by: what the
//! caller sees, and nothing of it unless it comes whole.

use std::sync::Arc;

use http::HeaderValue;
use keyward_domain::{clock::to_millis, id::ProjectId};

use super::{
    fingerprint::Fingerprint,
    store::{Kept, MAX_ANSWER},
};
use crate::core::Shared;

/// Under which name an answer is to be kept, and for how long.
pub(super) struct Ticket {
    pub(super) fingerprint: Fingerprint,
    pub(super) project: ProjectId,
    pub(super) generation: i64,
    pub(super) ttl_seconds: u64,
}

/// One answer that is being written down.
pub(crate) struct Recording {
    shared: Arc<Shared>,
    ticket: Ticket,
    content_type: Option<HeaderValue>,
    body: Vec<u8>,
    /// Bytes of the cache's memory that are held for it.
    held: usize,
    is_given_up: bool,
}

impl Recording {
    pub(super) const fn new(shared: Arc<Shared>, ticket: Ticket, content_type: Option<HeaderValue>) -> Self {
        Self { shared, ticket, content_type, body: Vec::new(), held: 0, is_given_up: false }
    }

    /// The next piece, as it is handed on.
    pub(crate) fn take(&mut self, piece: &[u8]) {
        if self.is_given_up || piece.is_empty() {
            return;
        }
        let length = self.body.len() + piece.len();
        // Room for as much again, as vectors grow.
        let wanted = if length <= self.held { 0 } else { length.max(2 * self.held).min(MAX_ANSWER) - self.held };
        if length > MAX_ANSWER || (wanted > 0 && !self.shared.cache.reserve(wanted)) {
            self.is_given_up = true;
            self.forget();
            return;
        }
        if wanted > 0 {
            self.held += wanted;
            self.body.reserve_exact(self.held - self.body.len());
        }
        self.body.extend_from_slice(piece);
    }

    /// The answer has come whole: from now on it is given.
    pub(crate) fn keep(mut self) {
        let body = std::mem::take(&mut self.body);
        if self.is_given_up || body.is_empty() {
            return;
        }
        let since = to_millis(self.shared.parts.clock.now());
        let lifetime = i64::try_from(self.ticket.ttl_seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        let answer = Kept {
            project: self.ticket.project,
            generation: self.ticket.generation,
            since,
            until: since.saturating_add(lifetime),
            content_type: self.content_type.take(),
            // Without the room that it didn't need.
            body: body.into_boxed_slice().into(),
        };
        self.shared.cache.keep(self.ticket.fingerprint, answer);
    }

    fn forget(&mut self) {
        self.body = Vec::new();
        self.shared.cache.release(std::mem::take(&mut self.held));
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.forget();
    }
}
