//! What every list is asked for.

/// Order of a list by the moment of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Oldest first.
    Asc,
    /// Newest first.
    #[default]
    Desc,
}

/// One page of a list: `limit` things after (or before) a thing of the same
/// list. `before` answers the page that ends just before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<Id> {
    /// How many at most: at least 1, at most what that list allows.
    pub limit: u32,
    /// Which end comes first.
    pub order: Order,
    /// Where the page starts.
    pub cursor: Option<Cursor<Id>>,
}

/// A place in a list, named by the thing that stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor<Id> {
    /// The page follows this thing.
    After(Id),
    /// The page ends with this thing's predecessor.
    Before(Id),
}

impl<Id: Copy> Cursor<Id> {
    /// The thing.
    pub const fn id(&self) -> Id {
        match self {
            Self::After(id) | Self::Before(id) => *id,
        }
    }

    /// The parameter that gives it.
    pub const fn param(&self) -> &'static str {
        match self {
            Self::After(_) => "after",
            Self::Before(_) => "before",
        }
    }
}

/// The answer: the things in the asked order, and whether more follow (or,
/// for `Before`, precede).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// At most `limit` things.
    pub data: Vec<T>,
    /// Whether another page exists in the direction of travel.
    pub has_more: bool,
}
