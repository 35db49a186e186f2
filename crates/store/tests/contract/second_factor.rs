//! Second factors and recovery codes: nothing is used twice.

use keyward_domain::clock::to_millis;
use keyward_store::second_factor::{self, SecondFactor};

use crate::support::{Database, add_user, moment};

contract!(
    a_second_factor_is_begun_anew_until_it_is_confirmed,
    a_step_is_used_once_and_none_before_it,
    a_recovery_code_is_its_users_and_used_once,
);

async fn a_second_factor_is_begun_anew_until_it_is_confirmed(database: &Database) {
    let user = add_user(database, 7).await.id;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    assert_eq!(second_factor::find(conn, user).await.unwrap(), None);
    assert!(!second_factor::confirm(conn, user, 0, 1).await.unwrap());
    assert!(second_factor::begin(conn, user, b"first").await.unwrap());
    assert!(!second_factor::use_step(conn, user, 5).await.unwrap(), "it doesn't count yet");
    assert!(second_factor::begin(conn, user, b"second").await.unwrap());
    assert!(second_factor::confirm(conn, user, to_millis(moment(1)), 5).await.unwrap());
    assert!(!second_factor::confirm(conn, user, to_millis(moment(2)), 6).await.unwrap());
    assert!(!second_factor::begin(conn, user, b"third").await.unwrap());
    let kept = SecondFactor { wrapped_secret: b"second".to_vec(), confirmed_at: Some(moment(1)), last_step: 5 };
    assert_eq!(second_factor::find(conn, user).await.unwrap(), Some(kept));
    assert!(second_factor::delete(conn, user).await.unwrap());
    assert!(!second_factor::delete(conn, user).await.unwrap());
    assert_eq!(second_factor::find(conn, user).await.unwrap(), None);
}

async fn a_step_is_used_once_and_none_before_it(database: &Database) {
    let (user, other) = (add_user(database, 7).await.id, add_user(database, 8).await.id);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for user in [user, other] {
        assert!(second_factor::begin(conn, user, b"secret").await.unwrap());
        assert!(second_factor::confirm(conn, user, 0, 5).await.unwrap());
    }
    for (step, is_used) in [(5, false), (7, true), (7, false), (6, false), (8, true)] {
        assert_eq!(second_factor::use_step(conn, user, step).await.unwrap(), is_used, "{step}");
    }
    assert!(second_factor::use_step(conn, other, 6).await.unwrap());
}

async fn a_recovery_code_is_its_users_and_used_once(database: &Database) {
    let (user, other) = (add_user(database, 7).await.id, add_user(database, 8).await.id);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    second_factor::put_recovery_codes(conn, user, &[[1; 32], [2; 32]]).await.unwrap();
    second_factor::put_recovery_codes(conn, other, &[[3; 32]]).await.unwrap();
    assert!(!second_factor::use_recovery_code(conn, other, &[1; 32]).await.unwrap());
    assert!(second_factor::use_recovery_code(conn, user, &[1; 32]).await.unwrap());
    assert!(!second_factor::use_recovery_code(conn, user, &[1; 32]).await.unwrap());
    assert_eq!(second_factor::count_recovery_codes(conn, user).await.unwrap(), 1);
    second_factor::put_recovery_codes(conn, user, &[[4; 32], [5; 32]]).await.unwrap();
    assert!(!second_factor::use_recovery_code(conn, user, &[2; 32]).await.unwrap(), "new ones end the old");
    assert_eq!(second_factor::count_recovery_codes(conn, user).await.unwrap(), 2);
    second_factor::delete(conn, user).await.unwrap();
    assert_eq!(second_factor::count_recovery_codes(conn, user).await.unwrap(), 0);
    assert_eq!(second_factor::count_recovery_codes(conn, other).await.unwrap(), 1);
}
