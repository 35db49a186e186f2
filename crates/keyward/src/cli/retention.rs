//! `keyward retention`.

use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use keyward_domain::retention::DataClass;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Group, Shell,
    client::Query,
    failure::Failure,
    session::{Question, Session, Yes, read},
    table::{Heading, Shown, number, or_dash, text, time},
};

const PATH: &str = "/v1/organization/retention";

/// What can be done about how long data is kept.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show how long data is kept, and what was last deleted
    Show,
    /// Decide how long data of a class is kept; what is older is deleted for good
    Set(Set),
    /// Count what would be deleted now, as it is or if it were decided so
    Preview(Preview),
}

#[derive(Debug, Args)]
pub struct Set {
    /// Of which data
    #[arg(value_parser = class())]
    class: String,
    #[command(flatten)]
    keep: Keep,
    #[command(flatten)]
    yes: Yes,
}

/// For how long.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Keep {
    /// For so many days
    #[arg(long, value_name = "N")]
    days: Option<i64>,
    /// Forever
    #[arg(long)]
    forever: bool,
}

#[derive(Debug, Args)]
pub struct Preview {
    /// Of which data something else is supposed
    #[arg(value_parser = class())]
    class: Option<String>,
    /// Suppose that it is kept for so many days
    #[arg(long, value_name = "N", requires = "class", conflicts_with = "forever")]
    days: Option<i64>,
    /// Suppose that it is kept forever
    #[arg(long, requires = "class")]
    forever: bool,
}

/// Reads the name of a class of data.
fn class() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(DataClass::ALL.map(DataClass::as_str))
}

fn body(class: &str, days: Option<i64>) -> Value {
    json!({ "classes": [{ "class": class, "keep_days": days }] })
}

/// Retention as it is answered.
#[derive(Debug, Deserialize)]
struct Retention {
    classes: Vec<Class>,
}

#[derive(Debug, Deserialize)]
struct Class {
    class: String,
    keep_days: Option<u32>,
    #[serde(default)]
    last_run: Option<Run>,
}

#[derive(Debug, Deserialize)]
struct Run {
    started_at: i64,
    deleted: i64,
    #[serde(default)]
    problem: Option<String>,
}

fn kept(days: Option<u32>) -> String {
    days.map_or_else(|| "forever".into(), |days| format!("{days} days"))
}

impl Shown for Class {
    const HEADINGS: &'static [Heading] =
        &[text("CLASS"), text("KEPT"), text("LAST RUN"), number("DELETED"), text("PROBLEM")];

    fn row(&self) -> Vec<String> {
        let run = self.last_run.as_ref();
        vec![
            self.class.clone(),
            kept(self.keep_days),
            run.map_or_else(|| "never".into(), |run| time(run.started_at)),
            run.map_or_else(|| "-".into(), |run| run.deleted.to_string()),
            or_dash(run.and_then(|run| run.problem.as_deref())),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["class", "kept", "last run", "deleted", "problem"].into_iter().zip(self.row()).collect()
    }
}

/// A preview as it is answered.
#[derive(Debug, Deserialize)]
struct Previewed {
    classes: Vec<Doomed>,
}

#[derive(Debug, Deserialize)]
struct Doomed {
    class: String,
    keep_days: Option<u32>,
    count: i64,
    from: Option<i64>,
    to: Option<i64>,
}

impl Shown for Doomed {
    const HEADINGS: &'static [Heading] =
        &[text("CLASS"), text("KEPT"), number("TO BE DELETED"), text("FROM"), text("TO")];

    fn row(&self) -> Vec<String> {
        let moment = |moment: Option<i64>| moment.map_or_else(|| "-".into(), time);
        vec![self.class.clone(), kept(self.keep_days), self.count.to_string(), moment(self.from), moment(self.to)]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        ["class", "kept", "to be deleted", "from", "to"].into_iter().zip(self.row()).collect()
    }
}

impl Group<Command> {
    pub(super) async fn retention(self, shell: &mut Shell<'_>) -> Result<(), Failure> {
        let mut session = self.options.open(shell)?;
        match self.command {
            Command::Show => {
                let answer = session.connection.get(PATH, &Query::default()).await?;
                if session.is_raw(&answer)? {
                    return Ok(());
                }
                session.print_table(&read::<Retention>(&answer)?.classes)
            }
            Command::Set(set) => set.run(&mut session).await,
            Command::Preview(preview) => preview.run(&mut session).await,
        }
    }
}

impl Set {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let body = body(&self.class, self.keep.days);
        session.ask_if(&self.yes, &format!("{PATH}/preview"), &body, |previewed: &Previewed| {
            let doomed = previewed.classes.iter().find(|doomed| doomed.class == self.class && doomed.count > 0)?;
            let moment = |moment: Option<i64>| moment.map_or_else(|| "-".into(), time);
            Some(Question::yes_or_no(format!(
                "Kept {}, {} are too old at once and are deleted within the hour, for good: {} of them, from {} to {}.",
                kept(doomed.keep_days),
                doomed.class,
                doomed.count,
                moment(doomed.from),
                moment(doomed.to),
            )))
        })
        .await?;
        let answer = session.connection.post(PATH, &body).await?;
        if session.is_raw(&answer)? {
            return Ok(());
        }
        session.print_table(&read::<Retention>(&answer)?.classes)
    }
}

impl Preview {
    async fn run(self, session: &mut Session<'_, '_>) -> Result<(), Failure> {
        let body = match &self.class {
            Some(class) if self.days.is_some() || self.forever => body(class, self.days),
            _ => json!({}),
        };
        let answer = session.connection.post(&format!("{PATH}/preview"), &body).await?;
        if session.is_raw(&answer)? {
            return Ok(());
        }
        let previewed: Previewed = read(&answer)?;
        let wanted = |doomed: &Doomed| self.class.as_ref().is_none_or(|class| *class == doomed.class);
        session.print_table(&previewed.classes.into_iter().filter(wanted).collect::<Vec<_>>())
    }
}
