//! The HTTP endpoint of METRICS_ADDR: `/metrics`, `/healthz`, `/readyz`.
//!
//! One thread of its own. Whoever talks to it can hold up nobody else: a connection carries one request and ends after a
//! few seconds whatever its client does, and when there are too many the oldest makes room for the newest.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpStream;

use super::view::View;
use crate::base::cancel::CancelToken;
use crate::base::server::Server;
use crate::domain::phrases::Language;
use crate::metrics;
use crate::store::diagnostics::MessageIds;
use crate::store::queue::Queue;

/// The longest that a connection lasts.
const LONGEST_TALK: Duration = Duration::from_secs(10);
/// The most of a request's head that is kept; hyper takes no less.
const REQUEST_LIMIT: usize = 8 << 10;

const TEXT: &str = "text/plain; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The endpoint, bound and not served yet.
pub struct Endpoint(Server);

impl Endpoint {
    /// Binds to METRICS_ADDR.
    pub fn bind(address: &str) -> anyhow::Result<Self> {
        Server::bind("METRICS_ADDR", address, 1, "metrics-look").map(Self)
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address()
    }

    /// Answers until `stop`.
    pub fn serve(self, view: &Arc<View>, stop: &CancelToken) {
        self.0.serve(stop, |stream| talk(stream, Arc::clone(view)));
    }
}

/// One request and its answer.
async fn talk(stream: TcpStream, view: Arc<View>) {
    let service = service_fn(|request| {
        let view = Arc::clone(&view);
        async move { Ok::<_, Infallible>(answer(&request, &view).await) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(REQUEST_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that failed is the client's affair.
    let _ = tokio::time::timeout(LONGEST_TALK, connection).await;
}

async fn answer(request: &Request<Incoming>, view: &View) -> Response<Full<Bytes>> {
    // hyper leaves the body of an answer to HEAD away.
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".to_owned());
    }
    match request.uri().path() {
        "/metrics" => response(StatusCode::OK, OPEN_METRICS, text(view.queue().await)),
        "/healthz" => response(StatusCode::OK, TEXT, "alive\n".to_owned()),
        "/readyz" => match view.ready().await {
            Ok(role) => response(StatusCode::OK, TEXT, format!("{role}\n")),
            Err(why) => {
                let why = Language::English.unready(why);
                response(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n"))
            }
        },
        _ => response(StatusCode::NOT_FOUND, TEXT, "there are /metrics, /healthz and /readyz\n".to_owned()),
    }
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    for (name, value) in [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")] {
        response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}

/// All metrics. Without `queue` its own are absent, rather than wrong.
fn text(queue: Option<(Queue, MessageIds)>) -> String {
    let mut text = metrics::text();
    if let Some((queue, ids)) = queue {
        let mut registry = Registry::with_prefix(metrics::PREFIX);
        let mut count = |name: &str, help: &str, count: i64| {
            let gauge: Gauge = Gauge::default();
            gauge.set(count);
            registry.register(name, help, gauge);
        };
        count("updates_waiting", "Updates in the inbox that are not answered yet", queue.waiting);
        count("reply_parts_unsent", "Messages in the outbox that Telegram has not taken yet", queue.unsent);
        count("message_ids_left", "Numbers for messages that were not given out yet", ids.left());
        let people: Family<[(&str, &str); 1], Gauge> = Family::default();
        for (state, number) in queue.people.by_state() {
            people.get_or_create(&[("state", state.as_str())]).set(number);
        }
        registry.register("people", "People and groups of which the table people knows, by state", people);
        let mut age = |name: &str, help: &str, seconds: f64| {
            let gauge: Gauge<f64, AtomicU64> = Gauge::default();
            gauge.set(seconds);
            registry.register_with_unit(name, help, Unit::Seconds, gauge);
        };
        age(
            "oldest_waiting",
            "Age of the oldest update that is not answered yet or message that is not sent yet; 0 if there is none",
            queue.oldest,
        );
        age(
            "oldest_unsent",
            "Age of the oldest message that Telegram has not taken yet; 0 if there is none",
            queue.oldest_unsent,
        );
        // Writing to a string does not fail.
        let _ = encode_registry(&mut text, &registry);
    }
    let _ = encode_eof(&mut text);
    text
}
