//! Long trials: what a night must survive, tried at places that dice choose. A small share of each runs with every `cargo test`; by hand
//! `KEFU_TRIALS=N` tries N places, and `KEFU_SEED=S` others. `tests/trials/README.md` says what each trial holds.

/// A company that has files of every input table.
mod nights;
/// A process that is killed at its n-th system call that writes.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tracer;
/// Runs that are killed at the system calls with which they write.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod kills;
/// One bit of one published file or state that is another.
mod flips;
/// Files of every table that come late, cut short, or changed.
mod late;
/// Thirty nights over inputs that expire.
mod expiring;
/// The three shapes of a day that take the most memory. By hand only.
mod shapes;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A number that a developer sets.
fn set(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// How many places are tried: so many by default.
fn trials(few: usize) -> usize {
    set("KEFU_TRIALS").map_or(few, |many| many as usize)
}

/// The seed that everything in a trial follows from.
fn seed() -> u64 {
    set("KEFU_SEED").unwrap_or(20_260_907)
}

/// The dice of one trial among several: `number` tells them apart.
fn dice(number: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed().wrapping_mul(1_000_003).wrapping_add(number))
}
