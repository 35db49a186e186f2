//! How long a database is waited for. A server that hangs, or a network that
//! swallows everything, sends no error: without a limit of one's own such a
//! wait never ends, and with it whatever holds a lock meanwhile.

use std::{future::Future, io, time::Duration};

use crate::StoreError;

/// For a connection.
pub(crate) const ACQUIRE: Duration = Duration::from_secs(3);

/// For the answer to one statement, or for one row of many. Longer than the
/// databases themselves wait for a lock.
const STATEMENT: Duration = Duration::from_secs(8);

/// Waits for a database's answer, but not for ever. What is given up leaves its
/// connection unusable; the pool closes it.
pub(crate) async fn in_time<T, E>(answer: impl Future<Output = Result<T, E>>) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    match tokio::time::timeout(STATEMENT, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(silent()),
    }
}

/// The error of a database that doesn't answer.
pub(crate) fn silent() -> StoreError {
    let message = format!("no answer within {} seconds", STATEMENT.as_secs());
    StoreError::Unavailable(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, message)))
}
