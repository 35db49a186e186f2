use clap::{CommandFactory, Parser};
use keyward::cli::{AdminCommand, CompletionArgs};

#[derive(Parser)]
#[command(name = "keyward")]
struct Program {
    #[command(subcommand)]
    _command: AdminCommand,
}

#[derive(Parser)]
struct Completion {
    #[command(flatten)]
    arguments: CompletionArgs,
}

#[test]
fn each_shell_is_told_the_commands_and_options() {
    for shell in ["bash", "zsh", "fish"] {
        let arguments = Completion::parse_from(["completion", shell]).arguments;
        let script = String::from_utf8(arguments.script(Program::command())).unwrap();
        for word in ["keyward", "admin-keys", "revoke-all", "api-key-stdin", "openai_compatible"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert!(Completion::try_parse_from(["completion", "csh"]).is_err());
}

#[test]
fn the_definition_of_the_command_line_is_sound() {
    Program::command().debug_assert();
}
