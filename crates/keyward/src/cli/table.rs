//! What people see: aligned text without lines around it. Text of others is
//! made inert, so that a name can't move the cursor, colour the screen or turn
//! the line around.

use comfy_table::{Cell, CellAlignment, Table, presets::NOTHING};
use keyward_domain::Timestamp;
use serde::de::DeserializeOwned;

/// A thing that the API answers, as people see it.
pub(super) trait Shown: DeserializeOwned {
    /// What the list has columns for.
    const HEADINGS: &'static [Heading];

    /// Its line in a list, one text for each heading.
    fn row(&self) -> Vec<String>;

    /// All of it, label by label.
    fn details(&self) -> Vec<(&'static str, String)>;
}

/// The top of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heading {
    name: &'static str,
    alignment: CellAlignment,
}

/// A column of text.
pub(super) const fn text(name: &'static str) -> Heading {
    Heading { name, alignment: CellAlignment::Left }
}

/// A column of numbers.
pub(super) const fn number(name: &'static str) -> Heading {
    Heading { name, alignment: CellAlignment::Right }
}

/// Things below each other, under their headings.
pub(super) fn list<T: Shown>(things: &[T]) -> String {
    let mut table = bare();
    table.set_header(T::HEADINGS.iter().map(|heading| heading.name));
    for thing in things {
        table.add_row(thing.row().iter().map(|text| inert(text)));
    }
    for (column, heading) in table.column_iter_mut().zip(T::HEADINGS) {
        column.set_cell_alignment(heading.alignment);
    }
    finish(table)
}

/// One thing, label by label.
pub(super) fn details(lines: &[(&'static str, String)]) -> String {
    let mut table = bare();
    for (label, value) in lines {
        table.add_row([Cell::new(label), Cell::new(inert(value))]);
    }
    finish(table)
}

fn bare() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table
}

fn finish(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}

/// `text` without the power to do anything to a terminal: control characters
/// and those that turn the direction of writing or can't be seen stand as
/// `\u{…}`. Letters of every script stay as they are.
pub(super) fn inert(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_active(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// Unicode's categories Cc, Zl and Zp, the directional formatting characters of
/// UAX #9, and invisible ones that make two names look alike.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A moment given in Unix seconds: `2026-11-21 01:39:56Z`.
pub(super) fn time(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => seconds.to_string(),
    }
}

/// A moment that may not come, or not have come: `never`.
pub(super) fn time_or_never(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| "never".into(), time)
}

/// Text that may be missing or empty: `-`.
pub(super) fn or_dash(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}

/// Several, or what none of them means.
pub(super) fn several(entries: &[String], none: &str) -> String {
    if entries.is_empty() { none.to_owned() } else { entries.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Thing(String, u64);

    impl Shown for Thing {
        const HEADINGS: &'static [Heading] = &[text("NAME"), number("COUNT"), text("END")];

        fn row(&self) -> Vec<String> {
            vec![self.0.clone(), self.1.to_string(), "x".into()]
        }

        fn details(&self) -> Vec<(&'static str, String)> {
            vec![("name", self.0.clone()), ("requests made", self.1.to_string())]
        }
    }

    #[test]
    fn columns_are_aligned_without_lines_around_them() {
        let things = [Thing("CI".into(), 7), Thing("مشروع".into(), 12_000), Thing("数据".into(), 100)];
        assert_eq!(list(&things), "NAME   COUNT  END\nCI         7  x\nمشروع  12000  x\n数据     100  x\n");
        assert_eq!(details(&things[0].details()), "name           CI\nrequests made  7\n");
    }

    #[test]
    fn a_hostile_name_moves_nothing() {
        assert_eq!(inert("a\x1b[2Jb\r\nc"), "a\\u{1b}[2Jb\\u{d}\\u{a}c");
        assert_eq!(inert("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
        assert_eq!(inert("\u{9b}31m\u{7f}"), "\\u{9b}31m\\u{7f}");
        assert_eq!(inert("naïve 数据 👩‍💻"), "naïve 数据 👩‍💻");
        let hostile = [Thing("one\ntwo".into(), 1)];
        assert_eq!(list(&hostile).lines().count(), 2);
    }

    #[test]
    fn times_are_exact_and_in_utc() {
        assert_eq!(time(1_795_225_196), "2026-11-21 01:39:56Z");
        assert_eq!(time_or_never(None), "never");
        assert_eq!(time(i64::MAX), i64::MAX.to_string());
    }
}
