//! The answers, in memory, for all cores of the process. Bounded by bytes: what
//! is asked for least makes room.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::HeaderValue;
use keyward_access::KeyIndex;
use keyward_domain::id::ProjectId;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use super::fingerprint::Fingerprint;

/// The largest answer that is kept, in bytes.
pub(crate) const MAX_ANSWER: usize = 1 << 20;
/// What an answer takes beside its body, about: names, links, counts.
const BESIDES: u64 = 512;
/// Each part of the store has a lock of its own, and room for several of the
/// largest answers.
const PART: u64 = 8 << 20;
const MOST_PARTS: u64 = 64;

/// One answer, as the caller saw it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) project: ProjectId,
    /// Under which number of the project's cache.
    pub(super) generation: i64,
    /// When it came, and until when it is given again: milliseconds since 1970.
    pub(super) since: i64,
    pub(super) until: i64,
    pub(super) content_type: Option<HeaderValue>,
    pub(super) body: Bytes,
}

impl Kept {
    /// How old it is, in whole seconds.
    pub(super) fn age(&self, now: i64) -> u64 {
        u64::try_from(now.saturating_sub(self.since)).unwrap_or(0) / 1000
    }

    /// For how long it is still good, in whole seconds.
    pub(super) fn rest(&self, now: i64) -> u64 {
        u64::try_from(self.until.saturating_sub(now)).unwrap_or(0).div_ceil(1000)
    }
}

/// The cache of a process.
pub(crate) struct ResponseCache {
    answers: Cache<Fingerprint, Arc<Kept>, Weight>,
    /// Bytes of answers that are still coming, and how many there may be.
    coming: AtomicUsize,
    most_coming: usize,
    hits: AtomicU64,
    misses: AtomicU64,
    /// When it was last looked for what may go, in milliseconds since 1970.
    tidied_at: AtomicI64,
}

/// Between two such looks, in milliseconds.
const TIDY: i64 = 10_000;

impl ResponseCache {
    /// One that takes `memory` bytes at most, a quarter of it for answers that
    /// are still coming. With 0 nothing is ever kept.
    pub(crate) fn new(memory: usize) -> Self {
        let most_coming = memory / 4;
        let room = (memory - most_coming) as u64;
        let parts = (room / PART).clamp(1, MOST_PARTS) as usize;
        // The library makes a power of two of it: the one above would be too small for the largest answers.
        let parts = 1 << parts.ilog2();
        let items = usize::try_from(room / 4096).unwrap_or(usize::MAX).max(64 * parts);
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        let mut options = OptionsBuilder::new();
        options.shards(parts).weight_capacity(room).estimated_items_capacity(items);
        let answers = match options.build() {
            Ok(options) => Cache::with_options(options, Weight, hasher, lifecycle),
            Err(_) => Cache::with(items, room, Weight, hasher, lifecycle),
        };
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { answers, coming: AtomicUsize::new(0), most_coming, hits, misses, tidied_at: AtomicI64::new(0) }
    }

    /// Whether anything can be kept at all.
    pub(super) const fn has_memory(&self) -> bool {
        self.most_coming > 0
    }

    /// The answer, if there is one that is good now.
    pub(super) fn find(&self, fingerprint: &Fingerprint, now: i64) -> Option<Arc<Kept>> {
        self.answers.get(fingerprint).filter(|kept| now < kept.until)
    }

    pub(super) fn keep(&self, fingerprint: Fingerprint, answer: Kept) {
        self.answers.insert(fingerprint, Arc::new(answer));
    }

    /// Asks for room for more bytes of an answer that is coming; to be given back
    /// with [`Self::release`].
    pub(super) fn reserve(&self, bytes: usize) -> bool {
        let taken = self.coming.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if taken > self.most_coming {
            self.release(bytes);
            return false;
        }
        true
    }

    pub(super) fn release(&self, bytes: usize) {
        self.coming.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn count(&self, is_hit: bool) {
        let counter = if is_hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls that it answered, and that it would have answered if it had known
    /// the answer.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// Bytes of the answers that are kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.answers.weight()
    }

    /// Whether it is time for [`Self::tidy`]; says so to one core only.
    pub(crate) fn is_untidy(&self, now: i64) -> bool {
        let last = self.tidied_at.load(Ordering::Relaxed);
        !self.answers.is_empty()
            && now.saturating_sub(last).saturating_abs() >= TIDY
            && self.tidied_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Lets go of what is given to nobody any more: it is too old, or its
    /// project's cache was emptied or switched off.
    pub(crate) fn tidy(&self, index: &KeyIndex, now: i64) {
        self.answers.retain(|_, kept| {
            let is_of_now = index.project(kept.project).is_some_and(|project| {
                let cache = project.state.load().cache;
                cache.enabled && cache.generation == kept.generation
            });
            is_of_now && now < kept.until
        });
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Fingerprint, Arc<Kept>> for Weight {
    fn weight(&self, _: &Fingerprint, kept: &Arc<Kept>) -> u64 {
        kept.body.len() as u64 + BESIDES
    }
}

#[cfg(test)]
mod tests {
    use keyward_domain::{cache::ProjectCache, id::OrganizationId, secret::Pepper};
    use uuid::Uuid;

    use super::*;

    fn project(number: u128) -> ProjectId {
        ProjectId::from_uuid(Uuid::from_u128(number))
    }

    fn kept(number: u128, generation: i64, until: i64, bytes: usize) -> Kept {
        let body = Bytes::from(vec![b'x'; bytes]);
        Kept { project: project(number), generation, since: 1000, until, content_type: None, body }
    }

    fn name(number: u32) -> Fingerprint {
        let mut name = [0; 32];
        name[..4].copy_from_slice(&number.to_le_bytes());
        Fingerprint(name)
    }

    #[test]
    fn whatever_comes_its_memory_stays_within_its_bounds() {
        for (memory, bytes) in [(0, 10), (1 << 20, 1), (4 << 20, MAX_ANSWER), (64 << 20, 60_000)] {
            let cache = ResponseCache::new(memory);
            for number in 0..3000 {
                cache.keep(name(number), kept(1, 0, 9000, bytes));
                assert!(cache.bytes() <= (memory - memory / 4) as u64, "{memory} {bytes}");
            }
            assert_eq!(cache.bytes() > 0, memory > 0, "{memory} {bytes}");
        }
    }

    #[test]
    fn the_largest_answer_finds_room_in_the_default_and_answers_on_their_way_are_bounded() {
        let cache = ResponseCache::new(64 << 20);
        for number in 0..8 {
            cache.keep(name(number), kept(1, 0, 9000, MAX_ANSWER));
            assert!(cache.find(&name(number), 2000).is_some());
        }
        for _ in 0..16 {
            assert!(cache.reserve(MAX_ANSWER));
        }
        assert!(!cache.reserve(1));
        cache.release(MAX_ANSWER);
        assert!(cache.reserve(1));
    }

    #[test]
    fn an_answer_is_found_until_its_time_is_over() {
        let cache = ResponseCache::new(1 << 20);
        cache.keep(name(1), kept(1, 0, 9000, 10));
        let found = cache.find(&name(1), 8999).unwrap();
        assert_eq!((found.age(8999), found.rest(8999), found.age(500)), (7, 1, 0));
        assert!(cache.find(&name(1), 9000).is_none() && cache.find(&name(2), 2000).is_none());
    }

    #[test]
    fn what_nobody_is_given_any_more_is_let_go_of() {
        let index = KeyIndex::new(Pepper::new([1; 32]));
        let organization = OrganizationId::from_uuid(Uuid::from_u128(9));
        let on = ProjectCache { enabled: true, generation: 3, ..ProjectCache::default() };
        index.put_cache(project(1), organization, on);
        index.put_cache(project(2), organization, ProjectCache { enabled: false, ..on });
        let cache = ResponseCache::new(1 << 20);
        let all = [
            kept(1, 3, 9000, 10),
            kept(1, 2, 9000, 10),
            kept(1, 3, 5000, 10),
            kept(2, 3, 9000, 10),
            kept(3, 0, 9000, 10),
        ];
        for (number, kept) in (0..).zip(all) {
            cache.keep(name(number), kept);
        }
        cache.tidy(&index, 6000);
        assert_eq!(cache.bytes(), 10 + BESIDES);
        assert!(cache.find(&name(0), 6000).is_some());
    }
}
