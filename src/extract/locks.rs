//! What the child takes away from itself before it reads a byte that is not ours. Each lock holds alone: `tests/it/hostile/locks.rs`
//! tries each with all others left out.
//!
//! The filter of system calls is the last one and the strongest: what is left is to compute, to take memory within the limit, to read
//! the standard input, to write the two outputs and to end. No call that takes a path, makes a socket or a process, or names another
//! process is among that, which is why there is no Landlock besides: it would guard what cannot be called.

#![expect(unsafe_code, reason = "no safe call closes a descriptor whose owner is unknown")]

use std::collections::BTreeMap;
use std::{fs, io};

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, getpid, getppid, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use rustix::thread::set_no_new_privs;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

use super::order::Order;

/// How deep parsers may nest: what goes deeper ends as damaged.
const STACK: u64 = 8 << 20;

type Lock = fn(&Order) -> io::Result<()>;

/// Every lock, in the order in which they are closed.
pub(super) const LOCKS: [(&str, Lock); 11] = [
    ("parent", dies_with_its_parent),
    ("descriptors", |_| close_descriptors()),
    ("memory", |order| at_most(Resource::As, order.memory)),
    ("stack", |_| at_most(Resource::Stack, STACK)),
    ("processor", |order| {
        // XCPU at the first, KILL at the second.
        let second = order.processor_seconds;
        Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(second), maximum: Some(second + 1) })?)
    }),
    ("file size", |_| at_most(Resource::Fsize, 0)),
    ("open files", |_| at_most(Resource::Nofile, 0)),
    // Counts for everybody but root; for root there is the filter.
    ("processes", |_| at_most(Resource::Nproc, 0)),
    ("core", |_| {
        at_most(Resource::Core, 0)?;
        Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
    }),
    ("privileges", |_| Ok(set_no_new_privs(true)?)),
    ("calls", |_| filter_calls()),
];

/// Closes every lock, or those alone that a test names. The first that does not close ends it: nothing is read then.
pub(super) fn apply(order: &Order) -> io::Result<()> {
    let closed = |name: &str| order.only.as_ref().is_none_or(|only| only.iter().any(|other| other == name));
    for (name, lock) in LOCKS {
        if closed(name) {
            lock(order).map_err(|error| io::Error::other(format!("{name}: {error}")))?;
        }
    }
    Ok(())
}

fn at_most(resource: Resource, most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// The kernel kills it when the thread that started it is gone; if that happened before, it sees it here.
fn dies_with_its_parent(order: &Order) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid().is_some_and(|parent| parent.as_raw_nonzero().get() == order.parent) {
        Ok(())
    } else {
        Err(io::Error::other("the parent is gone"))
    }
}

/// Closes whatever the bot was started with beyond the three pipes. Its own descriptors are gone already: it opens none that an exec
/// would keep.
fn close_descriptors() -> io::Result<()> {
    let open =
        fs::read_dir("/proc/self/fd")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let open: Vec<i32> = open.filter(|descriptor| *descriptor > 2).collect();
    for descriptor in open {
        // The folder that was just read had one, too, which is closed.
        if fs::symlink_metadata(format!("/proc/self/fd/{descriptor}")).is_ok() {
            // SAFETY: it is open, and nobody in this process owns it: one thread runs, at its beginning, and holds nothing open
            unsafe { rustix::io::close(descriptor) };
        }
    }
    Ok(())
}

/// Every system call but those below is answered with EPERM from now on.
fn filter_calls() -> io::Result<()> {
    let own = u64::try_from(getpid().as_raw_nonzero().get()).map_err(io::Error::other)?;
    let is = |argument, value| {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
            .map_err(io::Error::other)?;
        SeccompRule::new(vec![condition]).map_err(io::Error::other)
    };
    let mut calls: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in ALLOWED {
        calls.insert(*call, Vec::new());
    }
    calls.insert(libc::SYS_read, vec![is(0, 0)?]);
    calls.insert(libc::SYS_write, vec![is(0, 1)?, is(0, 2)?]);
    // To abort is to send itself a signal.
    calls.insert(libc::SYS_tgkill, vec![is(0, own)?]);
    let denied = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let here = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(calls, denied, SeccompAction::Allow, here).map_err(io::Error::other)?;
    let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    apply_filter(&program).map_err(io::Error::other)
}

/// Memory, the clock, chance, signals to itself, waiting for itself, and the end.
const ALLOWED: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];
