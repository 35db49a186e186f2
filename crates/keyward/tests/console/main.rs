//! The console's pages, asked for as a browser asks for them: what they show to
//! whom, and what their forms do.
#![cfg(test)]

mod account;
mod admin_keys;
mod audit;
mod budgets;
mod cache;
mod coming_in;
mod decisions;
mod groups;
mod invitations;
mod limits;
mod lists;
mod model_aliases;
mod parity;
mod passwords;
mod prices;
mod project_groups;
mod project_invitations;
mod project_users;
mod roles;
mod second_factor;
mod service_accounts;
mod settings;
mod setup;
mod shadow;
mod spend_alerts;
mod sso;
mod support;
mod usage;
mod users;
