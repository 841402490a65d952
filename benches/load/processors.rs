//! Who runs on which processors (sched_setaffinity(2)).

use std::fs;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The processors that this process had at the beginning.
pub(crate) struct Processors(Vec<usize>);

impl Processors {
    pub(crate) fn of_this_process() -> Self {
        let own = sched_getaffinity(None).expect("the kernel tells the processors");
        Self((0..CpuSet::MAX_CPU).filter(|processor| own.is_set(*processor)).collect())
    }

    /// Everybody on all of them.
    pub(crate) fn share(&self, processes: &[u32]) {
        bind(processes, &self.0);
    }

    /// Half of them, rounded down, for the database, the rest for the others; a single one is shared. Returns how many
    /// each have. What either starts from now on stays with it.
    pub(crate) fn divide(&self, database: &[u32], others: &[u32]) -> (usize, usize) {
        let (left, right) = self.0.split_at(self.0.len() / 2);
        if left.is_empty() {
            return (1, 1);
        }
        bind(database, left);
        bind(others, right);
        (left.len(), right.len())
    }
}

/// Binds all threads of the processes to the processors.
fn bind(processes: &[u32], processors: &[usize]) {
    let mut set = CpuSet::new();
    for processor in processors {
        set.set(*processor);
    }
    for process in processes {
        for thread in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let thread = thread.file_name().to_str().and_then(|thread| thread.parse().ok());
            // A thread that has ended meanwhile needs no processor.
            let _ = sched_setaffinity(thread.and_then(Pid::from_raw), &set);
        }
    }
}
