//! nginx with its RTMP module, as the place that streams come from and go to.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::program::command;

const NGINX: &str = "/usr/sbin/nginx";
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server with a record of all that is published to `out`. Dropping it kills it.
pub(super) struct Relay {
    child: Child,
    dir: PathBuf,
    port: u16,
}

impl Relay {
    pub(super) fn start(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir.join("record"))?;
        // Another process could take the port before nginx does; then it fails and says so.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        std::fs::write(dir.join("nginx.conf"), configuration(port))?;
        let child = command(Path::new(NGINX))
            .arg("-p")
            .arg(dir)
            .current_dir(dir)
            .args(["-c", "nginx.conf", "-e", "error.log"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("start {NGINX}, which `cargo xtask setup bench` installs"))?;
        let relay = Self {
            child,
            dir: dir.to_owned(),
            port,
        };
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(started.elapsed() < PATIENCE, "nginx does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(relay)
    }

    /// Where a source publishes to and is pulled from.
    pub(super) fn source(&self, name: &str) -> String {
        format!("rtmp://127.0.0.1:{}/in/{name}", self.port)
    }

    /// Where an output is published to.
    pub(super) fn target(&self, name: &str) -> String {
        format!("rtmp://127.0.0.1:{}/out/{name}", self.port)
    }

    /// Waits until the record of a target has the first frame of a picture that was published after it was last
    /// forgotten.
    pub(super) fn first_frame(&self, name: &str, patience: Duration) -> Result<Instant> {
        let record = self.record(name);
        let until = Instant::now() + patience;
        loop {
            if std::fs::read(&record).is_ok_and(|bytes| has_picture(&bytes)) {
                return Ok(Instant::now());
            }
            ensure!(Instant::now() < until, "nothing comes out at {name}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Removes the record of a target, so that the next one tells of the next publisher only.
    pub(super) fn forget(&self, name: &str) {
        // It may not be there yet, which is what is wanted.
        let _ = std::fs::remove_file(self.record(name));
    }

    /// How often somebody came to publish this.
    pub(super) fn publishers(&self, name: &str) -> usize {
        self.connections(&format!("publish: name='{name}'")).len()
    }

    /// How many of them were turned away because another one was there.
    pub(super) fn refused(&self, name: &str) -> usize {
        let came = self.connections(&format!("publish: name='{name}'"));
        let refused = self.connections("already publishing");
        refused.iter().filter(|one| came.contains(one)).count()
    }

    /// Waits until somebody has come to publish this more than so many times.
    pub(super) fn wait_for_publisher(&self, name: &str, before: usize) -> Result<Instant> {
        let until = Instant::now() + PATIENCE;
        while self.publishers(name) <= before {
            ensure!(Instant::now() < until, "nobody publishes {name}");
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(Instant::now())
    }

    /// The connections of which the log says this.
    fn connections(&self, words: &str) -> Vec<String> {
        let log = std::fs::read_to_string(self.dir.join("error.log")).unwrap_or_default();
        let lines = log.lines().filter(|line| line.contains(words));
        let number = lines.filter_map(|line| line.split_once(" *")?.1.split(' ').next());
        number.map(str::to_owned).collect()
    }

    fn record(&self, name: &str) -> PathBuf {
        self.dir.join("record").join(format!("{name}.flv"))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a file of FLV has a frame of H.264 beyond its headers.
fn has_picture(bytes: &[u8]) -> bool {
    // Nine bytes of header, then tags with eleven before and four after what they hold.
    let mut rest = bytes.get(9 + 4..).unwrap_or_default();
    while let Some((head, after)) = rest.split_at_checked(11) {
        let length = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let Some(held) = after.get(..length) else {
            return false;
        };
        // Video that is neither the codec's settings nor its end.
        if head[0] == 9 && held.get(1) == Some(&1) {
            return true;
        }
        rest = after.get(length + 4..).unwrap_or_default();
    }
    false
}

/// One process without a master, so that what is killed is all of it.
fn configuration(port: u16) -> String {
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
error_log error.log info;
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
events {{ worker_connections 256; }}
rtmp {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        chunk_size 4096;
        live on;
        idle_streams off;
        wait_video on;
        drop_idle_publisher 5s;
        application in {{ }}
        application out {{ record all; record_path record; }}
    }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_frame_and_not_its_codecs_settings() {
        let tag = |kind: u8, held: &[u8]| {
            let mut tag = vec![kind, 0, 0, held.len() as u8, 0, 0, 0, 0, 0, 0, 0];
            tag.extend(held);
            tag.extend([0; 4]);
            tag
        };
        let head = [0_u8; 13].to_vec();
        let settings = [head, tag(18, &[2, 0]), tag(9, &[0x17, 0, 0])].concat();
        assert!(!has_picture(&settings));
        assert!(!has_picture(&[]));
        let whole = [settings.clone(), tag(8, &[0xaf, 1]), tag(9, &[0x17, 1, 0])].concat();
        assert!(has_picture(&whole));
        assert!(!has_picture(&whole[..whole.len() - 6]));
    }
}
