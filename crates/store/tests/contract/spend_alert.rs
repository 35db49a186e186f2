//! Spend alerts, and which of them are reached.

use std::slice::from_ref;

use keyward_domain::{
    budget::Period,
    id::{OrganizationId, ProjectId, SpendAlertId},
    organization::Email,
    page::{Cursor, Order, Page},
    spend_alert::{SpendAlert, SpendAlertTerms, Watched},
    usage::{CallKind, ServiceTier},
};
use keyward_store::{
    spend_alert,
    usage_rollup::{self, Amounts, Rollup, Width},
};

use crate::support::{Database, add_api_key, add_organization, add_project, moment, uuid};

contract!(
    an_alert_is_its_projects_or_organizations_own,
    an_alert_is_reached_once_for_a_month,
    two_who_find_it_reached_at_one_time_dont_both_tell,
    what_a_month_costs_is_the_sum_of_its_hours,
);

/// From the moments that tests use on.
const MONTH: Period = Period { start_ms: 1_767_225_600_000, end_ms: 1_769_904_000_000 };
const NEXT: Period = Period { start_ms: 1_769_904_000_000, end_ms: 1_772_323_200_000 };

fn watched(organization: OrganizationId, project: Option<ProjectId>) -> Watched {
    Watched { organization, project }
}

fn new(number: u64, watched: Watched, threshold_cents: i64) -> SpendAlert {
    let recipients = ["ada@example.com", "grace@example.com"].map(|text| Email::parse("email", text).unwrap());
    SpendAlert {
        id: SpendAlertId::from_uuid(uuid(number)),
        watched,
        terms: SpendAlertTerms {
            threshold_cents,
            recipients: recipients.into(),
            subject_prefix: Some("[\"é\"]".to_owned()),
        },
        reached_month_ms: 0,
        last_notified_at: None,
        created_at: moment(1),
        updated_at: moment(2),
        version: 1,
    }
}

async fn an_alert_is_its_projects_or_organizations_own(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let project = add_project(database, own, 3).await.id;
    let (of_project, of_all) = (watched(own, Some(project)), watched(own, None));
    let (one, two, whole) = (new(10, of_project, 100), new(11, of_project, 200), new(12, of_all, 300));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    assert!(!spend_alert::is_any_open(conn, 1).await.unwrap());
    for alert in [&one, &two, &whole] {
        spend_alert::insert(conn, alert).await.unwrap();
    }
    let mut changed = SpendAlert { version: 2, updated_at: moment(9), reached_month_ms: 7, ..two.clone() };
    changed.terms = SpendAlertTerms { threshold_cents: 0, subject_prefix: None, ..changed.terms };
    changed.terms.recipients.pop();
    spend_alert::update(conn, &changed).await.unwrap();
    assert_eq!(spend_alert::find(conn, of_project, two.id).await.unwrap(), Some(changed.clone()));
    assert_eq!(spend_alert::lock(conn, of_project, two.id).await.unwrap(), Some(changed.clone()));
    for wrong in [of_all, watched(other, Some(project)), watched(other, None)] {
        assert_eq!(spend_alert::find(conn, wrong, two.id).await.unwrap(), None);
        assert_eq!(spend_alert::lock(conn, wrong, two.id).await.unwrap(), None);
    }
    let page = Page { limit: 5, order: Order::Asc, cursor: None };
    let listed = spend_alert::list(conn, of_project, &page).await.unwrap().unwrap();
    assert_eq!(listed.data, [one.clone(), changed.clone()]);
    let foreign = Page { cursor: Some(Cursor::After(whole.id)), ..page.clone() };
    assert!(spend_alert::list(conn, of_project, &foreign).await.unwrap().is_err());
    let before = Page { limit: 1, cursor: Some(Cursor::Before(changed.id)), ..page };
    assert_eq!(spend_alert::list(conn, of_project, &before).await.unwrap().unwrap().data, from_ref(&one));
    assert_eq!(spend_alert::count(conn, of_project).await.unwrap(), 2);
    assert_eq!(spend_alert::count(conn, watched(other, None)).await.unwrap(), 0);
    assert_eq!(spend_alert::count_all(conn).await.unwrap(), 3);

    spend_alert::notified(conn, own, one.id, 9000).await.unwrap();
    spend_alert::notified(conn, own, one.id, 5000).await.unwrap();
    spend_alert::notified(conn, other, one.id, 10_000).await.unwrap();
    let told = spend_alert::find(conn, of_project, one.id).await.unwrap().unwrap();
    assert_eq!(told.last_notified_at.unwrap().as_millisecond(), 9000);
    spend_alert::delete(conn, other, one.id).await.unwrap();
    assert_eq!(spend_alert::count(conn, of_project).await.unwrap(), 2);
    spend_alert::delete(conn, own, one.id).await.unwrap();
    assert_eq!(spend_alert::find(conn, of_project, one.id).await.unwrap(), None);
    transaction.commit().await.unwrap();
}

async fn an_alert_is_reached_once_for_a_month(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (project, second) = (add_project(database, own, 3).await.id, add_project(database, own, 4).await.id);
    let (of_project, of_all) = (watched(own, Some(project)), watched(own, None));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for alert in
        [new(10, of_project, 100), new(11, of_project, 200), new(12, of_all, 50), new(13, watched(other, None), 1)]
    {
        spend_alert::insert(conn, &alert).await.unwrap();
    }
    assert!(spend_alert::is_any_open(conn, MONTH.start_ms).await.unwrap());
    let mut open = spend_alert::open_any(conn, MONTH.start_ms).await.unwrap();
    open.sort();
    assert_eq!(open, [of_all, of_project, watched(other, None)]);
    let mut of_calls = spend_alert::open_of_project_any(conn, project, MONTH.start_ms).await.unwrap();
    of_calls.sort();
    assert_eq!(of_calls, [of_all, of_project]);
    assert_eq!(spend_alert::open_of_project_any(conn, second, MONTH.start_ms).await.unwrap(), [of_all]);

    assert_eq!(spend_alert::least_open(conn, of_project, MONTH).await.unwrap(), Some(100));
    assert_eq!(spend_alert::reach(conn, of_project, MONTH, 99).await.unwrap(), []);
    // What happened before an alert was made isn't told of later.
    let before = Period { start_ms: 0, end_ms: MONTH.start_ms };
    assert_eq!(spend_alert::least_open(conn, of_project, before).await.unwrap(), None);
    assert_eq!(spend_alert::reach(conn, of_project, before, 1000).await.unwrap(), []);
    let reached = spend_alert::reach(conn, of_project, MONTH, 100).await.unwrap();
    assert_eq!(reached.iter().map(|alert| alert.id.uuid()).collect::<Vec<_>>(), [uuid(10)]);
    assert_eq!(reached[0].reached_month_ms, MONTH.start_ms);
    assert_eq!(spend_alert::reach(conn, of_project, MONTH, 100).await.unwrap(), []);
    assert_eq!(spend_alert::least_open(conn, of_project, MONTH).await.unwrap(), Some(200));
    assert_eq!(spend_alert::reach(conn, of_project, MONTH, 1000).await.unwrap().len(), 1);
    assert_eq!(spend_alert::least_open(conn, of_project, MONTH).await.unwrap(), None);
    assert_eq!(spend_alert::open_of_project_any(conn, project, MONTH.start_ms).await.unwrap(), [of_all]);
    assert_eq!(spend_alert::reach(conn, of_project, NEXT, 100).await.unwrap().len(), 1);
    assert_eq!(spend_alert::reach(conn, watched(other, Some(project)), NEXT, 1000).await.unwrap(), []);
    // A month that is over isn't reached behind a later one.
    assert_eq!(spend_alert::reach(conn, of_project, MONTH, 1000).await.unwrap(), []);
}

async fn two_who_find_it_reached_at_one_time_dont_both_tell(database: &Database) {
    let own = add_organization(database, 1).await;
    let of_all = watched(own, None);
    let mut transaction = database.begin().await;
    spend_alert::insert(&mut transaction.conn(), &new(10, of_all, 100)).await.unwrap();
    transaction.commit().await.unwrap();
    let neighbour = database.neighbour().await;
    let reach = async |pool: &keyward_store::Pool| {
        let mut transaction = pool.begin().await.unwrap();
        let reached = spend_alert::reach(&mut transaction.conn(), of_all, MONTH, 100).await.unwrap();
        transaction.commit().await.unwrap();
        reached.len()
    };
    let (here, there) = tokio::join!(reach(&database.pool), reach(&neighbour));
    assert_eq!(here + there, 1);
    neighbour.close().await;
}

async fn what_a_month_costs_is_the_sum_of_its_hours(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (project, second) = (add_project(database, own, 3).await, add_project(database, own, 4).await);
    let (one, two) = (add_api_key(database, &project, 5).await.id, add_api_key(database, &second, 6).await.id);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    let (first, last) = (MONTH.start_ms, MONTH.end_ms - 3_600_000);
    for (key, width, at, cost_nanos) in [
        (one, Width::Hour, first - 3_600_000, 1),
        (one, Width::Hour, first, 10),
        (two, Width::Hour, last, 100),
        (one, Width::Hour, last + 3_600_000, 1000),
        (one, Width::Minute, first, 10_000),
    ] {
        let rollup = Rollup {
            key,
            width,
            at,
            provider: "demo".into(),
            model: "m".into(),
            kind: CallKind::Completions,
            tier: ServiceTier::Unsaid,
        };
        usage_rollup::add(conn, &rollup, &Amounts { cost_nanos, ..Amounts::default() }).await.unwrap();
    }
    for (watched, sum) in [
        (watched(own, None), 110),
        (watched(own, Some(project.id)), 10),
        (watched(own, Some(second.id)), 100),
        (watched(other, None), 0),
        (watched(other, Some(project.id)), 0),
    ] {
        assert_eq!(spend_alert::spent(conn, watched, MONTH).await.unwrap(), sum, "{watched:?}");
    }
}
