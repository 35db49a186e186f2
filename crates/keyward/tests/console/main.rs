//! The console's pages, asked for as a browser asks for them: what they show to
//! whom, and what their forms do.
#![cfg(test)]

mod account;
mod admin_keys;
mod audit;
mod coming_in;
mod groups;
mod invitations;
mod lists;
mod parity;
mod passwords;
mod roles;
mod second_factor;
mod settings;
mod setup;
mod sso;
mod support;
mod users;
