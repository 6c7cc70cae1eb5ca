rs
