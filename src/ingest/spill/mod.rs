//! Partitions of chat lines by shop. Lines stay in memory within the memory budget and are spilled to the local disk beyond it.

pub(super) mod codec;
pub(super) mod file;
pub(super) mod partitions;
