//! Keeping decisions: what the cores of the gateway have noted is written in
//! batches, and the oldest ones are forgotten when there is no more room.
//!
//! No call waits for any of this. While the database is away, what was taken
//! waits here and the rest in the gateway's buffers; what doesn't fit there is
//! dropped and counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use keyward_domain::decision::milliseconds;
use keyward_store::decision::{self as store, DecisionBatch};
use keyward_telemetry::decisions::{Batch, DecisionLog, Record, Records};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{Keyward, Result};

/// How often decisions are written when nobody asks.
const INTERVAL: Duration = Duration::from_millis(200);

/// How far apart the calls of one batch may have begun, in seconds. Decisions are
/// made when answers begin, so a slow call's comes late; by itself it would make a
/// batch that may know of everything. The last one is longer than any call.
pub(super) const SPANS: [i64; 3] = [2, 60, 604_800];

/// The most that one batch holds, in bytes; but a decision more.
const BATCH_BYTES: usize = 256 << 10;

/// What a batch takes besides, in bytes, about.
const ROW_BYTES: usize = 128;

/// Most batches that are forgotten in one transaction.
const FORGOTTEN: i64 = 256;

/// Who keeps decisions. The default keeps none, and looks up those of others.
#[derive(Default)]
pub(crate) struct Keeper {
    log: Option<Arc<DecisionLog>>,
    /// What all batches may take together, in bytes.
    most: i64,
    /// What was taken and isn't written. The lock makes one writer.
    taken: Mutex<Vec<DecisionBatch>>,
    /// Whether the last writing failed.
    failing: AtomicBool,
}

impl Keyward {
    /// The same, keeping the decisions in `log` as long as they take no more than
    /// `most` bytes of the database.
    #[must_use]
    pub fn with_decisions(self, log: Arc<DecisionLog>, most: u64) -> Self {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        Self { decisions: Arc::new(Keeper { log: Some(log), most, ..Keeper::default() }), ..self }
    }

    /// Writes decisions again and again until `stop`, and once more then. Where
    /// none are kept any more, forgets those that were. What fails is logged and
    /// tried again.
    pub async fn keep_decisions(&self, stop: CancellationToken) {
        if self.decisions.log.is_none() {
            if let Err(error) = self.forget_decisions().await {
                tracing::warn!(%error, "decisions of earlier calls can't be forgotten: it is tried again at the next start");
            }
            return;
        }
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            let _ = self.write_decisions().await;
        }
        let _ = self.write_decisions().await;
    }

    /// Writes every decision that was made until now.
    pub async fn write_decisions(&self) -> Result<()> {
        let keeper = &self.decisions;
        let Some(log) = &keeper.log else { return Ok(()) };
        let mut taken = keeper.taken.lock().await;
        // What couldn't be written before, then what came since.
        for _ in 0..2 {
            if taken.is_empty() {
                *taken = batches(&log.take());
            }
            if taken.is_empty() {
                break;
            }
            let written = self.write_batches(&taken).await;
            keeper.note(&written);
            written?;
            taken.clear();
        }
        Ok(())
    }

    async fn write_batches(&self, batches: &[DecisionBatch]) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        let conn = &mut transaction.conn();
        for batch in batches {
            store::insert(conn, batch).await?;
        }
        let excess = store::total(conn).await? - self.decisions.most;
        if excess > 0 {
            store::forget(conn, excess, FORGOTTEN).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn forget_decisions(&self) -> Result<()> {
        let mut freed = 1;
        while freed > 0 {
            let mut transaction = self.pool.begin().await?;
            freed = store::forget(&mut transaction.conn(), i64::MAX, FORGOTTEN).await?;
            transaction.commit().await?;
        }
        Ok(())
    }
}

impl Keeper {
    /// Remembers and tells how writing went.
    fn note(&self, written: &Result<()>) {
        let failed = written.is_err();
        if self.failing.swap(failed, Ordering::Relaxed) != failed {
            match written {
                Ok(()) => tracing::info!("decisions are kept again"),
                Err(error) => {
                    tracing::error!(%error, "why calls are let through or refused can't be written down: what doesn't fit into memory is lost");
                }
            }
        }
    }
}

/// What the cores noted, in pieces for the database: none of a wider span, and none
/// much larger, than it may be.
fn batches(noted: &[Vec<u8>]) -> Vec<DecisionBatch> {
    let mut records: Vec<Record<'_>> = noted.iter().flat_map(|bytes| Records::of(bytes)).collect();
    records.sort_unstable_by_key(Record::request);
    let Some(newest) = records.last().map(|record| milliseconds(record.request())) else { return Vec::new() };
    let mut batches = Vec::new();
    let mut rest = &records[..];
    // The oldest come first: those of the widest span.
    for (at, span) in SPANS.into_iter().enumerate().rev() {
        let narrower = at.checked_sub(1).and_then(|at| SPANS.get(at));
        let is_of_this = |record: &Record<'_>| {
            narrower.is_some_and(|narrower| newest - milliseconds(record.request()) > narrower * 1000)
        };
        let count = if narrower.is_none() { rest.len() } else { rest.partition_point(is_of_this) };
        let (these, others) = rest.split_at(count);
        rest = others;
        let mut these = these.iter();
        while let Some(first) = these.next() {
            let mut batch = Batch::of(*first);
            while batch.content.len() < BATCH_BYTES
                && let Some(record) = these.next()
            {
                batch.push(*record);
            }
            let bytes = i64::try_from(batch.content.len() + ROW_BYTES).unwrap_or(i64::MAX);
            let Batch { first, last, content } = batch;
            batches.push(DecisionBatch { first, last, span_seconds: span, bytes, content });
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use keyward_domain::{
        decision::Verdict,
        id::{ApiKeyId, OrganizationId, ProjectId, RequestId},
    };
    use keyward_telemetry::decisions::Head;
    use uuid::Uuid;

    use super::*;

    /// A call that began so many milliseconds after 1970.
    fn request(ms: u64, number: u64) -> Uuid {
        Uuid::from_u64_pair((ms << 16) | 0x7000, (1 << 63) | number)
    }

    fn noted(requests: &[Uuid], message: &str) -> Vec<Vec<u8>> {
        let log = DecisionLog::new(2);
        for (number, request) in requests.iter().enumerate() {
            let head = Head {
                request: RequestId::from_uuid(*request),
                organization: OrganizationId::from_uuid(Uuid::nil()),
                project: ProjectId::from_uuid(Uuid::nil()),
                key: ApiKeyId::from_uuid(Uuid::nil()),
                verdict: Verdict::LetThrough,
                status: 200,
                attempts: 1,
            };
            log.append(number % 2, &head, |writer| writer.reason(None, "code", message, None));
        }
        log.take()
    }

    fn ids(batch: &DecisionBatch) -> Vec<Uuid> {
        Batch::records(&batch.content).map(|record| record.request()).collect()
    }

    #[test]
    fn slow_calls_stand_in_batches_of_their_own() {
        let now = 1_800_000_000_000;
        let ages = [0, 2_000, 2_001, 60_000, 60_001, 900_000, 1_999];
        let requests: Vec<_> = ages.iter().map(|age| request(now - age, *age)).collect();
        let batches = batches(&noted(&requests, ""));
        let told: Vec<_> = batches.iter().map(|batch| (batch.span_seconds, ids(batch).len())).collect();
        assert_eq!(told, [(604_800, 2), (60, 2), (2, 3)]);
        for batch in &batches {
            let ids = ids(batch);
            assert_eq!((ids.first(), ids.last()), (Some(&batch.first), Some(&batch.last)));
            assert!(milliseconds(batch.last) - milliseconds(batch.first) <= batch.span_seconds * 1000);
        }
        assert_eq!(super::batches(&[]), []);
    }

    #[test]
    fn many_decisions_are_several_batches_that_do_not_overlap() {
        let requests: Vec<_> = (0..3_000).map(|number| request(1_800_000_000_000 + number / 3, number)).collect();
        let batches = batches(&noted(&requests, &"x".repeat(400)));
        assert!(batches.len() > 3, "{}", batches.len());
        assert!(batches.is_sorted_by(|one, other| one.last < other.first));
        assert!(batches.iter().all(|batch| batch.content.len() < BATCH_BYTES + 1000));
        assert_eq!(batches.iter().flat_map(ids).collect::<Vec<_>>(), requests);
    }
}
