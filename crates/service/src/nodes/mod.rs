//! Nodes and clusters, for operators: who shares the store, who is to start nothing more.

mod clusters;
mod company;
mod drain;
mod list;

pub(crate) use company::Company;
