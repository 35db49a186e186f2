//! Why calls were let through or refused: found by whoever may read it, as long
//! as there is room.
#![cfg(test)]

mod support;

use std::sync::Arc;

use keyward_domain::{
    access::Access,
    budget::BudgetWindow,
    decision::{BudgetMet, Held, Verdict},
    id::{ApiKeyId, OrganizationId, ProjectId, RequestId},
    permission::Permission,
    role::Scope,
};
use keyward_service::{Error, Keyward, decision};
use keyward_store::{Pool, decision as store};
use keyward_telemetry::decisions::{DecisionLog, Head};
use support::{House, actor};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const NOW: u64 = 1_767_225_600_000;

/// A call that began so many milliseconds ago.
fn request(ago: u64, number: u64) -> RequestId {
    RequestId::from_uuid(Uuid::from_u64_pair(((NOW - ago) << 16) | 0x7000, (1 << 63) | number))
}

fn head(request: RequestId, organization: OrganizationId, project: ProjectId) -> Head {
    Head {
        request,
        organization,
        project,
        key: ApiKeyId::from_uuid(Uuid::from_u128(9)),
        verdict: Verdict::Refused,
        status: 429,
        attempts: 0,
    }
}

/// A house that keeps decisions in so many bytes, and where calls note them.
async fn keeping(most: u64) -> (House, Arc<DecisionLog>) {
    let mut house = House::new().await;
    let log = Arc::new(DecisionLog::new(1));
    house.keyward = house.keyward.clone().with_decisions(Arc::clone(&log), most);
    (house, log)
}

async fn find(house: &House, request: RequestId) -> Result<keyward_domain::decision::Decision, Error> {
    decision::find(&house.keyward, &house.owner(), request).await
}

async fn total(house: &House) -> i64 {
    store::total(&mut house.pool.read().await.unwrap().conn()).await.unwrap()
}

#[tokio::test]
async fn a_decision_is_found_as_soon_as_it_is_made_and_on_every_node() {
    let (house, log) = keeping(1 << 20).await;
    let project = house.project("Search").await.id;
    // A slow call's decision comes long after its id was made.
    for (ago, number) in [(0, 1), (0, 2), (1_000, 3), (50_000, 4), (800_000, 5)] {
        let id = request(ago, number);
        log.append(0, &head(id, house.organization, project), |writer| writer.asked("POST", "/v1/models", "m"));
        let found = find(&house, id).await.unwrap();
        assert_eq!((found.request, found.project, found.model.as_str()), (id, project, "m"));
    }
    let neighbour = house.neighbour().await;
    for (ago, number) in [(0, 1), (0, 2), (1_000, 3), (50_000, 4), (800_000, 5)] {
        let found = decision::find(&neighbour, &house.owner(), request(ago, number)).await.unwrap();
        assert_eq!(found.request, request(ago, number));
    }
    for unknown in [request(0, 77), request(30_000, 1), request(1_700_000_000_000, 1)] {
        assert!(matches!(find(&house, unknown).await, Err(Error::NotFound("decision"))));
    }
    assert!(matches!(find(&house, RequestId::from_uuid(Uuid::max())).await, Err(Error::NotFound("decision"))));
}

#[tokio::test]
async fn of_many_batches_every_decision_is_found() {
    let (house, log) = keeping(64 << 20).await;
    let project = house.project("Search").await.id;
    // Each batch holds a slow call too, so all of them may know of the first call.
    for batch in 0..40 {
        for (ago, number) in [(30_000, batch), (30_000 - batch * 700, 1_000 + batch)] {
            log.append(0, &head(request(ago, number), house.organization, project), |_| ());
        }
        house.keyward.write_decisions().await.unwrap();
    }
    for batch in 0..40 {
        for (ago, number) in [(30_000, batch), (30_000 - batch * 700, 1_000 + batch)] {
            assert!(find(&house, request(ago, number)).await.is_ok(), "{batch}");
        }
    }
}

#[tokio::test]
async fn whoever_may_not_read_a_projects_usage_does_not_learn_of_its_calls() {
    let (house, log) = keeping(1 << 20).await;
    let (ours, other) = (house.project("Ours").await.id, house.project("Other").await.id);
    let (one, two) = (request(0, 1), request(0, 2));
    for (id, project) in [(one, ours), (two, other)] {
        log.append(0, &head(id, house.organization, project), |writer| {
            for of in [Held::Key, Held::Project, Held::Organization] {
                let id = Uuid::from_u128(5);
                let window = BudgetWindow::Day;
                let (shadow, would_refuse) = (false, false);
                let (amount_nanos, charged_nanos, reserve_nanos) = (3, 2, 1);
                writer.budget(&BudgetMet {
                    id,
                    of,
                    window,
                    amount_nanos,
                    charged_nanos,
                    reserve_nanos,
                    shadow,
                    would_refuse,
                });
            }
        });
    }
    let scoped = |permission: Permission| {
        actor(house.organization, Access::of([permission].into_iter().collect(), Scope::Project(ours)))
    };
    let reader = scoped(Permission::UsageRead);
    let found = decision::find(&house.keyward, &reader, one).await.unwrap();
    let of: Vec<_> = found.budgets.iter().map(|met| met.of.clone()).collect();
    assert_eq!(of, [Held::Key, Held::Project], "what the organization spends is told to who may read all of it");
    assert_eq!(find(&house, one).await.unwrap().budgets.len(), 3);
    let unseen = decision::find(&house.keyward, &reader, two).await.unwrap_err();
    let unknown = decision::find(&house.keyward, &reader, request(0, 3)).await.unwrap_err();
    let foreign = decision::find(&house.keyward, &house.stranger("Second").await, one).await.unwrap_err();
    for error in [&unseen, &unknown, &foreign] {
        assert_eq!(error.to_string(), Error::NotFound("decision").to_string());
    }
    for denied in [scoped(Permission::LimitsRead), house.holder_of(&[Permission::AuditRead])] {
        assert!(matches!(decision::find(&house.keyward, &denied, one).await, Err(Error::Denied(_))));
    }
    let all = house.holder_of(&[Permission::UsageRead]);
    assert!(decision::find(&house.keyward, &all, two).await.is_ok());
}

#[tokio::test]
async fn the_oldest_are_forgotten_when_there_is_no_more_room() {
    const MOST: i64 = 50_000;
    let (house, log) = keeping(MOST.cast_unsigned()).await;
    let project = house.project("Search").await.id;
    let message = "x".repeat(400);
    for number in 0..200 {
        let head = head(request(200 - number, number), house.organization, project);
        log.append(0, &head, |writer| writer.reason(None, "code", &message, None));
        house.keyward.write_decisions().await.unwrap();
        assert!(total(&house).await <= MOST);
    }
    assert!(total(&house).await > MOST - 2_000);
    assert!(find(&house, request(1, 199)).await.is_ok());
    assert!(find(&house, request(120, 80)).await.is_err());
}

async fn execute(house: &House, statement: &'static str) {
    let Pool::Sqlite { write, .. } = &house.pool else { panic!("a house stands on SQLite") };
    sqlx::query(statement).execute(write).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_written_waits_and_the_rest_is_dropped_and_counted() {
    let (house, log) = keeping(64 << 20).await;
    let project = house.project("Search").await.id;
    let append = |number| {
        log.append(0, &head(request(0, number), house.organization, project), |writer| {
            writer.reason(None, "code", &"x".repeat(400), None);
        });
    };
    append(1);
    execute(&house, "ALTER TABLE decision_totals RENAME TO away").await;
    house.keyward.write_decisions().await.unwrap_err();
    for number in 2..12_000 {
        append(number);
    }
    house.keyward.write_decisions().await.unwrap_err();
    let dropped = log.dropped();
    assert!(dropped > 0);
    assert!(find(&house, request(0, 1)).await.is_err());
    execute(&house, "ALTER TABLE away RENAME TO decision_totals").await;
    house.keyward.write_decisions().await.unwrap();
    assert!(find(&house, request(0, 1)).await.is_ok() && find(&house, request(0, 2)).await.is_ok());
    assert_eq!(log.dropped(), dropped);
}

#[tokio::test]
async fn who_keeps_none_any_more_forgets_those_that_were() {
    let (house, log) = keeping(1 << 20).await;
    let project = house.project("Search").await.id;
    log.append(0, &head(request(0, 1), house.organization, project), |_| ());
    let stop = CancellationToken::new();
    stop.cancel();
    house.keyward.keep_decisions(stop.clone()).await;
    assert!(total(&house).await > 0, "the last ones are written at the end");
    let off: Keyward = house.neighbour().await;
    off.keep_decisions(stop).await;
    assert_eq!(total(&house).await, 0);
    assert!(matches!(decision::find(&off, &house.owner(), request(0, 1)).await, Err(Error::NotFound(_))));
}
