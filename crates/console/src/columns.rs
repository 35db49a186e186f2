//! The columns of a list: by which it is sorted, and which of them somebody wants
//! to see. The order stands in the address, so that a link shows the same to
//! everybody; which columns are shown is each person's own, like the theme, and is
//! kept in a cookie: an address would forget it on the way to the next project.

use axum::{
    http::{HeaderMap, header},
    response::Response,
};
use keyward_domain::page::Order;
use keyward_web::cookie;

use crate::{form::Form, list::Query, respond::to, toast::is_local};

/// A column.
pub struct Column<S: 'static> {
    /// What addresses and the cookie call it: no other column has it.
    pub name: &'static str,
    /// Its title.
    pub label: &'static str,
    /// By what the list is sorted, and in which direction at first; `None`: it
    /// can't be sorted by this.
    pub sort: Option<(S, Order)>,
    /// Whether it holds numbers.
    pub is_number: bool,
    /// Who sees it.
    pub shown: Shown,
}

/// Who sees a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Everybody.
    Always,
    /// Whoever didn't leave it out.
    Usually,
    /// Whoever wants it.
    Wanted,
}

/// By what an address wants a list sorted, and in which direction; else by the
/// column `usual`.
pub fn sorting<S: Copy + Default>(
    query: &Query,
    columns: &[Column<S>],
    usual: &'static str,
) -> (&'static str, S, Order) {
    let find = |wanted: &str| columns.iter().find(|column| column.name == wanted && column.sort.is_some());
    let column = find(query.get("sort")).or_else(|| find(usual));
    let (sort, first) = column.and_then(|column| column.sort).unwrap_or_default();
    let order = match query.get("order") {
        "asc" => Order::Asc,
        "desc" => Order::Desc,
        _ => first,
    };
    (column.map_or(usual, |column| column.name), sort, order)
}

/// The head of a column.
pub struct Head {
    /// Its title.
    pub label: &'static str,
    /// Where a click leads: sorted by it, or the other way round; empty if it
    /// can't be sorted by this.
    pub href: String,
    /// `ascending` or `descending`, if the list is sorted by it.
    pub sorted: &'static str,
    /// Whether it holds numbers.
    pub is_number: bool,
}

/// The heads of those columns that are shown.
pub fn heads<S: Copy + Default>(
    query: &Query,
    columns: &[Column<S>],
    usual: &'static str,
    chosen: &Chosen,
) -> Vec<Head> {
    let (sorted_by, _, order) = sorting(query, columns, usual);
    let head = |column: &Column<S>| {
        let is_here = column.name == sorted_by;
        let href = column.sort.map(|(_, first)| {
            let next = match (is_here, order, first) {
                (true, Order::Asc, _) | (false, _, Order::Desc) => "desc",
                (true, Order::Desc, _) | (false, _, Order::Asc) => "asc",
            };
            query.with(&[("sort", column.name), ("order", next), ("after", ""), ("before", "")])
        });
        Head {
            label: column.label,
            href: href.unwrap_or_default(),
            sorted: match (is_here, order) {
                (false, _) => "",
                (true, Order::Asc) => "ascending",
                (true, Order::Desc) => "descending",
            },
            is_number: column.is_number,
        }
    };
    columns.iter().filter(|column| chosen.has(column.name)).map(head).collect()
}

/// A column that can be left out.
pub struct Choice {
    /// What the form calls it.
    pub name: &'static str,
    /// Its title.
    pub label: &'static str,
    /// Whether it is shown.
    pub is_shown: bool,
}

/// Which columns of a list are shown.
pub struct Chosen {
    always: Vec<&'static str>,
    /// Those that one can choose.
    pub choices: Vec<Choice>,
}

fn cookie_name(list: &str) -> String {
    format!("keyward-columns-{list}")
}

/// How long a choice is kept, in seconds.
const LASTS: i64 = 365 * 24 * 3600;

impl Chosen {
    /// What a browser says about the list called `list`.
    pub fn read<S>(list: &str, columns: &[Column<S>], headers: &HeaderMap) -> Self {
        let kept = cookie::named(headers, &cookie_name(list)).filter(|kept| !kept.is_empty());
        let is_shown = |column: &Column<S>| match kept {
            Some(kept) => kept.split('.').any(|name| name == column.name),
            None => column.shown == Shown::Usually,
        };
        let (always, others): (Vec<_>, Vec<_>) = columns.iter().partition(|column| column.shown == Shown::Always);
        let choice = |column: &Column<S>| Choice { name: column.name, label: column.label, is_shown: is_shown(column) };
        Self {
            always: always.into_iter().map(|column| column.name).collect(),
            choices: others.into_iter().map(choice).collect(),
        }
    }

    /// Of a list that shows every column to everybody.
    pub fn all<S>(columns: &[Column<S>]) -> Self {
        Self { always: columns.iter().map(|column| column.name).collect(), choices: Vec::new() }
    }

    /// Whether a column is shown.
    pub fn has(&self, name: &str) -> bool {
        self.always.contains(&name) || self.choices.iter().any(|choice| choice.is_shown && choice.name == name)
    }
}

/// Keeps what somebody chose, and leads back to the list at `root`.
pub fn keep<S>(list: &str, columns: &[Column<S>], root: &str, form: &Form) -> Response {
    // Which are always shown stand there too: a choice of none is one.
    let is_kept = |column: &&Column<S>| column.shown == Shown::Always || form.has("column", column.name);
    let names: Vec<_> = columns.iter().filter(is_kept).map(|column| column.name).collect();
    let name = cookie_name(list);
    let kept = match form.text("choice") {
        "usual" => cookie::set(&name, "", 0),
        _ => cookie::set(&name, &names.join("."), LASTS),
    };
    let back = form.text("back");
    let is_of_list = is_local(back) && back.split('?').next() == Some(root);
    let mut response = to(if is_of_list { back } else { root });
    response.headers_mut().append(header::SET_COOKIE, kept);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column<u8>] = &[
        Column { name: "name", label: "Name", sort: Some((1, Order::Asc)), is_number: false, shown: Shown::Always },
        Column { name: "made", label: "Made", sort: Some((2, Order::Desc)), is_number: false, shown: Shown::Usually },
        Column { name: "id", label: "ID", sort: None, is_number: false, shown: Shown::Wanted },
    ];

    fn chosen(cookie: &str) -> Vec<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        let chosen = Chosen::read("things", COLUMNS, &headers);
        COLUMNS.iter().map(|column| column.name).filter(|name| chosen.has(name)).collect()
    }

    #[test]
    fn what_is_chosen_is_shown_and_a_strange_cookie_hides_no_fixed_column() {
        assert_eq!(chosen("a=b"), ["name", "made"]);
        assert_eq!(chosen("keyward-columns-things="), ["name", "made"]);
        assert_eq!(chosen("keyward-columns-things=name.id"), ["name", "id"]);
        assert_eq!(chosen("keyward-columns-things=name"), ["name"]);
        assert_eq!(chosen("keyward-columns-things=%00.x"), ["name"]);
    }

    #[test]
    fn a_choice_is_kept_for_that_list_and_leads_back_to_it_alone() {
        let asked = |body: &str| {
            let response = keep("things", COLUMNS, "/things", &Form::read(body.as_bytes()).unwrap());
            let text = |name| response.headers()[&name].to_str().unwrap().to_owned();
            (text(header::LOCATION), text(header::SET_COOKIE).split(';').next().unwrap().to_owned())
        };
        let kept = |value: &str| format!("keyward-columns-things={value}");
        assert_eq!(
            asked("column=id&column=evil%3B&back=/things?sort=made"),
            ("/things?sort=made".into(), kept("name.id"))
        );
        assert_eq!(asked("back=https://evil.example/things"), ("/things".into(), kept("name")));
        assert_eq!(asked("back=/logout&column=made"), ("/things".into(), kept("name.made")));
        assert_eq!(asked("choice=usual&column=id").1, kept(""));
    }
}
