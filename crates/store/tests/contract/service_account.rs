//! Service accounts.

use keyward_domain::{
    id::{OrganizationId, ProjectId, ServiceAccountId},
    page::{Order, Page},
    service_account::ServiceAccount,
};
use keyward_store::service_account;

use crate::support::{Database, add_organization, add_project, moment, name, uuid};

contract!(a_service_account_is_its_projects_own_until_it_is_deleted,);

fn new(organization: OrganizationId, project: ProjectId, number: u64) -> ServiceAccount {
    let id = ServiceAccountId::from_uuid(uuid(number));
    ServiceAccount { id, organization, project, name: name(&format!("Bot {number}")), created_at: moment(3) }
}

async fn a_service_account_is_its_projects_own_until_it_is_deleted(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (project, second) = (add_project(database, own, 3).await.id, add_project(database, own, 4).await.id);
    let (bot, elsewhere) = (new(own, project, 10), new(own, second, 11));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for account in [&bot, &elsewhere] {
        service_account::insert(conn, account).await.unwrap();
    }
    let renamed = ServiceAccount { name: name("Robot"), ..bot.clone() };
    service_account::rename(conn, &renamed).await.unwrap();
    assert_eq!(service_account::find(conn, (own, project), bot.id).await.unwrap(), Some(renamed.clone()));
    for place in [(own, second), (other, project)] {
        assert_eq!(service_account::find(conn, place, bot.id).await.unwrap(), None);
    }
    let page = Page { limit: 5, order: Order::Asc, cursor: None };
    let listed = service_account::list(conn, (own, project), &page).await.unwrap().unwrap();
    assert_eq!(listed.data, std::slice::from_ref(&renamed));

    service_account::delete(conn, own, bot.id, 9).await.unwrap();
    assert_eq!(service_account::find(conn, (own, project), bot.id).await.unwrap(), None);
    assert_eq!(service_account::find_any(conn, own, bot.id).await.unwrap(), Some(renamed));
    assert_eq!(service_account::find_any(conn, other, bot.id).await.unwrap(), None);
    transaction.commit().await.unwrap();
}
