//! Counting tests, from the summaries that cargo, nextest and pytest print. A run only
//! says "N passed" when each of them said so itself.

/// What the test runners reported so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    passed: u64,
    skipped: u64,
}

impl Tally {
    /// Adds what a line of a runner's output reports, if it is a summary.
    pub fn read(&mut self, line: &str) {
        let line = line.trim();
        let summary = line.starts_with("Summary [")
            || line.starts_with("test result:")
            || line.starts_with("===") && line.ends_with("===");
        if !summary {
            return;
        }
        let mut before = None;
        for word in line.split(|c: char| !c.is_ascii_alphanumeric()) {
            match (word, before) {
                ("passed", Some(count)) => self.passed += count,
                ("skipped" | "ignored", Some(count)) => self.skipped += count,
                _ => {}
            }
            before = word.parse::<u64>().ok();
        }
    }

    /// The last line of a run in which nothing failed.
    pub fn line(&self) -> String {
        match self.skipped {
            0 => format!("{} passed, 0 failed", self.passed),
            skipped => format!("{} passed, 0 failed, {skipped} skipped", self.passed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn each_runners_summary_counts() {
        let output = "
     Summary [   0.012s] 7 tests run: 5 passed (1 slow), 2 skipped
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
======================== 4 passed, 2 warnings in 0.12s =========================";

        assert_eq!(tally(output), Tally { passed: 12, skipped: 3 });
        assert_eq!(tally(output).line(), "12 passed, 0 failed, 3 skipped");
    }

    #[test]
    fn a_line_of_a_test_that_only_speaks_of_passing_does_not_count() {
        assert_eq!(tally("e2e/test_chat.py::test_9 passed\nassert 9 passed"), Tally::default());
    }

    #[test]
    fn nothing_skipped_is_not_mentioned() {
        assert_eq!(tally("Summary [ 1s] 2 tests run: 2 passed, 0 skipped").line(), "2 passed, 0 failed");
    }
}
