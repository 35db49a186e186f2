//! What cores append is what is read, whatever happens to it.

use keyward_domain::{
    budget::BudgetWindow,
    decision::{BudgetMet, Check, Decision, Held, LimitMet, Reason, Verdict},
    id::{ApiKeyId, CredentialId, OrganizationId, ProjectId, RequestId},
    limit::Measure,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn head(number: u128) -> Head {
    Head {
        request: RequestId::from_uuid(Uuid::from_u128(number)),
        organization: OrganizationId::from_uuid(Uuid::from_u128(2)),
        project: ProjectId::from_uuid(Uuid::from_u128(3)),
        key: ApiKeyId::from_uuid(Uuid::from_u128(4)),
        verdict: Verdict::Refused,
        status: 429,
        attempts: 3,
    }
}

fn decision() -> Decision {
    let limit = |of, measure, limit| LimitMet {
        id: Uuid::from_u128(5),
        of,
        measure,
        limit,
        remaining: limit - 1,
        shadow: false,
        would_refuse: false,
    };
    let budget = |of, window, amount_nanos| BudgetMet {
        id: Uuid::from_u128(6),
        of,
        window,
        amount_nanos,
        charged_nanos: amount_nanos - 1,
        reserve_nanos: 7,
        shadow: false,
        would_refuse: false,
    };
    Decision {
        request: RequestId::from_uuid(Uuid::from_u128(1)),
        organization: OrganizationId::from_uuid(Uuid::from_u128(2)),
        project: ProjectId::from_uuid(Uuid::from_u128(3)),
        key: ApiKeyId::from_uuid(Uuid::from_u128(4)),
        verdict: Verdict::Refused,
        status: 429,
        attempts: 3,
        method: "POST".into(),
        path: "/v1/chat/completions".into(),
        model: "gpt-4o".into(),
        reason: Some(Reason {
            check: Some(Check::RateLimit),
            code: "rate_limit_exceeded".into(),
            message: "Rate limit reached. Ünd so weiter.".into(),
            param: Some("model".into()),
        }),
        cached: true,
        credential: Some(CredentialId::from_uuid(Uuid::from_u128(8))),
        limits: vec![
            limit(Held::Key, Measure::Requests, 1),
            LimitMet { shadow: true, would_refuse: true, ..limit(Held::Key, Measure::Tokens, 7) },
            LimitMet { shadow: true, ..limit(Held::Project, Measure::Parallel, u64::MAX) },
            limit(Held::Model("gpt-4o*".into()), Measure::Tokens, 1_000),
        ],
        budgets: vec![
            budget(Held::Key, BudgetWindow::Day, 10),
            BudgetMet { shadow: true, ..budget(Held::Project, BudgetWindow::Total, i64::MAX) },
            BudgetMet { shadow: true, would_refuse: true, ..budget(Held::Project, BudgetWindow::Month, 5) },
            budget(Held::Organization, BudgetWindow::Week, 0),
        ],
    }
}

fn write(writer: &mut Writer<'_>, decision: &Decision) {
    writer.asked(&decision.method, &decision.path, &decision.model);
    if let Some(reason) = &decision.reason {
        writer.reason(reason.check, &reason.code, &reason.message, reason.param.as_deref());
    }
    decision.credential.into_iter().for_each(|id| writer.credential(id));
    if decision.cached {
        writer.cached();
    }
    for met in &decision.limits {
        writer.limit((met.id, &met.of), met.measure, (met.limit, met.remaining));
        if met.shadow {
            writer.limit_in_shadow(met.would_refuse);
        }
    }
    decision.budgets.iter().for_each(|met| writer.budget(met));
}

fn read_all(taken: &[Vec<u8>]) -> Vec<Decision> {
    taken.iter().flat_map(|bytes| Records::of(bytes)).map(|record| record.read().unwrap()).collect()
}

#[test]
fn what_is_written_is_read_as_it_was() {
    let log = DecisionLog::new(2);
    let (whole, bare) = (decision(), Decision { reason: None, cached: false, credential: None, ..decision() });
    let bare = Decision { limits: Vec::new(), budgets: Vec::new(), model: String::new(), ..bare };
    log.append(0, &head(1), |writer| write(writer, &whole));
    log.append(0, &head(1), |writer| write(writer, &bare));
    log.append(1, &head(1), |writer| write(writer, &whole));
    assert_eq!(read_all(&log.take()), [whole.clone(), bare, whole]);
    assert!(log.take().is_empty());
}

#[test]
fn a_call_without_limits_and_budgets_takes_little_room() {
    let log = DecisionLog::new(1);
    log.append(0, &head(1), |writer| {
        writer.asked("POST", "/v1/chat/completions", "gpt-4o-mini");
        writer.credential(CredentialId::from_uuid(Uuid::nil()));
    });
    let bytes = log.take().concat().len();
    assert!(bytes < 150, "{bytes}");
}

#[test]
fn what_a_caller_writes_is_cut_at_a_whole_letter() {
    let log = DecisionLog::new(1);
    let long = "ü".repeat(100_000);
    log.append(0, &head(1), |writer| {
        writer.asked("POST", &long, &long);
        writer.reason(None, "code", &long, None);
        writer.limit((Uuid::nil(), &Held::Model(long.clone())), Measure::Tokens, (1, 1));
    });
    let [read] = &read_all(&log.take())[..] else { panic!("one was written") };
    assert_eq!((read.path.len(), read.model.len()), (512, 128));
    assert_eq!(read.reason.as_ref().unwrap().message.len(), 512);
}

#[test]
fn what_does_not_fit_is_dropped_and_counted_and_nothing_else_is_lost() {
    let log = DecisionLog::new(2);
    let message = "x".repeat(500);
    let append = |core, number| {
        log.append(core, &head(number), |writer| writer.reason(None, "code", &message, None));
    };
    for number in 0..10_000 {
        append(0, number);
    }
    append(1, 1);
    let dropped = log.dropped();
    assert!(dropped > 0);
    let taken = log.take();
    assert!(taken[0].len() <= MOST);
    assert_eq!(read_all(&taken).len() as u64 + dropped, 10_001);
    append(0, 1);
    assert_eq!((log.dropped(), log.take().len()), (dropped, 1));
}

#[test]
fn a_batch_knows_between_which_ids_its_calls_are() {
    let log = DecisionLog::new(1);
    for number in [5, 3, 9] {
        log.append(0, &head(number), |_| ());
    }
    let bytes = log.take().concat();
    let mut records = Records::of(&bytes);
    let mut batch = Batch::of(records.next().unwrap());
    records.for_each(|record| batch.push(record));
    assert_eq!((batch.first, batch.last), (Uuid::from_u128(3), Uuid::from_u128(9)));
    let ids: Vec<_> = Batch::records(&batch.content).map(|record| record.request().as_u128()).collect();
    assert_eq!(ids, [5, 3, 9]);
    let mut later = batch.content;
    later[0] += 1;
    assert_eq!(Batch::records(&later).count() + Batch::records(&[]).count(), 0);
}

#[test]
fn a_field_that_nobody_knows_yet_is_skipped() {
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes, &head(1));
    writer.asked("POST", "/v1/models", "");
    writer.end();
    bytes.extend_from_slice(&[200, 3, 0, 1, 2, 3, 9, 0, 0]);
    let length = u32::try_from(bytes.len() - 4).unwrap();
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    let [read] = &read_all(&[bytes])[..] else { panic!("one was written") };
    assert_eq!((read.path.as_str(), read.cached), ("/v1/models", true));
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_stumble(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0..400usize) {
        let log = DecisionLog::new(1);
        log.append(0, &head(1), |writer| write(writer, &decision()));
        let mut written = log.take().concat();
        if let (Some(place), Some(byte)) = (written.get_mut(at), bytes.first()) {
            *place = *byte;
        }
        for bytes in [bytes, written] {
            for record in Records::of(&bytes) {
                let _ = (record.request(), record.read());
            }
        }
    }
}
