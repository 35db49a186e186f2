//! What goes in comes out.

use std::net::IpAddr;

use keyward_domain::usage::{CallKind, ServiceTier};
use keyward_telemetry::journal::{ModelName, Position, UsageRecord};
use proptest::{prelude::*, sample};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{drain, drain_all, open, record, room_for};

fn any_uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn any_ip() -> impl Strategy<Value = IpAddr> {
    let mapped = any::<[u8; 4]>().prop_map(|v4| IpAddr::V6(std::net::Ipv4Addr::from(v4).to_ipv6_mapped()));
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from), mapped,]
}

prop_compose! {
    fn any_record()(
        at_ms in any::<i64>(),
        (api_key, project) in (any_uuid(), any_uuid()),
        credential in proptest::option::of(any_uuid()),
        requests in any::<i32>(),
        tokens in any::<[u64; 8]>(),
        ip in proptest::option::of(any_ip()),
        (previous_secret, sent, cached) in any::<(bool, bool, bool)>(),
        cost_nanos in proptest::option::of(any::<i64>()),
        [let_through_ms, reserved_nanos] in any::<[i64; 2]>(),
        [estimated, hold_stays] in any::<[bool; 2]>(),
        (resource, batch_calls) in (proptest::option::of(any_uuid()), any::<u32>()),
        (kind, tier) in (sample::select(CallKind::ALL), sample::select(ServiceTier::ALL)),
        model in "\\PC{0,150}",
    ) -> UsageRecord {
        let [
            input_tokens, output_tokens, cached_input_tokens, reasoning_tokens,
            cache_write_tokens, cache_write_hour_tokens, input_audio_tokens, output_audio_tokens,
        ] = tokens;
        UsageRecord {
            at_ms, api_key, project, credential, requests, input_tokens, output_tokens,
            cached_input_tokens, reasoning_tokens, ip, previous_secret, sent, cache_write_tokens, cache_write_hour_tokens,
            input_audio_tokens, output_audio_tokens, cost_nanos, kind, tier, model: ModelName::of("openai", &model),
            let_through_ms, reserved_nanos,
            cached, estimated, hold_stays, resource, batch_calls,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_comes_back_as_it_was_whatever_the_segment_and_batch_sizes(
        records in proptest::collection::vec(any_record(), 0..60),
        each in 1_usize..20,
        limit in 1_usize..30,
    ) {
        let directory = TempDir::new().unwrap();
        let journal = open(directory.path(), room_for(each));
        for record in &records {
            journal.append(record).unwrap();
        }
        let drained = drain(&journal, Position::START, limit);
        prop_assert_eq!(&drained.records, &records);
        prop_assert_eq!(&drained.damage, &[]);
        drop(journal);
        prop_assert_eq!(drain(&open(directory.path(), room_for(each)), Position::START, limit), drained);
    }

    #[test]
    fn a_position_comes_back_from_its_column_and_sorts_there_alike(a in any::<(u32, u32)>(), b in any::<(u32, u32)>()) {
        let position = |(segment, offset)| Position::new(segment >> 1, offset);
        let (a, b) = (position(a), position(b));
        prop_assert_eq!(Position::from_i64(a.to_i64()), a);
        prop_assert_eq!(a.cmp(&b), a.to_i64().cmp(&b.to_i64()));
    }
}

#[test]
fn a_batch_ends_at_its_limit_and_the_next_begins_there() {
    let directory = TempDir::new().unwrap();
    let journal = open(directory.path(), room_for(4));
    for number in 0..10 {
        journal.append(&record(number)).unwrap();
    }
    let first = journal.read_from(Position::START, 3).unwrap();
    assert_eq!(first.records, [0, 1, 2].map(record));
    let second = journal.read_from(first.next, 100).unwrap();
    assert_eq!(second.records, [3, 4, 5, 6, 7, 8, 9].map(record));
    assert_eq!(second.next, journal.position());
    let nothing = journal.read_from(second.next, 100).unwrap();
    assert_eq!((nothing.records, nothing.next), (vec![], second.next));
}

#[test]
fn a_position_below_the_first_means_the_beginning() {
    let directory = TempDir::new().unwrap();
    let journal = open(directory.path(), room_for(4));
    journal.append(&record(0)).unwrap();
    let batch = journal.read_from(Position::from_i64(0), 10).unwrap();
    assert_eq!((batch.records, batch.damage), (vec![record(0)], vec![]));
}

#[test]
fn the_identity_is_given_once_and_kept() {
    let directory = TempDir::new().unwrap();
    let id = open(directory.path(), 1000).id();
    let mut other = crate::support::options(1000);
    other.new_id = Uuid::from_u128(99);
    let reopened = keyward_telemetry::journal::Journal::open(directory.path(), other).unwrap();
    assert_eq!(reopened.id(), id);
    assert_eq!(drain_all(&reopened).records, []);
}
