//! The terminal that a command runs in: its streams, its environment, the time.
//! Tests bring one of their own, so that everything that a person sees is seen
//! by a test.

use std::{
    io::{BufRead, IsTerminal, Write},
    process::ExitCode,
};

use keyward_domain::Timestamp;
use secrecy::SecretString;

use super::{ADMIN_KEY, failure::Failure, table::inert};

/// What a command sees of the world.
pub struct Shell<'io> {
    /// Standard input: answers to questions, and secrets.
    pub input: &'io mut dyn BufRead,
    /// Standard output: what was asked for, and nothing else.
    pub output: &'io mut dyn Write,
    /// Standard error: messages, questions and errors.
    pub errors: &'io mut dyn Write,
    /// Whether a person sits there who can be asked.
    pub interactive: bool,
    /// The value of `KEYWARD_ADMIN_KEY`.
    pub admin_key: Option<SecretString>,
    /// The value of `KEYWARD_DATABASE_URL`, which holds a password.
    pub database_url: Option<SecretString>,
    /// The time at the start, for `--since 12h`.
    pub now: Timestamp,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Refused by the API, failed, or called off at the question.
    Refused = 1,
    /// Wrong usage: nothing was sent.
    Usage = 2,
    /// Keyward wasn't reached or didn't answer.
    Unreachable = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl<'io> Shell<'io> {
    /// This process's own environment and clock, with its streams.
    #[expect(clippy::disallowed_methods, reason = "the place where the commands' environment and clock come in")]
    pub fn of_process(input: &'io mut dyn BufRead, output: &'io mut dyn Write, errors: &'io mut dyn Write) -> Self {
        // A value that isn't text is none of these: what follows says so.
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty()).map(SecretString::from);
        Self {
            input,
            output,
            errors,
            interactive: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            admin_key: variable(ADMIN_KEY),
            database_url: variable("KEYWARD_DATABASE_URL"),
            now: Timestamp::now(),
        }
    }

    /// Tells the person something, without fail: whoever closed standard error
    /// doesn't want to know.
    pub(super) fn tell(&mut self, message: &str) {
        let _ = writeln!(self.errors, "{message}");
    }

    /// Reports how it ended.
    pub(super) fn end(&mut self, done: Result<(), Failure>) -> Exit {
        let done = done.and_then(|()| self.output.flush().map_err(Failure::Output));
        let Err(failure) = done else { return Exit::Done };
        if let Failure::Output(error) = &failure
            && error.kind() == std::io::ErrorKind::BrokenPipe
        {
            // The reader has seen enough (`| head`); there is nobody to tell.
            return Exit::Refused;
        }
        self.tell(&format!("keyward: {}", inert(&failure.to_string())));
        for (label, value) in failure.particulars() {
            self.tell(&format!("  {label}: {}", inert(value)));
        }
        failure.exit()
    }
}
