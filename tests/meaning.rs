//! What numbers mean when life is messy, kind by kind: small inputs with their right values.

/// Currencies, excluded orders and skus, the order of files and versions, amounts after refunds.
mod orders;
/// Lines that make a number of their day doubtful.
mod lines;
