//! The ways to iDenfy: over TLS, and through a proxy where the system's settings name one.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::harness::engine::Database;
use crate::harness::idenfy::{Call, ScriptedIdenfy};
use crate::harness::process::{Binary, Client, Process};
use crate::harness::{Answer, Context, tests};

tests!(
    "idenfy_ways",
    [],
    Sqlite: [
        over_tls_an_idenfy_is_believed_whose_certificate_the_system_trusts,
        a_certificate_that_the_system_does_not_trust_is_not_believed,
        a_certificate_of_another_name_is_not_believed,
        a_proxy_that_the_system_names_is_gone_through,
        a_proxy_that_is_not_for_idenfy_is_left_alone,
    ]
);

/// An authority for certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Puts TLS in front of `idenfy`, with a certificate for `name`; the port.
    async fn front(&self, idenfy: &ScriptedIdenfy, name: &str) -> u16 {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .expect("a key that fits");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let behind = idenfy.base.replace("http://", "");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    let mut outside = acceptor.accept(stream).await.ok()?;
                    let mut inside = TcpStream::connect(behind).await.ok()?;
                    copy_bidirectional(&mut outside, &mut inside).await.ok()
                });
            }
        });
        port
    }
}

/// A proxy that leads wherever it is asked to `port`, and remembers where it was asked to lead.
async fn proxy(port: u16) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let noted = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let noted = noted.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.ok()?);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let first = head.lines().next()?.to_owned();
                noted.lock().expect("no panic inside").push(first);
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
                let mut behind = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
                copy_bidirectional(&mut stream, &mut behind).await.ok()
            });
        }
    });
    (address, asked)
}

/// A gateway in a process of its own with one link, for one use, whose iDenfy is at `base`, and whose system trusts
/// `authority` and has these variables.
struct Bench {
    /// Removed when it is dropped.
    _database: Database,
    binary: Binary,
    process: Process,
}

impl Bench {
    async fn start(
        context: &Context,
        idenfy: &ScriptedIdenfy,
        base: &str,
        authority: &Authority,
        variables: &[(&str, &str)],
    ) -> Self {
        let database = context.engine.database().await;
        let mut binary = Binary::new(&database, idenfy).set("IDENFY__BASE_URL", base);
        let roots = binary.file("roots.pem", &authority.0.pem());
        binary = binary.variable("SSL_CERT_FILE", &roots);
        for (name, value) in variables {
            binary = binary.variable(name, value);
        }
        let process = binary.serve(&[]).await;
        let made = ["link", "create", "--name", "A", "--single", "--slug", "way"];
        binary.done(&made).await;
        Self {
            _database: database,
            binary,
            process,
        }
    }

    async fn click(&self) -> u16 {
        let client = Client::new(&self.process.base, "");
        let answer = client.click("way").await;
        answer.expect("an answer").status().as_u16()
    }

    /// A click that iDenfy makes fail gives its use back.
    async fn fails(&self) {
        for fault in ["iDenfy", "failed to verify TLS certificate"] {
            self.process.expect_log(fault);
        }
        assert_eq!(self.click().await, 503);
        let shown = self.binary.done(&["link", "show", "way", "--json"]).await;
        let link: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(link["usage"]["used"], 0, "{link}");
    }
}

fn token() -> Answer {
    Answer::Document(json!({
        "message": "Token created successfully", "authToken": "token-1", "scanRef": "scan-1",
        "redirectUrl": "https://ui.idenfy.com/?authToken=token-1",
    }))
}

/// The token calls that arrived.
fn mints(idenfy: &ScriptedIdenfy) -> Vec<Call> {
    let mut calls = idenfy.calls();
    calls.retain(|call| call.path == "/api/v2/token");
    calls
}

async fn over_tls_an_idenfy_is_believed_whose_certificate_the_system_trusts(context: Context) {
    let (idenfy, authority) = (ScriptedIdenfy::start().await, Authority::new());
    idenfy.answer(token());
    let port = authority.front(&idenfy, "localhost").await;
    let base = format!("https://localhost:{port}");
    let bench = Bench::start(&context, &idenfy, &base, &authority, &[]).await;
    assert_eq!(bench.click().await, 302);
    let [call] = &*mints(&idenfy) else {
        panic!("one call: {:?}", idenfy.calls());
    };
    let head = call.head.to_ascii_lowercase();
    for line in [
        format!("host: localhost:{port}\r\n"),
        "accept: application/json\r\n".into(),
        "content-type: application/json\r\n".into(),
        concat!("user-agent: entrypass/", env!("CARGO_PKG_VERSION"), "\r\n").into(),
    ] {
        assert_eq!(head.matches(&line).count(), 1, "{line} {head}");
    }
}

async fn a_certificate_that_the_system_does_not_trust_is_not_believed(context: Context) {
    let (idenfy, authority) = (ScriptedIdenfy::start().await, Authority::new());
    let port = Authority::new().front(&idenfy, "localhost").await;
    let base = format!("https://localhost:{port}");
    let bench = Bench::start(&context, &idenfy, &base, &authority, &[]).await;
    bench.fails().await;
    assert_eq!(idenfy.calls().len(), 0);
}

async fn a_certificate_of_another_name_is_not_believed(context: Context) {
    let (idenfy, authority) = (ScriptedIdenfy::start().await, Authority::new());
    let port = authority.front(&idenfy, "ivs.invalid").await;
    let base = format!("https://localhost:{port}");
    let bench = Bench::start(&context, &idenfy, &base, &authority, &[]).await;
    bench.fails().await;
    assert_eq!(idenfy.calls().len(), 0);
}

async fn a_proxy_that_the_system_names_is_gone_through(context: Context) {
    let (idenfy, authority) = (ScriptedIdenfy::start().await, Authority::new());
    let port = authority.front(&idenfy, "ivs.invalid").await;
    let (proxy, asked) = proxy(port).await;
    let variables = [("HTTPS_PROXY", &*proxy)];
    let base = "https://ivs.invalid";
    let bench = Bench::start(&context, &idenfy, base, &authority, &variables).await;
    // What may have started a session is not asked for again, on this way either.
    for (tried, fault) in (1..).zip([Answer::HangUp, Answer::Truncated]) {
        idenfy.answer(fault);
        bench.fails().await;
        assert_eq!(mints(&idenfy).len(), tried);
    }
    idenfy.answer(token());
    assert_eq!(bench.click().await, 302);
    assert_eq!(mints(&idenfy).len(), 3);
    let asked = asked.lock().expect("no panic inside").clone();
    assert!(!asked.is_empty());
    let connect = "CONNECT ivs.invalid:443 HTTP/1.1";
    assert!(asked.iter().all(|line| line == connect), "{asked:?}");
}

async fn a_proxy_that_is_not_for_idenfy_is_left_alone(context: Context) {
    let (idenfy, authority) = (ScriptedIdenfy::start().await, Authority::new());
    idenfy.answer(token());
    let port = authority.front(&idenfy, "localhost").await;
    let (proxy, asked) = proxy(port).await;
    let variables = [("HTTPS_PROXY", &*proxy), ("NO_PROXY", "ivs.invalid")];
    let here = format!("https://localhost:{port}");
    let bench = Bench::start(&context, &idenfy, &here, &authority, &variables).await;
    assert_eq!(bench.click().await, 302);
    // Without the proxy nobody finds it.
    let nowhere = "https://ivs.invalid";
    let bench = Bench::start(&context, &idenfy, nowhere, &authority, &variables).await;
    bench.fails().await;
    assert_eq!(*asked.lock().expect("no panic inside"), [""; 0]);
}
