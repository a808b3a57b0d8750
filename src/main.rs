use clap::Parser;
use kefu::cli::Cli;
use kefu::privacy;
use std::process::ExitCode;

/// Many threads, many short-lived columns: the system's own allocator takes more time and gives less memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    privacy::learn_environment();
    std::panic::set_hook(Box::new(privacy::on_panic));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // What was typed is quoted, and may be a URL with a password.
        Err(error) if error.use_stderr() => {
            eprint!("{}", privacy::redacted(&error.render().ansi().to_string()));
            return ExitCode::from(2);
        }
        Err(help) => help.exit(),
    };
    cli.main().into()
}
