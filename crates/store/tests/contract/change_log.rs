//! The change log: one order, no gaps, whatever happens at once.

use keyward_domain::id::{AdminKeyId, ApiKeyId, OrganizationId, ProjectId};
use keyward_store::change_log::{self, Subject};
use tokio::task::JoinSet;

use crate::support::{Database, uuid};

contract!(
    four_hundred_concurrent_changes_leave_no_gap,
    every_subject_reads_back_in_order,
    a_number_that_is_given_back_is_taken_next,
    a_dropped_transaction_leaves_no_gap,
);

async fn four_hundred_concurrent_changes_leave_no_gap(database: &Database) {
    let mut changes = JoinSet::new();
    for worker in 0..20 {
        let pool = database.pool.clone();
        changes.spawn(async move {
            for round in 0..20 {
                let mut transaction = pool.begin().await.unwrap();
                let sequence = change_log::next_sequence(&mut transaction.conn()).await.unwrap();
                let subject = Subject::Project(ProjectId::from_uuid(uuid(worker * 100 + round)));
                change_log::insert(&mut transaction.conn(), sequence, subject, 0).await.unwrap();
                transaction.commit().await.unwrap();
            }
        });
    }
    while let Some(done) = changes.join_next().await {
        done.unwrap();
    }
    let log = change_log::after(&mut database.read().await.conn(), 0).await.unwrap();
    assert!(log.iter().map(|(sequence, _)| *sequence).eq(1..=400));
    let last = change_log::last_sequence(&mut database.read().await.conn()).await.unwrap();
    assert_eq!(last, 400);
}

async fn every_subject_reads_back_in_order(database: &Database) {
    let subjects = [
        Subject::Project(ProjectId::from_uuid(uuid(1))),
        Subject::ProjectCredentials(ProjectId::from_uuid(uuid(2))),
        Subject::OrganizationCredentials(OrganizationId::from_uuid(uuid(3))),
        Subject::ApiKey(ApiKeyId::from_uuid(uuid(4))),
        Subject::ProjectApiKeys(ProjectId::from_uuid(uuid(5))),
        Subject::AdminKey(AdminKeyId::from_uuid(uuid(6))),
    ];
    let mut transaction = database.begin().await;
    for subject in subjects {
        let sequence = change_log::next_sequence(&mut transaction.conn()).await.unwrap();
        change_log::insert(&mut transaction.conn(), sequence, subject, 7).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let log = change_log::after(&mut database.read().await.conn(), 2).await.unwrap();
    assert_eq!(log, [(3, subjects[2]), (4, subjects[3]), (5, subjects[4]), (6, subjects[5])]);
}

async fn a_number_that_is_given_back_is_taken_next(database: &Database) {
    for _ in 0..2 {
        let mut transaction = database.begin().await;
        assert_eq!(change_log::next_sequence(&mut transaction.conn()).await.unwrap(), 1);
        change_log::give_back(&mut transaction.conn()).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

async fn a_dropped_transaction_leaves_no_gap(database: &Database) {
    for _ in 0..2 {
        let mut transaction = database.begin().await;
        assert_eq!(change_log::next_sequence(&mut transaction.conn()).await.unwrap(), 1);
        drop(transaction);
    }
    let last = change_log::last_sequence(&mut database.read().await.conn()).await.unwrap();
    assert_eq!(last, 0);
}
