//! The ways to iDenfy: over TLS, and through a proxy where the system's settings name one.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::process::{Binary, Client};
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

/// What a visitor of a gateway in a process of its own is answered, whose iDenfy is at `base`, whose system trusts `authority`
/// and has these variables.
async fn click(
    context: &Context,
    idenfy: &ScriptedIdenfy,
    base: &str,
    authority: &Authority,
    variables: &[(&str, &str)],
) -> u16 {
    idenfy.answer(Answer::Document(json!({
        "message": "Token created successfully", "authToken": "token-1", "scanRef": "scan-1",
        "redirectUrl": "https://ui.idenfy.com/?authToken=token-1",
    })));
    let database = context.engine.database().await;
    let mut binary = Binary::new(&database, idenfy).set("IDENFY__BASE_URL", base);
    let roots = binary.file("roots.pem", &authority.0.pem());
    binary = binary.variable("SSL_CERT_FILE", &roots);
    for (name, value) in variables {
        binary = binary.variable(name, value);
    }
    let process = binary.serve(&[]).await;
    process.expect_log("iDenfy");
    process.expect_log("failed to verify TLS certificate");
    let made = ["link", "create", "--name", "A", "--single", "--slug", "tls"];
    binary.done(&made).await;
    let client = Client::new(&process.base, "");
    client
        .click("tls")
        .await
        .expect("an answer")
        .status()
        .as_u16()
}

async fn over_tls_an_idenfy_is_believed_whose_certificate_the_system_trusts(context: Context) {
    let (idenfy, authority) = (ScriptedIdenfy::start().await, Authority::new());
    let port = authority.front(&idenfy, "localhost").await;
    let base = format!("https://localhost:{port}");
    assert_eq!(click(&context, &idenfy, &base, &authority, &[]).await, 302);
    let call = idenfy
        .calls()
        .into_iter()
        .find(|call| call.path == "/api/v2/token");
    let head = call.expect("a call").head.to_ascii_lowercase();
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
    assert_eq!(click(&context, &idenfy, &base, &authority, &[]).await, 503);
    assert_eq!(idenfy.calls().len(), 0);
}

async fn a_certificate_of_another_name_is_not_believed(context: Context) {
    let (idenfy, authority) = (ScriptedIdenfy::start().await, Authority::new());
    let port = authority.front(&idenfy, "ivs.invalid").await;
    let base = format!("https://localhost:{port}");
    assert_eq!(click(&context, &idenfy, &base, &authority, &[]).await, 503);
    assert_eq!(idenfy.calls().len(), 0);
}

async fn a_proxy_that_the_system_names_is_gone_through(context: Context) {
    let (idenfy, authority) = (ScriptedIdenfy::start().await, Authority::new());
    let port = authority.front(&idenfy, "ivs.invalid").await;
    let (proxy, asked) = proxy(port).await;
    let variables = [("HTTPS_PROXY", &*proxy)];
    let base = "https://ivs.invalid";
    let status = click(&context, &idenfy, base, &authority, &variables).await;
    assert_eq!(
        (
            status,
            idenfy
                .calls()
                .iter()
                .filter(|call| call.path == "/api/v2/token")
                .count()
        ),
        (302, 1)
    );
    let asked = asked.lock().expect("no panic inside").clone();
    assert!(!asked.is_empty());
    let connect = "CONNECT ivs.invalid:443 HTTP/1.1";
    assert!(asked.iter().all(|line| line == connect), "{asked:?}");
}

async fn a_proxy_that_is_not_for_idenfy_is_left_alone(context: Context) {
    let (idenfy, authority) = (ScriptedIdenfy::start().await, Authority::new());
    let port = authority.front(&idenfy, "localhost").await;
    let (proxy, asked) = proxy(port).await;
    let variables = [("HTTPS_PROXY", &*proxy), ("NO_PROXY", "ivs.invalid")];
    let here = format!("https://localhost:{port}");
    // The second is nowhere: without the proxy nobody finds it.
    for (base, status) in [(&*here, 302), ("https://ivs.invalid", 503)] {
        let answered = click(&context, &idenfy, base, &authority, &variables).await;
        assert_eq!(answered, status, "{base}");
    }
    assert_eq!(*asked.lock().expect("no panic inside"), [""; 0]);
}
