//! The house's errands: `cargo xtask test` proves the tree, `cargo xtask bench` measures
//! it. Both start on a bare Debian machine with Rust on it and fetch the rest themselves.
//!
//! It drives other programs and says what it does. It knows nothing of Keyward's code:
//! rules about the code are tests, in `xtask/tests` and beside what they guard.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to whoever started it")]

mod bench;
mod debian;
mod dist;
mod node;
mod openapi;
mod postgres;
mod process;
mod python;
mod step;
mod tally;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{test::Part, workspace::Workspace};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests and measures Keyward.")]
struct Arguments {
    #[command(subcommand)]
    errand: Errand,
}

#[derive(Subcommand)]
enum Errand {
    /// Install what is missing, then run every check and every test, on SQLite and PostgreSQL.
    Test {
        /// Run this part alone (the whole run is what counts).
        #[arg(long)]
        only: Option<Part>,
    },
    /// Build what is shipped, twice: first to count what a call runs through, then by that.
    Dist,
    /// Build what is shipped and measure it beside nginx and others; `bench pages`: the
    /// console's pages.
    Bench {
        /// Passed on to keyward-bench.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Renew openapi/keyward.json from the code.
    Openapi,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Workspace::find().and_then(|workspace| match arguments.errand {
        Errand::Test { only } => test::run_parts(&workspace, only),
        Errand::Dist => dist::build(&workspace).map(|built| println!("\n{}", built.join("keyward").display())),
        Errand::Bench { arguments } => bench::measure(&workspace, &arguments),
        Errand::Openapi => openapi::renew(&workspace),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}
