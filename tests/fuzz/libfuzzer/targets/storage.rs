#![no_main]

ser_fuzz_targets::target!(ser_fuzz::storage);
