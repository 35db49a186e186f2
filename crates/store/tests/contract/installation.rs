//! The installation's row, and the copy of the embedded database.

use keyward_store::{
    Pool,
    installation::{self, Installation},
    organization,
};

use crate::support::{Database, add_organization};

contract!(the_first_keys_stand, a_backup_is_a_whole_database);
contract!(on empty: a_database_without_tables_has_no_installation);

fn keys(byte: u8) -> Installation {
    Installation {
        wrapped_pepper: vec![byte; 60],
        wrapped_data_key: vec![byte + 1; 60],
        audit_public_key: vec![byte + 2; 32],
    }
}

async fn a_database_without_tables_has_no_installation(database: &Database) {
    assert!(installation::find(&mut database.read().await.conn()).await.unwrap().is_none());
}

async fn the_first_keys_stand(database: &Database) {
    assert!(installation::find(&mut database.read().await.conn()).await.unwrap().is_none());
    for (byte, is_first) in [(1, true), (9, false)] {
        let mut transaction = database.begin().await;
        assert_eq!(installation::insert(&mut transaction.conn(), &keys(byte), 5).await.unwrap(), is_first);
        transaction.commit().await.unwrap();
    }
    let found = installation::find(&mut database.read().await.conn()).await.unwrap().unwrap();
    assert_eq!(found.wrapped_pepper, keys(1).wrapped_pepper);
    assert_eq!(found.wrapped_data_key, keys(1).wrapped_data_key);
    assert_eq!(found.audit_public_key, keys(1).audit_public_key);
}

async fn a_backup_is_a_whole_database(database: &Database) {
    add_organization(database, 1).await;
    let Some(file) = database.file("copy.db") else {
        let answer = installation::backup(&mut database.read().await.conn(), "/nowhere/copy.db").await.unwrap();
        assert!(answer.is_none(), "PostgreSQL has tools of its own");
        return;
    };
    installation::backup(&mut database.read().await.conn(), &file).await.unwrap().unwrap();
    let copy = Pool::open_sqlite(file.as_ref()).await.unwrap();
    assert_eq!(organization::all(&mut copy.read().await.unwrap().conn()).await.unwrap().len(), 1);
    copy.close().await;
    let again = installation::backup(&mut database.read().await.conn(), &file).await;
    assert!(again.is_err(), "a copy never overwrites a file");
}
