//! Sessions: found by their secret, ended by their user, swept up when over.

use keyward_domain::{
    clock::to_millis,
    id::{OrganizationId, SessionId, UserId},
};
use keyward_store::session::{self, Session};

use crate::support::{Database, add_organization, add_user, moment, uuid};

contract!(
    a_session_is_found_by_its_digest_and_its_id,
    a_users_sessions_end_but_for_one,
    sessions_that_are_over_are_swept_up,
);

fn new(number: u64, user: UserId, organization: OrganizationId) -> Session {
    Session {
        id: SessionId::from_uuid(uuid(number)),
        user,
        organization,
        sso_provider: None,
        created_at: moment(0),
        last_seen_at: moment(0),
        expires_at: moment(100),
        ip: Some("192.0.2.1".into()),
        user_agent: None,
    }
}

/// Keeps sessions, each under a digest of its number.
async fn keep(database: &Database, sessions: &[Session]) {
    let mut transaction = database.begin().await;
    for session in sessions {
        session::insert(&mut transaction.conn(), session, session.id.uuid().as_bytes()).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

async fn a_session_is_found_by_its_digest_and_its_id(database: &Database) {
    let (organization, user) = (add_organization(database, 1).await, add_user(database, 7).await);
    let made = new(20, user.id, organization);
    keep(database, std::slice::from_ref(&made)).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    assert_eq!(session::find_by_digest(conn, made.id.uuid().as_bytes()).await.unwrap(), Some(made.clone()));
    assert_eq!(session::find_by_digest(conn, b"other").await.unwrap(), None);
    assert_eq!(session::find(conn, made.id).await.unwrap(), Some(made.clone()));
    session::seen(conn, made.id, to_millis(moment(30))).await.unwrap();
    session::seen(conn, made.id, to_millis(moment(20))).await.unwrap();
    let seen = session::find(conn, made.id).await.unwrap().unwrap();
    assert_eq!(seen.last_seen_at, moment(30), "time doesn't run backwards");
    session::delete(conn, made.id).await.unwrap();
    assert_eq!(session::find(conn, made.id).await.unwrap(), None);
}

async fn a_users_sessions_end_but_for_one(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (user, other) = (add_user(database, 7).await.id, add_user(database, 8).await.id);
    let made = [new(20, user, first), new(21, user, first), new(22, user, second), new(23, other, first)];
    keep(database, &made).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    let newest_first = [made[2].clone(), made[1].clone(), made[0].clone()];
    assert_eq!(session::of_user(conn, user).await.unwrap(), newest_first);
    assert_eq!(session::delete_of_user(conn, user, Some(first), Some(made[0].id)).await.unwrap(), 1);
    assert_eq!(session::of_user(conn, user).await.unwrap(), [made[2].clone(), made[0].clone()]);
    assert_eq!(session::delete_of_user(conn, user, None, None).await.unwrap(), 2);
    assert_eq!(session::of_user(conn, other).await.unwrap(), [made[3].clone()]);
}

async fn sessions_that_are_over_are_swept_up(database: &Database) {
    let (organization, user) = (add_organization(database, 1).await, add_user(database, 7).await.id);
    let fresh = Session { last_seen_at: moment(60), ..new(20, user, organization) };
    let idle = Session { last_seen_at: moment(40), ..new(21, user, organization) };
    let expired = Session { last_seen_at: moment(60), expires_at: moment(70), ..new(22, user, organization) };
    keep(database, &[fresh.clone(), idle, expired]).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    let (now, idle_since) = (to_millis(moment(70)), to_millis(moment(40)));
    assert_eq!(session::delete_over(conn, now, idle_since).await.unwrap(), 2);
    assert_eq!(session::of_user(conn, user).await.unwrap(), [fresh]);
}
