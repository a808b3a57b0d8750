//! Starts a process and kills it at its n-th system call that writes, before the system has done it. Linux alone lets a parent do so, and
//! lets every user do it to a process that he starts (ptrace).
//!
//! A call writes if it changes a file or the name of one. A folder that is made is not counted: whoever dies after that dies at the next
//! call. What goes to a pipe, a terminal or another thread is no write.
#![expect(unsafe_code, reason = "the calls of the system by which a process is followed")]

use std::ffi::{c_int, c_long, c_uint};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The numbers of system calls: those that write to the file of their first argument, or of their third; those that change names; and those
/// that may create a file, with the place of their flags.
struct Calls {
    to_first: &'static [u64],
    to_third: &'static [u64],
    of_names: &'static [u64],
    opening: &'static [(u64, usize)],
}

/// In their order: write, pwrite64, writev, pwritev, pwritev2, ftruncate, fallocate, sendfile; copy_file_range; rename, renameat, renameat2, rmdir,
/// unlink, unlinkat, link, linkat, truncate, creat; open, openat.
#[cfg(target_arch = "x86_64")]
const CALLS: Calls = Calls {
    to_first: &[1, 18, 20, 296, 328, 77, 285, 40],
    to_third: &[326],
    of_names: &[82, 264, 316, 84, 87, 263, 86, 265, 76, 85],
    opening: &[(2, 1), (257, 2)],
};

/// The same without those that this machine does not have.
#[cfg(target_arch = "aarch64")]
const CALLS: Calls =
    Calls { to_first: &[64, 68, 66, 70, 287, 46, 47, 71], to_third: &[285], of_names: &[38, 276, 35, 37, 45], opening: &[(56, 2)] };

/// The flag of `open` for a file that may not be there yet.
const CREATE: u64 = 0o100;

const TRACE_ME: c_uint = 0;
const TO_NEXT_CALL: c_uint = 24;
const SET_OPTIONS: c_uint = 0x4200;
const CALL_INFO: c_uint = 0x420e;
/// Stops at calls are told from signals; threads and children are followed; whoever is followed dies with this process.
const OPTIONS: usize = 1 | 2 | 4 | 8 | 16 | 1 << 20;
/// Threads too, and of the children of this process only those of this thread.
const WAIT: c_int = 0x4000_0000 | 0x2000_0000;
const STOPPED: c_int = 0x7f;
const AT_A_CALL: c_int = 5 | 0x80;
const SIGSTOP: c_int = 19;
const SIGKILL: c_int = 9;

unsafe extern "C" {
    fn ptrace(request: c_uint, ...) -> c_long;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
}

/// What the system says of a call (`struct ptrace_syscall_info`).
#[repr(C)]
#[derive(Default)]
struct CallInfo {
    /// 1: the call is about to begin.
    op: u8,
    pad: [u8; 3],
    arch: u32,
    instruction: u64,
    stack: u64,
    number: u64,
    arguments: [u64; 6],
    rest: u64,
}

/// How a traced process ended.
pub(super) struct Ended {
    /// The calls that wrote, or were about to.
    pub writes: usize,
    /// Its exit code; `None` if it was killed.
    pub code: Option<i32>,
}

/// Runs a command, and kills it at its n-th call that writes; 0 is none. Errors: processes may not be traced here.
pub(super) fn run(mut command: Command, n: usize) -> io::Result<Ended> {
    let trace_me = || {
        // SAFETY: the call takes no pointer, and only asks that this process be followed.
        let done = unsafe { ptrace(TRACE_ME, 0 as c_int, 0usize, 0usize) };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: between fork and exec nothing is done but one system call.
    unsafe { command.pre_exec(trace_me) };
    let main = command.spawn()?.id() as c_int;
    let mut status = 0;
    // SAFETY: `status` is a place for the answer; the process is a child of this thread and stands at its exec.
    let stopped = unsafe { waitpid(main, &raw mut status, WAIT) == main && ptrace(SET_OPTIONS, main, 0usize, OPTIONS) == 0 };
    if !stopped {
        return Err(io::Error::last_os_error());
    }
    go_on(main, 0);
    Ok(follow(main, n))
}

/// Follows all threads of a process until it ends.
fn follow(main: c_int, n: usize) -> Ended {
    let mut writes = 0;
    loop {
        let mut status = 0;
        // SAFETY: `status` is a place for the answer.
        let thread = unsafe { waitpid(-1, &raw mut status, WAIT) };
        assert!(thread > 0, "{}", io::Error::last_os_error());
        if status & 0xff != STOPPED {
            if thread == main {
                return Ended { writes, code: (status & 0x7f == 0).then_some(status >> 8 & 0xff) };
            }
            continue;
        }
        let (signal, event) = (status >> 8 & 0xff, status >> 16);
        if signal == AT_A_CALL && is_write(thread) {
            writes += 1;
            if writes == n {
                // SAFETY: the process is a child that has not been waited for.
                unsafe { kill(main, SIGKILL) };
                continue;
            }
        }
        // A new thread begins with a stop of its own.
        go_on(thread, if signal == AT_A_CALL || signal == SIGSTOP || event != 0 { 0 } else { signal });
    }
}

/// Lets a thread run to the beginning or the end of its next call. It may have been killed meanwhile.
fn go_on(thread: c_int, signal: c_int) {
    // SAFETY: the call takes no pointer.
    unsafe { ptrace(TO_NEXT_CALL, thread, 0usize, signal as usize) };
}

/// Whether a stopped thread is about to change a file.
fn is_write(thread: c_int) -> bool {
    let mut info = CallInfo::default();
    // SAFETY: the system writes no more bytes than it is told that there are.
    let known = unsafe { ptrace(CALL_INFO, thread, size_of::<CallInfo>(), &raw mut info) };
    if known <= 0 || info.op != 1 {
        return false;
    }
    let CallInfo { number, arguments, .. } = info;
    let is_file = |place: usize| fs::metadata(format!("/proc/{thread}/fd/{}", arguments[place])).is_ok_and(|found| found.is_file());
    CALLS.of_names.contains(&number)
        || CALLS.to_first.contains(&number) && is_file(0)
        || CALLS.to_third.contains(&number) && is_file(2)
        || CALLS.opening.iter().any(|(call, flags)| *call == number && arguments[*flags] & CREATE != 0)
}
