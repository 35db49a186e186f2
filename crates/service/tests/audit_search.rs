//! Searching the audit log: every filter, and its pages.
#![cfg(test)]

mod support;

use std::time::Duration;

use keyward_domain::{
    Timestamp,
    actor::Actor,
    audit::Outcome,
    id::{AuditEventId, RequestId},
    page::{Cursor, Listed, Order, Page},
    permission::Permission,
    project::Project,
};
use keyward_service::{
    Error,
    audit::{self, AuditQuery, AuditRecord, ListAuditEvents},
    project,
};
use support::{House, name};

const NEWEST: Page<AuditEventId> = Page { limit: 100, order: Order::Desc, cursor: None };

/// A house whose log says: "Search" was made, "Éclair 50%_\"x\"" was made ten
/// seconds later by somebody else, and "Search" was archived after ten more.
struct Story {
    house: House,
    search: Project,
    eclair: Project,
    elsewhere: Actor,
}

async fn story() -> Story {
    let house = House::new().await;
    let search = house.project("Search").await;
    house.clock.advance(Duration::from_secs(10));
    let mut elsewhere = house.owner();
    elsewhere.origin.ip = Some("192.0.2.7".parse().unwrap());
    elsewhere.origin.request_id = Some(RequestId::from_uuid(house.organization.uuid()));
    let eclair = house.project_of(&elsewhere, "Éclair 50%_\"x\"").await;
    house.clock.advance(Duration::from_secs(10));
    project::deactivate(&house.keyward, &house.owner(), search.id, false, None).await.unwrap();
    Story { house, search, eclair, elsewhere }
}

impl Story {
    async fn list(&self, query: AuditQuery, page: Page<AuditEventId>) -> Result<Listed<AuditRecord>, Error> {
        audit::list(&self.house.keyward, &self.house.owner(), ListAuditEvents { query, page }).await
    }

    /// The sequence numbers of what is found, newest first.
    async fn found(&self, query: AuditQuery) -> Vec<i64> {
        sequences(&self.list(query, NEWEST).await.unwrap())
    }
}

fn sequences(listed: &Listed<AuditRecord>) -> Vec<i64> {
    listed.data.iter().map(|record| record.event.sequence).collect()
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_newest_event_comes_first_and_says_who_and_where() {
    let story = story().await;
    let listed = story.list(AuditQuery::default(), NEWEST).await.unwrap();
    assert_eq!(sequences(&listed), [3, 2, 1]);
    let event = &listed.data[1].event;
    assert_eq!(event.event_type, "project.created");
    assert_eq!(event.targets, [story.eclair.id.to_string()]);
    assert_eq!(event.ip.as_deref(), Some("192.0.2.7"));
    assert_eq!(event.request_id, story.elsewhere.origin.request_id.map(|id| id.to_string()));
    assert_eq!(event.after["name"], "Éclair 50%_\"x\"");
}

#[tokio::test]
async fn each_filter_finds_its_events_and_an_impossible_value_none() {
    let story = story().await;
    let any = AuditQuery::default;
    let at = |second: i64| Timestamp::from_second(1_767_225_600 + second).ok();
    let owner = story.house.organization.uuid().simple();
    let (search, eclair) = (story.search.id.to_string(), story.eclair.id.to_string());
    let request = story.elsewhere.origin.request_id.map(|id| id.to_string());
    for (query, expected) in [
        (AuditQuery { from: at(10), ..any() }, vec![3, 2]),
        (AuditQuery { until: at(10), ..any() }, vec![1]),
        (AuditQuery { from: at(10), until: at(11), ..any() }, vec![2]),
        (AuditQuery { project_ids: texts(&[&search]), ..any() }, vec![3, 1]),
        (AuditQuery { project_ids: texts(&[&search, &eclair]), ..any() }, vec![3, 2, 1]),
        (AuditQuery { project_ids: texts(&["nonsense"]), ..any() }, vec![]),
        (AuditQuery { event_types: texts(&["project.archived"]), ..any() }, vec![3]),
        (AuditQuery { event_types: texts(&["project.*"]), ..any() }, vec![3, 2, 1]),
        (AuditQuery { event_types: texts(&["api_key.*", "*.archived"]), ..any() }, vec![3]),
        (AuditQuery { event_types: texts(&["login.failed"]), ..any() }, vec![]),
        (AuditQuery { actor_ids: vec![format!("user_{owner}")], ..any() }, vec![3, 2, 1]),
        (AuditQuery { actor_ids: vec![format!("admkey_{owner}")], ..any() }, vec![3, 2, 1]),
        (AuditQuery { actor_ids: texts(&["user_1", &search]), ..any() }, vec![]),
        (AuditQuery { actor_emails: vec![format!("Owner@{owner}.example")], ..any() }, vec![3, 2, 1]),
        (AuditQuery { actor_emails: texts(&["owner@example"]), ..any() }, vec![]),
        (AuditQuery { resource_ids: texts(&[&eclair]), ..any() }, vec![2]),
        (AuditQuery { resource_ids: texts(&["x", &search]), ..any() }, vec![3, 1]),
        (AuditQuery { outcome: Some(Outcome::Success), ..any() }, vec![3, 2, 1]),
        (AuditQuery { outcome: Some(Outcome::Denied), ..any() }, vec![]),
        (AuditQuery { ip: Some("192.0.2.7".into()), ..any() }, vec![2]),
        (AuditQuery { request_id: request, ..any() }, vec![2]),
        (AuditQuery { request_id: Some("req_1".into()), ..any() }, vec![]),
        (AuditQuery { search: Some(" sEARCH ".into()), ..any() }, vec![3, 1]),
        (AuditQuery { search: Some("Éclair 50%_\"x\"".into()), ..any() }, vec![2]),
        (AuditQuery { search: Some("\"".into()), ..any() }, vec![2]),
        (AuditQuery { search: Some("%".into()), ..any() }, vec![2]),
        (AuditQuery { search: Some("50_".into()), ..any() }, vec![]),
        (AuditQuery { search: Some("\\".into()), ..any() }, vec![]),
        (AuditQuery { search: Some("  ".into()), ..any() }, vec![3, 2, 1]),
        (AuditQuery { search: Some("search".into()), from: at(10), ..any() }, vec![3]),
    ] {
        assert_eq!(story.found(query.clone()).await, expected, "{query:?}");
    }
}

#[tokio::test]
async fn pages_go_both_ways_and_a_strangers_event_is_no_cursor() {
    let story = story().await;
    let all = story.list(AuditQuery::default(), NEWEST).await.unwrap();
    let id = |at: usize| all.data[at].event.id.parse::<AuditEventId>().unwrap();
    for (limit, order, cursor, expected, has_more) in [
        (2, Order::Desc, None, vec![3, 2], true),
        (2, Order::Desc, Some(Cursor::After(id(1))), vec![1], false),
        (1, Order::Desc, Some(Cursor::Before(id(2))), vec![2], true),
        (2, Order::Desc, Some(Cursor::Before(id(2))), vec![3, 2], false),
        (2, Order::Asc, None, vec![1, 2], true),
        (2, Order::Asc, Some(Cursor::After(id(1))), vec![3], false),
        (2, Order::Asc, Some(Cursor::Before(id(0))), vec![1, 2], false),
    ] {
        let listed = story.list(AuditQuery::default(), Page { limit, order, cursor }).await.unwrap();
        assert_eq!((sequences(&listed), listed.has_more), (expected, has_more), "{limit} {order:?} {cursor:?}");
    }

    let stranger = story.house.stranger("Second").await;
    story.house.project_of(&stranger, "Theirs").await;
    let theirs = ListAuditEvents { query: AuditQuery::default(), page: NEWEST };
    let theirs = audit::list(&story.house.keyward, &stranger, theirs).await.unwrap();
    assert_eq!(sequences(&theirs), [1]);
    let cursor = Some(Cursor::After(theirs.data[0].event.id.parse().unwrap()));
    let refused = story.list(AuditQuery::default(), Page { cursor, ..NEWEST }).await;
    assert!(matches!(&refused, Err(Error::Invalid(invalid)) if invalid.code == "invalid_cursor"), "{refused:?}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_by_name() {
    let story = story().await;
    let many = vec!["project.created".to_owned(); 101];
    for (query, param) in [
        (AuditQuery { event_types: many, ..AuditQuery::default() }, "event_types"),
        (AuditQuery { event_types: texts(&["project.*", "project_created"]), ..AuditQuery::default() }, "event_types"),
        (AuditQuery { event_types: texts(&["project%"]), ..AuditQuery::default() }, "event_types"),
        (AuditQuery { ip: Some("192.0.2".into()), ..AuditQuery::default() }, "ip"),
    ] {
        let refused = story.list(query, NEWEST).await;
        assert!(matches!(&refused, Err(Error::Invalid(invalid)) if invalid.param == param), "{refused:?}");
    }
    let outsider = story.house.holder_of(&[Permission::AuditExport]);
    let query = ListAuditEvents { query: AuditQuery::default(), page: NEWEST };
    let denied = audit::list(&story.house.keyward, &outsider, query).await;
    assert!(matches!(denied, Err(Error::Denied(denied)) if denied.permission == Permission::AuditRead));
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_event() {
    let story = story().await;
    let command = project::CreateProject {
        name: name("Search"),
        description: String::new(),
        model_permissions: None,
        credential: None,
        idempotency: None,
    };
    project::create(&story.house.keyward, &story.house.owner(), command).await.unwrap_err();
    assert_eq!(story.found(AuditQuery::default()).await, [3, 2, 1]);
}
