//! What the kernel says about a process: processor time, memory, machine.
//! Read from `/proc`, so Linux only. A process counts with its children
//! (nginx works in one).

use anyhow::{Context, Result};
use std::fs;
use std::ops::Add;
use std::time::Duration;

/// `/proc` counts processor time in hundredths of a second on every Linux
/// architecture that is in use (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// What is used of `/proc/PID/stat` (proc_pid_stat(5)).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// User plus system time of all threads, also of those that have ended.
    ticks: u64,
}

/// Memory of a process and its children, in bytes. Pages that they share count
/// for each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Memory {
    /// Resident now (`VmRSS`).
    pub resident: u64,
    /// Most that was ever resident (`VmHWM`).
    pub peak: u64,
}

impl Add for Memory {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { resident: self.resident + other.resident, peak: self.peak + other.peak }
    }
}

/// User plus system time of `pid` and its children so far, in steps of 10 ms.
pub fn processor_time(pid: u32) -> Result<Duration> {
    let mut ticks = stat(pid)?.ticks;
    for child in children(pid)? {
        ticks += stat(child)?.ticks;
    }
    Ok(TICK * u32::try_from(ticks).context("processor time out of range")?)
}

/// Memory of `pid` and its children.
pub fn memory(pid: u32) -> Result<Memory> {
    let of = |pid| -> Result<Memory> { parse_status(&fs::read_to_string(format!("/proc/{pid}/status"))?) };
    let mut sum = of(pid).with_context(|| format!("memory of process {pid}"))?;
    for child in children(pid)? {
        sum = sum + of(child)?;
    }
    Ok(sum)
}

/// How many files and connections `pid` has open.
pub fn open_files(pid: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd")).with_context(|| format!("open files of process {pid}"))?.count())
}

/// One line on the machine: processors, kernel, how busy it is already.
pub fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let of_line = |name: &str| {
        let line = cpuinfo.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, value)| value).to_owned()
    };
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} × {}, Linux {}, load average at start {load}", of_line("model name"), kernel.trim())
}

/// Number of processors.
pub fn cores() -> usize {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    cpuinfo.lines().filter(|line| line.starts_with("processor")).count()
}

fn stat(pid: u32) -> Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    parse_stat(&text)
}

fn children(parent: u32) -> Result<Vec<u32>> {
    let all = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // A process may end between the two reads; then it is no child any more.
    Ok(all.filter(|pid| stat(*pid).is_ok_and(|stat| stat.parent == parent)).collect())
}

fn parse_stat(text: &str) -> Result<Stat> {
    // The command name stands in parentheses and may hold spaces and
    // parentheses itself: the fields begin after the last one.
    let (_, fields) = text.rsplit_once(')').context("no command name in a stat line")?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let number = |index: usize| -> Result<u64> {
        let field = fields.get(index).context("a stat line is too short")?;
        field.parse().with_context(|| format!("not a number in a stat line: {field}"))
    };
    // The state is field 3 of the manual and first here.
    Ok(Stat { parent: u32::try_from(number(1)?)?, ticks: number(11)? + number(12)? })
}

fn parse_status(text: &str) -> Result<Memory> {
    let bytes = |name: &str| -> Result<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name} line"))?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024)
    };
    Ok(Memory { resident: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "4242 (a (weird) name) S 17 4242 4242 0 -1 4194560 1171 0 3 0 250 130 7 9 20 0 4 0 88 1 2 3";

    #[test]
    fn a_stat_line_with_parentheses_in_its_name_is_read() -> Result<()> {
        assert_eq!(parse_stat(STAT)?, Stat { parent: 17, ticks: 380 });
        Ok(())
    }

    #[test]
    fn a_broken_stat_line_is_an_error() {
        assert!(parse_stat("").is_err());
        assert!(parse_stat("1 (x) S 1 2 3").is_err());
        assert!(parse_stat("1 (x) S 1 2 3 4 5 6 7 8 9 10 eleven 12").is_err());
    }

    #[test]
    fn memory_is_read_in_bytes() -> Result<()> {
        let text = "Name:\tx\nVmPeak:\t 9999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(parse_status(text)?, Memory { resident: 1 << 20, peak: 2 << 20 });
        assert!(parse_status("Name:\tx\n").is_err());
        Ok(())
    }

    #[test]
    fn this_process_has_memory_and_its_time_only_grows() -> Result<()> {
        let pid = std::process::id();
        let before = processor_time(pid)?;
        assert!(memory(pid)?.resident > 0);
        assert!(processor_time(pid)? >= before);
        Ok(())
    }
}
