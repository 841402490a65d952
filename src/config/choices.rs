//! What people choose from, and how each model is asked: from the catalogue, or one of each from the settings.

use std::path::{Path, PathBuf};

use super::catalogue::{self, Around, Problem};
use super::faults::{Fault, Faults};
use super::prompt;
use super::reader::Reader;
use super::settings::{self as names, Setting};
use crate::domain::access::Access;
use crate::domain::catalogue::{Catalogue, Model, Reads, Role};
use crate::llm;

/// What the model and the role of the settings are called where a catalogue has names.
const DEFAULT: &str = "default";

/// What came of reading it, once.
pub struct Choices {
    /// `None`: something in it cannot be used.
    pub read: Option<catalogue::Read>,
    /// What is wrong, beside what is wrong with a setting by itself.
    pub faults: Vec<Fault>,
}

impl Choices {
    /// The same as long as the program runs, after its files were changed.
    pub fn anew(env: &Reader<'_>) -> Result<catalogue::Read, Faults> {
        let choices = env.choices();
        let faults = env.faults(&choices);
        choices.read.filter(|_| faults.is_empty()).ok_or(Faults(faults))
    }
}

impl Reader<'_> {
    /// Everything that is wrong, for who goes on with what can be used.
    pub(crate) fn faults(&self, choices: &Choices) -> Vec<Fault> {
        let of_settings = self.settings().filter_map(|setting| self.fault(setting));
        of_settings.chain(choices.faults.iter().cloned()).collect()
    }

    /// The settings that count: those that the catalogue takes the place of do not.
    pub(super) fn settings(&self) -> impl Iterator<Item = &'static Setting> {
        let replaced = if self.catalogue_path().is_some() { names::REPLACED } else { &[] };
        names::ALL.iter().filter(move |setting| replaced.iter().all(|other| other.name != setting.name))
    }

    /// Where the catalogue is. `None`: there is none.
    pub(crate) fn catalogue_path(&self) -> Option<PathBuf> {
        let default = || Some(PathBuf::from(catalogue::FILE)).filter(|path| path.exists());
        self.given(&names::CATALOGUE_PATH).map(PathBuf::from).or_else(default)
    }

    /// Reads what people choose from.
    pub(crate) fn choices(&self) -> Choices {
        let mut choices = match self.catalogue_path() {
            Some(path) => match self.catalogue(&path) {
                Ok(read) => match self.summarist(&read) {
                    Ok(summarist) => {
                        Choices { read: Some(catalogue::Read { summarist, ..read }), faults: Vec::new() }
                    }
                    Err(fault) => Choices { read: None, faults: vec![fault] },
                },
                Err(faults) => Choices { read: None, faults },
            },
            None => Choices {
                read: self.only_choice(),
                faults: [self.missing_key(), self.no_room()].into_iter().flatten().collect(),
            },
        };
        choices.faults.extend(self.no_model_of_sound());
        choices
    }

    /// How each model is asked, and what it can be given.
    pub(crate) fn models(&self, choices: &Choices) -> Option<Vec<(llm::Settings, Reads)>> {
        match &choices.read {
            Some(read) => {
                let reads = read.catalogue.models.iter().map(|model| model.reads.clone());
                Some(read.settings.iter().cloned().zip(reads).collect())
            }
            // What is wrong with the prompt does not keep the model from being asked.
            None if self.catalogue_path().is_none() => Some(vec![(self.llm()?, self.reads()?)]),
            None => None,
        }
    }

    /// What the catalogue says. An error that is empty is told of its path, or of another setting.
    fn catalogue(&self, path: &Path) -> Result<catalogue::Read, Vec<Fault>> {
        let text = std::fs::read_to_string(path).map_err(|_| self.unreadable(path))?;
        let defaults = (self.parsed(&names::LLM_MAX_TOKENS), self.parsed(&names::LLM_TEMPERATURE));
        let ((Some(max_tokens), Some(temperature)), Some(silence)) =
            (defaults, self.seconds(&names::LLM_TIMEOUT))
        else {
            return Err(Vec::new());
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let around = Around { variable: self.lookup(), folder, max_tokens, temperature, silence };
        let fault = |Problem { line, problem, accepted }| Fault {
            variable: names::CATALOGUE_PATH.name,
            problem: format!("names {}, where line {line} is wrong: {problem}", path.display()),
            accepted,
        };
        catalogue::read(&text, &around).map_err(|problems| problems.into_iter().map(fault).collect())
    }

    /// A file of the usual name that cannot be read. One that is named is looked at as a setting.
    fn unreadable(&self, path: &Path) -> Vec<Fault> {
        let problem = || {
            Fault::of(&names::CATALOGUE_PATH, format!("stands for {}, which cannot be read", path.display()))
        };
        if self.given(&names::CATALOGUE_PATH).is_some() { Vec::new() } else { vec![problem()] }
    }

    fn only_choice(&self) -> Option<catalogue::Read> {
        let (settings, prompt) = (self.llm()?, self.system_prompt()?);
        let model = Model {
            id: DEFAULT.to_owned(),
            name: settings.model.clone(),
            words: None,
            context: self.parsed(&names::LLM_CONTEXT_TOKENS),
            max_tokens: settings.max_tokens,
            effort: None,
            efforts: Vec::new(),
            price: None,
            fallback: Vec::new(),
            reads: self.reads()?,
            access: Access::default(),
        };
        let role = Role {
            id: DEFAULT.to_owned(),
            name: DEFAULT.to_owned(),
            words: self.value(&names::ROLE_TEXT).unwrap_or_else(|| prompt::role(&prompt)),
            prompt,
            model: None,
            access: Access::default(),
        };
        let catalogue = Catalogue { models: vec![model], roles: vec![role] };
        // Another model at the same endpoint, of which no price is known.
        let other = |model| llm::Settings { model, price: None, ..settings.clone() };
        let summarist = self.given(&names::SUMMARY_MODEL).map(other);
        Some(catalogue::Read { catalogue, settings: vec![settings], summarist })
    }

    /// How the model of the catalogue is asked that is to sum up.
    fn summarist(&self, read: &catalogue::Read) -> Result<Option<llm::Settings>, Fault> {
        let Some(id) = self.given(&names::SUMMARY_MODEL) else { return Ok(None) };
        let place = read.catalogue.models.iter().position(|model| model.id == id);
        let fault = || Fault::of(&names::SUMMARY_MODEL, "is none of the catalogue's models".to_owned());
        place.map(|place| Some(read.settings[place].clone())).ok_or_else(fault)
    }
}
