//! What the machine gives this process: open files and memory. What the
//! settings leave to it is derived from that.

use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files for everything but connections: journal, database, logs.
const OTHER_FILES: u64 = 64;
/// More connections are a matter of settings.
const MOST_CONNECTIONS: u64 = 65_536;
/// Where the system doesn't say how much memory there is.
const ASSUMED_MEMORY: u64 = 4 << 30;

/// Lets the process open as many files as it may without being told twice;
/// many systems start with 1024 of many more. Answers how many that are.
pub fn raise_open_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "the limit of open files can't be raised");
    }
    open_files()
}

/// How many files the process may open.
pub fn open_files() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// How many connections that is: each call may need one to a provider, too.
pub fn connections(open_files: u64) -> usize {
    let connections = (open_files.saturating_sub(OTHER_FILES) / 2).clamp(16, MOST_CONNECTIONS);
    usize::try_from(connections).unwrap_or(usize::MAX)
}

/// How many of so many connections one address may have: four alone could
/// shut everybody else out, and an office or a cluster behind one address is
/// let in.
pub const fn connections_per_address(connections: usize) -> usize {
    if connections < 64 { connections } else { connections / 4 }
}

/// How many bytes of bodies fit into a quarter of the memory.
pub fn bodies() -> usize {
    let memory = memory(Path::new("/")).unwrap_or(ASSUMED_MEMORY);
    usize::try_from(memory / 4).unwrap_or(usize::MAX)
}

/// The machine's memory, or the container's if that is less.
fn memory(root: &Path) -> Option<u64> {
    let read = |file: &str| std::fs::read_to_string(root.join(file)).ok();
    let machine = read("proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    });
    let container = ["sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .find_map(|file| read(file)?.trim().parse::<u64>().ok());
    match (machine, container) {
        (Some(machine), Some(container)) => Some(machine.min(container)),
        (machine, container) => machine.or(container),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        assert_eq!(connections(1024), 480);
        assert_eq!(connections(10), 16);
        assert_eq!(connections(u64::MAX), 65_536);
        assert_eq!((connections_per_address(480), connections_per_address(16)), (120, 16));
    }

    #[test]
    fn a_containers_memory_counts_if_it_is_less() {
        let root = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(memory(root.path()), None);
        put("proc/meminfo", "MemTotal:        1024 kB\nMemFree: 7 kB\n");
        assert_eq!(memory(root.path()), Some(1 << 20));
        put("sys/fs/cgroup/memory.max", "max\n");
        assert_eq!(memory(root.path()), Some(1 << 20));
        put("sys/fs/cgroup/memory.max", "65536\n");
        assert_eq!(memory(root.path()), Some(65536));
    }
}
