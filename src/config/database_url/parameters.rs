//! The parameters of the URL, after its `?`. libpq refuses the one that it does not know; SQLAlchemy hands each to
//! asyncpg, which has others: what libpq calls otherwise is renamed, and what means nothing to it is left out.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

/// What libpq 15 to 18 knows (Parameter Key Words).
const OF_LIBPQ: &[&str] = &[
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// What asyncpg, psycopg and SQLAlchemy's dialects of them know besides, that is about their own caches, classes and
/// loops.
const OF_DRIVERS: &[&str] = &[
    "async",
    "async_",
    "async_creator_fn",
    "async_fallback",
    "autocommit",
    "command_timeout",
    "connection_class",
    "connection_factory",
    "context",
    "cursor_factory",
    "loop",
    "max_cacheable_statement_size",
    "max_cached_statement_lifetime",
    "plugin",
    "prepare_threshold",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "record_class",
    "row_factory",
    "statement_cache_size",
];

/// What may stand in a value as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'/')
    .remove(b':')
    .remove(b',')
    .remove(b'~');

pub(super) const TWO_AT: &str = "has more than one @ (in a password it is written %40)";

/// The parameters, as libpq is to read them.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    kept: Vec<(String, String)>,
    /// `host`, once for each of several.
    hosts: Vec<String>,
    /// Further `options`.
    options: Vec<String>,
    /// What was left out, and why where the name does not say it.
    pub(super) left_out: Vec<String>,
    unknown: Vec<String>,
}

impl Parameters {
    /// Reads a query. In one of SQLAlchemy's a `+` is a space. An error says what is wrong with the URL, to follow its name.
    pub(super) fn read(query: &str, of_sqlalchemy: bool) -> Result<Self, String> {
        let mut parameters = Self::default();
        let mut before = "";
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let Some((name, value)) = parameter.split_once('=').filter(|(name, _)| is_name(name)) else {
                return Err(unreadable(query));
            };
            let value = if of_sqlalchemy { value.replace('+', " ") } else { value.to_owned() };
            let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
            parameters.add(name, value);
            if !parameters.unknown.is_empty() && matches!(before, "password" | "sslpassword") {
                // The whole rest is withheld: what stands there may be a piece of the password.
                return Err(unreadable(query));
            }
            before = name;
        }
        if parameters.unknown.is_empty() {
            return Ok(parameters);
        }
        if query.contains('@') {
            return Err(TWO_AT.to_owned());
        }
        Err(format!(
            "has parameters that libpq does not know: {} (take them out; a setting of the server is written \
             options=-c%20NAME%3DVALUE)",
            parameters.unknown.join(", ")
        ))
    }

    fn add(&mut self, name: &str, value: String) {
        match name {
            "host" => self.hosts.push(value),
            "options" => self.options.push(value),
            // asyncpg's names.
            "database" => self.keep("dbname", value),
            "ssl" | "sslmode" => self.keep("sslmode", sslmode(&value)),
            "timeout" => match value.parse::<f64>() {
                // Of a fraction libpq wants the next whole second.
                Ok(seconds) => self.keep("connect_timeout", format!("{:.0}", seconds.ceil())),
                Err(_) => self.left_out.push("timeout (not a number of seconds)".to_owned()),
            },
            "server_settings" => match server_settings(&value) {
                Some(options) => self.options.extend(options),
                None => {
                    self.left_out.push("server_settings (write options=-c%20NAME%3DVALUE)".to_owned());
                }
            },
            "direct_tls" => {
                self.left_out.push("direct_tls (write sslnegotiation=direct, from libpq 17 on)".to_owned());
            }
            name if OF_LIBPQ.contains(&name) => self.keep(name, value),
            name if OF_DRIVERS.contains(&name) => self.left_out.push(name.to_owned()),
            name => self.unknown.push(name.to_owned()),
        }
    }

    fn keep(&mut self, name: &str, value: String) {
        self.kept.push((name.to_owned(), value));
    }

    /// The query with its `?`, if there is one.
    pub(super) fn query(&self) -> String {
        let (hosts, ports) = self.hosts_and_ports();
        let several = |name: &str, values: Vec<String>, between| {
            (!values.is_empty()).then(|| (name.to_owned(), values.join(between)))
        };
        let options = several("options", self.options.clone(), " ");
        let own = [several("host", hosts, ","), several("port", ports, ","), options];
        let mut query = String::new();
        for (name, value) in own.into_iter().flatten().chain(self.kept.iter().cloned()) {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.extend([&*name, "=", &*utf8_percent_encode(&value, PLAIN).to_string()]);
        }
        query
    }

    /// `host=a:1&host=b:2` is SQLAlchemy's for several hosts with their ports, and `host=a:1` for one.
    fn hosts_and_ports(&self) -> (Vec<String>, Vec<String>) {
        let with_port = |host: &str| {
            let (host, port) = host.split_once(':')?;
            let is_host = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
            (is_host && port.parse::<u16>().is_ok()).then(|| (host.to_owned(), port.to_owned()))
        };
        let has_port = self.kept.iter().any(|(name, _)| name == "port");
        if has_port || !self.hosts.iter().any(|host| with_port(host).is_some()) {
            return (self.hosts.clone(), Vec::new());
        }
        let pairs = self.hosts.iter().map(|host| with_port(host).unwrap_or((host.clone(), String::new())));
        pairs.unzip()
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What cannot be read may be a piece of a password, and is not quoted.
fn unreadable(query: &str) -> String {
    if query.contains('@') {
        return TWO_AT.to_owned();
    }
    "has parameters that cannot be read: after the ? stand NAME=VALUE with & between them, and within a value & is written \
     %26"
    .to_owned()
}

/// asyncpg writes `verify_full` as well, and knows no truth values; people do.
fn sslmode(value: &str) -> String {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => "require".to_owned(),
        "false" | "0" | "off" | "no" => "disable".to_owned(),
        mode => mode.replace('_', "-"),
    }
}

/// asyncpg's settings of the server, an object of JSON or of Python, as `options` of libpq.
fn server_settings(value: &str) -> Option<Vec<String>> {
    let object = serde_json::from_str(value).or_else(|_| serde_json::from_str(&value.replace('\'', "\"")));
    let settings: Map<String, Value> = object.ok()?;
    let option = |(name, value): (String, Value)| {
        let value = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let named = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        // White space between options is escaped within one.
        let escaped = value.replace('\\', r"\\").replace(' ', r"\ ");
        named.then(|| format!("-c {name}={escaped}"))
    };
    settings.into_iter().map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asyncpg_and_sqlalchemy_call_otherwise_has_its_name_in_libpq() {
        for (query, expected) in [
            ("ssl=true", "?sslmode=require"),
            ("ssl=False", "?sslmode=disable"),
            ("ssl=prefer", "?sslmode=prefer"),
            ("sslmode=verify_full&sslrootcert=/etc/ca.pem", "?sslmode=verify-full&sslrootcert=/etc/ca.pem"),
            ("timeout=7.5", "?connect_timeout=8"),
            ("database=d&user=u", "?dbname=d&user=u"),
            ("host=a:1&host=b:2", "?host=a,b&port=1,2"),
            ("host=a:1&host=b", "?host=a,b&port=1,"),
            ("host=a,b&port=1,2", "?host=a,b&port=1,2"),
            ("host=/run/postgresql", "?host=/run/postgresql"),
            (
                "target_session_attrs=read-write&passfile=/etc/pass",
                "?target_session_attrs=read-write&passfile=/etc/pass",
            ),
            ("options=-c%20jit%3Doff", "?options=%2Dc%20jit%3Doff"),
            (
                "server_settings=%7B%22jit%22%3A%22off%22%2C%22search_path%22%3A%22a%2C%20b%22%7D",
                r"?options=-c%20jit%3Doff%20-c%20search_path%3Da,%5C%20b",
            ),
            ("server_settings={'jit':'off'}&options=-c+x.y=1", "?options=-c%20jit%3Doff%20-c%20x.y%3D1"),
        ] {
            let parameters = Parameters::read(query, true).unwrap();
            assert_eq!(parameters.query(), expected.replace("%2D", "-"), "{query}");
            assert_eq!(parameters.left_out, [""; 0], "{query}");
        }
    }

    #[test]
    fn what_means_nothing_to_libpq_is_left_out_and_named() {
        let query = "prepared_statement_cache_size=0&ssl=require&statement_cache_size=0&command_timeout=60&async_fallback=true\
                     &server_settings=jit&direct_tls=true&max_cached_statement_lifetime=0";
        let parameters = Parameters::read(query, true).unwrap();
        assert_eq!(parameters.query(), "?sslmode=require");
        assert_eq!(
            parameters.left_out.join("; "),
            "prepared_statement_cache_size; statement_cache_size; command_timeout; async_fallback; \
             server_settings (write options=-c%20NAME%3DVALUE); \
             direct_tls (write sslnegotiation=direct, from libpq 17 on); max_cached_statement_lifetime"
        );
    }

    #[test]
    fn what_nobody_knows_is_named_with_what_to_do() {
        let problem = Parameters::read("schema=app&sslmode=require&jit=off", false).unwrap_err();
        assert!(
            problem.contains("does not know: schema, jit (") && problem.contains("options=-c%20"),
            "{problem}"
        );
    }

    #[test]
    fn a_piece_of_a_password_is_never_named() {
        for query in
            ["password=a&SECRET=b", "password=a&SECRET", "user=u&SECRET", "x=SECRET@h/d", "SECRET@h/d"]
        {
            let problem = Parameters::read(query, false).unwrap_err();
            assert!(!problem.contains("SECRET"), "{problem}");
            assert!(problem.contains("%26") || problem.contains("%40"), "{problem}");
        }
    }

    #[test]
    fn a_plus_is_a_space_for_sqlalchemy_alone() {
        let query = |of_sqlalchemy| Parameters::read("application_name=a+b", of_sqlalchemy).unwrap().query();
        assert_eq!(
            (query(true).as_str(), query(false).as_str()),
            ("?application_name=a%20b", "?application_name=a%2Bb")
        );
    }
}
