//! The tables: ratios with the goals beside them first, then what they were
//! made of, in the shape of the architecture's own table.

use crate::load::Report;
use crate::results::{Measure, Results, Target};

/// The goals of the architecture, "Speed and size to reach".
mod goal {
    pub const CALL: f64 = 1.25;
    pub const BURST: f64 = 1.0;
    pub const PACED: f64 = 1.1;
    pub const P99_ADDED_MS: f64 = 1.0;
    pub const IDLE_MB: f64 = 40.0;
    pub const PROGRAM_MB: f64 = 40.0;
    pub const COLD_START_MS: f64 = 100.0;
    pub const BYTES_PER_KEY: f64 = 500.0;
    /// Keys in the database, and milliseconds until ready.
    pub const STARTS: [(u64, f64); 2] = [(100_000, 300.0), (1_000_000, 3000.0)];
}

/// Everything as Markdown.
pub fn markdown(results: &Results) -> String {
    let mut sections = vec![
        "# Keyward beside nginx, a bare hyper gateway and no gateway at all".to_owned(),
        format!(
            "{}.{} {}",
            results.machine,
            results.nginx.as_ref().map(|version| format!(" {version}.")).unwrap_or_default(),
            results.settings
        ),
        ratios(results),
        raw(results),
    ];
    if results.keyward.is_some() {
        sections.push(size_and_start(results));
    }
    if !results.problems.is_empty() {
        let problems: Vec<String> = results.problems.iter().map(|problem| format!("- {problem}")).collect();
        sections.push(format!("**Problems: this run doesn't count.**\n\n{}", problems.join("\n")));
    }
    sections.join("\n\n") + "\n"
}

/// One row of the table of ratios.
struct Row<'a> {
    title: &'a str,
    value: &'a dyn Fn(Target) -> Option<f64>,
    digits: usize,
    goal: f64,
    strict: bool,
}

fn ratios(results: &Results) -> String {
    let cpu = |report: &Report| report.cpu_us;
    let call = |target| results.ratio(target, Measure::Call, cpu);
    let burst = |target| results.ratio(target, Measure::Burst, cpu);
    let paced = |target| results.ratio(target, Measure::Paced, cpu);
    let added = |target| results.of(target)?.p99_added_us().map(|micros| micros / 1000.0);
    let rows = [
        Row { title: "CPU per call", value: &call, digits: 2, goal: goal::CALL, strict: false },
        Row { title: "CPU per burst stream", value: &burst, digits: 2, goal: goal::BURST, strict: false },
        Row { title: "CPU per paced stream", value: &paced, digits: 2, goal: goal::PACED, strict: false },
        Row { title: "p99 added at half load, ms", value: &added, digits: 2, goal: goal::P99_ADDED_MS, strict: true },
    ];
    let mut table =
        Table::new(&["ratio, nginx = 1", "nginx", "hyper yardstick", "floor", "Keyward", "goal", "reached"]);
    for row in rows {
        let value = |target| number((row.value)(target), row.digits);
        let keyward = (row.value)(Target::Keyward);
        let [goal, reached] = judged(keyward, row.goal, row.strict);
        table.row([
            row.title.to_owned(),
            value(Target::Nginx),
            value(Target::Yardstick),
            value(Target::Floor),
            value(Target::Keyward),
            goal,
            reached,
        ]);
    }
    table.text
}

fn raw(results: &Results) -> String {
    let mut table = Table::new(&[
        "",
        "CPU per call",
        "per burst stream",
        "per paced stream",
        "calls/s",
        "bursts/s",
        "paced/s",
        "p50 at half load",
        "p99 at half load",
        "memory idle",
        "after load",
        "peak",
    ]);
    for one in &results.targets {
        let micros = |measure, value: fn(&Report) -> Option<f64>, digits| {
            one.median(measure, value).map_or("–".to_owned(), |micros| format!("{micros:.digits$} µs"))
        };
        let cpu = |measure| micros(measure, |report| report.cpu_us, 1);
        let rate = |measure| number(one.median(measure, |report| Some(report.rate)), 0);
        let megabytes = |bytes: Option<u64>| bytes.map_or("–".to_owned(), |bytes| format!("{:.1} MB", mega(bytes)));
        table.row([
            one.target.title().to_owned(),
            cpu(Measure::Call),
            cpu(Measure::Burst),
            cpu(Measure::Paced),
            rate(Measure::Call),
            rate(Measure::Burst),
            rate(Measure::Paced),
            micros(Measure::Half, |report| report.p50_us, 0),
            micros(Measure::Half, |report| report.p99_us, 0),
            megabytes(one.idle.map(|memory| memory.resident)),
            megabytes(one.loaded.map(|memory| memory.resident)),
            megabytes(one.loaded.map(|memory| memory.peak)),
        ]);
    }
    table.text
}

fn size_and_start(results: &Results) -> String {
    let mut table = Table::new(&["Keyward", "measured", "goal", "reached"]);
    let mut row = |title: &str, value: Option<f64>, goal| {
        let [goal, reached] = judged(value, goal, true);
        table.row([title.to_owned(), number(value, 0), goal, reached]);
    };
    let Some(keyward) = &results.keyward else {
        return String::new();
    };
    let idle = results.of(Target::Keyward).and_then(|keyward| keyward.idle).map(|memory| mega(memory.resident));
    row("cold start, ms", keyward.cold_start_ms, goal::COLD_START_MS);
    row("idle memory, MB", idle, goal::IDLE_MB);
    row("program, MB", keyward.program_bytes.map(mega), goal::PROGRAM_MB);
    for (keys, goal) in goal::STARTS {
        let start = keyward.starts.iter().find(|start| start.keys == keys);
        row(&format!("ready with {keys} keys, ms"), start.map(|start| start.ready_ms), goal);
    }
    let per_key = keyward.starts.last().map(|start| start.bytes_per_key);
    row("memory per key, bytes", per_key, goal::BYTES_PER_KEY);
    table.text
}

/// The goal as text, and whether `value` reaches it; a strict goal must be
/// stayed below. What can't be read from the rounded number isn't judged by it.
fn judged(value: Option<f64>, goal: f64, strict: bool) -> [String; 2] {
    let sign = if strict { "<" } else { "≤" };
    let reached = value.map_or("–", |value| if value < goal || (!strict && value <= goal) { "yes" } else { "**no**" });
    [format!("{sign} {goal}"), reached.to_owned()]
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// A Markdown table: the first column is text, the others are numbers.
struct Table {
    text: String,
}

impl Table {
    fn new(titles: &[&str]) -> Self {
        let rule = "--:|".repeat(titles.len().saturating_sub(1));
        Self { text: format!("| {} |\n|---|{rule}", titles.join(" | ")) }
    }

    fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.text.push_str(&format!("\n| {} |", cells.join(" | ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::sample;
    use crate::results::{KeywardResults, StartWithKeys};

    #[test]
    fn goals_stand_beside_the_ratios() {
        let text = markdown(&sample(&[10.0], &[12.0]));
        assert!(text.contains("| CPU per call | 1.00 | – | – | 1.20 | ≤ 1.25 | yes |"), "{text}");
        assert!(text.contains("| CPU per burst stream | 1.00 | – | – | 1.20 | ≤ 1 | **no** |"), "{text}");
        assert!(text.contains("| p99 added at half load, ms | 0.05 | – | – | 0.07 | < 1 | yes |"), "{text}");
        assert!(text.contains("| Keyward | 12.0 µs |"), "{text}");
        assert!(!text.contains("Problems"), "{text}");
    }

    #[test]
    fn what_was_not_measured_is_neither_reached_nor_missed() {
        let mut results = sample(&[10.0], &[12.0]);
        results.targets.pop();
        let text = markdown(&results);
        assert!(text.contains("| CPU per call | 1.00 | – | – | – | ≤ 1.25 | – |"), "{text}");
    }

    #[test]
    fn starts_are_judged_by_their_number_of_keys() {
        let mut results = sample(&[10.0], &[12.0]);
        let start = |keys, ready_ms| StartWithKeys { keys, ready_ms, bytes_per_key: 499.0 };
        let starts = vec![start(100_000, 299.0), start(1_000_000, 3000.0)];
        results.keyward = Some(KeywardResults { starts, ..KeywardResults::default() });
        results.problems.push("it broke".to_owned());
        let text = markdown(&results);
        assert!(text.contains("| ready with 100000 keys, ms | 299 | < 300 | yes |"), "{text}");
        assert!(text.contains("| ready with 1000000 keys, ms | 3000 | < 3000 | **no** |"), "{text}");
        assert!(text.contains("| memory per key, bytes | 499 | < 500 | yes |"), "{text}");
        assert!(text.contains("doesn't count.**\n\n- it broke"), "{text}");
    }
}
