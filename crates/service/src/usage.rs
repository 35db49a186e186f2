//! From the usage journal into the counters of keys and the sums of minutes and
//! hours. The position up to which
//! records are counted is written in one transaction with the counters, and
//! read there again before the next batch: a record counts exactly once,
//! whenever the process or the database dies.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use keyward_domain::{
    Timestamp,
    clock::{from_millis, to_millis},
    id::{ApiKeyId, CredentialId, ProviderResourceId},
    price::{MAX_BATCH_COST_NANOS, MAX_COST_NANOS},
    usage::{CallKind, ServiceTier},
};
use keyward_store::{
    Conn, Pool,
    api_key_usage::{self, Used},
    credential, journal_position, provider_resource,
    usage_rollup::{self, Amounts, Rollup, Width},
};
use keyward_telemetry::journal::{Journal, ModelName, Position, UsageRecord};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Keyward, Result, budget};

/// How often the journal is settled when nobody asks.
const INTERVAL: Duration = Duration::from_millis(200);

/// Records of one transaction: few enough that a change doesn't wait long.
const BATCH: usize = 5_000;

/// Records that are summed up at a stretch: a tenth of a millisecond.
const UNINTERRUPTED: usize = 256;

/// How long single minutes are told apart, in milliseconds: eight days.
pub(crate) const MINUTES_KEPT_MS: i64 = 8 * 24 * 3600 * 1000;

/// After how many intervals old minutes are forgotten: a minute after the start,
/// then every hour.
const FIRST_TIDYING: u32 = 300;
const TIDYINGS: u32 = 18_000;

/// More tokens than one call has: a provider's nonsense doesn't fill a counter.
const MAX_TOKENS: u64 = 1_000_000_000;

/// More than one batch of calls has.
const MAX_BATCH_TOKENS: u64 = 1_000_000_000_000;

/// Of one file of the journal.
const SEGMENT_BYTES: u64 = 16 << 20;

/// A journal, and how much of it is in the counters.
pub(crate) struct Drainer {
    journal: Arc<Journal>,
    /// [`Position`] that is surely in the database; it may be further there.
    applied: AtomicI64,
    /// The segment up to which files were deleted. The lock makes one settling.
    discarded: Mutex<u32>,
    /// Whether the last settling failed.
    failing: watch::Sender<bool>,
}

impl Drainer {
    /// Learns where the database is in the journal, and lets the journal go on
    /// behind that.
    pub async fn open(pool: &Pool, journal: Arc<Journal>) -> Result<Self> {
        let mut transaction = pool.begin().await?;
        let applied = lock(&mut transaction, &journal).await?;
        transaction.commit().await?;
        journal.continue_after(applied)?;
        let applied = AtomicI64::new(applied.to_i64());
        Ok(Self { journal, applied, discarded: Mutex::new(0), failing: watch::Sender::new(false) })
    }

    fn applied(&self) -> Position {
        Position::from_i64(self.applied.load(Ordering::Acquire))
    }

    /// Remembers and tells how a settling went.
    fn note(&self, settled: &Result<()>) {
        let failed = settled.is_err();
        if self.failing.send_if_modified(|failing| std::mem::replace(failing, failed) != failed) {
            match settled {
                Ok(()) => tracing::info!("usage is counted again"),
                Err(error) => {
                    tracing::error!(%error, "usage can't be counted: the journal keeps it until it can");
                }
            }
        }
    }

    /// Ends when the last settling has failed.
    async fn fails(&self) {
        // Its sender is this drainer, so it can't be gone.
        let _ = self.failing.subscribe().wait_for(|failing| *failing).await;
    }

    /// Deletes files that are counted as a whole.
    fn discard(&self, discarded: &mut u32) {
        let applied = self.applied();
        if applied.segment() > *discarded {
            *discarded = applied.segment();
            if let Err(error) = self.journal.discard_before(applied) {
                tracing::warn!(%error, "counted usage can't be deleted from the journal");
            }
        }
    }
}

impl Keyward {
    /// Brings everything that is in the journal now into the counters. Costs
    /// two atomic loads when there is nothing new.
    pub async fn settle(&self) -> Result<()> {
        let Some(drainer) = &self.drainer else { return Ok(()) };
        let target = drainer.journal.position();
        if drainer.applied() >= target {
            return Ok(());
        }
        let mut discarded = drainer.discarded.lock().await;
        let settled = self.settle_up_to(drainer, target).await;
        drainer.note(&settled);
        settled?;
        drainer.discard(&mut discarded);
        Ok(())
    }

    async fn settle_up_to(&self, drainer: &Drainer, target: Position) -> Result<()> {
        while drainer.applied() < target {
            self.settle_batch(drainer).await?;
        }
        Ok(())
    }

    /// Settles again and again until `stop`, and once more then. What fails is
    /// logged and tried again.
    pub async fn settle_until(&self, stop: CancellationToken) {
        let mut until_tidied = FIRST_TIDYING;
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            let _ = self.settle().await;
            until_tidied -= 1;
            if until_tidied == 0 {
                until_tidied = TIDYINGS;
                if let Err(error) = self.forget_minutes().await {
                    tracing::warn!(%error, "usage of old minutes can't be forgotten: it is tried again within the hour");
                }
            }
        }
        let _ = self.settle().await;
    }

    /// How many bytes of the journal aren't surely in the counters yet; about,
    /// when they stand in several files.
    pub fn unsettled_bytes(&self) -> u64 {
        let Some(drainer) = &self.drainer else { return 0 };
        let (end, applied) = (drainer.journal.position(), drainer.applied());
        let files = u64::from(end.segment().saturating_sub(applied.segment()));
        (files * SEGMENT_BYTES + u64::from(end.offset())).saturating_sub(u64::from(applied.offset()))
    }

    /// Forgets the minutes that are too old; their hours stay.
    pub async fn forget_minutes(&self) -> Result<()> {
        let horizon = to_millis(self.now()).saturating_sub(MINUTES_KEPT_MS);
        let mut may_be_more = true;
        while may_be_more {
            let mut connection = self.pool.write().await?;
            may_be_more = usage_rollup::forget_minutes(&mut connection.conn(), horizon).await?;
        }
        Ok(())
    }

    /// Settles for a reader, who goes on with what the database has if that
    /// isn't possible. While it isn't, readers don't wait for each other's
    /// attempts: the next one is [`Self::settle_until`]'s.
    pub(crate) async fn settle_for_reader(&self) {
        let Some(drainer) = &self.drainer else { return };
        tokio::select! {
            biased;
            () = drainer.fails() => {}
            _ = self.settle() => {}
        }
    }

    async fn settle_batch(&self, drainer: &Drainer) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        let from = lock(&mut transaction, &drainer.journal).await?;
        // The end of a file that was just written: no disk is waited for.
        let batch = drainer.journal.read_from(from, BATCH)?;
        let conn = &mut transaction.conn();
        let sums = Sums::of(&count_once(conn, &batch.records).await?);
        // In the order of ids, so that two processes never wait for each other.
        for (key, used) in &sums.keys {
            api_key_usage::add(conn, *key, used).await?;
        }
        for (rollup, amounts) in &sums.rollups {
            usage_rollup::add(conn, rollup, amounts).await?;
        }
        if !self.pool.is_shared() {
            budget::drain(conn, &batch.records).await?;
        }
        for (credential_id, last_used_at) in &sums.credentials {
            credential::touch(conn, *credential_id, to_millis(*last_used_at)).await?;
        }
        let next = (batch.next.segment(), batch.next.offset());
        journal_position::put(conn, drainer.journal.id(), next).await?;
        transaction.commit().await?;
        self.spent.note(&batch.records);
        drainer.applied.store(batch.next.to_i64(), Ordering::Release);
        for damage in batch.damage {
            tracing::error!(%damage, "part of the usage journal can't be read: its calls aren't counted");
        }
        Ok(())
    }
}

async fn lock(transaction: &mut keyward_store::Transaction, journal: &Journal) -> Result<Position> {
    let start = (Position::START.segment(), Position::START.offset());
    let (segment, offset) = journal_position::lock(&mut transaction.conn(), journal.id(), start).await?;
    Ok(Position::new(segment, offset))
}

/// The records without what was told before: of a resource that several answers
/// tell of, the first one counts, on whatever node. Noted in the transaction that
/// adds it.
async fn count_once<'a>(conn: &mut Conn<'_>, records: &'a [UsageRecord]) -> Result<Cow<'a, [UsageRecord]>> {
    let told: BTreeMap<_, _> = records.iter().filter_map(|record| Some((record.resource?, record.at_ms))).collect();
    if told.is_empty() {
        return Ok(records.into());
    }
    let mut new = BTreeSet::new();
    // In the order of ids, as all that is written here.
    for (resource, at_ms) in told {
        if provider_resource::count(conn, ProviderResourceId::from_uuid(resource), at_ms).await? {
            new.insert(resource);
        }
    }
    let once = |record: &UsageRecord| match record.resource {
        None => Some(*record),
        Some(resource) if new.remove(&resource) => Some(*record),
        // The call itself counts.
        Some(_) if record.sent => Some(record.without_use()),
        Some(_) => None,
    };
    Ok(records.iter().filter_map(once).collect())
}

/// What a batch adds.
#[derive(Debug, Default)]
struct Sums {
    keys: BTreeMap<ApiKeyId, Used>,
    rollups: BTreeMap<Rollup, Amounts>,
    credentials: BTreeMap<CredentialId, Timestamp>,
}

/// Calls that go into the same rows. Nothing of it is allocated: there is one for
/// each record.
type Alike = (Uuid, i64, ModelName, CallKind, ServiceTier);

impl Sums {
    fn of(records: &[UsageRecord]) -> Self {
        let (mut sums, mut alike) = (Self::default(), HashMap::new());
        // Calls may wait for this processor; nobody waits for these sums.
        for some in records.chunks(UNINTERRUPTED) {
            some.iter().for_each(|record| sums.add(record, &mut alike));
            thread::yield_now();
        }
        for (count, ((key, minute, name, kind, tier), amounts)) in alike.into_iter().enumerate() {
            if count % UNINTERRUPTED == 0 {
                thread::yield_now();
            }
            let (provider, model) = name.parts().unwrap_or_default();
            // Callers name models, and PostgreSQL has no text with a NUL in it.
            let (provider, model) = (provider.to_owned(), model.replace(char::is_control, "\u{fffd}"));
            let row =
                Rollup { key: ApiKeyId::from_uuid(key), width: Width::Minute, at: minute, provider, model, kind, tier };
            let hour = Rollup { width: Width::Hour, at: Width::Hour.begin(minute), ..row.clone() };
            for rollup in [row, hour] {
                sums.rollups.entry(rollup).or_default().add(&amounts);
            }
        }
        sums
    }

    fn add(&mut self, record: &UsageRecord, alike: &mut HashMap<Alike, Amounts>) {
        let at = from_millis(record.at_ms);
        let used = self.keys.entry(ApiKeyId::from_uuid(record.api_key)).or_default();
        let most = if record.is_told_later() { MAX_BATCH_TOKENS } else { MAX_TOKENS };
        let tokens = |count: u64| count.min(most).cast_signed();
        used.requests += i64::from(record.requests);
        used.cached += i64::from(record.cached);
        used.input_tokens += tokens(record.input_tokens);
        used.output_tokens += tokens(record.output_tokens);
        used.cost_nanos = used.cost_nanos.saturating_add(cost(record));
        // A counted call is a use also when the process died before it was sent.
        if record.sent || record.cached || record.requests > 0 {
            if used.last.is_none_or(|(last, _)| last <= at) {
                used.last = Some((at, record.ip));
            }
            if record.previous_secret {
                used.previous_last = used.previous_last.max(Some(at));
            }
        }
        // What only counts or takes back a count isn't a call that was made.
        if !record.sent && !record.cached && !record.is_told_later() {
            return;
        }
        // A response in the background is a call since it began.
        let requests = if record.is_told_later() { i64::from(record.batch_calls) } else { i64::from(record.sent) };
        if let Some(credential) = record.credential.filter(|_| record.sent) {
            let last = self.credentials.entry(CredentialId::from_uuid(credential)).or_insert(at);
            *last = at.max(*last);
        }
        let amounts = Amounts {
            requests,
            unpriced_requests: if record.cost_nanos.is_none() { requests.max(1) } else { 0 },
            cached_requests: i64::from(record.cached),
            estimated_requests: i64::from(record.estimated),
            input_tokens: tokens(record.input_tokens),
            cached_input_tokens: tokens(record.cached_input_tokens),
            cache_write_tokens: tokens(record.cache_write_tokens),
            input_audio_tokens: tokens(record.input_audio_tokens),
            output_tokens: tokens(record.output_tokens),
            reasoning_tokens: tokens(record.reasoning_tokens),
            output_audio_tokens: tokens(record.output_audio_tokens),
            cost_nanos: cost(record),
        };
        let minute = Width::Minute.begin(to_millis(at));
        let calls = (record.api_key, minute, record.model, record.kind, record.tier);
        alike.entry(calls).or_default().add(&amounts);
    }
}

/// A damaged record's nonsense neither takes away nor fills a sum.
fn cost(record: &UsageRecord) -> i64 {
    let most = if record.is_told_later() { MAX_BATCH_COST_NANOS } else { MAX_COST_NANOS };
    record.cost_nanos.unwrap_or(0).clamp(0, most)
}
