//! Identity providers, whom they know, what their claims gave, and the
//! sessions that they vouch for.

use keyward_domain::{
    group::Group,
    id::{GroupId, OrganizationId, SessionId, SsoProviderId, UserId},
    page::{Order, Page},
    role::{BuiltIn, Scope},
    sso::{ClientId, Given, Issuer, Mapping, Scopes, SsoProvider},
};
use keyward_store::{
    group, identity, organization, organization_settings,
    role_assignment::{self, Assignment, Principal},
    session::{self, Session},
    sso_grants::{self, Held},
    sso_provider::{self as store, name_is_taken},
};

use crate::support::{Database, add_organization, add_user, assignment, moment, name, uuid};

contract!(
    a_provider_is_kept_as_it_is_and_is_its_organizations_own,
    a_sealed_secret_is_read_for_signing_in_alone,
    names_are_unique_in_an_organization,
    enabled_providers_are_counted,
    a_sign_in_page_shows_one_organizations_enabled_providers,
    whom_a_provider_knows_is_kept_and_forgotten,
    what_claims_gave_is_told_apart_from_what_somebody_decided,
    sessions_end_by_provider_and_by_password,
    what_was_decided_about_an_organization_is_kept,
);

fn provider(organization: OrganizationId, number: u64) -> SsoProvider {
    SsoProvider {
        id: SsoProviderId::from_uuid(uuid(number)),
        organization,
        name: name(&format!("Provider {number}")),
        issuer: Issuer::from_stored("https://login.example.com/".into()),
        client_id: ClientId::from_stored("keyward".into()),
        redacted_value: Some("abc...xyz".into()),
        scopes: Scopes::from_stored("openid email"),
        mappings: vec![Mapping {
            claim: "groups".into(),
            value: "staff".into(),
            gives: Given::Role(BuiltIn::OrganizationAuditor.id(), Scope::Organization),
        }],
        creates_members: true,
        enabled: true,
        created_at: moment(1),
        updated_at: moment(1),
        version: 1,
    }
}

async fn keep(database: &Database, provider: &SsoProvider) {
    let mut transaction = database.begin().await;
    store::insert(&mut transaction.conn(), provider, Some(b"sealed")).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn a_provider_is_kept_as_it_is_and_is_its_organizations_own(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let made = provider(first, 10);
    keep(database, &made).await;
    keep(database, &provider(second, 11)).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    assert_eq!(store::find(conn, first, made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(store::find(conn, second, made.id).await.unwrap(), None);
    let page = Page { limit: 10, order: Order::Desc, cursor: None };
    assert_eq!(store::list(conn, first, &page).await.unwrap().unwrap().data, std::slice::from_ref(&made));
    let mut changed = SsoProvider { enabled: false, creates_members: false, mappings: Vec::new(), ..made.clone() };
    changed.touch(moment(7));
    store::update(conn, &SsoProvider { organization: second, ..changed.clone() }).await.unwrap();
    assert_eq!(store::find(conn, first, made.id).await.unwrap(), Some(made.clone()), "not another's to change");
    store::update(conn, &changed).await.unwrap();
    assert_eq!(store::find(conn, first, made.id).await.unwrap(), Some(changed));
    store::delete(conn, second, made.id).await.unwrap();
    assert!(store::find(conn, first, made.id).await.unwrap().is_some());
    store::delete(conn, first, made.id).await.unwrap();
    assert_eq!(store::find(conn, first, made.id).await.unwrap(), None);
}

async fn a_sealed_secret_is_read_for_signing_in_alone(database: &Database) {
    let organization = add_organization(database, 1).await;
    let made = provider(organization, 10);
    keep(database, &made).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    let found = store::find_sealed_any(conn, made.id).await.unwrap().unwrap();
    assert_eq!((&found.provider, found.wrapped_secret.as_deref()), (&made, Some(b"sealed".as_slice())));
    store::replace_secret(conn, organization, made.id, None).await.unwrap();
    assert_eq!(store::find_sealed_any(conn, made.id).await.unwrap().unwrap().wrapped_secret, None);
}

async fn names_are_unique_in_an_organization(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    keep(database, &provider(first, 10)).await;
    keep(database, &SsoProvider { name: name("Provider 10"), ..provider(second, 11) }).await;
    let double = SsoProvider { name: name("Provider 10"), ..provider(first, 12) };
    let refused = store::insert(&mut database.begin().await.conn(), &double, None).await.unwrap_err();
    assert!(name_is_taken(&refused), "{refused:?}");
}

async fn enabled_providers_are_counted(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let made = provider(first, 10);
    keep(database, &made).await;
    keep(database, &SsoProvider { enabled: false, ..provider(first, 11) }).await;
    keep(database, &provider(second, 12)).await;
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    assert_eq!(store::count_enabled(conn, first, None).await.unwrap(), 1);
    assert_eq!(store::count_enabled(conn, first, Some(made.id)).await.unwrap(), 0);
}

async fn a_sign_in_page_shows_one_organizations_enabled_providers(database: &Database) {
    let first = add_organization(database, 1).await;
    keep(database, &provider(first, 10)).await;
    keep(database, &SsoProvider { enabled: false, ..provider(first, 11) }).await;
    let shown = async |organization| {
        let mut connection = database.read().await;
        let shown = store::on_sign_in_page(&mut connection.conn(), organization).await.unwrap();
        shown.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    let ours = SsoProviderId::from_uuid(uuid(10));
    assert_eq!(shown(None).await, [ours]);
    let second = add_organization(database, 2).await;
    assert_eq!(shown(None).await, [], "there are two now: neither learns of the other's");
    assert_eq!((shown(Some(first)).await, shown(Some(second)).await), (vec![ours], vec![]));
}

async fn whom_a_provider_knows_is_kept_and_forgotten(database: &Database) {
    let organization = add_organization(database, 1).await;
    let (one, other) = (provider(organization, 10), provider(organization, 11));
    keep(database, &one).await;
    keep(database, &other).await;
    let (ada, bob) = (add_user(database, 20).await, add_user(database, 21).await);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    identity::put(conn, one.id, "Subject", ada.id, 5).await.unwrap();
    identity::put(conn, other.id, "Subject", bob.id, 5).await.unwrap();
    // Once known, a subject is that user for good.
    identity::put(conn, one.id, "Subject", bob.id, 6).await.unwrap();
    assert_eq!(identity::find(conn, one.id, "Subject").await.unwrap(), Some(ada.id));
    assert_eq!(identity::find(conn, one.id, "subject").await.unwrap(), None, "letter for letter");
    assert_eq!(identity::delete_of(conn, one.id).await.unwrap(), 1);
    assert_eq!(identity::find(conn, one.id, "Subject").await.unwrap(), None);
    assert_eq!(identity::find(conn, other.id, "Subject").await.unwrap(), Some(bob.id));
}

async fn what_claims_gave_is_told_apart_from_what_somebody_decided(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (made, foreign) = (provider(first, 10), provider(first, 11));
    let (ada, bob) = (add_user(database, 20).await, add_user(database, 21).await);
    let staff =
        Group { id: GroupId::from_uuid(uuid(30)), organization: first, name: name("Staff"), created_at: moment(1) };
    let auditor = BuiltIn::OrganizationAuditor.id();
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    group::insert(conn, &staff).await.unwrap();
    for (user, source) in [(ada.id, None), (ada.id, Some(made.id)), (bob.id, Some(made.id)), (bob.id, Some(foreign.id))]
    {
        group::add_member(conn, &staff, user, source, 5).await.unwrap();
        let given = assignment(Principal::User(user), Scope::Organization, auditor);
        role_assignment::insert(conn, first, &Assignment { source, ..given }).await.unwrap();
    }
    let (role, group) = (Given::Role(auditor, Scope::Organization), Given::Group(staff.id));
    let of = |user: UserId| [Held { user, given: role }, Held { user, given: group }];
    assert_eq!(sso_grants::of(conn, first, made.id, Some(ada.id)).await.unwrap(), of(ada.id));
    let mut all = sso_grants::of(conn, first, made.id, None).await.unwrap();
    all.sort();
    let mut expected = [of(ada.id), of(bob.id)].concat();
    expected.sort();
    assert_eq!(all, expected);
    assert_eq!(sso_grants::of(conn, second, made.id, None).await.unwrap(), []);
}

async fn sessions_end_by_provider_and_by_password(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (owner, by_group, member) =
        (add_user(database, 20).await, add_user(database, 21).await, add_user(database, 22).await);
    let owns = BuiltIn::OrganizationOwner.id();
    let owners =
        Group { id: GroupId::from_uuid(uuid(30)), organization: first, name: name("Owners"), created_at: moment(1) };
    let sso = SsoProviderId::from_uuid(uuid(40));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    group::insert(conn, &owners).await.unwrap();
    group::add_member(conn, &owners, by_group.id, None, 5).await.unwrap();
    for principal in [Principal::User(owner.id), Principal::Group(owners.id)] {
        role_assignment::insert(conn, first, &assignment(principal, Scope::Organization, owns)).await.unwrap();
    }
    let sessions = [
        (50, owner.id, first, None),
        (51, by_group.id, first, None),
        (52, member.id, first, None),
        (53, member.id, first, None),
        (54, member.id, first, Some(sso)),
        (55, member.id, second, None),
    ];
    for (number, user, organization, sso_provider) in sessions {
        let session = Session {
            id: SessionId::from_uuid(uuid(number)),
            user,
            organization,
            sso_provider,
            created_at: moment(1),
            last_seen_at: moment(1),
            expires_at: moment(100),
            ip: None,
            user_agent: None,
        };
        session::insert(conn, &session, &number.to_be_bytes()).await.unwrap();
    }
    let kept = SessionId::from_uuid(uuid(53));
    assert_eq!(session::delete_by_password(conn, first, Some(kept), owns).await.unwrap(), 1);
    assert_eq!(session::find(conn, SessionId::from_uuid(uuid(52))).await.unwrap(), None);
    assert_eq!(session::delete_by_password(conn, first, None, owns).await.unwrap(), 1);
    assert_eq!(session::delete_of_provider(conn, second, sso).await.unwrap(), 0);
    assert_eq!(session::delete_of_provider(conn, first, sso).await.unwrap(), 1);
    let left = session::of_user(conn, member.id).await.unwrap();
    assert!(left.iter().map(|session| session.organization).eq([second]));
}

async fn what_was_decided_about_an_organization_is_kept(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    let mut settings = organization_settings::find(conn, first).await.unwrap().unwrap();
    assert_eq!((settings.sso_required, settings.version), (false, 1));
    (settings.organization.name, settings.sso_required, settings.version) = (name("Anew"), true, 2);
    organization_settings::update(conn, &settings).await.unwrap();
    assert_eq!(organization_settings::find(conn, first).await.unwrap(), Some(settings.clone()));
    assert!(!organization_settings::find(conn, second).await.unwrap().unwrap().sso_required);
    settings.organization.name = name("Organization 2");
    let refused = organization_settings::update(conn, &settings).await.unwrap_err();
    assert!(organization::name_is_taken(&refused), "{refused:?}");
}
