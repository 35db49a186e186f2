//! Audit events of what somebody may repeat as often as they like, such as a
//! wrong password: the first is written at once, further ones of the same kind
//! are counted and written as one event with `count` when the minute is over.
//!
//! Noting only touches memory, so that the answer's time doesn't tell whether
//! there was anything to write; a task writes. However many kinds of things
//! somebody makes up, memory and the log grow by a bounded number a minute:
//! what is beyond it is counted together.

use std::{collections::HashMap, time::Duration};

use jiff::SignedDuration;
use keyward_domain::{
    Timestamp,
    actor::{Actor, Identity},
    audit::Outcome,
    id::OrganizationId,
    network::ClientNetwork,
};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Keyward, Result, change::Event};

/// For how long occurrences of one kind are counted into one event.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// How many kinds of one person's are told apart.
const KINDS_OF_ONE: usize = 16;
/// How many kinds are told apart altogether.
const KINDS: usize = 4096;
/// How often the task looks whose minute is over.
const SWEEP: Duration = Duration::from_secs(5);

/// Something that happened, and may happen again and again.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence {
    /// Who did it, and in which organization.
    pub actor: Actor,
    /// One of the types that Keyward writes.
    pub event_type: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What it was done to: ids.
    pub targets: Vec<String>,
    /// What the event says besides, such as the reason. Few different ones.
    pub details: Map<String, Value>,
}

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    organization: OrganizationId,
    event_type: &'static str,
    outcome: &'static str,
    who: Option<Uuid>,
    /// `None`: this and all that follow are of somebody who does too many
    /// different things.
    what: Option<(Option<ClientNetwork>, Vec<String>, String)>,
}

#[derive(Debug)]
struct Counted {
    /// The last one: it stands for all.
    last: Occurrence,
    /// When counting began, and when it last happened.
    since: Timestamp,
    until: Timestamp,
    /// How many aren't written.
    count: u64,
    /// Whether one was written already, so that the others wait.
    waits: bool,
}

/// What is counted at the moment.
#[derive(Debug, Default)]
pub(crate) struct Aggregate {
    kinds: Mutex<HashMap<Kind, Counted>>,
    /// Something new is there.
    noted: Notify,
    /// Held while writing, so that whoever waits for it finds all written.
    writing: tokio::sync::Mutex<()>,
}

impl Aggregate {
    fn note(&self, occurrence: Occurrence, now: Timestamp) {
        let kinds = &mut *self.kinds.lock();
        let mut kind = Kind::of(&occurrence);
        if !kinds.contains_key(&kind) {
            let same = |other: &&Kind| other.organization == kind.organization && other.who == kind.who;
            if kinds.len() >= KINDS {
                // One such a kind an organization, whoever it is.
                kind = Kind { who: None, what: None, ..kind };
            } else if kinds.keys().filter(same).count() >= KINDS_OF_ONE {
                kind.what = None;
            }
        }
        let counted = kinds.entry(kind).or_insert_with(|| Counted {
            last: occurrence.clone(),
            since: now,
            until: now,
            count: 0,
            waits: false,
        });
        if counted.count == 0 && !counted.waits {
            self.noted.notify_one();
        }
        (counted.last, counted.until) = (occurrence, now);
        counted.count += 1;
    }

    /// Takes what is to be written now; `all`: also what isn't over yet.
    fn take(&self, now: Timestamp, all: bool) -> Vec<(Kind, Counted)> {
        let mut due = Vec::new();
        self.kinds.lock().retain(|kind, counted| {
            let is_over = all || now.duration_since(counted.since) >= WINDOW;
            if counted.count == 0 && is_over {
                return false;
            }
            if counted.count > 0 && (is_over || !counted.waits) {
                due.push((kind.clone(), Counted { last: counted.last.clone(), ..*counted }));
                counted.count = 0;
                counted.waits = true;
                if is_over {
                    counted.since = now;
                }
            }
            true
        });
        due
    }

    /// Counts again what couldn't be written.
    fn give_back(&self, unwritten: Vec<(Kind, Counted)>) {
        let kinds = &mut *self.kinds.lock();
        for (kind, counted) in unwritten {
            match kinds.get_mut(&kind) {
                Some(present) => {
                    present.count += counted.count;
                    present.since = counted.since;
                    present.waits = counted.waits;
                }
                None => {
                    kinds.insert(kind, counted);
                }
            }
        }
    }
}

impl Kind {
    fn of(occurrence: &Occurrence) -> Self {
        let who = match &occurrence.actor.identity {
            Identity::User { id, .. } => Some(id.uuid()),
            Identity::AdminKey { id, .. } => Some(id.uuid()),
            Identity::System => None,
        };
        let network = occurrence.actor.origin.ip.map(ClientNetwork::of);
        let details = Value::Object(occurrence.details.clone()).to_string();
        Self {
            organization: occurrence.actor.organization,
            event_type: occurrence.event_type,
            outcome: occurrence.outcome.as_str(),
            who,
            what: Some((network, occurrence.targets.clone(), details)),
        }
    }
}

impl Keyward {
    /// Notes what is to be in the audit log soon.
    pub(crate) fn note(&self, occurrence: Occurrence) {
        self.aggregate.note(occurrence, self.now());
    }
}

/// Writes what is due; `all`: everything that was noted. When it answers,
/// nothing of that is in memory alone.
pub async fn write(keyward: &Keyward, all: bool) -> Result<()> {
    let _writing = keyward.aggregate.writing.lock().await;
    let mut due = keyward.aggregate.take(keyward.now(), all);
    while let Some((kind, counted)) = due.pop() {
        if let Err(error) = write_one(keyward, &kind, &counted).await {
            due.push((kind, counted));
            keyward.aggregate.give_back(due);
            return Err(error);
        }
    }
    Ok(())
}

async fn write_one(keyward: &Keyward, kind: &Kind, counted: &Counted) -> Result<()> {
    let occurrence = &counted.last;
    let mut details = occurrence.details.clone();
    if counted.count > 1 {
        details.insert("count".into(), counted.count.into());
        details.insert("since".into(), counted.since.as_second().into());
        details.insert("until".into(), counted.until.as_second().into());
    }
    let mut targets = occurrence.targets.clone();
    if kind.what.is_none() {
        // The last of them stands there, but they were of several kinds.
        details.insert("of_several_kinds".into(), true.into());
        if kind.who.is_none() {
            targets.clear();
        }
    }
    let mut change = keyward.record(&occurrence.actor).await?;
    let event = Event::on(occurrence.event_type, "", &(), &details).ended(occurrence.outcome);
    change.audit(Event { targets, ..event }).await?;
    change.commit().await
}

/// Writes what is noted when it is due, until `stop`; then all of it.
pub async fn keep_writing(keyward: Keyward, stop: CancellationToken) {
    let noted = async || {
        // Either is a reason to look.
        let _ = tokio::time::timeout(SWEEP, keyward.aggregate.noted.notified()).await;
    };
    while stop.run_until_cancelled(noted()).await.is_some() {
        if let Err(error) = write(&keyward, false).await {
            tracing::warn!(%error, "audit events of failed attempts can't be written: it is tried again");
            stop.run_until_cancelled(tokio::time::sleep(SWEEP)).await;
        }
    }
    if let Err(error) = write(&keyward, true).await {
        tracing::warn!(%error, "the last audit events of failed attempts couldn't be written");
    }
}

#[cfg(test)]
mod tests {
    use keyward_domain::{actor::RequestOrigin, clock::from_millis, id::UserId, organization::Email};

    use super::*;

    fn occurrence(user: u128, address: [u8; 4], reason: &str) -> Occurrence {
        let organization = OrganizationId::from_uuid(Uuid::from_u128(1));
        let identity = Identity::User {
            id: UserId::from_uuid(Uuid::from_u128(user)),
            email: Email::from_stored("ada@example.com".into()),
            session: None,
        };
        let origin = RequestOrigin { ip: Some(address.into()), ..RequestOrigin::default() };
        Occurrence {
            actor: Actor { organization, identity, access: keyward_domain::access::Access::default(), origin },
            event_type: "login.failed",
            outcome: Outcome::Failed,
            targets: vec!["user_1".into()],
            details: Map::from_iter([("reason".to_owned(), Value::from(reason))]),
        }
    }

    fn at(second: i64) -> Timestamp {
        from_millis(1_767_225_600_000 + second * 1000)
    }

    fn counts(taken: &[(Kind, Counted)]) -> Vec<u64> {
        taken.iter().map(|(_, counted)| counted.count).collect()
    }

    #[test]
    fn the_first_goes_at_once_and_the_others_when_the_minute_is_over() {
        let aggregate = Aggregate::default();
        let note = |second| aggregate.note(occurrence(1, [192, 0, 2, 1], "wrong_password"), at(second));
        note(0);
        assert_eq!(counts(&aggregate.take(at(0), false)), [1]);
        (1..=40).for_each(note);
        assert!(aggregate.take(at(59), false).is_empty());
        assert_eq!(counts(&aggregate.take(at(60), false)), [40]);
        (61..=70).for_each(note);
        assert!(aggregate.take(at(119), false).is_empty(), "one a minute, however long it goes on");
        assert_eq!(counts(&aggregate.take(at(120), false)), [10]);
        assert!(aggregate.take(at(179), false).is_empty());
        assert!(aggregate.take(at(180), false).is_empty() && aggregate.kinds.lock().is_empty());
        note(200);
        assert_eq!(counts(&aggregate.take(at(200), false)), [1], "all is forgotten");
        note(201);
        assert_eq!(counts(&aggregate.take(at(201), true)), [1]);
    }

    #[test]
    fn another_person_network_or_reason_is_another_kind() {
        let aggregate = Aggregate::default();
        for other in [
            occurrence(1, [192, 0, 2, 1], "wrong_password"),
            occurrence(2, [192, 0, 2, 1], "wrong_password"),
            occurrence(1, [192, 0, 2, 2], "wrong_password"),
            occurrence(1, [192, 0, 2, 1], "no_password"),
        ] {
            aggregate.note(other, at(0));
        }
        assert_eq!(counts(&aggregate.take(at(0), false)), [1, 1, 1, 1]);
    }

    #[test]
    fn what_cannot_be_written_is_counted_on() {
        let aggregate = Aggregate::default();
        let note = |second| aggregate.note(occurrence(1, [192, 0, 2, 1], "wrong_password"), at(second));
        note(0);
        let taken = aggregate.take(at(0), false);
        note(1);
        aggregate.give_back(taken);
        assert_eq!(counts(&aggregate.take(at(2), false)), [2]);
    }

    #[test]
    fn memory_and_events_are_bounded_and_nothing_is_lost() {
        let aggregate = Aggregate::default();
        for number in 0..10_000u32 {
            let [_, a, b, c] = number.to_be_bytes();
            aggregate.note(occurrence(7, [10, a, b, c], "wrong_password"), at(0));
        }
        assert_eq!(aggregate.kinds.lock().len(), KINDS_OF_ONE + 1);
        for user in 0..10_000 {
            aggregate.note(occurrence(user, [192, 0, 2, 1], "wrong_password"), at(0));
        }
        assert_eq!(aggregate.kinds.lock().len(), KINDS + 1);
        assert_eq!(counts(&aggregate.take(at(0), false)).iter().sum::<u64>(), 20_000);
    }
}
