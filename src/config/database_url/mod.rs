//! DATABASE_URL: read as leniently as the predecessor's SQLAlchemy did, handed on as strictly as libpq wants it.
//!
//! libpq quotes what it cannot read, and that may be a piece of the password. So the password is taken apart here and
//! written anew, and what is ambiguous is refused without being quoted.

use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::base::secret::Secret;

mod parameters;

use parameters::{Parameters, TWO_AT};

/// A URL that libpq reads as it was meant.
#[derive(Debug)]
pub struct DatabaseUrl {
    url: Secret,
    /// The parameters that were left out.
    left_out: Vec<String>,
}

impl From<DatabaseUrl> for Secret {
    fn from(url: DatabaseUrl) -> Self {
        url.url
    }
}

impl DatabaseUrl {
    /// What is to be said about what was left out.
    pub fn note(&self) -> Option<String> {
        let left_out = self.left_out.join(", ");
        (!left_out.is_empty()).then(|| {
            format!("parameters of DATABASE_URL that mean nothing to libpq are left out: {left_out}")
        })
    }
}

impl FromStr for DatabaseUrl {
    /// What is wrong with it, to follow its name.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or("is not a URL")?;
        // SQLAlchemy names its driver in the scheme
        let (scheme, driver) = scheme.split_once('+').unwrap_or((scheme, ""));
        if !matches!(scheme, "postgresql" | "postgres") {
            return Err("is not a URL of PostgreSQL".to_owned());
        }
        // The user's name ends at the first colon, the password at the first @; both may be percent-encoded, or not.
        let (person, place) = match rest.split_once('@') {
            Some((person, place)) if !user(person).contains(['/', '?']) => (Some(person), place),
            _ => (None, rest),
        };
        let (host, query) = place.split_once('?').unwrap_or((place, ""));
        if host.contains('@') {
            return Err(TWO_AT.to_owned());
        }
        let parameters = Parameters::read(query, !driver.is_empty())?;
        let mut url = "postgresql://".to_owned();
        if let Some(person) = person {
            url.push_str(&strict(user(person)));
            if let Some((_, password)) = person.split_once(':') {
                url.push(':');
                url.push_str(&strict(password));
            }
            url.push('@');
        }
        url.push_str(host);
        url.push_str(&parameters.query());
        Ok(Self { url: Secret::new(url), left_out: parameters.left_out })
    }
}

fn user(person: &str) -> &str {
    person.split(':').next().unwrap_or_default()
}

/// Decoded as far as it can be, then encoded in full.
fn strict(text: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(text).collect();
    utf8_percent_encode(&String::from_utf8_lossy(&decoded), NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> String {
        Secret::from(url.parse::<DatabaseUrl>().unwrap()).expose().to_owned()
    }

    #[test]
    fn the_driver_goes_and_everything_else_means_what_it_meant() {
        for (url, expected) in [
            ("postgres://u:p%40x@h/d", "postgresql://u:p%40x@h/d"),
            ("postgresql+asyncpg://u:pass@h/d?ssl=require", "postgresql://u:pass@h/d?sslmode=require"),
            ("postgresql+psycopg2://h/d?sslmode=disable", "postgresql://h/d?sslmode=disable"),
            ("postgresql+psycopg://u@h/d", "postgresql://u@h/d"),
            ("postgres+asyncpg://u@h/d", "postgresql://u@h/d"),
            ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
            (
                "postgresql:///d?host=/run/postgresql&user=a@b",
                "postgresql:///d?host=/run/postgresql&user=a%40b",
            ),
            ("postgresql://u:p@[::1]:5432,other:5433/d", "postgresql://u:p@[::1]:5432,other:5433/d"),
        ] {
            assert_eq!(read(url), expected, "{url}");
        }
    }

    #[test]
    fn a_password_may_hold_what_sqlalchemy_let_it_hold() {
        for (password, encoded) in [
            ("p%zz", "p%25zz"),
            ("a/b", "a%2Fb"),
            ("a:b", "a%3Ab"),
            ("a?b#c", "a%3Fb%23c"),
            ("%C3%A9", "%C3%A9"),
        ] {
            let url = format!("postgresql+asyncpg://u:{password}@h/d");
            assert_eq!(read(&url), format!("postgresql://u:{encoded}@h/d"), "{password}");
        }
    }

    #[test]
    fn an_ambiguous_password_is_refused_and_not_quoted() {
        for url in ["postgresql://u:SEC@RET@h/d", "postgresql://u:SEC@RE?T=x@h/d"] {
            let problem = url.parse::<DatabaseUrl>().err().unwrap();
            assert!(problem.contains("%40") && !problem.contains("RE"), "{problem}");
        }
    }
}
