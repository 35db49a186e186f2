//! Keyset paging: a list's SQL exists once rising and once falling, `$1` is the
//! bound that the cursor sets and `$2` how many rows are wanted, plus one that
//! tells whether more follow.

use keyward_domain::page::{Cursor, Listed, Order, Page};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

/// The cursor (the parameter that gives it) names nothing in this list: it is
/// another tenant's, or made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor `{0}` names nothing in this list")]
pub struct CursorUnknown(pub &'static str);

/// Makes the rising and the falling text of a list from its `SELECT … WHERE …`.
macro_rules! paged {
    ($select:expr, $id:literal) => {
        $crate::page::Paged {
            rising: concat!($select, " AND ", $id, " > $1 ORDER BY ", $id, " ASC LIMIT $2"),
            falling: concat!($select, " AND ", $id, " < $1 ORDER BY ", $id, " DESC LIMIT $2"),
        }
    };
}
pub(crate) use paged;

/// Both texts of one list.
pub(crate) struct Paged {
    pub rising: &'static str,
    pub falling: &'static str,
}

/// How one page is read.
pub(crate) struct Travel {
    pub bound: Uuid,
    pub limit: i64,
    rising: bool,
    reversed: bool,
    from_start: bool,
    wanted: usize,
}

impl Paged {
    /// Chooses text and bound for a page.
    pub fn travel<Id: Copy>(&self, page: &Page<Id>, uuid: impl Fn(Id) -> Uuid) -> (&'static str, Travel) {
        let travel = Travel::of(page, uuid);
        (if travel.rising { self.rising } else { self.falling }, travel)
    }
}

impl Travel {
    /// Finds the way to a page.
    pub fn of<Id: Copy>(page: &Page<Id>, uuid: impl Fn(Id) -> Uuid) -> Self {
        let backwards = matches!(page.cursor, Some(Cursor::Before(_)));
        let rising = (page.order == Order::Asc) != backwards;
        let bound = match page.cursor {
            Some(cursor) => uuid(cursor.id()),
            None if rising => Uuid::nil(),
            None => Uuid::max(),
        };
        let (from_start, wanted) = (page.cursor.is_none(), page.limit as usize);
        Self { bound, limit: i64::from(page.limit) + 1, rising, reversed: backwards, from_start, wanted }
    }

    /// Ends a query that is put together by its conditions.
    pub fn end<DB>(&self, query: &mut QueryBuilder<DB>, id: &str)
    where
        DB: Database,
        for<'t> i64: Encode<'t, DB> + Type<DB>,
        for<'t> Uuid: Encode<'t, DB> + Type<DB>,
    {
        let (sign, order) = if self.rising { (" > ", " ASC") } else { (" < ", " DESC") };
        query.push(" AND ").push(id).push(sign).push_bind(self.bound);
        query.push(" ORDER BY ").push(id).push(order).push(" LIMIT ").push_bind(self.limit);
    }

    /// The same in the order of `by`, which is never NULL, and of the id where that
    /// is alike. `from` is the table whose columns both are of, with its short name.
    pub fn end_by<DB>(&self, query: &mut QueryBuilder<DB>, by: &str, from: &str, id: &str)
    where
        DB: Database,
        for<'t> i64: Encode<'t, DB> + Type<DB>,
        for<'t> Uuid: Encode<'t, DB> + Type<DB>,
    {
        let (sign, order) = if self.rising { (" > ", " ASC") } else { (" < ", " DESC") };
        if !self.from_start {
            query.push(format!(" AND ({by}, {id}){sign}(SELECT {by}, {id} FROM {from} WHERE {id} = "));
            query.push_bind(self.bound).push(")");
        }
        query.push(format!(" ORDER BY {by}{order}, {id}{order} LIMIT ")).push_bind(self.limit);
    }

    /// Turns the rows read into the page that was asked for.
    pub fn finish<T>(&self, mut data: Vec<T>) -> Listed<T> {
        let has_more = data.len() > self.wanted;
        data.truncate(self.wanted);
        if self.reversed {
            data.reverse();
        }
        Listed { data, has_more }
    }
}

/// `%text%` for `LIKE … ESCAPE '\'`; everything for no search. In lower case as
/// far as both databases' `lower()` goes, which is ASCII.
pub(crate) fn search_pattern(search: Option<&str>) -> String {
    let mut pattern = String::from("%");
    for c in search.unwrap_or_default().trim().to_ascii_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    if pattern.len() > 1 {
        pattern.push('%');
    }
    pattern
}

/// Asks that `column` be one of `values`; nothing is one of none.
pub(crate) fn one_of<DB, T>(query: &mut QueryBuilder<DB>, column: &str, values: impl IntoIterator<Item = T>)
where
    DB: Database,
    for<'t> T: Encode<'t, DB> + Type<DB>,
{
    let mut values = values.into_iter().peekable();
    if values.peek().is_none() {
        query.push("1 = 0");
        return;
    }
    query.push(column).push(" IN (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}
