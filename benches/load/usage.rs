//! What processes cost, as the kernel counts it: processor time, from `/proc`.

use std::fs;
use std::time::Duration;

use sandbox::process::children;

/// The kernel reports times in hundredths of a second, whatever its own clock does (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Processor time of a process, user and system; `ended` adds what its children that are gone have used.
pub(crate) fn cpu(pid: u32, ended: bool) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold anything; after it the state is field 3.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    // 14 utime, 15 stime, 16 cutime, 17 cstime (proc_pid_stat(5))
    fields.skip(11).take(if ended { 4 } else { 2 }).filter_map(|ticks| ticks.parse().ok()).map(ticks).sum()
}

/// Processor time of a server and everything it has started.
pub(crate) fn cpu_with_children(pid: u32) -> Duration {
    cpu(pid, true) + children(pid).into_iter().map(|child| cpu(child, false)).sum::<Duration>()
}

fn ticks(count: u32) -> Duration {
    TICK * count
}

/// The value below which `share` of the sorted values lie.
pub(crate) fn percentile(values: &mut [Duration], share: f64) -> Duration {
    values.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (values.len() as f64 * share) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// The middle one of some figures.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
