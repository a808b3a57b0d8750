//! What a run reports about itself: its record, a metrics file for Prometheus and events for OpenLineage. A failure to deliver metrics or
//! events never fails the run.

mod openlineage;
mod prometheus;
mod run_record;

pub use openlineage::{Lineage, LineageTarget};
pub use prometheus::expose;
pub use run_record::{Gate, Partition, Partitions, RecordSnapshot, RunRecord, RunRecorder, Warning};
