//! What the commands have in common: show what was answered, turn pages, and
//! ask before something is gone.

use bytes::Bytes;
use clap::Args;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::{
    arguments::Id,
    client::{Connection, Query},
    failure::Failure,
    shell::Shell,
    table::{self, Shown},
};

const WITHOUT_TERMINAL: &str = "This can't be undone: without a terminal to ask on, add --yes.";

/// One command's dealings with the server and the person.
pub(super) struct Session<'s, 'io> {
    pub(super) connection: Connection,
    pub(super) shell: &'s mut Shell<'io>,
    json: bool,
}

/// Which part of a list.
#[derive(Debug, Args)]
pub struct Paging {
    /// How many at most, 1 to 100 [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: Option<u32>,
    /// All of them, however many pages that takes
    #[arg(long, conflicts_with_all = ["limit", "after"])]
    all: bool,
    /// Go on behind this one
    #[arg(long, value_name = "ID")]
    after: Option<Id>,
}

/// The answer that nobody is asked for.
#[derive(Debug, Args)]
pub(super) struct Yes {
    /// Don't ask; without a terminal, this is needed
    #[arg(long, short = 'y')]
    yes: bool,
}

/// One page as it came: what is in it is passed on byte for byte. Most lists
/// name their first and last thing, some say what comes `next` instead.
#[derive(Deserialize, Serialize)]
struct Page {
    object: String,
    data: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    first_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    last_id: Option<Option<String>>,
    has_more: bool,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    next: Option<Option<String>>,
}

impl Page {
    /// Behind which thing the next page begins.
    fn end(&self) -> Option<&String> {
        self.next.as_ref().or(self.last_id.as_ref()).and_then(Option::as_ref)
    }
}

/// Tells null from absent: `Some(None)` is null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl<'s, 'io> Session<'s, 'io> {
    pub(super) fn new(connection: Connection, shell: &'s mut Shell<'io>, json: bool) -> Self {
        Self { connection, shell, json }
    }

    /// Gets one thing and shows it.
    pub(super) async fn show<T: Shown>(&mut self, path: &str) -> Result<(), Failure> {
        let answer = self.connection.get(path, &Query::default()).await?;
        self.print::<T>(&answer)
    }

    /// Posts, and shows what the thing is now.
    pub(super) async fn post<T: Shown>(&mut self, path: &str, body: &Value) -> Result<(), Failure> {
        let answer = self.connection.post(path, body).await?;
        self.print::<T>(&answer)
    }

    /// Posts what makes a secret, and shows it: the only time that it is seen.
    pub(super) async fn reveal<T: Shown>(&mut self, path: &str, body: &Value) -> Result<(), Failure> {
        self.post::<T>(path, body).await?;
        if !self.json {
            self.shell.tell("The value is shown this once. Keep it where secrets are kept.");
        }
        Ok(())
    }

    /// Deletes, and says so.
    pub(super) async fn delete(&mut self, path: &str, id: &Id) -> Result<(), Failure> {
        let answer = self.connection.delete(path).await?;
        if self.json {
            return self.print_raw(&answer);
        }
        self.shell.tell(&format!("Deleted {id}."));
        Ok(())
    }

    /// Lists one page or all, and shows it.
    pub(super) async fn list<T: Shown>(&mut self, path: &str, query: Query, paging: &Paging) -> Result<(), Failure> {
        if paging.all {
            let page = self.all_pages(path, &query).await?;
            if self.json {
                let whole = serde_json::to_vec(&page).map_err(|error| Failure::unreadable(&error))?;
                return self.print_raw(&whole);
            }
            return self.print_page::<T>(&page);
        }
        let query = query.set("limit", paging.limit).set("after", paging.after.as_ref());
        let answer = self.connection.get(path, &query).await?;
        if self.json {
            return self.print_raw(&answer);
        }
        self.print_page::<T>(&read(&answer)?)
    }

    async fn all_pages(&self, path: &str, query: &Query) -> Result<Page, Failure> {
        let first = query.clone().set("limit", Some(100));
        let mut whole: Page = read(&self.connection.get(path, &first).await?)?;
        while whole.has_more {
            let Some(last) = whole.end() else {
                return Err(Failure::Failed("The server says that more follow, but not behind which one.".into()));
            };
            let next = first.clone().set("after", Some(last));
            let page: Page = read(&self.connection.get(path, &next).await?)?;
            if page.has_more && page.end() == whole.end() {
                return Err(Failure::Failed("The server answers the same page again and again.".into()));
            }
            if page.end().is_some() {
                whole.last_id = page.last_id;
            }
            whole.next = page.next;
            whole.data.extend(page.data);
            whole.has_more = page.has_more;
        }
        Ok(whole)
    }

    fn print_page<T: Shown>(&mut self, page: &Page) -> Result<(), Failure> {
        let things: Vec<T> = page.data.iter().map(|thing| read(thing.get().as_bytes())).collect::<Result<_, _>>()?;
        if things.is_empty() {
            self.shell.tell("Nothing found.");
            return Ok(());
        }
        self.write(table::list(&things).as_bytes())?;
        if let Some(last) = page.end().filter(|_| page.has_more) {
            self.shell.tell(&format!("More follow: --all shows them, --after {} the next.", table::inert(last)));
        }
        Ok(())
    }

    /// Shows an answer: as it is, or label by label.
    pub(super) fn print<T: Shown>(&mut self, answer: &Bytes) -> Result<(), Failure> {
        if self.json {
            return self.print_raw(answer);
        }
        let thing: T = read(answer)?;
        self.write(table::details(&thing.details()).as_bytes())
    }

    /// Shows several things below each other.
    pub(super) fn print_table<T: Shown>(&mut self, things: &[T]) -> Result<(), Failure> {
        self.write(table::list(things).as_bytes())
    }

    /// Shows an answer as it is if that was asked for; says so.
    pub(super) fn is_raw(&mut self, answer: &[u8]) -> Result<bool, Failure> {
        if self.json {
            self.print_raw(answer)?;
        }
        Ok(self.json)
    }

    fn print_raw(&mut self, answer: &[u8]) -> Result<(), Failure> {
        self.write(answer.trim_ascii_end())?;
        self.write(b"\n")
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.shell.output.write_all(bytes).map_err(Failure::Output)
    }

    /// Asks `question` unless the person said yes beforehand. `what` is looked
    /// up first, so that the question can name it.
    pub(super) async fn ask<T: DeserializeOwned>(
        &mut self,
        yes: &Yes,
        path: &str,
        question: impl FnOnce(&T) -> Question,
    ) -> Result<(), Failure> {
        if yes.yes {
            return Ok(());
        }
        if !self.shell.interactive {
            return Err(Failure::Usage(WITHOUT_TERMINAL.into()));
        }
        let found: T = read(&self.connection.get(path, &Query::default()).await?)?;
        self.put(&question(&found))
    }

    /// The same, where it depends on the answer to `body` whether there is
    /// anything to ask.
    pub(super) async fn ask_if<T: DeserializeOwned>(
        &mut self,
        yes: &Yes,
        path: &str,
        body: &Value,
        question: impl FnOnce(&T) -> Option<Question>,
    ) -> Result<(), Failure> {
        if yes.yes {
            return Ok(());
        }
        let found: T = read(&self.connection.post(path, body).await?)?;
        match question(&found) {
            None => Ok(()),
            Some(_) if !self.shell.interactive => Err(Failure::Usage(WITHOUT_TERMINAL.into())),
            Some(question) => self.put(&question),
        }
    }

    fn put(&mut self, question: &Question) -> Result<(), Failure> {
        let hint = match &question.name {
            None => " [y/N] ".to_owned(),
            Some(name) => format!("\nType its name ({}) to go on: ", table::inert(name)),
        };
        let answer = self.shell.ask(&format!("{}{hint}", table::inert(&question.text)))?;
        let agreed = match &question.name {
            None => ["y", "yes"].contains(&answer.to_ascii_lowercase().as_str()),
            // Who can't type a name can type it as it is shown.
            Some(name) => answer == name.trim() || answer == table::inert(name),
        };
        if agreed { Ok(()) } else { Err(Failure::CalledOff) }
    }
}

/// What is asked before something is gone.
pub(super) struct Question {
    text: String,
    /// What has to be typed; `None`: y or yes.
    name: Option<String>,
}

impl Question {
    /// About one thing: y or yes will do.
    pub(super) fn yes_or_no(text: String) -> Self {
        Self { text, name: None }
    }

    /// About much: the name has to be typed.
    pub(super) fn by_name(text: String, name: &str) -> Self {
        Self { text, name: Some(name.to_owned()) }
    }
}

pub(super) fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(answer).map_err(|error| Failure::unreadable(&error))
}
