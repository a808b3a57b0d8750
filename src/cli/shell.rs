//! The commands for a shell: `completions` and `man`.

use super::{Cli, print};
use crate::error::Result;
use clap::{Args, CommandFactory};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell that reads the script
    shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
}

impl Completions {
    pub(super) fn run(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "kefu", &mut script);
        print(&String::from_utf8_lossy(&script))
    }
}

impl Man {
    pub(super) fn run(self) -> Result<()> {
        std::fs::create_dir_all(&self.out)?;
        Ok(clap_mangen::generate_to(Cli::command(), &self.out)?)
    }
}
