//! The one test binary: modules in the order of the flow.
