//! The console's pages, asked for as a browser asks for them: what they show to
//! whom, and what their forms do.
#![cfg(test)]

mod groups;
mod support;
mod users;
