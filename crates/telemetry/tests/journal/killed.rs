//! Real processes: this test program starts itself, lets the child append and
//! say what was acknowledged, and takes its life or its disk away.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use keyward_telemetry::journal::{Journal, JournalError};
use tempfile::TempDir;

use crate::support::{FRAME, HEADER, drain_all, open, options, record, room_for};

const DIRECTORY: &str = "KEYWARD_TEST_JOURNAL";
const FIRST: &str = "KEYWARD_TEST_FIRST";
const THREADS: u64 = 4;
const SEGMENT_RECORDS: usize = 300;

#[expect(clippy::disallowed_methods, reason = "the environment tells the child what to do")]
fn directory_of_child() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(Into::into)
}

/// Runs `test` of this program as a child, through `shell` if there is one.
fn child(test: &str, shell: Option<&str>, directory: &Path, first: u64) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = match shell {
        None => Command::new(program),
        Some(script) => {
            let mut command = Command::new("sh");
            command.args(["-c", script]).arg(program);
            command
        }
    };
    command
        .args(["--exact", "--nocapture", test])
        .env(DIRECTORY, directory)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn acknowledge(number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nack {number}").unwrap();
    out.flush().unwrap();
}

/// The acknowledged numbers in a child's output, as they come. A line that
/// the kill cut short doesn't count.
fn acknowledged(child: &mut Child) -> impl Iterator<Item = u64> + use<> {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    std::iter::from_fn(move || {
        let mut line = String::new();
        (output.read_line(&mut line).unwrap() > 0).then_some(line)
    })
    .filter(|line| line.ends_with('\n'))
    .filter_map(|line| line.trim_end().strip_prefix("ack ")?.parse().ok())
}

/// The child of a test below: appends until it is killed. Run by itself, without
/// a directory, it has nothing to do.
#[test]
#[expect(clippy::disallowed_methods, reason = "the environment tells the child what to do")]
fn child_that_appends_until_killed() {
    let Some(directory) = directory_of_child() else { return };
    let journal = &open(&directory, room_for(SEGMENT_RECORDS));
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for number in (first + thread..).step_by(THREADS as usize) {
                    journal.append(&record(number)).unwrap();
                    acknowledge(number);
                }
            });
        }
    });
}

#[test]
fn kill_9_at_any_moment_loses_nothing_that_was_acknowledged() {
    let directory = TempDir::new().unwrap();
    let mut expected: Vec<u64> = Vec::new();
    for (round, kill_after) in [1, 100, 299, 300, 1000, 2500].into_iter().enumerate() {
        let first = round as u64 * 1_000_000;
        let name = "killed::child_that_appends_until_killed";
        let mut child = child(name, None, directory.path(), first);
        let mut output = acknowledged(&mut child);
        expected.extend(output.by_ref().take(kill_after));
        let refused = Journal::open(directory.path(), options(1000)).unwrap_err();
        assert!(matches!(refused, JournalError::InUse { .. }), "{refused}");
        child.kill().unwrap();
        expected.extend(output);
        child.wait().unwrap();
    }
    let drained = drain_all(&open(directory.path(), room_for(SEGMENT_RECORDS)));
    assert_eq!(drained.damage, []);
    let mut read = drained.numbers();
    let all = read.len();
    read.sort_unstable();
    read.dedup();
    assert_eq!(read.len(), all, "no record twice");
    for number in &expected {
        assert!(read.binary_search(number).is_ok(), "{number} was acknowledged");
    }
    // What was written but not yet said: at most one record a thread and round.
    assert!(all <= expected.len() + 6 * THREADS as usize);
}

/// The child of a test below: appends against a file-size limit. Run by itself,
/// without a directory, it has nothing to do.
#[test]
fn child_that_runs_out_of_room() {
    let Some(directory) = directory_of_child() else { return };
    let journal = open(&directory, 1 << 20);
    let mut refused = 0;
    for number in 0.. {
        match journal.append(&record(number)) {
            Ok(()) => acknowledge(number),
            Err(JournalError::Full { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
        if refused == 20 {
            return;
        }
    }
}

#[test]
fn a_write_that_the_kernel_cuts_short_leaves_every_acknowledged_record_readable() {
    let directory = TempDir::new().unwrap();
    let name = "killed::child_that_runs_out_of_room";
    // The limit, 4 blocks of 512 bytes, lies within a record.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"";
    let mut child = child(name, Some(script), directory.path(), 0);
    let expected: Vec<u64> = acknowledged(&mut child).collect();
    assert!(child.wait().unwrap().success());
    let whole = (4 * 512 - HEADER) / FRAME;
    assert_eq!(expected, (0..whole as u64).collect::<Vec<_>>());

    let size = std::fs::metadata(directory.path().join("usage-00000001.log")).unwrap();
    assert_eq!(size.len(), u64::from(room_for(whole)));
    let journal = open(directory.path(), 1 << 20);
    journal.append(&record(17)).unwrap();
    let drained = drain_all(&journal);
    assert_eq!(drained.numbers(), (0..whole as u64).chain([17]).collect::<Vec<_>>());
    assert_eq!(drained.damage, []);
}
