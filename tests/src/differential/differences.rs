//! The listed differences from Node (`tests/differential/differences.json`): what may differ, where, and why.
//!
//! Not in the list, because no program of a server can show them: S9 and whatever else is the client's; body encodings
//! that `node:http` does not know, which WIT cannot express; and what does not translate (see the README).

use node_http_host::{Result, wasmtime::bail, wasmtime::error::Context as _};
use serde_json::Value;

use super::compare::{Aspect, Difference};
use super::drive::Observation;
use super::facts::Fact;
use super::scenario::Scenario;

const LIST: &str = include_str!("../../differential/differences.json");

/// One of them.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) id: String,
    fact: Fact,
    scope: Scope,
    allows: Vec<Allowed>,
    /// The first major version of Node in which it is none any more.
    before: Option<u64>,
}

/// Something that may differ.
#[derive(Debug)]
enum Allowed {
    All(Aspect),
    /// This difference alone, as a report tells it, or those whose text begins so: `…`.
    One(String),
}

impl Allowed {
    fn parse(name: &str) -> Result<Self> {
        if name.contains(' ') {
            return Ok(Self::One(name.to_owned()));
        }
        Aspect::named(name).map(Self::All).with_context(|| format!("there is no aspect {name}"))
    }

    fn is(&self, difference: &Difference) -> bool {
        match self {
            Self::All(aspect) => *aspect == difference.aspect,
            Self::One(text) => match text.strip_suffix('…') {
                Some(beginning) => difference.text().starts_with(beginning),
                None => *text == difference.text(),
            },
        }
    }
}

/// What it reaches, from the request on that has the fact.
#[derive(Debug, Clone, Copy)]
enum Scope {
    /// This request, and what it does to the connection.
    Request,
    /// It and everything behind it.
    FromRequest,
    /// All requests on the connection.
    Connection,
}

impl Listed {
    /// Whether it allows `difference`.
    pub(super) fn allows(
        &self,
        difference: &Difference,
        scenario: &Scenario,
        node: &Observation,
        ours: &Observation,
    ) -> bool {
        if !self.allows.iter().any(|allowed| allowed.is(difference)) {
            return false;
        }
        let holders = self.fact.holders(scenario, node, ours);
        match (difference.request, self.scope) {
            (None, _) | (_, Scope::Connection) => !holders.is_empty(),
            (Some(request), Scope::Request) => holders.contains(&request),
            (Some(request), Scope::FromRequest) => holders.iter().any(|&holder| holder <= request),
        }
    }
}

/// Those that count for Node `major`.
pub(super) fn listed(major: u32) -> Result<Vec<Listed>> {
    let list: Vec<Value> = serde_json::from_str(LIST)?;
    let list: Result<Vec<Listed>> = list.iter().map(parse).collect();
    let counts = |listed: &Listed| listed.before.is_none_or(|before| u64::from(major) < before);
    Ok(list?.into_iter().filter(counts).collect())
}

fn parse(entry: &Value) -> Result<Listed> {
    let text = |name: &str| entry[name].as_str().with_context(|| format!("{entry} has no {name}"));
    text("reason")?;
    let scope = match text("scope")? {
        "request" => Scope::Request,
        "from-request" => Scope::FromRequest,
        "connection" => Scope::Connection,
        other => bail!("there is no scope {other}"),
    };
    let names = entry["allows"].as_array().with_context(|| format!("{entry} allows nothing"))?;
    let allowed = |name: &Value| Allowed::parse(name.as_str().unwrap_or_default());
    let fact = text("fact")?;
    Ok(Listed {
        id: text("id")?.to_owned(),
        fact: Fact::named(fact).with_context(|| format!("there is no fact {fact}"))?,
        scope,
        allows: names.iter().map(allowed).collect::<Result<_>>()?,
        before: entry["before"].as_u64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_valid_and_no_entry_is_there_twice() {
        let list = listed(23).expect("a valid list");
        let mut ids: Vec<&str> = list.iter().map(|listed| &*listed.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), list.len());
        assert!(listed(26).expect("a valid list").len() < list.len());
    }
}
