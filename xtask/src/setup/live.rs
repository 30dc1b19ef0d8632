//! Finds the servers and tools that live streams are tested with: nginx with its RTMP module, and SRT's own.

use std::path::Path;

use anyhow::{Result, ensure};

use super::{apt, output_of};

/// What is looked for, and what brings it. The tests look at the same places.
const NGINX: &str = "/usr/sbin/nginx";
const RTMP: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
const SRT: &str = "srt-live-transmit";

pub(crate) fn ensure() -> Result<()> {
    let mut missing = Vec::new();
    if !Path::new(NGINX).exists() {
        missing.push("nginx");
    }
    if !Path::new(RTMP).exists() {
        missing.push("libnginx-mod-rtmp");
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
    let complete = Path::new(NGINX).exists() && Path::new(RTMP).exists() && has_srt();
    ensure!(
        complete,
        "{NGINX}, {RTMP} or {SRT} is still missing after the installation"
    );
    Ok(())
}

fn has_srt() -> bool {
    output_of("sh", &["-c", &format!("command -v {SRT}")]).is_some()
}
