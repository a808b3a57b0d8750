use clap::Parser;
use std::process::ExitCode;

/// Many threads, many short-lived columns: the system's own allocator takes more time and gives less memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kefu::cli::Cli::parse().main().into()
}
