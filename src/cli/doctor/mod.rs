//! `systech-aidd doctor`: looks at everything the bot depends on, and says what is wrong and what to do about it.
//!
//! ```text
//! settings   the environment, .env, the prompt; the process that reads people's files
//! database   connection (told apart by connection), server, rights, migrations, indexes, schema, room for ids,
//!            former bots, backups
//! telegram   token, webhook, another poller
//! model      endpoint, key, name of the model
//! speech     what listens, and what speaks
//! ```
//!
//! The neighbours are looked at side by side, each finding is reported as soon as it is made, and all of it ends at one
//! deadline: nothing that hangs hides the rest. What could not be looked at counts as a fault. Nothing is changed
//! anywhere, a running bot is not disturbed, and no secret is shown: what others say is quoted only where it can hold
//! none.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use tracing::warn;

use crate::base::exit::ExitCode;
use crate::config::ENVIRONMENT;
use crate::config::dotenv::Repeated;

mod connection;
mod database;
mod model;
mod reader;
mod report;
mod schema;
mod settings;
mod speech;
mod telegram;

use crate::database::finding::Finding;
use report::Report;

/// How `doctor` ends, for its help.
pub const EXIT_CODES: &str = "\
Exit code: 0 every check passed; 1 a check failed, and its line says what to do; 2 a wrong command line.

doctor changes nothing and does not disturb a running bot. Only while no instance is connected to the database does it
ask Telegram for updates, for 5 s and without confirming any, to detect another program that uses the token; that
program is interrupted for a moment. The model is asked a short question, exactly as the bot asks, and what turns speech
into words listens to a second of silence, and what speaks says one word.";

/// `doctor …`
#[derive(Args)]
pub struct Arguments {
    /// Print one JSON document, for programs
    #[arg(long)]
    json: bool,
    /// How long all checks together may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Make these checks alone; separate several with commas
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    only: Vec<Subject>,
}

/// What can be checked alone.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// The environment, .env, the prompt and the process that reads files; nothing goes over the network
    Settings,
    /// The database
    Database,
    /// The token and its webhook; another poller only together with the database
    Telegram,
    /// The endpoint of the model
    Model,
    /// The endpoints that turn speech into words, and words into speech
    Speech,
}

/// A neighbour being looked at.
struct Examination {
    /// Every check that is to have a finding, in order.
    checks: &'static [&'static str],
    findings: Receiver<Finding>,
}

impl Examination {
    /// Begins on a thread of its own, which is left behind if it hangs. A check without a finding was not reached, with
    /// settings that cannot be used none is.
    fn of<S: Send + 'static>(
        settings: Option<S>,
        checks: &'static [&'static str],
        work: impl FnOnce(&S, &Report) + Send + 'static,
    ) -> io::Result<Self> {
        let (report, findings) = bounded(checks.len());
        if let (Some(settings), Some(name)) = (settings, checks.first()) {
            let thread = thread::Builder::new().name((*name).to_owned());
            thread.spawn(move || work(&settings, &Report(report)))?;
        }
        Ok(Self { checks, findings })
    }

    fn findings(self, deadline: Instant) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut timed_out = loop {
            match self.findings.recv_deadline(deadline) {
                Ok(finding) => findings.push(finding),
                Err(why) => break why == RecvTimeoutError::Timeout,
            }
        };
        let mut finding_of = |check: &'static str| {
            if let Some(place) = findings.iter().position(|finding| finding.check == check) {
                return findings.remove(place);
            }
            // Checks run in order, so the first one without a result is the one that hangs.
            if std::mem::take(&mut timed_out) {
                let remedy = "find out what keeps it busy, or allow more time with --timeout";
                return Finding::fault(check, "did not answer in time", remedy);
            }
            Finding::fault(check, "not checked", "first fix what is wrong above")
        };
        self.checks.iter().map(|check| finding_of(check)).collect()
    }
}

impl Arguments {
    /// Looks at everything, or at what was asked for; `env_file` is what came of reading `.env`.
    pub fn run(self, env_file: anyhow::Result<Vec<Repeated>>) -> anyhow::Result<ExitCode> {
        let deadline = Instant::now() + Duration::from_secs(self.timeout);
        let env = ENVIRONMENT;
        env.logging().unwrap_or_default().start();
        for note in env.notes() {
            warn!("{note}");
        }

        let database_checks = self.checks(Subject::Database, database::CHECKS);
        // Without the database nobody knows whether an instance is at work, which a look for others would disturb.
        let telegram_checks = if database_checks.is_empty() { telegram::ALONE } else { telegram::CHECKS };
        let telegram_checks = self.checks(Subject::Telegram, telegram_checks);
        let model_checks = self.checks(Subject::Model, model::CHECKS);
        let speech_checks = self.checks(Subject::Speech, speech::CHECKS);

        let choices = env.choices();
        let (database, telegram, model) = (env.database(), env.telegram(), env.models(&choices));
        let sound = choices.read.as_ref().and_then(|read| env.hearing(read).zip(env.speaking(read)));
        let bot_id = env.bot_id();

        let mut findings = settings::examine(&env, &choices, env_file);
        if !self.is_about(Subject::Settings) {
            // Here only what prevents the other checks is named.
            let kept_from = (database.is_none() && !database_checks.is_empty())
                || (telegram.is_none() && !telegram_checks.is_empty())
                || (model.is_none() && !model_checks.is_empty())
                || (sound.is_none() && !speech_checks.is_empty());
            findings.retain(|finding| kept_from && !finding.ok);
        }
        if self.is_about(Subject::Settings) {
            findings.push(reader::examine());
        }
        // The check of the database tells the check of Telegram whether an instance is at work.
        let (tell, told) = bounded(1);
        let database = Examination::of(database, database_checks, move |settings, report| {
            database::examine(settings, bot_id, deadline, &tell, report);
        })?;
        let telegram = Examination::of(telegram, telegram_checks, move |settings, report| {
            telegram::examine(settings, &told, report);
        })?;
        let model =
            Examination::of(model, model_checks, |models: &Vec<_>, report| model::examine(models, report))?;
        let speech = Examination::of(sound, speech_checks, |(hearing, speaking), report| {
            speech::examine(hearing.as_ref(), speaking.as_ref(), report);
        })?;
        for examination in [database, telegram, model, speech] {
            findings.extend(examination.findings(deadline));
        }
        print(&findings, self.json)?;
        let well = findings.iter().all(|finding| finding.ok);
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn is_about(&self, subject: Subject) -> bool {
        self.only.is_empty() || self.only.contains(&subject)
    }

    /// What is to have a finding.
    fn checks(&self, subject: Subject, checks: &'static [&'static str]) -> &'static [&'static str] {
        if self.is_about(subject) { checks } else { &[] }
    }
}

fn print(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, findings)?;
        writeln!(out)?;
        return Ok(());
    }
    for Finding { check, ok, found, remedy, .. } in findings {
        let mark = if *ok { '✓' } else { '✗' };
        write!(out, "{mark} {check:<12} {found}")?;
        match remedy {
            Some(remedy) => writeln!(out, " → {remedy}")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}
