//! Limits of projects, and what limits remember.

use keyward_domain::{
    id::{LimitId, OrganizationId, ProjectId},
    limit::{Limits, ProjectLimit},
    page::{Cursor, Order, Page},
};
use keyward_store::{limit_state, project_limit};

use crate::support::{Database, add_organization, add_project, moment, uuid};

contract!(
    a_limit_is_its_projects_own,
    one_model_has_one_limit,
    a_limits_memory_is_kept_and_starts_empty,
    what_runs_elsewhere_counts_until_its_process_is_silent,
);

fn new(place: (OrganizationId, ProjectId), number: u64, model: Option<&str>) -> ProjectLimit {
    ProjectLimit {
        id: LimitId::from_uuid(uuid(number)),
        organization: place.0,
        project: place.1,
        model: model.map(str::to_owned),
        limits: Limits { requests_per_minute: Some(number), ..Limits::default() },
        created_at: moment(1),
        updated_at: moment(2),
        version: 1,
    }
}

async fn a_limit_is_its_projects_own(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (project, second) = (add_project(database, own, 3).await.id, add_project(database, own, 4).await.id);
    let place = (own, project);
    let (all, some, elsewhere) =
        (new(place, 10, None), new(place, 11, Some("gpt*")), new((own, second), 12, Some("gpt*")));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for limit in [&all, &some, &elsewhere] {
        project_limit::insert(conn, limit).await.unwrap();
    }
    let limits = Limits { tokens_per_minute: Some(5), parallel_requests: Some(6), shadow: true, ..Limits::default() };
    let changed = ProjectLimit { limits, version: 2, updated_at: moment(9), ..some.clone() };
    project_limit::update(conn, &changed).await.unwrap();
    assert_eq!(project_limit::find(conn, place, some.id).await.unwrap(), Some(changed.clone()));
    for wrong in [(own, second), (other, project)] {
        assert_eq!(project_limit::find(conn, wrong, some.id).await.unwrap(), None);
    }
    let page = Page { limit: 5, order: Order::Asc, cursor: None };
    let listed = |of_models| (of_models, page.clone());
    for ((of_models, page), expected) in
        [(listed(false), vec![all.clone(), changed.clone()]), (listed(true), vec![changed.clone()])]
    {
        let found = project_limit::list(conn, place, of_models, &page).await.unwrap().unwrap();
        assert_eq!(found.data, expected);
    }
    let foreign = Page { cursor: Some(Cursor::After(elsewhere.id)), ..page.clone() };
    assert!(project_limit::list(conn, place, false, &foreign).await.unwrap().is_err());
    assert_eq!(project_limit::count(conn, place).await.unwrap(), 2);
    assert_eq!(project_limit::of_project(conn, project).await.unwrap(), [all.clone(), changed.clone()]);
    assert_eq!(project_limit::all(conn).await.unwrap(), [all.clone(), changed, elsewhere]);

    project_limit::delete(conn, other, all.id).await.unwrap();
    assert!(project_limit::find(conn, place, all.id).await.unwrap().is_some());
    project_limit::delete(conn, own, all.id).await.unwrap();
    assert!(project_limit::find(conn, place, all.id).await.unwrap().is_none());
    transaction.commit().await.unwrap();
}

async fn one_model_has_one_limit(database: &Database) {
    let organization = add_organization(database, 1).await;
    let place = (organization, add_project(database, organization, 3).await.id);
    for (number, model) in [(10, None), (20, Some("gpt*"))] {
        let mut transaction = database.begin().await;
        project_limit::insert(&mut transaction.conn(), &new(place, number, model)).await.unwrap();
        transaction.commit().await.unwrap();
        let mut transaction = database.begin().await;
        let again = project_limit::insert(&mut transaction.conn(), &new(place, number + 1, model)).await;
        assert!(project_limit::model_is_taken(&again.unwrap_err()));
    }
}

async fn a_limits_memory_is_kept_and_starts_empty(database: &Database) {
    let limit = uuid(7);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    assert_eq!(limit_state::lock(conn, limit).await.unwrap(), (0, 0));
    limit_state::put(conn, limit, (1_800_000_000_000_000_001, 9)).await.unwrap();
    transaction.commit().await.unwrap();
    let mut transaction = database.begin().await;
    assert_eq!(limit_state::lock(&mut transaction.conn(), limit).await.unwrap(), (1_800_000_000_000_000_001, 9));
    assert_eq!(limit_state::lock(&mut transaction.conn(), uuid(8)).await.unwrap(), (0, 0));
}

async fn what_runs_elsewhere_counts_until_its_process_is_silent(database: &Database) {
    let (limit, here, there, dead) = (uuid(7), uuid(1), uuid(2), uuid(3));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (process, running, expires_at) in [(here, 1, 100), (there, 2, 100), (there, 4, 100), (dead, 8, 50)] {
        limit_state::put_running(conn, limit, process, running, expires_at).await.unwrap();
    }
    let mut elsewhere = Vec::new();
    for now in [49, 50, 99, 100] {
        elsewhere.push(limit_state::running_elsewhere(conn, limit, here, now).await.unwrap());
    }
    assert_eq!(elsewhere, [12, 4, 4, 0]);
    limit_state::renew(conn, there, 200, 60).await.unwrap();
    assert_eq!(limit_state::running_elsewhere(conn, limit, here, 20).await.unwrap(), 4);
    assert_eq!(limit_state::running_elsewhere(conn, limit, here, 199).await.unwrap(), 4);
    limit_state::leave(conn, there).await.unwrap();
    assert_eq!(limit_state::running_elsewhere(conn, limit, here, 20).await.unwrap(), 0);
    assert_eq!(limit_state::running_elsewhere(conn, uuid(8), here, 0).await.unwrap(), 0);
}
