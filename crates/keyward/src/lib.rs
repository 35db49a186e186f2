//! The program: settings, wiring, commands. The binary only parses the command
//! line; everything is here so that tests can reach it.

pub mod cli;
pub mod config;
mod control;
mod demo;
pub mod doctor;
pub mod identity_providers;
pub mod init;
pub mod installation;
pub mod logging;
pub mod machine;
pub mod mail;
mod metrics;
mod model_lists;
pub mod operations;
pub mod serve;
pub mod server;
pub mod system;
pub mod tls;
