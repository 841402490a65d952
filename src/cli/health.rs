//! `systech-aidd health`: asks the bot that runs on this machine whether it is ready, for the health check of a container.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;

use crate::base::cancel::CancelToken;
use crate::base::exit::ExitCode;
use crate::base::http::{Http, describe};

/// How `health` ends, for its help.
pub const EXIT_CODES: &str = "\
Exit code: 0 the bot is ready, or on standby; 1 it is not ready or does not answer, and the line says why; 2 a wrong command line.

The command asks /readyz at METRICS_ADDR, which must be set for the bot and for this command.";

/// The longest that all of it may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than this is not an answer of ours.
const LONGEST_ANSWER: usize = 1000;

/// Between two questions of `--wait`.
const PAUSE: Duration = Duration::from_millis(250);

/// How long `health` asks.
#[derive(Args)]
pub struct Arguments {
    /// Asks until the bot is ready, for so many seconds at most: right after a start
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=3600), default_value_t = 0)]
    wait: u64,
}

impl Arguments {
    /// Asks the bot at `address`, METRICS_ADDR. An error: it is not ready, or nobody can say.
    pub fn run(&self, address: Option<&str>) -> anyhow::Result<ExitCode> {
        let Some(address) = address else {
            bail!(
                "METRICS_ADDR is not set: set it for the bot and for this command, to 127.0.0.1:9464 for instance"
            );
        };
        let (http, _runtime) = Http::start_direct().context("the HTTP client cannot be started")?;
        let end = Instant::now() + Duration::from_secs(self.wait);
        loop {
            match ask(&http, address) {
                Err(_) if Instant::now() < end => http.sleep(PAUSE, &CancelToken::new()),
                asked => return asked,
            }
        }
    }
}

fn ask(http: &Http, address: &str) -> anyhow::Result<ExitCode> {
    let url = format!("http://{}/readyz", reachable(address));
    let asked = http.wait(PATIENCE, &CancelToken::new(), async {
        let mut response = http.client.get(url).send().await?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                break;
            }
        }
        Ok::<_, reqwest::Error>((status.as_u16(), body))
    });
    let (status, body) = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => bail!("no bot answers at METRICS_ADDR={address}: {}", describe(error)),
        Err(_) => bail!("nothing at METRICS_ADDR={address} answers within {} s", PATIENCE.as_secs()),
    };
    let said = String::from_utf8_lossy(&body);
    match status {
        200 if matches!(&*said, "ready\n" | "standby\n") => {
            print!("{said}");
            Ok(ExitCode::SUCCESS)
        }
        503 if said.lines().count() == 1 => bail!("not ready: {}", said.trim_end()),
        _ => bail!(
            "another program answers at METRICS_ADDR={address}, with status {status}: choose another port"
        ),
    }
}

/// Where to ask what listens on `address`: on every address of the machine, it listens on the local one too.
fn reachable(address: &str) -> String {
    match address.rsplit_once(':') {
        Some(("0.0.0.0", port)) => format!("127.0.0.1:{port}"),
        Some(("[::]", port)) => format!("[::1]:{port}"),
        _ => address.to_owned(),
    }
}
