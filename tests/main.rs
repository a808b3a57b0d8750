//! The one test binary: modules in the order of the flow.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

/// An independent reading of semantics.md as plain row loops.
mod oracle;
/// The same of refunds, ratings, attendance, tickets, content and judgement, with their worked examples.
mod oracle_service;
/// Messy logs, and the numbers that the first oracle gives by itself.
mod oracle_worked;
/// A log as files, the pipeline run on it, its tables read back.
mod support;

/// The structure of the code: who may import whom, and one name for one thing.
mod architecture;
mod assessed_hours;
/// What is accepted, set aside and refused.
mod inputs;
/// Files as exporters, spreadsheets and warehouses write them, kind by kind.
mod real_files;
/// Rows that are taken out, sequence numbers that are needed, and the two odd hours of a year.
mod meaning_cells;
/// What numbers mean when life is messy: several currencies, orders that are none, refunds that amounts hide.
mod meaning;
/// The exports of each platform, and the table that each must give.
mod exports;
/// Broken and hostile input: what is refused, what is set aside, and what it costs.
mod hostile;
/// Where days and periods begin.
mod calendar;
/// Every declaration: its worked example, and what holds of all of them.
mod metrics;
/// Any log: every number is the oracle's.
mod oracle_agrees;
/// The same of refunds, ratings, attendance, tickets, loyalty, cost and content.
mod service_agrees;
/// The examples of the platforms' own texts, with the numbers they give.
mod worked;
/// One log under every platform's preset.
mod presets;
/// The same of a log with robots, entry by entry.
mod robots_by_preset;
/// Refunds and ratings: whose they are, when they count, and what does not.
mod service;
/// Every window and threshold, inside and outside.
mod edges;
/// Peer-days and buyers that are taken out, and what stays.
mod filters;
/// What waits for later days.
mod maturity;
/// Attendance, tickets, loyalty, cost, targets and content, window by window.
mod work;
/// From a number back to the lines that made it.
mod trace;
/// The same inputs give the same bytes.
mod bytes;
/// The shape of what is published.
mod outputs;
/// What is said of a team.
mod team;
/// Agents who change teams and leave, and buyers with several accounts.
mod meaning_people;
/// What finished reports say of shops and agents.
mod judgement;
/// More shops than are reported or judged together.
mod many_shops;
/// Commands, settings, exit codes, and what a run leaves behind.
mod cli;
/// Records, logs, metrics and lineage events of runs that end well, badly or by a signal.
mod watch;
/// What is given for schedulers, and every command line that is written anywhere.
mod deploy;
/// Persons and secrets: what is masked, keyed and never said.
mod privacy;
/// What is taken out of texts, case by case.
mod masks;
/// The demo's numbers as a person reads them.
mod golden;
/// The dictionary as pages.
mod docs;
/// The committed sample is what the generator writes.
mod sample_data;
/// Roots that cannot be used, and how that is told.
mod roots;
/// Object storage: S3, Azure and Google on the loopback.
mod stores;
/// The proxy that breaks requests, by itself.
mod proxy;
/// What is due, why, and that a run does that and no more.
mod due;
/// Whether a period has the orders that it needs.
mod orders_complete;
/// Nights that were missed, and what a later one makes of them.
mod missed_days;
/// Inputs that expire, and what stays of the days that were made of them.
mod gone_inputs;
/// What a change of weeks, fiscal years, periods or levels does to an output.
mod calendar_change;
/// Bad rows and audits by the day that they are about, whichever run reads them.
mod quarantine_place;
/// Runs that die at any write, requests that arrive late, and simulations of both.
mod crashes;
/// A bit that flips in a file that was published, and what reads, verifies and repairs make of it.
mod bit_rot;
/// Documents of the manifest that are lost, emptied, cut short or changed, and how they come back.
mod manifest_pages;
/// Runs that are killed while a request is on its way to S3.
mod wire;
/// Long trials, of which a small share runs each time: kills, flipped bits, late files, inputs that expire.
mod trials;
/// Stores that lose answers or fail, for a while or without end.
mod probe_faults;
/// Who may read what a run writes, what a killed one leaves, and how one that waits takes signals.
mod file_modes;
/// Full disks, folders that are none, inputs that go away.
mod disk_full;
