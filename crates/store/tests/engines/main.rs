//! Every engine against the suite that all of them pass.

mod sqlite;
