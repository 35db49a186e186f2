//! API keys: what is kept, who finds it, names, the pages of the list, and
//! revoking all at once.

use std::collections::BTreeMap;

use keyward_domain::{
    api_key::{ApiKey, Creator, KeyAccess, KeyStatus, KeyUsage, PreviousSecret},
    id::{AdminKeyId, ApiKeyId, OrganizationId, ProjectId, ServiceAccountId},
    page::{Cursor, Order, Page},
    permission::Permission,
    secret::SecretDigest,
};
use keyward_store::{
    StoreError,
    api_key::{self, ApiKeyFilter, KeySort, Unused},
    api_key_usage::{self, Used},
};

use crate::support::{Database, add_api_key, add_organization, add_project, add_user, moment, name, new_api_key, uuid};

contract!(
    a_key_reads_back_as_it_was_kept,
    a_key_is_found_in_its_project_only,
    a_secret_belongs_to_one_key_even_after_deletion,
    only_live_keys_hold_their_names,
    pages_follow_each_other_both_ways,
    every_order_shows_each_key_once_both_ways,
    filters_and_search_narrow_the_list,
    an_unknown_cursor_is_said_so,
    all_keys_of_a_project_are_revoked_at_once,
    a_deleted_key_is_gone_from_every_look_up,
);

async fn find(database: &Database, key: &ApiKey) -> Option<(ApiKey, KeyUsage)> {
    let mut connection = database.read().await;
    api_key::find(&mut connection.conn(), key.organization, key.project, key.id).await.unwrap()
}

async fn update(database: &Database, key: &ApiKey) {
    let mut transaction = database.begin().await;
    api_key::update(&mut transaction.conn(), key).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn delete(database: &Database, key: &ApiKey) {
    let mut transaction = database.begin().await;
    api_key::delete(&mut transaction.conn(), key.organization, key.id, moment(5)).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn a_key_reads_back_as_it_was_kept(database: &Database) {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await;
    let plain = add_api_key(database, &project, 3).await;
    assert_eq!(find(database, &plain).await, Some((plain.clone(), KeyUsage::default())));

    let user = add_user(database, 4).await;
    let full = ApiKey {
        created_by: Creator { admin_key: Some(AdminKeyId::from_uuid(uuid(5))), user: Some(user.id) },
        expires_at: Some(moment(100)),
        max_requests: Some(1_000_000_000_000_000),
        access: KeyAccess {
            scopes: vec![Permission::LlmInvoke, Permission::BiasCheck],
            allowed_ips: KeyAccess::parse_ips(&["10.0.0.0/8".into(), "::1".into()]).unwrap(),
            allowed_origins: KeyAccess::parse_origins(&["https://app.example".into()]).unwrap(),
            require_origin: true,
            ..KeyAccess::default()
        },
        environment: Some("produção".into()),
        metadata: BTreeMap::from([("team".into(), "\"a\\b\" é".into())]),
        ..new_api_key(&project, 6)
    };
    let mut transaction = database.begin().await;
    api_key::insert(&mut transaction.conn(), &full).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(find(database, &full).await, Some((full.clone(), KeyUsage::default())));

    let changed = ApiKey {
        name: name("Renamed"),
        digest: SecretDigest([9; 32]),
        last_four: "9999".into(),
        previous: Some(PreviousSecret {
            digest: full.digest,
            last_four: full.last_four.clone(),
            expires_at: moment(9),
        }),
        disabled: true,
        revoked_at: Some(moment(8)),
        updated_at: moment(8),
        expires_at: None,
        max_requests: None,
        access: KeyAccess::default(),
        environment: None,
        metadata: BTreeMap::new(),
        version: 2,
        ..full
    };
    update(database, &changed).await;
    assert_eq!(find(database, &changed).await, Some((changed.clone(), KeyUsage::default())));
    assert_eq!(find(database, &plain).await, Some((plain, KeyUsage::default())), "another key stays as it was");
}

async fn a_key_is_found_in_its_project_only(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (own, sibling) = (add_project(database, first, 3).await, add_project(database, first, 4).await);
    let foreign = add_project(database, second, 5).await;
    let key = add_api_key(database, &own, 6).await;
    let mut connection = database.read().await;
    for (organization, project) in [(first, sibling.id), (second, foreign.id), (second, own.id), (first, foreign.id)] {
        let found = api_key::find(&mut connection.conn(), organization, project, key.id).await.unwrap();
        assert_eq!(found, None);
    }
    drop(connection);

    update(database, &ApiKey { organization: second, name: name("Stolen"), ..key.clone() }).await;
    delete(database, &ApiKey { organization: second, ..key.clone() }).await;
    assert_eq!(find(database, &key).await, Some((key, KeyUsage::default())));
}

async fn a_secret_belongs_to_one_key_even_after_deletion(database: &Database) {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await;
    let key = add_api_key(database, &project, 3).await;
    for _ in 0..2 {
        let double = ApiKey { digest: key.digest, ..new_api_key(&project, 4) };
        let refused = api_key::insert(&mut database.begin().await.conn(), &double).await.unwrap_err();
        assert!(matches!(refused, StoreError::Taken(_)), "{refused:?}");
        delete(database, &key).await;
    }
}

async fn only_live_keys_hold_their_names(database: &Database) {
    let organization = add_organization(database, 1).await;
    let (project, other) = (add_project(database, organization, 2).await, add_project(database, organization, 3).await);
    let holder = ApiKey { name: name("CI"), expires_at: Some(moment(50)), ..new_api_key(&project, 4) };
    let mut transaction = database.begin().await;
    api_key::insert(&mut transaction.conn(), &holder).await.unwrap();
    transaction.commit().await.unwrap();

    let taken = async |key: ApiKey, second: i64| {
        let mut connection = database.read().await;
        api_key::name_is_taken(&mut connection.conn(), &key, moment(second)).await.unwrap()
    };
    let wanted = ApiKey { name: name("CI"), ..new_api_key(&project, 5) };
    assert!(taken(wanted.clone(), 49).await);
    assert!(!taken(holder.clone(), 49).await, "its own name is free for a key");
    assert!(!taken(wanted.clone(), 50).await, "expired");
    assert!(!taken(ApiKey { name: name("ci"), ..wanted.clone() }, 1).await, "names differ by case");
    assert!(!taken(ApiKey { project: other.id, ..wanted.clone() }, 1).await, "another project");
    update(database, &ApiKey { disabled: true, ..holder.clone() }).await;
    assert!(taken(wanted.clone(), 49).await, "disabled keys are live");
    update(database, &ApiKey { revoked_at: Some(moment(2)), ..holder.clone() }).await;
    assert!(!taken(wanted.clone(), 49).await, "revoked");
    update(database, &holder).await;
    assert!(taken(wanted.clone(), 49).await);
    delete(database, &holder).await;
    assert!(!taken(wanted, 49).await, "deleted");
}

fn page(limit: u32, order: Order, cursor: Option<Cursor<ApiKeyId>>) -> Page<ApiKeyId> {
    Page { limit, order, cursor }
}

async fn listed(
    database: &Database,
    place: (OrganizationId, ProjectId),
    filter: &ApiKeyFilter,
    page: Page<ApiKeyId>,
) -> Option<(Vec<ApiKeyId>, bool)> {
    let mut connection = database.read().await;
    let listed = api_key::list(&mut connection.conn(), place, filter, (KeySort::default(), &page), moment(10))
        .await
        .unwrap()
        .ok()?;
    Some((listed.data.iter().map(|(key, _)| key.id).collect(), listed.has_more))
}

async fn pages_follow_each_other_both_ways(database: &Database) {
    let organization = add_organization(database, 1).await;
    let (project, other) = (add_project(database, organization, 2).await, add_project(database, organization, 3).await);
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(add_api_key(database, &project, 10 + 2 * number).await.id);
        add_api_key(database, &other, 11 + 2 * number).await;
    }
    let cases = [
        (page(2, Order::Desc, None), vec![4, 3], true),
        (page(2, Order::Desc, Some(Cursor::After(ids[3]))), vec![2, 1], true),
        (page(2, Order::Desc, Some(Cursor::After(ids[1]))), vec![0], false),
        (page(2, Order::Desc, Some(Cursor::Before(ids[1]))), vec![3, 2], true),
        (page(9, Order::Asc, None), vec![0, 1, 2, 3, 4], false),
        (page(2, Order::Asc, Some(Cursor::Before(ids[4]))), vec![2, 3], true),
    ];
    for (asked, expected, has_more) in cases {
        let expected = expected.into_iter().map(|at: usize| ids[at]).collect();
        let answer = listed(database, (organization, project.id), &ApiKeyFilter::default(), asked.clone()).await;
        assert_eq!(answer, Some((expected, has_more)), "{asked:?}");
    }
}

async fn every_order_shows_each_key_once_both_ways(database: &Database) {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await;
    let keys = [
        ApiKey { name: name("b"), expires_at: Some(moment(90)), ..new_api_key(&project, 10) },
        ApiKey { name: name("A"), disabled: true, ..new_api_key(&project, 11) },
        ApiKey { name: name("c"), expires_at: Some(moment(50)), ..new_api_key(&project, 12) },
        ApiKey { name: name("C"), revoked_at: Some(moment(3)), ..new_api_key(&project, 13) },
    ];
    let mut transaction = database.begin().await;
    for key in &keys {
        api_key::insert(&mut transaction.conn(), key).await.unwrap();
    }
    let used = |second, requests| Used { requests, last: Some((moment(second), None)), ..Used::default() };
    for (at, used) in [(0, used(7, 1)), (2, used(5, 9))] {
        api_key_usage::add(&mut transaction.conn(), keys[at].id, &used).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let mut connection = database.read().await;
    for (sort, rising) in [
        (KeySort::Creation, [0, 1, 2, 3]),
        (KeySort::Name, [1, 0, 2, 3]),
        (KeySort::Status, [0, 2, 1, 3]),
        (KeySort::Requests, [1, 3, 0, 2]),
        (KeySort::LastUse, [1, 3, 2, 0]),
        (KeySort::Expiry, [2, 0, 1, 3]),
    ] {
        let expected: Vec<_> = rising.iter().map(|at: &usize| keys[*at].id).collect();
        for order in [Order::Asc, Order::Desc] {
            let (mut seen, mut cursor) = (Vec::new(), None);
            let place = (organization, project.id);
            loop {
                let asked = page(1, order, cursor);
                let filter = ApiKeyFilter::default();
                let listed = api_key::list(&mut connection.conn(), place, &filter, (sort, &asked), moment(10)).await;
                let listed = listed.unwrap().unwrap();
                seen.extend(listed.data.iter().map(|(key, _)| key.id));
                cursor = seen.last().copied().map(Cursor::After);
                if !listed.has_more {
                    break;
                }
            }
            let back = page(9, order, Some(Cursor::Before(seen[3])));
            let filter = ApiKeyFilter::default();
            let before = api_key::list(&mut connection.conn(), place, &filter, (sort, &back), moment(10)).await;
            let before: Vec<_> = before.unwrap().unwrap().data.iter().map(|(key, _)| key.id).collect();
            assert_eq!(before, seen[..3], "{sort:?} {order:?}");
            if order == Order::Desc {
                seen.reverse();
            }
            assert_eq!(seen, expected, "{sort:?} {order:?}");
        }
    }
}

async fn filters_and_search_narrow_the_list(database: &Database) {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await;
    let bot = ServiceAccountId::from_uuid(uuid(20));
    let keys = [
        ApiKey { name: name("Éclair 100%"), environment: Some("production".into()), ..new_api_key(&project, 10) },
        ApiKey { name: name("Nightly"), disabled: true, service_account: Some(bot), ..new_api_key(&project, 11) },
        // At its end it is over.
        ApiKey { name: name("NIGHTLY old"), expires_at: Some(moment(10)), ..new_api_key(&project, 12) },
        ApiKey { revoked_at: Some(moment(3)), disabled: true, last_four: "AbCd".into(), ..new_api_key(&project, 13) },
    ];
    let mut transaction = database.begin().await;
    for key in &keys {
        api_key::insert(&mut transaction.conn(), key).await.unwrap();
    }
    let used = |second| Used { last: Some((moment(second), None)), ..Used::default() };
    api_key_usage::add(&mut transaction.conn(), keys[0].id, &used(7)).await.unwrap();
    api_key_usage::add(&mut transaction.conn(), keys[1].id, &used(8)).await.unwrap();
    transaction.commit().await.unwrap();

    let everything = ApiKeyFilter::default();
    let status = |status| ApiKeyFilter { status: Some(status), ..ApiKeyFilter::default() };
    let search = |text: &str| ApiKeyFilter { search: Some(text.into()), ..ApiKeyFilter::default() };
    let environment = |text: &str| ApiKeyFilter { environment: Some(text.into()), ..ApiKeyFilter::default() };
    let unused = |unused| ApiKeyFilter { unused: Some(unused), ..ApiKeyFilter::default() };
    let cases = [
        (everything, vec![0, 1, 2, 3]),
        (status(KeyStatus::Active), vec![0]),
        (status(KeyStatus::Disabled), vec![1]),
        (status(KeyStatus::Expired), vec![2]),
        (status(KeyStatus::Revoked), vec![3]),
        (search("nightly"), vec![1, 2]),
        (search(" Éclair "), vec![0]),
        (search("0%"), vec![0]),
        (search("%"), vec![0]),
        (search(""), vec![0, 1, 2, 3]),
        (search("abcd"), vec![3]),
        (search("sk-project-...AbCd"), vec![3]),
        (search(&keys[1].id.to_string()), vec![1]),
        (environment("production"), vec![0]),
        (environment("Production"), vec![]),
        (unused(Unused::Ever), vec![2, 3]),
        (unused(Unused::Since(moment(8))), vec![0, 2, 3]),
        (unused(Unused::Since(moment(9))), vec![0, 1, 2, 3]),
        (ApiKeyFilter { status: Some(KeyStatus::Active), ..search("nightly") }, vec![]),
        (ApiKeyFilter { service_account: Some(bot), ..ApiKeyFilter::default() }, vec![1]),
        (ApiKeyFilter { service_account: Some(ServiceAccountId::from_uuid(uuid(21))), ..search("nightly") }, vec![]),
    ];
    for (filter, expected) in cases {
        let expected = expected.into_iter().map(|at: usize| keys[at].id).collect();
        let answer = listed(database, (organization, project.id), &filter, page(10, Order::Asc, None)).await;
        assert_eq!(answer, Some((expected, false)), "{filter:?}");
    }
}

async fn an_unknown_cursor_is_said_so(database: &Database) {
    let organization = add_organization(database, 1).await;
    let (project, other) = (add_project(database, organization, 2).await, add_project(database, organization, 3).await);
    let (deleted, sibling) = (add_api_key(database, &project, 4).await, add_api_key(database, &other, 5).await);
    delete(database, &deleted).await;
    for id in [deleted.id, sibling.id, ApiKeyId::from_uuid(uuid(99))] {
        let asked = page(2, Order::Desc, Some(Cursor::After(id)));
        let answer = listed(database, (organization, project.id), &ApiKeyFilter::default(), asked).await;
        assert_eq!(answer, None, "{id}");
    }
}

async fn all_keys_of_a_project_are_revoked_at_once(database: &Database) {
    let organization = add_organization(database, 1).await;
    let (project, other) = (add_project(database, organization, 2).await, add_project(database, organization, 3).await);
    let active = add_api_key(database, &project, 10).await;
    let (revoked, deleted) = (add_api_key(database, &project, 11).await, add_api_key(database, &project, 12).await);
    let sibling = add_api_key(database, &other, 13).await;
    let overlap = PreviousSecret { digest: SecretDigest([1; 32]), last_four: "aaaa".into(), expires_at: moment(99) };
    update(database, &ApiKey { previous: Some(overlap), ..active.clone() }).await;
    update(database, &ApiKey { revoked_at: Some(moment(2)), ..revoked.clone() }).await;
    delete(database, &deleted).await;

    for expected in [(1, 1), (0, 2)] {
        let mut transaction = database.begin().await;
        let conn = &mut transaction.conn();
        assert_eq!(api_key::revoke_all(conn, organization, project.id, moment(7)).await.unwrap(), expected);
        transaction.commit().await.unwrap();
    }
    let expected = ApiKey { revoked_at: Some(moment(7)), updated_at: moment(7), version: 2, ..active.clone() };
    assert_eq!(find(database, &active).await.unwrap().0, expected);
    assert_eq!(find(database, &revoked).await.unwrap().0.revoked_at, Some(moment(2)));
    assert_eq!(find(database, &sibling).await.unwrap().0, sibling);
}

async fn a_deleted_key_is_gone_from_every_look_up(database: &Database) {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await;
    let key = add_api_key(database, &project, 3).await;
    delete(database, &key).await;
    assert_eq!(find(database, &key).await, None);
    let place = (organization, project.id);
    let answer = listed(database, place, &ApiKeyFilter::default(), page(9, Order::Asc, None)).await;
    assert_eq!(answer, Some((vec![], false)));
    update(database, &key).await;
    delete(database, &key).await;
    assert_eq!(find(database, &key).await, None, "no change brings it back");
}
