//! Scripts with which a shell completes commands and options.

use std::{io::Write, process::ExitCode};

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell as Generator;

/// For which shell.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// Which shell reads the script
    shell: CompletedShell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CompletedShell {
    Bash,
    Zsh,
    Fish,
}

impl CompletionArgs {
    /// Writes the script for `command`, the whole program, to standard output.
    pub fn run(&self, command: Command) -> ExitCode {
        match std::io::stdout().lock().write_all(&self.script(command)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }
    }

    /// The script for `command`.
    pub fn script(&self, mut command: Command) -> Vec<u8> {
        let generator = match self.shell {
            CompletedShell::Bash => Generator::Bash,
            CompletedShell::Zsh => Generator::Zsh,
            CompletedShell::Fish => Generator::Fish,
        };
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(generator, &mut command, name, &mut script);
        script
    }
}
