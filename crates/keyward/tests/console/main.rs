//! The console's pages, asked for as a browser asks for them: what they show to
//! whom, and what their forms do.
#![cfg(test)]

mod account;
mod coming_in;
mod groups;
mod invitations;
mod passwords;
mod second_factor;
mod setup;
mod support;
mod users;
