//! What came with questions, to be taken along or looked at. A browser runs nothing of it: it is either a download, or a picture of a
//! kind that its first bytes tell, and in both cases shut in by a policy of its own.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use diesel::QueryResult;
use diesel::pg::PgConnection;
use hyper::body::{Frame, SizeHint};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::console::app::App;
use crate::console::operator::Operator;
use crate::console::patience::Patience;
use crate::console::problem::Problem;
use crate::domain::attachment::picture_type;
use crate::domain::file_name::safe;
use crate::store::console::dialogue;
use crate::store::kept_files;

/// What a file may do that somebody opens by itself: nothing.
const SHUT_IN: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";
/// How long a file is read, of which each piece is a statement.
const LONGEST: Duration = Duration::from_secs(20);
/// So many bytes go out at once.
const PIECE: usize = 64 << 10;
/// So many of the first bytes tell what a file is.
const BEGINNING: usize = 32;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/files/{id}", get(download)).route("/files/{id}/picture", get(picture))
}

async fn download(
    State(app): State<App>,
    _operator: Operator,
    Path(id): Path<i64>,
) -> Result<Response, Problem> {
    let Kept { name, file, .. } = kept(&app, id).await?;
    Ok(file.into_download(&name, "application/octet-stream"))
}

async fn picture(
    State(app): State<App>,
    _operator: Operator,
    Path(id): Path<i64>,
) -> Result<Response, Problem> {
    let Kept { name, beginning, file } = kept(&app, id).await?;
    // By what it is, and not by what its sender called it.
    let kind = picture_type(&beginning).ok_or(Problem::NotFound)?;
    Ok(file.answered(kind, "inline", &name))
}

/// A file that is here.
struct Kept {
    name: String,
    beginning: Vec<u8>,
    file: Spooled,
}

async fn kept(app: &App, id: i64) -> Result<Kept, Problem> {
    let bot_id = app.settings.bot_id;
    let look = move |conn: &mut PgConnection, patience: &Patience| -> QueryResult<io::Result<Option<Kept>>> {
        let Some(file) = dialogue::file_of(conn, bot_id, id)? else { return Ok(Ok(None)) };
        let name = safe((file.question(), file.id), file.name.as_deref(), &file.kind, file.mime.as_deref());
        let mut out = match tempfile::tempfile() {
            Ok(out) => out,
            Err(error) => return Ok(Err(error)),
        };
        let mut beginning = Vec::new();
        let written = kept_files::pieces(conn, id, |piece| {
            if patience.is_over() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if beginning.is_empty() {
                beginning.extend_from_slice(&piece[..piece.len().min(BEGINNING)]);
            }
            out.write_all(piece)
        })?;
        let is_here = match written {
            Ok(is_here) => is_here,
            Err(error) => return Ok(Err(error)),
        };
        let spooled = out.rewind().and_then(|()| spooled(out));
        Ok(spooled.map(|file| is_here.then_some(Kept { name, beginning, file })))
    };
    let found = app.ask_within(LONGEST, look).await?;
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::TimedOut => Problem::Busy,
        _ => Problem::Fault,
    };
    found.map_err(failed)?.ok_or(Problem::NotFound)
}

/// A file without a name that waits to be sent, so that no connection of the database waits for a browser.
pub(super) struct Spooled {
    file: File,
    left: u64,
}

/// The file from where it stands.
pub(super) fn spooled(file: File) -> io::Result<Spooled> {
    let left = file.metadata()?.len();
    Ok(Spooled { file, left })
}

impl Spooled {
    /// To be kept under this name.
    pub(super) fn into_download(self, name: &str, kind: &'static str) -> Response {
        self.answered(kind, "attachment", name)
    }

    fn answered(self, kind: &'static str, disposition: &str, name: &str) -> Response {
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let disposition = format!("{disposition}; filename*=UTF-8''{name}");
        let header = |name: HeaderName, value: &str| {
            HeaderValue::from_str(value).map(|value| (name, value)).map_err(|_| Problem::Fault)
        };
        let headers =
            [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, SHUT_IN), (CONTENT_DISPOSITION, &*disposition)];
        let mut response = Body::new(self).into_response();
        for (name, value) in headers {
            match header(name, value) {
                Ok((name, value)) => drop(response.headers_mut().insert(name, value)),
                Err(problem) => return problem.into_response(),
            }
        }
        response
    }
}

impl hyper::body::Body for Spooled {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self { file, left } = self.get_mut();
        let mut piece = vec![0; PIECE.min(usize::try_from(*left).unwrap_or(PIECE))];
        if piece.is_empty() {
            return Poll::Ready(None);
        }
        // It was written a moment ago and is in memory still.
        Poll::Ready(Some(file.read_exact(&mut piece).map(|()| {
            *left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or_default());
            Frame::data(piece.into())
        })))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
