//! Which models may be used: lists of globs.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::{Invalid, name::free_text};

/// Most patterns in one list.
pub const MAX_PATTERNS: usize = 200;
/// Longest pattern, in characters.
pub const MAX_PATTERN_CHARS: usize = 200;

/// A list of globs such as `gpt-4o*` or `anthropic/*`, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelPatterns(Vec<String>);

impl ModelPatterns {
    /// Reads the field `param`. Repeated patterns are kept once.
    pub fn parse(param: &str, patterns: Vec<String>) -> Result<Self, Invalid> {
        if patterns.len() > MAX_PATTERNS {
            return Err(Invalid::new(
                param,
                format!("{param} has {} entries: at most {MAX_PATTERNS} are possible.", patterns.len()),
            ));
        }
        let mut kept: Vec<String> = Vec::with_capacity(patterns.len());
        for (index, pattern) in patterns.into_iter().enumerate() {
            let at = format!("{param}[{index}]");
            let pattern = pattern.trim();
            if pattern.is_empty() {
                return Err(Invalid::new(at, "A model pattern is empty: name a model or a glob such as gpt-4o*."));
            }
            free_text(&at, pattern, MAX_PATTERN_CHARS)?;
            glob(pattern).map_err(|error| Invalid::new(&at, format!("{at} is not a glob: {}.", error.kind())))?;
            if !kept.iter().any(|known| known == pattern) {
                kept.push(pattern.to_owned());
            }
        }
        Ok(Self(kept))
    }

    /// The patterns as written.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compiles the list for allowing: letters count as they are written.
    pub fn compile(&self) -> ModelMatcher {
        self.compile_with(false)
    }

    /// Compiles the list for refusing: some providers take a name in any
    /// letters, so `GPT-4O` must not get past a list that denies `gpt-4o`.
    pub fn compile_any_case(&self) -> ModelMatcher {
        self.compile_with(true)
    }

    fn compile_with(&self, any_case: bool) -> ModelMatcher {
        let mut set = GlobSetBuilder::new();
        for pattern in self.0.iter().filter_map(|pattern| build_glob(pattern, any_case).ok()) {
            set.add(pattern);
        }
        // A set that can't be built (it outgrew the matcher's memory limit)
        // matches nothing; `parse` has already refused what isn't a glob.
        ModelMatcher(set.build().unwrap_or_else(|_| GlobSet::empty()))
    }
}

fn glob(pattern: &str) -> Result<globset::Glob, globset::Error> {
    build_glob(pattern, false)
}

fn build_glob(pattern: &str, any_case: bool) -> Result<globset::Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(false).backslash_escape(true).case_insensitive(any_case).build()
}

/// A compiled list.
#[derive(Debug, Clone)]
pub struct ModelMatcher(GlobSet);

impl ModelMatcher {
    /// Whether any of the names that one model goes by is in the list.
    pub fn matches_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.is_match(name))
    }
}

/// How a project's list of models is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelMode {
    /// Only models in the list may be used.
    AllowList,
    /// All but the models in the list may be used.
    DenyList,
}

/// What models a project may use, in the words of the administration API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPermissions {
    /// How the list is meant.
    pub mode: ModelMode,
    /// The globs.
    pub model_ids: ModelPatterns,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_names_with_and_without_a_provider() {
        let matcher = ModelPatterns::parse("m", vec!["gpt-4o*".into(), "anthropic/*".into()]).unwrap().compile();
        assert!(matcher.matches_any(&["gpt-4o-mini", "openai/gpt-4o-mini"]));
        assert!(matcher.matches_any(&["claude", "anthropic/claude"]));
        assert!(!matcher.matches_any(&["gpt-4", "openai/gpt-4"]));
        assert!(!matcher.matches_any(&["GPT-4o"]));
    }

    #[test]
    fn a_list_that_refuses_knows_no_case() {
        let matcher = ModelPatterns::parse("m", vec!["Qwen/*".into()]).unwrap().compile_any_case();
        assert!(matcher.matches_any(&["qwen/QWQ"]));
    }

    #[test]
    fn what_is_no_glob_is_refused_at_its_place() {
        let error = ModelPatterns::parse("allowed_models", vec!["a".into(), "[".into()]).unwrap_err();
        assert_eq!(error.param, "allowed_models[1]");
    }
}
