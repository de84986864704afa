//! numberd
fn main() {}
