"""What is decided: pure functions and frozen types, without I/O, clock, log or globals."""
