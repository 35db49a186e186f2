//! `keyward model-aliases`.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Group, Shell,
    arguments::Id,
    client::Query,
    failure::Failure,
    fields::Fields,
    session::{Paging, Question, Session, Yes},
    table::{Heading, Shown, several, text, time, time_or_never},
};

/// What can be done with model aliases.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List a project's model aliases
    List(List),
    /// Create a model alias: calls find it at once
    Create(Create),
    /// Show a model alias
    Show(Place),
    /// Change a model alias; what isn't named stays
    Update(Update),
    /// Delete a model alias
    Delete(Delete),
}

#[derive(Debug, Args)]
struct Owner {
    /// Id of the project
    #[arg(long, value_name = "ID")]
    project: Id,
}

/// Which alias.
#[derive(Debug, Args)]
pub struct Place {
    /// Id of the alias
    id: Id,
    #[command(flatten)]
    owner: Owner,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    owner: Owner,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, Args)]
pub struct Create {
    /// What calls name
    name: String,
    #[command(flatten)]
    owner: Owner,
    /// A model that it stands for, such as openai/gpt-4o,priority=1,weight=3,credential=cred_…; once for each
    #[arg(long = "target", value_name = "MODEL[,…]", value_parser = target, required = true)]
    targets: Vec<Value>,
}

#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    place: Place,
    /// What calls name
    #[arg(long)]
    name: Option<String>,
    /// A model that it stands for, in place of those before; once for each
    #[arg(long = "target", value_name = "MODEL[,…]", value_parser = target)]
    targets: Vec<Value>,
}

#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    yes: Yes,
}

/// Reads `model`, `model,priority=1` and so on.
fn target(text: &str) -> Result<Value, String> {
    let mut parts = text.split(',').map(str::trim);
    let mut target = Map::new();
    target.insert("model".to_owned(), parts.next().unwrap_or_default().into());
    for part in parts {
        let number = |value: &str| value.parse::<i64>().map_err(|_| format!("{part}: a whole number is needed"));
        match part.split_once('=') {
            Some(("priority", value)) => target.insert("priority".to_owned(), number(value)?.into()),
            Some(("weight", value)) => target.insert("weight".to_owned(), number(value)?.into()),
            Some(("credential", value)) => target.insert("credential_id".to_owned(), value.into()),
            _ => return Err(format!("{part}: behind a model may stand priority=N, weight=N or credential=ID")),
        };
    }
    Ok(target.into())
}

/// An alias as it is answered.
#[derive(Debug, Deserialize)]
struct ModelAlias {
    id: String,
    name: String,
    targets: Vec<Target>,
    created_at: i64,
    #[serde(default)]
    updated_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Target {
    model: String,
    #[serde(default)]
    credential_id: Option<String>,
    priority: i64,
    weight: i64,
}

impl ModelAlias {
    /// Each target as it is written.
    fn targets(&self) -> Vec<String> {
        let written = |target: &Target| {
            let mut text = target.model.clone();
            if target.priority != 0 {
                text += &format!(",priority={}", target.priority);
            }
            if target.weight != 1 {
                text += &format!(",weight={}", target.weight);
            }
            if let Some(credential) = &target.credential_id {
                text += &format!(",credential={credential}");
            }
            text
        };
        self.targets.iter().map(written).collect()
    }
}

impl Shown for ModelAlias {
    const HEADINGS: &'static [Heading] = &[text("ID"), text("NAME"), text("TARGETS")];

    fn row(&self) -> Vec<String> {
        vec![self.id.clone(), self.name.clone(), self.targets().join(" ")]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("targets", several(&self.targets(), "-")),
            ("created", time(self.created_at)),
            ("updated", time_or_never(self.updated_at)),
        ]
    }
}

impl Owner {
    fn path(&self) -> String {
        format!("/v1/organization/projects/{}/model_aliases", self.project)
    }
}

impl Place {
    fn path(&self) -> String {
        format!("{}/{}", self.owner.path(), self.id)
    }
}

impl Group<Command> {
    pub(super) async fn model_aliases(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::List(list) => session.list::<ModelAlias>(&list.owner.path(), Query::default(), &list.paging).await,
            Command::Create(create) => create.run(&mut session).await,
            Command::Show(place) => session.show::<ModelAlias>(&place.path()).await,
            Command::Update(update) => update.run(&mut session).await,
            Command::Delete(delete) => delete.run(&mut session).await,
        }
    }
}

impl Create {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.put("name", self.name);
        fields.put("targets", self.targets);
        session.post::<ModelAlias>(&self.owner.path(), &fields.body()).await
    }
}

impl Update {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let mut fields = Fields::default();
        fields.set("name", self.name);
        if !self.targets.is_empty() {
            fields.put("targets", self.targets);
        }
        session.post::<ModelAlias>(&self.place.path(), &fields.change()?).await
    }
}

impl Delete {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let path = self.place.path();
        session
            .ask(&self.yes, &path, |alias: &ModelAlias| {
                Question::yes_or_no(format!(
                    "Delete the model alias {} ({}): its name is a model's like any other then.",
                    alias.name, alias.id
                ))
            })
            .await?;
        session.delete(&path, &self.place.id).await
    }
}
