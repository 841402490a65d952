//! Who answers: the models and roles that can be chosen, and how each model is asked.

use std::sync::{Arc, PoisonError, RwLock};

use crate::base::http::Http;
use crate::config::catalogue::Read;
use crate::domain::catalogue::{Catalogue, Effort, Model, Role};
use crate::domain::choice::{InForce, Kind};
use crate::domain::command::Command;
use crate::domain::token_budget::TokenBudget;
use crate::llm::Llm;

/// The catalogue at work.
pub struct Assistant {
    catalogue: Catalogue,
    /// For each model, in the same order.
    clients: Vec<Arc<Llm>>,
    /// Whether answers can be spoken.
    speaks: bool,
    /// What sums up, where that is not the model of the dialogue.
    summarist: Option<Arc<Llm>>,
}

/// What a dialogue is answered with.
#[derive(Clone, Copy)]
pub struct Chosen<'a> {
    /// The model.
    pub model: &'a Model,
    /// How it is asked.
    pub llm: &'a Llm,
    /// The role.
    pub role: &'a Role,
    /// How much the model is to think.
    pub effort: Option<Effort>,
}

impl Assistant {
    /// The assistant of this catalogue, which has a model and a role at least. `speaks`: its answers can be spoken.
    pub fn new(http: &Http, read: Read, speaks: bool) -> Self {
        Self::beside(&[], http, read, speaks)
    }

    /// The assistant of another catalogue. A model that is asked as before keeps what is known about it.
    #[must_use]
    pub fn renewed(&self, http: &Http, read: Read) -> Self {
        Self::beside(&self.clients, http, read, self.speaks)
    }

    fn beside(
        known: &[Arc<Llm>],
        http: &Http,
        Read { catalogue, settings, summarist }: Read,
        speaks: bool,
    ) -> Self {
        let client = |settings| match known.iter().find(|llm| llm.is_asked_by(&settings)) {
            Some(llm) => Arc::clone(llm),
            None => Arc::new(Llm::new(http.clone(), settings)),
        };
        let summarist = summarist.map(client);
        Self { catalogue, clients: settings.into_iter().map(client).collect(), summarist, speaks }
    }

    /// What there is to choose from.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// What answers, and what stands in for it, in this order. There is one at least.
    pub fn chain(&self, in_force: &InForce) -> impl Iterator<Item = Chosen<'_>> {
        let &InForce { model: first, role, effort, .. } = in_force;
        self.catalogue.chain(first).map(move |place| {
            let model = &self.catalogue.models[place];
            Chosen {
                model,
                llm: &self.clients[place],
                role: &self.catalogue.roles[role],
                effort: if place == first { effort } else { model.effort },
            }
        })
    }

    /// What sums up, where that is not the model of the dialogue.
    pub fn summarist(&self) -> Option<&Llm> {
        self.summarist.as_deref()
    }

    /// The commands that people are shown.
    pub fn commands(&self) -> Vec<Command> {
        let [models, roles] = [Kind::Model, Kind::Role].map(|kind| self.catalogue.has_choice(kind));
        Command::shown(models, roles, self.speaks)
    }

    /// What is another in `new`, for the log: each entry with a sign for new, gone or changed.
    pub fn changes(&self, new: &Self) -> Vec<String> {
        let of_models = |assistant: &Self| -> Vec<(String, (Model, Arc<Llm>))> {
            let both = assistant.catalogue.models.iter().zip(&assistant.clients);
            both.map(|(model, llm)| (model.id.clone(), (model.clone(), Arc::clone(llm)))).collect()
        };
        let of_roles = |assistant: &Self| -> Vec<(String, Role)> {
            assistant.catalogue.roles.iter().map(|role| (role.id.clone(), role.clone())).collect()
        };
        let same = |one: &(Model, Arc<Llm>), other: &(Model, Arc<Llm>)| {
            one.0 == other.0 && Arc::ptr_eq(&one.1, &other.1)
        };
        let mut changes = differences("models", &of_models(self), &of_models(new), same);
        changes.extend(differences("roles", &of_roles(self), &of_roles(new), Role::eq));
        changes
    }
}

/// `+` what is new, `-` what is gone, `~` what is another, and whether the order is, whose first one is the default.
fn differences<T>(
    of: &str,
    old: &[(String, T)],
    new: &[(String, T)],
    same: impl Fn(&T, &T) -> bool,
) -> Vec<String> {
    let find = |all: &'_ [(String, T)], id: &str| all.iter().position(|(other, _)| other == id);
    let mut changes = Vec::new();
    for (id, entry) in new {
        match find(old, id) {
            None => changes.push(format!("+{of}.{id}")),
            Some(place) if !same(&old[place].1, entry) => changes.push(format!("~{of}.{id}")),
            Some(_) => {}
        }
    }
    changes.extend(old.iter().filter(|(id, _)| find(new, id).is_none()).map(|(id, _)| format!("-{of}.{id}")));
    let kept = |all: &[(String, T)], other: &[(String, T)]| -> Vec<String> {
        all.iter().filter(|(id, _)| find(other, id).is_some()).map(|(id, _)| id.clone()).collect()
    };
    if kept(old, new) != kept(new, old) {
        changes.push(format!("the order of {of}"));
    }
    changes
}

/// The assistant of now. Whatever is under way goes on with the one that it began with.
pub struct Current(RwLock<Arc<Assistant>>);

impl Current {
    /// Begins with this one.
    pub fn new(assistant: Assistant) -> Self {
        Self(RwLock::new(Arc::new(assistant)))
    }

    /// The one of now.
    pub fn get(&self) -> Arc<Assistant> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on it is this one.
    pub fn set(&self, assistant: Assistant) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(assistant);
    }
}

impl Chosen<'_> {
    /// How much of the dialogue the model has room for.
    pub fn room(&self) -> TokenBudget {
        TokenBudget::beside(self.model.context.map(u32::from), &self.role.prompt, self.model.max_tokens)
    }
}
