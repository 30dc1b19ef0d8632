//! An object store for tests: speaks S3 over files in a directory, checks signatures as stores do, and
//! misbehaves on demand.

mod faults;
mod files;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::host::MultiDomain;
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use faults::{Fault, Rule};

use faults::Faults;
use files::{Files, Uploads};

/// Who may call it.
pub const ACCESS_KEY_ID: &str = "AKIDOFTHESTORE";
pub const SECRET: &str = "secret-of-the-store";

/// A running store, ended when it is dropped.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    root: std::path::PathBuf,
    _dir: Option<TempDir>,
    faults: Arc<Faults>,
    uploads: Arc<Uploads>,
    serving: JoinHandle<()>,
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl S3Server {
    /// A store in a temporary directory with these buckets, on a free port of loopback.
    pub async fn start(buckets: &[&str]) -> std::io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut server =
            Self::over(dir.path(), buckets, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        server._dir = Some(dir);
        Ok(server)
    }

    /// A store over a directory, which stays.
    pub async fn over(root: &Path, buckets: &[&str], listen: SocketAddr) -> std::io::Result<Self> {
        for bucket in buckets {
            std::fs::create_dir_all(root.join(bucket))?;
        }
        let root = root.canonicalize()?;
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let failed = |error: &dyn std::fmt::Debug| std::io::Error::other(format!("{error:?}"));
        let uploads = Arc::new(Uploads::default());
        let files = Files::new(&root, Arc::clone(&uploads)).map_err(|error| failed(&error))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET));
        // A host that is none of these is taken for path style.
        let domain = format!("s3.localhost:{}", address.port());
        let domains = MultiDomain::new(&[domain]).map_err(|error| failed(&error))?;
        builder.set_host(Hosts(domains));
        let faults = Arc::new(Faults::default());
        let serving = tokio::spawn(serve(listener, builder.build(), Arc::clone(&faults)));
        Ok(Self {
            address,
            root,
            _dir: None,
            faults,
            uploads,
            serving,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For path style.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For virtual style.
    pub fn virtual_endpoint(&self) -> String {
        format!("http://s3.localhost:{}", self.address.port())
    }

    /// Where its buckets' files are.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// From now on it misbehaves by this rule too. Of several that match, the oldest counts.
    pub fn misbehave(&self, rule: Rule) {
        self.faults.add(rule);
    }

    /// It misbehaves no more.
    pub fn behave(&self) {
        self.faults.clear();
    }

    /// The keys of uploads in parts that are under way.
    pub fn uploads(&self) -> Vec<String> {
        self.uploads.keys()
    }

    /// From now on uploads that are under way began long ago.
    pub fn age_uploads(&self) {
        self.uploads.age();
    }

    /// Method, path and query of every request so far, in their order.
    pub fn requests(&self) -> Vec<String> {
        self.faults.seen()
    }
}

/// Virtual hosts below one domain; any other host is path style.
struct Hosts(MultiDomain);

impl s3s::host::S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> s3s::S3Result<s3s::host::VirtualHost<'a>> {
        self.0
            .parse_host_header(host)
            .or_else(|_| Ok(s3s::host::VirtualHost::new(host)))
    }
}

async fn serve(listener: TcpListener, service: S3Service, faults: Arc<Faults>) {
    while let Ok((connection, _peer)) = listener.accept().await {
        let (service, faults) = (service.clone(), Arc::clone(&faults));
        tokio::spawn(async move {
            let answer = service_fn(|request| faults.answer(&service, request));
            // An error is what a rule asked for, or a client that went away.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(connection), answer)
                .await;
        });
    }
}
