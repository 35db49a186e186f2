//! The body of a request: only what was said is in it, because what isn't
//! named stays as it is.

use serde::Serialize;
use serde_json::{Map, Value};

use super::failure::Failure;

/// A JSON object that grows by what was said.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Sets a field.
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Sets a field if there is something to say.
    pub(super) fn set(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Sets a list if it has entries.
    pub(super) fn set_list(&mut self, name: &str, values: &[impl Serialize + Clone + Into<Value>]) {
        if !values.is_empty() {
            self.put(name, values.to_vec());
        }
    }

    /// Sets an object of those fields of which there is something to say, if there
    /// are any.
    pub(super) fn set_object<const N: usize>(&mut self, name: &str, fields: [(&str, Option<Value>); N]) {
        let said: Map<_, _> = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        if !said.is_empty() {
            self.put(name, said);
        }
    }

    /// Sets a field to `empty` (null, or an empty list) if the flag for it is given.
    pub(super) fn clear(&mut self, name: &str, given: bool, empty: impl Into<Value>) {
        if given {
            self.put(name, empty);
        }
    }

    /// The body of a request that creates.
    pub(super) fn body(self) -> Value {
        Value::Object(self.0)
    }

    /// The body of a request that changes something.
    pub(super) fn change(self) -> Result<Value, Failure> {
        if self.0.is_empty() {
            return Err(Failure::Usage("Nothing to change: say what, with one of the options in --help.".into()));
        }
        Ok(self.body())
    }
}
