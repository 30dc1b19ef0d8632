//! Finds the servers and tools that live streams are tested with: nginx with its modules for RTMP and for TLS before it,
//! and SRT's own.

use std::path::Path;

use anyhow::{Result, ensure};

use super::{apt, output_of};

/// What is looked for, and what brings it. The tests look at the same places.
const NGINX: &str = "/usr/sbin/nginx";
const RTMP: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
const STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";
const SRT: &str = "srt-live-transmit";

pub(crate) fn ensure() -> Result<()> {
    let mut missing = Vec::new();
    if !Path::new(NGINX).exists() {
        missing.push("nginx");
    }
    if !Path::new(RTMP).exists() {
        missing.push("libnginx-mod-rtmp");
    }
    if !Path::new(STREAM).exists() {
        missing.push("libnginx-mod-stream");
    }
    if !has_srt() {
        missing.push("srt-tools");
    }
    if missing.is_empty() {
        return Ok(());
    }
    // Tests start servers of their own, and this machine's port 80 may be for something else.
    let why = "servers that live streams are tested with are missing";
    apt::install_at_rest(&missing, why, "nginx")?;
    let files = [NGINX, RTMP, STREAM];
    let complete = files.iter().all(|it| Path::new(it).exists()) && has_srt();
    ensure!(
        complete,
        "{}, or {SRT} is still missing after the installation",
        files.join(", ")
    );
    Ok(())
}

fn has_srt() -> bool {
    output_of("sh", &["-c", &format!("command -v {SRT}")]).is_some()
}
