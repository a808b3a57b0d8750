//! The commands for a shell: `completions` and `man`.

use super::stdout::print;
use crate::error::Result;
use clap::{Args, Command};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell that reads the script
    shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder to write into
    #[arg(long)]
    out: PathBuf,
}

impl CompletionsArgs {
    pub(super) fn run(self, mut command: Command) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "kefu", &mut script);
        print(&String::from_utf8_lossy(&script))
    }
}

impl ManArgs {
    pub(super) fn run(self, command: Command) -> Result<()> {
        std::fs::create_dir_all(&self.out)?;
        Ok(clap_mangen::generate_to(command, &self.out)?)
    }
}
