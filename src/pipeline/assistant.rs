//! Who answers: the models and roles that can be chosen, and how each model is asked.

use crate::base::http::Http;
use crate::config::catalogue::Read;
use crate::domain::catalogue::{Catalogue, Model, Role};
use crate::domain::lane::Lane;
use crate::domain::token_budget::TokenBudget;
use crate::llm::Llm;

/// The catalogue at work.
pub struct Assistant {
    catalogue: Catalogue,
    /// For each model, in the same order.
    clients: Vec<Llm>,
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
}

impl Assistant {
    /// The assistant of this catalogue, which has a model and a role at least.
    pub fn new(http: &Http, Read { catalogue, settings }: Read) -> Self {
        let clients = settings.into_iter().map(|settings| Llm::new(http.clone(), settings)).collect();
        Self { catalogue, clients }
    }

    /// What `lane` is answered with, and what stands in for it, in this order. There is one at least.
    pub fn chain(&self, lane: Lane) -> impl Iterator<Item = Chosen<'_>> {
        let Self { catalogue, clients } = self;
        let chosen = |place: usize| Chosen {
            model: &catalogue.models[place],
            llm: &clients[place],
            role: self.role(),
        };
        catalogue.chain(lane).map(chosen)
    }

    /// Who the bot is.
    pub fn role(&self) -> &Role {
        &self.catalogue.roles[0]
    }
}

impl Chosen<'_> {
    /// How much of the dialogue the model has room for.
    pub fn room(&self) -> TokenBudget {
        TokenBudget::beside(self.model.context.map(u32::from), &self.role.prompt, self.model.max_tokens)
    }
}
