//! What is decided about the response caches of projects.

use keyward_domain::cache::ProjectCache;
use keyward_store::project_cache;

use crate::support::{Database, add_organization, add_project};

contract!(a_projects_cache_is_its_own_and_off_unless_decided,);

async fn a_projects_cache_is_its_own_and_off_unless_decided(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (project, second) = (add_project(database, own, 3).await.id, add_project(database, own, 4).await.id);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    assert_eq!(project_cache::find(conn, (own, project)).await.unwrap(), ProjectCache::default());
    assert_eq!(project_cache::all(conn).await.unwrap(), []);

    let decided = ProjectCache { enabled: true, ttl_seconds: 60, generation: 0, version: 2 };
    project_cache::put(conn, (own, project), &decided).await.unwrap();
    assert_eq!(project_cache::find(conn, (own, project)).await.unwrap(), decided);
    for elsewhere in [(own, second), (other, project)] {
        assert_eq!(project_cache::find(conn, elsewhere).await.unwrap(), ProjectCache::default());
    }
    let after = ProjectCache { enabled: false, ttl_seconds: 2_592_000, generation: 7, version: 3 };
    project_cache::put(conn, (own, project), &after).await.unwrap();
    // Nobody decides about another organization's project.
    project_cache::put(conn, (other, project), &decided).await.unwrap();
    assert_eq!(project_cache::find(conn, (own, project)).await.unwrap(), after);
    assert_eq!(project_cache::all(conn).await.unwrap(), [(own, project, after)]);
    transaction.commit().await.unwrap();
}
