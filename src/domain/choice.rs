//! What somebody chose for a dialogue, and what it is answered with then.

use diesel::Queryable;

use crate::domain::access::Access;
use crate::domain::catalogue::{Catalogue, Effort};
use crate::domain::lane::Lane;
use crate::domain::speech::Spoken;

/// What can be chosen from a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A model.
    Model,
    /// A role.
    Role,
}

/// What was chosen for a dialogue, by its names in the catalogue; `None`: the default.
#[derive(Clone, PartialEq, Eq, Debug, Queryable)]
pub struct Choice {
    /// The model.
    pub model: Option<String>,
    /// The role.
    pub role: Option<String>,
    /// How much that model thinks.
    pub effort: Option<String>,
    /// When answers are spoken.
    pub voice: Option<Spoken>,
}

/// What a dialogue is answered with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InForce {
    /// The place of the model in the catalogue.
    pub model: usize,
    /// The place of the role.
    pub role: usize,
    /// How much the model thinks, where that is not left to it.
    pub effort: Option<Effort>,
    /// When answers are spoken; `None`: never.
    pub voice: Option<Spoken>,
    /// What was chosen and is not to be had any more.
    pub gone: Choice,
}

/// A model or a role, as people see it in a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// Its name in the catalogue.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// What is said about it; may be empty.
    pub words: &'a str,
}

impl Choice {
    /// Nothing was chosen.
    pub const NONE: Self = Self { model: None, role: None, effort: None, voice: None };

    /// With this model or role. An effort is chosen for one model only.
    #[must_use]
    pub fn with(&self, kind: Kind, id: &str) -> Self {
        let id = Some(id.to_owned());
        match kind {
            Kind::Model if self.model == id => self.clone(),
            Kind::Model => Self { model: id, effort: None, ..self.clone() },
            Kind::Role => Self { role: id, ..self.clone() },
        }
    }

    /// With this model and so much thinking.
    #[must_use]
    pub fn with_effort(&self, model: &str, effort: Effort) -> Self {
        Self { effort: Some(effort.as_str().to_owned()), ..self.with(Kind::Model, model) }
    }
}

impl Catalogue {
    /// What `lane` is answered with after this choice.
    ///
    /// Without one it is the first role that its user may have, and the model of that role, else the first one. Where the user
    /// may have none, it is the first of all.
    pub fn in_force(&self, lane: Lane, choice: &Choice) -> InForce {
        let first = |kind| self.all(kind).position(|(_, access)| access.admits(lane));
        let place = |kind, id: Option<&str>| {
            let id = id?;
            self.all(kind).position(|(entry, access)| entry.id == id && access.admits(lane))
        };
        let (model, role) =
            (place(Kind::Model, choice.model.as_deref()), place(Kind::Role, choice.role.as_deref()));
        let effort = model.and_then(|model| {
            let offered = self.models[model].efforts.iter().copied();
            offered.into_iter().find(|effort| choice.effort.as_deref() == Some(effort.as_str()))
        });
        let gone = Choice {
            model: choice.model.clone().filter(|_| model.is_none()),
            role: choice.role.clone().filter(|_| role.is_none()),
            effort: choice.effort.clone().filter(|_| effort.is_none()),
            voice: None,
        };
        let role = role.or_else(|| first(Kind::Role)).unwrap_or(0);
        let of_role = || place(Kind::Model, self.roles[role].model.as_deref());
        let model = model.or_else(of_role).or_else(|| first(Kind::Model)).unwrap_or(0);
        let effort = effort.or(self.models[model].effort);
        InForce { model, role, effort, voice: choice.voice, gone }
    }

    /// The places of the models that answer: the one in force, and those that stand in for it, in their order. A stand-in of a
    /// stand-in is none.
    pub fn chain(&self, model: usize) -> impl Iterator<Item = usize> {
        let place = |id: &String| self.models.iter().position(|model| model.id == *id);
        [model].into_iter().chain(self.models[model].fallback.iter().filter_map(place))
    }

    /// What the user of `lane` may choose from.
    pub fn open_to(&self, lane: Lane, kind: Kind) -> Vec<Entry<'_>> {
        self.all(kind).filter(|(_, access)| access.admits(lane)).map(|(entry, _)| entry).collect()
    }

    /// The one of [`Self::open_to`] that somebody means who writes this: its name in the catalogue, or what people call it.
    pub fn named(&self, lane: Lane, kind: Kind, words: &str) -> Option<Entry<'_>> {
        let words = words.to_lowercase();
        let open = self.open_to(lane, kind);
        let by = |name: fn(&Entry<'_>) -> String| open.iter().find(|entry| name(entry) == words).copied();
        by(|entry| entry.id.to_lowercase()).or_else(|| by(|entry| entry.name.to_lowercase()))
    }

    /// Whether anybody can choose something of this kind.
    pub fn has_choice(&self, kind: Kind) -> bool {
        let of_thinking = || self.models.iter().any(|model| model.efforts.len() > 1);
        self.all(kind).nth(1).is_some() || (kind == Kind::Model && of_thinking())
    }

    fn all(&self, kind: Kind) -> impl Iterator<Item = (Entry<'_>, &Access)> {
        let models = self.models.iter().filter(move |_| kind == Kind::Model).map(|model| {
            let words = model.words.as_deref().unwrap_or_default();
            (Entry { id: &model.id, name: &model.name, words }, &model.access)
        });
        let roles = self.roles.iter().filter(move |_| kind == Kind::Role);
        models.chain(
            roles.map(|role| (Entry { id: &role.id, name: &role.name, words: &role.words }, &role.access)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::{Medium, Model, Role};

    const LANE: Lane = Lane { bot_id: 7, chat_id: 1, user_id: 1, thread_id: None };

    fn model(id: &str, efforts: &[Effort], users: &[i64]) -> Model {
        Model {
            id: id.to_owned(),
            name: format!("The {id}"),
            words: None,
            context: None,
            max_tokens: 100,
            effort: efforts.first().copied(),
            efforts: efforts.to_vec(),
            price: None,
            fallback: Vec::new(),
            reads: Medium::usual(),
            access: Access { users: users.iter().copied().collect(), ..Access::default() },
        }
    }

    fn role(id: &str, model: Option<&str>, users: &[i64]) -> Role {
        Role {
            id: id.to_owned(),
            name: format!("The {id}"),
            prompt: String::new(),
            words: String::new(),
            model: model.map(str::to_owned),
            access: Access { users: users.iter().copied().collect(), ..Access::default() },
        }
    }

    fn catalogue() -> Catalogue {
        Catalogue {
            models: vec![
                model("secret", &[], &[9]),
                model("quick", &[Effort::Low, Effort::High], &[]),
                model("slow", &[], &[]),
            ],
            roles: vec![role("cook", None, &[]), role("judge", Some("slow"), &[]), role("spy", None, &[9])],
        }
    }

    fn choice(model: &str, role: &str, effort: &str) -> Choice {
        let [model, role, effort] = [model, role, effort].map(|id| (!id.is_empty()).then(|| id.to_owned()));
        Choice { model, role, effort, voice: None }
    }

    #[test]
    fn what_is_in_force_is_what_was_chosen_and_may_be_had_and_else_the_default() {
        let catalogue = catalogue();
        for (chosen, model, role, effort, gone) in [
            (("", "", ""), 1, 0, Some(Effort::Low), ("", "", "")),
            (("slow", "", ""), 2, 0, None, ("", "", "")),
            (("quick", "judge", "high"), 1, 1, Some(Effort::High), ("", "", "")),
            // The role has a model of its own, as long as nobody chooses another one.
            (("", "judge", ""), 2, 1, None, ("", "", "")),
            // Others may have these.
            (("secret", "spy", ""), 1, 0, Some(Effort::Low), ("secret", "spy", "")),
            // Nobody has these any more. The effort was for that model.
            (("former", "", "high"), 1, 0, Some(Effort::Low), ("former", "", "high")),
            (("quick", "", "max"), 1, 0, Some(Effort::Low), ("", "", "max")),
        ] {
            let of = |(model, role, effort)| choice(model, role, effort);
            let expected = InForce { model, role, effort, voice: None, gone: of(gone) };
            assert_eq!(catalogue.in_force(LANE, &of(chosen)), expected, "{chosen:?}");
        }
        let other = Lane { user_id: 9, ..LANE };
        assert_eq!(catalogue.in_force(other, &choice("secret", "spy", "")).gone, Choice::NONE);
    }

    #[test]
    fn a_name_is_found_in_any_case_and_only_by_who_may_have_it() {
        let catalogue = catalogue();
        let named = |words| catalogue.named(LANE, Kind::Model, words).map(|entry| entry.id);
        assert_eq!(named("QUICK"), Some("quick"));
        assert_eq!(named("the Slow"), Some("slow"));
        assert_eq!(named("secret"), None);
        assert_eq!(named("cook"), None);
        let open = |kind| catalogue.open_to(LANE, kind).iter().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(open(Kind::Model), ["The quick", "The slow"]);
        assert_eq!(open(Kind::Role), ["The cook", "The judge"]);
    }
}
