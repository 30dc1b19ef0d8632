//! Huawei Cloud's APIs: the signatures of its gateway, identity (IAM), and the door to Media Processing Center (MPC).

pub mod signature;
