//! A scripted iDenfy that costs next to nothing: every token call gets the whole documented answer, at once or
//! after a fixed delay. It plays the customer's backend as well, which takes results or leaves them hanging. It speaks
//! just enough HTTP/1.1 (keep-alive, pipelining, `Content-Length`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entrypass::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Outcome;

/// 100 ns intervals between the start of the Gregorian calendar, from which UUIDs of version 1 count, and 1970.
const GREGORIAN_TO_UNIX: u64 = 0x01b2_1dd2_1381_4000;

/// Where the number of answered token calls can be read.
pub const COUNT_PATH: &str = "/bench/mints";

/// Where it is asked for a token without a server in between.
const STRAIGHT_PATH: &str = "/bench";

/// An endpoint that takes results. The first is told that nobody is here, so that the endpoint is switched off and what
/// happens is stored until it is switched on again.
pub const TAKE_PATH: &str = "/bench/take";

/// An endpoint that never answers.
pub const HANG_PATH: &str = "/bench/hang";

/// Where the number of results that came to either endpoint can be read.
pub const RESULTS_PATH: &str = "/bench/results";

struct Shared {
    origin: String,
    delay: Duration,
    minted: AtomicU64,
    results: AtomicU64,
    /// Time of the last scanRef, in the units of UUID version 1; never the same twice.
    ticks: AtomicU64,
    seed: AtomicU64,
}

/// Serves on a free port of loopback until the process is ended, and prints the address first.
pub fn serve(delay: Duration) -> Outcome<()> {
    // One thread for two cores: the load generator and the server under measurement want the rest.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((cores / 2).max(1))
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        println!("{address}");
        let start = u64::try_from(Clock::system().now().millis())? * 10_000 + GREGORIAN_TO_UNIX;
        let shared = Arc::new(Shared {
            origin: format!("http://{address}"),
            delay,
            minted: AtomicU64::new(0),
            results: AtomicU64::new(0),
            ticks: AtomicU64::new(start),
            seed: AtomicU64::new(start),
        });
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(converse(stream, Arc::clone(&shared)));
        }
    })
}

/// Answers one connection's requests in their order until it closes. A broken connection is the client's affair.
async fn converse(mut stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let mut random = shared
        .seed
        .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    let mut input = Vec::with_capacity(4096);
    let mut output = Vec::with_capacity(2048);
    loop {
        while let Some(length) = whole_request(&input) {
            // Without anything in between it is asked as the servers are.
            if input.starts_with(b"POST /api/v2/token") || is(&input, "GET", STRAIGHT_PATH) {
                if !shared.delay.is_zero() {
                    tokio::time::sleep(shared.delay).await;
                }
                mint(
                    &shared,
                    &mut random,
                    client_id(&input[..length]),
                    &mut output,
                );
            } else if is(&input, "GET", COUNT_PATH) {
                let count = shared.minted.load(Ordering::SeqCst).to_string();
                answer("200 OK", &count, &mut output);
            } else if is(&input, "POST", TAKE_PATH) {
                let status = match shared.results.fetch_add(1, Ordering::SeqCst) {
                    0 => "410 Gone",
                    _ => "200 OK",
                };
                answer(status, "{}", &mut output);
            } else if is(&input, "POST", HANG_PATH) {
                shared.results.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<()>().await;
            } else if is(&input, "GET", RESULTS_PATH) {
                let count = shared.results.load(Ordering::SeqCst).to_string();
                answer("200 OK", &count, &mut output);
            } else {
                answer(
                    "404 Not Found",
                    r#"{"message":"not scripted"}"#,
                    &mut output,
                );
            }
            input.drain(..length);
        }
        if !output.is_empty() {
            if stream.write_all(&output).await.is_err() {
                return;
            }
            output.clear();
        }
        match stream.read_buf(&mut input).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn is(request: &[u8], method: &str, path: &str) -> bool {
    request.starts_with(format!("{method} {path} ").as_bytes())
}

/// The length of the first request, head and body, when all of it has arrived.
fn whole_request(input: &[u8]) -> Option<usize> {
    let head = input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let body = input[..head]
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at(colon);
            name.eq_ignore_ascii_case(b"content-length")
                .then_some(&value[1..])
        })
        .find_map(|value| {
            std::str::from_utf8(value)
                .ok()?
                .trim()
                .parse::<usize>()
                .ok()
        })
        .unwrap_or(0);
    (input.len() >= head + body).then_some(head + body)
}

/// The clientId of a token call, as it stands between its quotes.
fn client_id(request: &[u8]) -> &str {
    const NAME: &[u8] = b"\"clientId\":\"";
    let start = request
        .windows(NAME.len())
        .position(|part| part == NAME)
        .map(|at| at + NAME.len());
    start
        .and_then(|start| request[start..].split(|byte| *byte == b'"').next())
        .and_then(|value| std::str::from_utf8(value).ok())
        .unwrap_or_default()
}

fn mint(shared: &Shared, random: &mut u64, client_id: &str, output: &mut Vec<u8>) {
    let token = auth_token(random);
    let body = format!(
        concat!(
            r#"{{"message":"Token created successfully","authToken":"{token}","#,
            r#""redirectUrl":"{origin}/api/v2/redirect?authToken={token}","scanRef":"{scan_ref}","#,
            r#""clientId":"{client}","personScanRef":"{client}","firstName":null,"lastName":null,"#,
            r#""successUrl":null,"errorUrl":null,"unverifiedUrl":null,"callbackUrl":null,"locale":"en","#,
            r#""country":null,"expiryTime":3600,"sessionLength":1800,"documents":["ID_CARD","PASSPORT","#,
            r#""DRIVER_LICENSE","RESIDENCE_PERMIT"],"allowedDocuments":null,"dateOfBirth":null,"#,
            r#""dateOfExpiry":null,"dateOfIssue":null,"nationality":null,"personalNumber":null,"#,
            r#""documentNumber":null,"sex":null,"address":null,"showInstructions":true,"#,
            r#""tokenType":"IDENTIFICATION","utilityBill":null,"additionalSteps":{{}},"additionalData":{{}},"#,
            r#""externalRef":null,"questionnaire":null,"registryCentersCountries":[],"#,
            r#""riskAssessmentProfile":null,"theme":null,"checkLiveness":true,"checkAml":false,"#,
            r#""reviewSuccessful":true,"reviewFailed":true,"digitString":null}}"#
        ),
        token = token,
        origin = shared.origin,
        scan_ref = scan_ref(shared.ticks.fetch_add(300, Ordering::Relaxed)),
        client = client_id,
    );
    shared.minted.fetch_add(1, Ordering::SeqCst);
    answer("201 Created", &body, output);
}

fn answer(status: &str, body: &str, output: &mut Vec<u8>) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    output.extend_from_slice(head.as_bytes());
    output.extend_from_slice(body.as_bytes());
}

/// A UUID of version 1, as iDenfy's scanRefs are: the low half of the time comes first.
fn scan_ref(ticks: u64) -> String {
    let (low, mid, high) = (
        ticks & 0xffff_ffff,
        ticks >> 32 & 0xffff,
        ticks >> 48 & 0x0fff,
    );
    format!("{low:08x}-{mid:04x}-1{high:03x}-9758-309c231b1bac")
}

/// Forty letters and digits; unpredictable enough to keep an index busy, no more.
fn auth_token(random: &mut u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789Qz";
    let mut token = String::with_capacity(40);
    for _ in 0..5 {
        // splitmix64, eight letters from each step.
        *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (*random ^ *random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        token.extend(
            bits.to_le_bytes()
                .map(|byte| char::from(LETTERS[usize::from(byte & 63)])),
        );
    }
    token
}
