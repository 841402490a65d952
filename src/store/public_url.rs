//! A database URL without its password, which everybody on the machine could read in the list of processes.

use anyhow::bail;
use percent_encoding::percent_decode_str;

use crate::base::secret::Secret;

/// What a program of PostgreSQL needs to connect.
pub struct PublicUrl {
    /// Fit for a command line.
    pub url: String,
    /// Goes into PGPASSWORD. `None`: libpq looks for one where it always does (`~/.pgpass`).
    pub password: Option<Secret>,
}

impl PublicUrl {
    /// Takes the password out, from both places that libpq knows in a URL.
    pub fn of(url: &Secret) -> anyhow::Result<Self> {
        let (scheme, rest) = url.expose().split_once("://").unwrap_or(("postgresql", url.expose()));
        // libpq's own rule: everything before an @ that comes before any slash names the user.
        let (credentials, rest) = match rest.split_once('@') {
            Some((credentials, after)) if !credentials.contains('/') => (Some(credentials), after),
            _ => (None, rest),
        };
        let mut password = None;
        let user = match credentials.map(|text| text.split_once(':').unwrap_or((text, ""))) {
            Some((user, secret)) => {
                password = Some(secret).filter(|secret| !secret.is_empty()).map(decode);
                format!("{user}@")
            }
            None => String::new(),
        };
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let mut kept = Vec::new();
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("password", secret)) => password = Some(decode(secret)),
                Some(("sslpassword", _)) => bail!(
                    "DATABASE_URL has an sslpassword, which psql, pg_dump and pg_restore take on the command line only, \
                     for everybody to read: use a client key without one, or run them by hand"
                ),
                _ => kept.push(parameter),
            }
        }
        let mark = if kept.is_empty() { "" } else { "?" };
        Ok(Self { url: format!("{scheme}://{user}{place}{mark}{}", kept.join("&")), password })
    }
}

fn decode(text: &str) -> Secret {
    Secret::new(percent_decode_str(text).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_leaves_the_url_wherever_it_stands_in_it() {
        for (url, public, password) in [
            ("postgresql://u:p%40x@h:5/d", "postgresql://u@h:5/d", Some("p@x")),
            ("postgresql://u@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require", None),
            ("postgresql://h/d?user=u&password=p%26q", "postgresql://h/d?user=u", Some("p&q")),
            ("postgresql://u:a:b@h1,h2/d?x=1&password=z&y=2", "postgresql://u@h1,h2/d?x=1&y=2", Some("z")),
            ("postgresql:///d?host=/run/a@b", "postgresql:///d?host=/run/a@b", None),
            ("postgresql://u:p@/d?host=/run", "postgresql://u@/d?host=/run", Some("p")),
        ] {
            let connection = PublicUrl::of(&Secret::new(url)).unwrap();
            assert_eq!(connection.url, public);
            assert_eq!(connection.password.as_ref().map(Secret::expose), password, "{url}");
        }
    }

    #[test]
    fn a_secret_that_only_a_command_line_could_carry_is_refused_without_being_shown() {
        let error = PublicUrl::of(&Secret::new("postgresql://h/d?sslpassword=topsecret")).err().unwrap();
        assert!(error.to_string().contains("sslpassword") && !error.to_string().contains("topsecret"));
    }
}
