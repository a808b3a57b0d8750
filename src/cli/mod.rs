//! The command line. Results go to stdout, everything else to stderr. Each group of commands has a file.

mod args;
mod command;
mod dictionary;
mod generate;
mod inspect;
mod log;
mod monitoring;
mod repair;
mod run;
mod shell;
mod stdout;
mod summary;

pub use command::Cli;
