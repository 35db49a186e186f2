//! Credentials: a project's own and the inherited ones, and their wrapped
//! secrets.

use std::collections::BTreeMap;

use keyward_domain::{
    credential::{Aliases, BaseUrl, Credential},
    id::{CredentialId, OrganizationId, ProjectId},
    page::{Cursor, Order, Page},
    provider::Provider,
    weight::Weight,
};
use keyward_store::credential::{self, SealedCredential};

use crate::support::{Database, add_organization, add_project, moment, name, uuid};

contract!(
    a_credential_reads_back_as_it_was_kept,
    a_secret_is_replaced_and_taken_away_alone,
    a_project_sees_its_own_and_the_inherited_ones,
    a_change_from_another_organization_touches_nothing,
    names_are_unique_within_a_project_and_within_the_organization,
    pages_hold_own_and_inherited_ones,
    the_order_to_be_asked_is_priority_own_first_older_first,
    the_last_use_never_goes_back,
);

fn new(organization: OrganizationId, project: Option<ProjectId>, number: u64) -> Credential {
    Credential {
        id: CredentialId::from_uuid(uuid(number)),
        organization,
        project,
        provider: Provider::OpenAi,
        name: name(&format!("Credential {number}")),
        base_url: None,
        redacted_value: None,
        aliases: Aliases::default(),
        priority: 0,
        weight: Weight::default(),
        created_at: moment(1),
        updated_at: moment(1),
        version: 1,
    }
}

async fn keep(database: &Database, credential: &Credential, secret: Option<&[u8]>) {
    let mut transaction = database.begin().await;
    credential::insert(&mut transaction.conn(), credential, secret).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn add(
    database: &Database,
    organization: OrganizationId,
    project: Option<ProjectId>,
    number: u64,
) -> CredentialId {
    let made = new(organization, project, number);
    keep(database, &made, None).await;
    made.id
}

async fn is_found(
    database: &Database,
    organization: OrganizationId,
    project: Option<ProjectId>,
    id: CredentialId,
) -> bool {
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    let found = credential::find(conn, organization, project, id).await.unwrap().is_some();
    assert_eq!(credential::find_sealed(conn, organization, project, id).await.unwrap().is_some(), found);
    found
}

fn ids(sealed: &[SealedCredential]) -> Vec<CredentialId> {
    sealed.iter().map(|sealed| sealed.credential.id).collect()
}

async fn a_credential_reads_back_as_it_was_kept(database: &Database) {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await.id;
    let aliases = BTreeMap::from([("fast \"one\"".to_owned(), "gpt-4o-mini".to_owned())]);
    let made = Credential {
        base_url: Some(BaseUrl::parse("base_url", "https://models.example/v1").unwrap()),
        redacted_value: Some("sk-abcd...wxyz".into()),
        aliases: Aliases(aliases),
        priority: i32::MIN,
        weight: Weight::parse("weight", 7).unwrap(),
        ..new(organization, Some(project), 3)
    };
    keep(database, &made, Some(b"\x00wrapped\xff")).await;
    let sealed = credential::find_sealed(&mut database.read().await.conn(), organization, Some(project), made.id).await;
    let sealed = sealed.unwrap().unwrap();
    assert_eq!((&sealed.credential, sealed.wrapped_secret.as_deref()), (&made, Some(&b"\x00wrapped\xff"[..])));

    let changed = Credential {
        name: name("Renamed"),
        base_url: None,
        redacted_value: None,
        aliases: Aliases::default(),
        priority: i32::MAX,
        weight: Weight::parse("weight", 1000).unwrap(),
        updated_at: moment(9),
        version: 2,
        ..made
    };
    let mut transaction = database.begin().await;
    credential::update(&mut transaction.conn(), &changed).await.unwrap();
    transaction.commit().await.unwrap();
    let found = credential::find(&mut database.read().await.conn(), organization, Some(project), changed.id).await;
    let found = found.unwrap().unwrap();
    assert_eq!((found.credential, found.last_used_at), (changed, None));
}

async fn a_secret_is_replaced_and_taken_away_alone(database: &Database) {
    let organization = add_organization(database, 1).await;
    let (one, other) = (new(organization, None, 2), new(organization, None, 3));
    keep(database, &one, Some(b"old")).await;
    keep(database, &other, Some(b"other")).await;
    for secret in [Some(&b"new"[..]), None] {
        let mut transaction = database.begin().await;
        credential::replace_secret(&mut transaction.conn(), organization, one.id, secret).await.unwrap();
        transaction.commit().await.unwrap();
        let all = credential::all_sealed(&mut database.read().await.conn()).await.unwrap();
        let secrets: Vec<_> = all.iter().map(|sealed| sealed.wrapped_secret.as_deref()).collect();
        assert_eq!(secrets, [secret, Some(&b"other"[..])]);
    }
}

async fn a_project_sees_its_own_and_the_inherited_ones(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let project = add_project(database, first, 3).await.id;
    let sibling = add_project(database, first, 4).await.id;
    let own = add(database, first, Some(project), 5).await;
    let inherited = add(database, first, None, 6).await;
    let cases = [
        (first, Some(project), own, true),
        (first, Some(sibling), own, false),
        (first, None, own, false),
        (second, Some(project), own, false),
        (first, Some(project), inherited, true),
        (first, Some(sibling), inherited, true),
        (first, None, inherited, true),
        (second, None, inherited, false),
        (second, Some(project), inherited, false),
    ];
    for (organization, project, id, expected) in cases {
        assert_eq!(is_found(database, organization, project, id).await, expected, "{organization} {project:?} {id}");
    }
}

async fn a_change_from_another_organization_touches_nothing(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let kept = new(first, None, 3);
    keep(database, &kept, Some(b"secret")).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    credential::delete(conn, second, kept.id).await.unwrap();
    credential::replace_secret(conn, second, kept.id, None).await.unwrap();
    let stolen = Credential { organization: second, name: name("Stolen"), ..kept.clone() };
    credential::update(conn, &stolen).await.unwrap();
    transaction.commit().await.unwrap();
    let found = credential::find_sealed(&mut database.read().await.conn(), first, None, kept.id).await;
    let found = found.unwrap().unwrap();
    assert_eq!((&found.credential, found.wrapped_secret.as_deref()), (&kept, Some(&b"secret"[..])));

    let mut transaction = database.begin().await;
    credential::delete(&mut transaction.conn(), first, kept.id).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(!is_found(database, first, None, kept.id).await);
}

async fn names_are_unique_within_a_project_and_within_the_organization(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let project = add_project(database, first, 3).await.id;
    let sibling = add_project(database, first, 4).await.id;
    let named = |organization, project, number| Credential { name: name("main"), ..new(organization, project, number) };
    for (number, (organization, project)) in
        (10..).zip([(first, Some(project)), (first, Some(sibling)), (first, None), (second, None)])
    {
        keep(database, &named(organization, project, number), None).await;
    }
    for project in [Some(project), None] {
        let refused =
            credential::insert(&mut database.begin().await.conn(), &named(first, project, 20), None).await.unwrap_err();
        assert!(credential::name_is_taken(&refused), "{refused:?}");
        let other = new(first, project, if project.is_some() { 21 } else { 22 });
        keep(database, &other, None).await;
        let renamed = Credential { name: name("main"), ..other };
        let refused = credential::update(&mut database.begin().await.conn(), &renamed).await.unwrap_err();
        assert!(credential::name_is_taken(&refused), "{refused:?}");
    }
    let same_id = new(first, None, 10);
    let refused = credential::insert(&mut database.begin().await.conn(), &same_id, None).await.unwrap_err();
    assert!(!credential::name_is_taken(&refused), "an id isn't a name: {refused:?}");

    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    assert_eq!(credential::names(conn, first, Some(project)).await.unwrap(), ["Credential 21", "main"]);
    assert_eq!(credential::names(conn, first, None).await.unwrap(), ["Credential 22", "main"]);
    assert_eq!(credential::names(conn, second, Some(project)).await.unwrap(), [""; 0]);
}

async fn pages_hold_own_and_inherited_ones(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let project = add_project(database, first, 3).await.id;
    let sibling = add_project(database, first, 4).await.id;
    let own = add(database, first, Some(project), 10).await;
    let inherited = add(database, first, None, 11).await;
    let younger = add(database, first, Some(project), 12).await;
    let elsewhere = add(database, first, Some(sibling), 13).await;
    let foreign = add(database, second, None, 14).await;
    let listed = async |project, limit, order, cursor| {
        let page = Page { limit, order, cursor };
        let listed = credential::list(&mut database.read().await.conn(), first, project, &page).await.unwrap();
        listed.ok().map(|listed| (listed.data.iter().map(|used| used.credential.id).collect(), listed.has_more))
    };
    let whole: Option<(Vec<CredentialId>, bool)> = listed(Some(project), 10, Order::Desc, None).await;
    assert_eq!(whole, Some((vec![younger, inherited, own], false)));
    assert_eq!(listed(None, 10, Order::Desc, None).await, Some((vec![inherited], false)));
    assert_eq!(listed(Some(project), 2, Order::Asc, None).await, Some((vec![own, inherited], true)));
    let rest = listed(Some(project), 2, Order::Asc, Some(Cursor::After(inherited))).await;
    assert_eq!(rest, Some((vec![younger], false)));
    let start = listed(Some(project), 2, Order::Asc, Some(Cursor::Before(younger))).await;
    assert_eq!(start, Some((vec![own, inherited], false)));
    for unknown in [elsewhere, foreign] {
        assert_eq!(listed(Some(project), 2, Order::Asc, Some(Cursor::After(unknown))).await, None);
    }
}

async fn the_order_to_be_asked_is_priority_own_first_older_first(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let project = add_project(database, first, 3).await.id;
    let sibling = add_project(database, first, 4).await.id;
    let mut made = Vec::new();
    for (number, (organization, project, priority)) in (10..).zip([
        (first, None, 0),
        (first, Some(project), 0),
        (first, Some(project), 0),
        (first, None, -1),
        (first, Some(sibling), 0),
        (second, None, 0),
        (first, Some(project), 7),
    ]) {
        let credential = Credential { priority, ..new(organization, project, number) };
        keep(database, &credential, None).await;
        made.push(credential.id);
    }
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    let expected = |order: &[usize]| order.iter().map(|at| made[*at]).collect::<Vec<_>>();
    assert_eq!(ids(&credential::sealed_in_project(conn, first, project).await.unwrap()), expected(&[3, 1, 2, 0, 6]));
    assert_eq!(ids(&credential::sealed_of_organization(conn, first).await.unwrap()), expected(&[3, 1, 2, 4, 0, 6]));
    assert_eq!(ids(&credential::all_sealed(conn).await.unwrap()), expected(&[3, 1, 2, 4, 0, 5, 6]));
}

async fn the_last_use_never_goes_back(database: &Database) {
    let organization = add_organization(database, 1).await;
    let id = add(database, organization, None, 2).await;
    for (at, expected) in [(2000, 2000), (1000, 2000), (3000, 3000)] {
        let mut transaction = database.begin().await;
        credential::touch(&mut transaction.conn(), id, at).await.unwrap();
        credential::touch(&mut transaction.conn(), CredentialId::from_uuid(uuid(99)), at).await.unwrap();
        transaction.commit().await.unwrap();
        let found = credential::find(&mut database.read().await.conn(), organization, None, id).await.unwrap();
        assert_eq!(found.unwrap().last_used_at.map(|at| at.as_millisecond()), Some(expected));
    }
}
