//! Projects: what is kept, who finds it, and the pages of the list.

use keyward_domain::{
    id::{OrganizationId, ProjectId},
    model::{ModelMode, ModelPatterns, ModelPermissions},
    page::{Cursor, Order, Page},
    project::Project,
};
use keyward_store::{
    api_key,
    project::{self, ProjectFilter, ProjectSort},
};

use crate::support::{Database, add_organization, add_project, moment, name, new_api_key, new_project, uuid};

contract!(
    a_project_reads_back_as_it_was_kept,
    a_project_is_found_in_its_organization_only,
    a_name_is_unique_in_its_organization,
    pages_follow_each_other_both_ways,
    filters_and_search_narrow_the_list,
    every_order_shows_each_project_once_both_ways,
    a_foreign_cursor_is_unknown,
    a_project_without_keys_counts_none,
);

const EVERYTHING: ProjectFilter = ProjectFilter { inactive: true, active: true, search: None, among: None };

async fn listed(
    database: &Database,
    organization: OrganizationId,
    filter: &ProjectFilter,
    page: Page<ProjectId>,
) -> Option<(Vec<ProjectId>, bool)> {
    sorted(database, organization, filter, (ProjectSort::default(), &page)).await
}

async fn sorted(
    database: &Database,
    organization: OrganizationId,
    filter: &ProjectFilter,
    asked: (ProjectSort, &Page<ProjectId>),
) -> Option<(Vec<ProjectId>, bool)> {
    let listed = project::list(&mut database.read().await.conn(), organization, filter, asked).await.unwrap().ok()?;
    Some((listed.data.iter().map(|project| project.id).collect(), listed.has_more))
}

fn page(limit: u32, order: Order, cursor: Option<Cursor<ProjectId>>) -> Page<ProjectId> {
    Page { limit, order, cursor }
}

async fn keep(database: &Database, project: &Project) {
    let mut transaction = database.begin().await;
    project::insert(&mut transaction.conn(), project).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn a_project_reads_back_as_it_was_kept(database: &Database) {
    let organization = add_organization(database, 1).await;
    let model_ids = ModelPatterns::parse("model_ids", vec!["gpt-4o*".into(), "é\"\\\\".into()]).unwrap();
    let made = Project {
        description: "two\nlines".into(),
        model_permissions: Some(ModelPermissions { mode: ModelMode::DenyList, model_ids }),
        ..new_project(organization, 1, "مشروع <b>")
    };
    keep(database, &made).await;
    let mut connection = database.read().await;
    assert_eq!(project::find(&mut connection.conn(), organization, made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(project::find_any(&mut connection.conn(), made.id).await.unwrap(), Some(made.clone()));
    drop(connection);

    let changed = Project {
        name: name("Renamed"),
        description: String::new(),
        model_permissions: None,
        deactivated_at: Some(moment(9)),
        updated_at: moment(9),
        version: 2,
        ..made
    };
    let mut transaction = database.begin().await;
    project::update(&mut transaction.conn(), &changed).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(project::all(&mut database.read().await.conn()).await.unwrap(), [changed]);
}

async fn a_project_is_found_in_its_organization_only(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (older, younger) = (add_project(database, first, 3).await, add_project(database, first, 4).await);
    let foreign = add_project(database, second, 5).await;
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    assert_eq!(project::find(conn, second, older.id).await.unwrap(), None);
    assert_eq!(project::find(conn, first, foreign.id).await.unwrap(), None);
    assert_eq!(project::ids(conn, first).await.unwrap(), [older.id, younger.id]);
    assert_eq!(project::find_any(conn, ProjectId::from_uuid(uuid(99))).await.unwrap(), None);
    drop(connection);

    let stolen = Project { organization: second, name: name("Stolen"), ..older.clone() };
    let mut transaction = database.begin().await;
    project::update(&mut transaction.conn(), &stolen).await.unwrap();
    transaction.commit().await.unwrap();
    let found = project::find(&mut database.read().await.conn(), first, older.id).await.unwrap();
    assert_eq!(found, Some(older));
}

async fn a_name_is_unique_in_its_organization(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    keep(database, &new_project(first, 1, "Search")).await;
    keep(database, &new_project(second, 2, "Search")).await;
    keep(database, &new_project(first, 3, "search")).await;

    let double = new_project(first, 4, "Search");
    let refused = project::insert(&mut database.begin().await.conn(), &double).await.unwrap_err();
    assert!(project::name_is_taken(&refused), "{refused:?}");
    let renamed = Project { name: name("Search"), ..new_project(first, 3, "search") };
    let refused = project::update(&mut database.begin().await.conn(), &renamed).await.unwrap_err();
    assert!(project::name_is_taken(&refused), "{refused:?}");
    let same_id = new_project(first, 1, "Other");
    let refused = project::insert(&mut database.begin().await.conn(), &same_id).await.unwrap_err();
    assert!(!project::name_is_taken(&refused), "an id isn't a name: {refused:?}");
}

async fn pages_follow_each_other_both_ways(database: &Database) {
    let organization = add_organization(database, 1).await;
    let mut ids = Vec::new();
    for number in 1..=5 {
        ids.push(add_project(database, organization, number).await.id);
    }
    let (after, before) = (|at: usize| Some(Cursor::After(ids[at])), |at: usize| Some(Cursor::Before(ids[at])));
    let cases = [
        (page(2, Order::Asc, None), vec![0, 1], true),
        (page(2, Order::Asc, after(1)), vec![2, 3], true),
        (page(2, Order::Asc, after(3)), vec![4], false),
        (page(2, Order::Asc, after(4)), vec![], false),
        (page(2, Order::Asc, before(4)), vec![2, 3], true),
        (page(2, Order::Asc, before(2)), vec![0, 1], false),
        (page(2, Order::Desc, None), vec![4, 3], true),
        (page(2, Order::Desc, after(3)), vec![2, 1], true),
        (page(2, Order::Desc, after(1)), vec![0], false),
        (page(2, Order::Desc, before(0)), vec![2, 1], true),
        (page(3, Order::Desc, before(1)), vec![4, 3, 2], false),
        (page(5, Order::Desc, None), vec![4, 3, 2, 1, 0], false),
    ];
    for (asked, expected, has_more) in cases {
        let expected: Vec<_> = expected.into_iter().map(|at: usize| ids[at]).collect();
        let answer = listed(database, organization, &EVERYTHING, asked.clone()).await;
        assert_eq!(answer, Some((expected, has_more)), "{asked:?}");
    }
}

async fn filters_and_search_narrow_the_list(database: &Database) {
    let organization = add_organization(database, 1).await;
    let active = new_project(organization, 1, "100% Search_1");
    let inactive = Project { deactivated_at: Some(moment(5)), ..new_project(organization, 2, "1000 SEARCHX1") };
    keep(database, &active).await;
    keep(database, &inactive).await;
    let (first, second) = (active.id, inactive.id);
    let cases = [
        (true, true, None, vec![first, second]),
        (false, true, None, vec![first]),
        (true, false, None, vec![second]),
        (true, true, Some("search"), vec![first, second]),
        (true, true, Some("SEARCH_1"), vec![first]),
        (true, true, Some("0%"), vec![first]),
        (true, true, Some("nothing"), vec![]),
        (true, true, Some(""), vec![first, second]),
        (true, true, Some("\\"), vec![]),
    ];
    for (inactive, active, search, expected) in cases {
        let filter = ProjectFilter { inactive, active, search: search.map(str::to_owned), among: None };
        let answer = listed(database, organization, &filter, page(10, Order::Asc, None)).await;
        assert_eq!(answer, Some((expected, false)), "{filter:?}");
    }
}

async fn every_order_shows_each_project_once_both_ways(database: &Database) {
    let organization = add_organization(database, 1).await;
    let projects = [
        new_project(organization, 10, "b"),
        Project { deactivated_at: Some(moment(5)), ..new_project(organization, 11, "A") },
        new_project(organization, 12, "c"),
        new_project(organization, 13, "C"),
    ];
    for project in &projects {
        keep(database, project).await;
    }
    let mut transaction = database.begin().await;
    for (project, number) in [(0, 30), (0, 31), (0, 32), (2, 33), (2, 34)] {
        let key = new_api_key(&projects[project], number);
        api_key::insert(&mut transaction.conn(), &key).await.unwrap();
        if number < 32 {
            api_key::delete(&mut transaction.conn(), organization, key.id, moment(5)).await.unwrap();
        }
    }
    transaction.commit().await.unwrap();
    for (sort, rising) in [
        (ProjectSort::Creation, [0, 1, 2, 3]),
        (ProjectSort::Name, [1, 0, 2, 3]),
        (ProjectSort::Status, [0, 2, 3, 1]),
        (ProjectSort::Keys, [1, 3, 0, 2]),
    ] {
        let expected: Vec<_> = rising.iter().map(|at: &usize| projects[*at].id).collect();
        for order in [Order::Asc, Order::Desc] {
            let (mut seen, mut cursor, mut has_more) = (Vec::new(), None, true);
            while has_more {
                let asked = page(1, order, cursor);
                let (ids, more) = sorted(database, organization, &EVERYTHING, (sort, &asked)).await.unwrap();
                seen.extend(ids);
                (cursor, has_more) = (seen.last().copied().map(Cursor::After), more);
            }
            let back = page(9, order, Some(Cursor::Before(seen[3])));
            let before = sorted(database, organization, &EVERYTHING, (sort, &back)).await;
            assert_eq!(before, Some((seen[..3].to_vec(), false)), "{sort:?} {order:?}");
            if order == Order::Desc {
                seen.reverse();
            }
            assert_eq!(seen, expected, "{sort:?} {order:?}");
        }
    }
}

async fn a_foreign_cursor_is_unknown(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    add_project(database, first, 3).await;
    let foreign = add_project(database, second, 4).await;
    for cursor in [Cursor::After(foreign.id), Cursor::Before(ProjectId::from_uuid(uuid(99)))] {
        let answer = listed(database, first, &EVERYTHING, page(2, Order::Desc, Some(cursor))).await;
        assert_eq!(answer, None, "{cursor:?}");
    }
}

async fn a_project_without_keys_counts_none(database: &Database) {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await;
    let counts = project::key_counts(&mut database.read().await.conn(), project.id, 0).await.unwrap();
    assert_eq!(counts, (0, 0));
}
