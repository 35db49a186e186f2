use clap::{CommandFactory, Parser, Subcommand};
use keyward::cli::{AdminCommand, CompletionArgs};

#[derive(Parser)]
#[command(name = "keyward")]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Admin(AdminCommand),
    Completion(CompletionArgs),
}

#[test]
fn each_shell_is_told_the_commands_and_options() {
    for shell in ["bash", "zsh", "fish"] {
        let Command::Completion(arguments) = Program::parse_from(["keyward", "completion", shell]).command else {
            panic!("{shell} is a shell");
        };
        let script = String::from_utf8(arguments.script(Program::command())).unwrap();
        for word in ["keyward", "admin-keys", "revoke-all", "api-key-stdin", "openai_compatible"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert!(Program::try_parse_from(["keyward", "completion", "csh"]).is_err());
}

#[test]
fn the_definition_of_the_command_line_is_sound() {
    Program::command().debug_assert();
}
