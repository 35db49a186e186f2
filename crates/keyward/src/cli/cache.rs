//! `keyward cache`.

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;

use super::{
    Group, Shell,
    arguments::{Id, duration},
    failure::Failure,
    fields::Fields,
    session::{Session, read},
    table::{Heading, Shown, number, text},
};

/// What can be done with a project's response cache.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show whether a project's calls may be answered again, and for how long
    Show {
        /// Id of the project
        project: Id,
    },
    /// Switch it on or off, or decide for how long answers are kept
    Set(Set),
    /// Empty it: nothing that was kept before is given to anybody
    Purge {
        /// Id of the project
        project: Id,
    },
}

#[derive(Debug, Args)]
pub struct Set {
    /// Id of the project
    project: Id,
    /// Whether answers are kept and given again; off empties it
    state: Option<State>,
    /// For how long: 90s, 45m, 12h, 30d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    ttl: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    On,
    Off,
}

/// A cache as it is answered.
#[derive(Debug, Deserialize)]
struct Cache {
    enabled: bool,
    ttl_seconds: u32,
}

impl Shown for Cache {
    const HEADINGS: &'static [Heading] = &[text("CACHE"), number("SECONDS")];

    fn row(&self) -> Vec<String> {
        vec![if self.enabled { "on" } else { "off" }.to_owned(), self.ttl_seconds.to_string()]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["cache", "seconds"].into_iter().zip(self.row()).collect()
    }
}

fn path(project: &Id) -> String {
    format!("/v1/organization/projects/{project}/cache")
}

impl Group<Command> {
    pub(super) async fn cache(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::Show { project } => session.show::<Cache>(&path(&project)).await,
            Command::Set(set) => set.run(&mut session).await,
            Command::Purge { project } => purge(&mut session, &project).await,
        }
    }
}

impl Set {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.set("enabled", self.state.map(|state| state == State::On));
        fields.set("ttl_seconds", self.ttl);
        session.post::<Cache>(&path(&self.project), &fields.change()?).await
    }
}

async fn purge(session: &mut Session<'_, '_>, project: &Id) -> Result<(), Failure> {
    /// What is answered.
    #[derive(Deserialize)]
    struct Purged {
        purged: bool,
    }
    let answer = session.connection.post(&format!("{}/purge", path(project)), &json!({})).await?;
    if session.is_raw(&answer)? {
        return Ok(());
    }
    let Purged { purged } = read(&answer)?;
    session.shell.tell(if purged { "The cache is empty." } else { "The cache wasn't emptied." });
    Ok(())
}
