//! The administration commands against a server that plays a script: the exact
//! requests, what a person and a script see, and the exit codes.
#![cfg(test)]

mod admin_keys;
mod audit;
mod cache;
mod completion;
mod credentials;
mod decisions;
mod failures;
mod invitations;
mod keys;
mod members;
mod model_aliases;
mod projects;
mod retention;
mod roles;
mod spend_alerts;
mod sso;
mod support;
mod usage;
mod verify;
