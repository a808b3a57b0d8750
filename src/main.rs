//! The program `kefu`. It installs what protects secrets before anything can be printed, then runs the command line.

use clap::Parser;
use kefu::cli::Cli;
use kefu::console;
use kefu::privacy;
use std::process::ExitCode;

/// Many threads allocate many short-lived columns. The system's allocator takes more time for that and returns less memory to the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    privacy::learn_environment();
    std::panic::set_hook(Box::new(privacy::on_panic));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // The message quotes what the user typed, which may be a URL with a password.
        Err(error) if error.use_stderr() => {
            console::say(privacy::redacted(&error.render().ansi().to_string()).trim_end());
            return ExitCode::from(2);
        }
        Err(help) => help.exit(),
    };
    cli.main().into()
}
