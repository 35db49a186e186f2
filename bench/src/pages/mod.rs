//! How long the console's pages take where an organization is large: every kind
//! of page that a link leads to, asked for again and again, one at a time. What
//! is measured is the whole answer over loopback, which on one machine is as
//! good as the server's own time.

mod house;
mod links;
mod visitor;

use crate::keyward::Installation;
use crate::{process::pin_self, procfs, stats};
use anyhow::{Result, ensure};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

/// How the pages are to be measured.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Keyward's release binary.
    #[arg(long, default_value = "target/dist/keyward")]
    keyward: PathBuf,
    /// How often each page is asked for.
    #[arg(long, default_value_t = 30)]
    times: u32,
    /// Audit events, made by real changes, one after the other.
    #[arg(long, default_value_t = 10_000)]
    events: u64,
    /// The processor of Keyward.
    #[arg(long, default_value_t = 0)]
    keyward_core: usize,
    /// The processor of the visitor.
    #[arg(long, default_value_t = 1)]
    visitor_core: usize,
    /// Where `pages.md` goes.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
    /// A folder to keep the filled installation in; one that is there is used again.
    #[arg(long)]
    house: Option<PathBuf>,
}

/// What a page may take, in milliseconds.
const GOAL: f64 = 50.0;

/// A page, and what it took.
struct Measured {
    pattern: String,
    path: String,
    bytes: usize,
    times: Vec<f64>,
}

impl Measured {
    fn at(&self, share: f64) -> f64 {
        stats::percentile(&self.times, share).unwrap_or_default()
    }
}

/// Fills a house, measures its pages, and prints them, slowest first.
pub fn run(options: &Options) -> Result<()> {
    let machine = procfs::machine();
    pin_self(options.visitor_core)?;
    let temporary = tempfile::tempdir()?;
    let folder = options.house.clone().unwrap_or_else(|| temporary.path().join("house"));
    let house = house::fill(&options.keyward, options.keyward_core, &folder, options.events)?;
    let mut serving = house.installation.serve()?;
    serving.wait_until_ready()?;
    let visitor = visitor::Visitor::sign_in(serving.address)?;
    let mut pages = find(&visitor, &house.project)?;
    for round in 0..options.times {
        eprint!("\rround {} of {}", round + 1, options.times);
        for page in &mut pages {
            page.times.push(visitor.ask(&page.path)?.millis);
        }
    }
    eprintln!();
    serving.process.stop()?;
    for page in &mut pages {
        page.times.sort_by(f64::total_cmp);
    }
    pages.sort_by(|a, b| b.at(0.5).total_cmp(&a.at(0.5)));
    let text = table(&machine, options, &pages);
    println!("{text}");
    std::fs::create_dir_all(&options.out)?;
    Ok(std::fs::write(options.out.join("pages.md"), text)?)
}

/// Addresses that no link has: what somebody types into a filter. `{project}` is
/// the one with many keys.
const TYPED: &[&str] = &[
    "/projects?search=99",
    "/projects?status=inactive",
    "/projects/{project}/api-keys?search=abc",
    "/projects/{project}/api-keys?search=nothing+has+this",
    "/projects/{project}/api-keys?status=active&unused=90",
    "/projects/{project}/manage/audit?search=number",
    "/organization/users?search=person42",
    "/organization/audit?search=number",
    "/organization/audit?search=nothing+has+this",
    "/organization/audit?type=project.*&outcome=success",
    "/organization/audit?actor=bench@example.com",
];

/// Follows every link, once for each kind of page; those of filtered lists lead
/// to nothing new.
fn find(visitor: &visitor::Visitor, project: &str) -> Result<Vec<Measured>> {
    let typed: Vec<String> = TYPED.iter().rev().map(|path| path.replace("{project}", project)).collect();
    let mut ahead = typed.clone();
    ahead.extend(["/account".to_owned(), format!("/projects/{project}"), "/projects".to_owned()]);
    let (mut pages, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(path) = ahead.pop() {
        let pattern = links::pattern(&path);
        if !seen.insert(pattern.clone()) {
            continue;
        }
        let answer = visitor.ask(&path)?;
        if let Some(path) = answer.leads_to {
            ahead.push(path);
            continue;
        }
        ensure!(answer.status == 200, "{path}, which a page links to, answered {}", answer.status);
        // What is downloaded is no page.
        if answer.is_page {
            let is_typed = typed.contains(&path);
            ahead.extend(links::of(&answer.text).into_iter().rev().filter(|_| !is_typed));
            pages.push(Measured { pattern, path, bytes: answer.text.len(), times: Vec::new() });
        }
    }
    Ok(pages)
}

fn table(machine: &str, options: &Options, pages: &[Measured]) -> String {
    let late = pages.iter().filter(|page| page.at(0.5) >= GOAL).count();
    let mut text = format!(
        "# The console's pages in a large organization\n\n{machine}. {} Each page {} times, one request at a time, over \
         loopback; {late} of {} take {GOAL} ms or more.\n\n| page | median ms | p99 ms | kB |\n|---|---:|---:|---:|\n",
        house::SIZE,
        options.times,
        pages.len()
    );
    for page in pages {
        let (median, p99) = (page.at(0.5), page.at(0.99));
        let mark = if median < GOAL { "" } else { " (over)" };
        let kilobytes = page.bytes.div_ceil(1000);
        // Writing to a string doesn't fail.
        let _ = writeln!(text, "| `{}` | {median:.1}{mark} | {p99:.1} | {kilobytes} |", page.pattern);
    }
    text
}

/// An installation with a large organization in it.
struct House {
    installation: Installation,
    /// Id of the project with many keys.
    project: String,
}
