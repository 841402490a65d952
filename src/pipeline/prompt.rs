//! What the model reads: instructions, what was said before, the question; shorter and shorter while that is too long.
//!
//! Called by [`crate::pipeline::question`]. A dialogue that grew too long for its model never keeps a question from being
//! answered: only a question that is too long by itself is.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use tracing::{info, warn};

use crate::base::cancel::CancelToken;
use crate::domain::address::Address;
use crate::domain::catalogue::Medium;
use crate::domain::choice::InForce;
use crate::domain::failure::Failure;
use crate::domain::history::{Exchange, Past};
use crate::domain::memory::{Fact, with_facts};
use crate::domain::prompt::{self, Place, Reading};
use crate::domain::summary::{self, Summary};
use crate::domain::token_budget;
use crate::domain::usage::Call;
use crate::llm::{self, Ask, Asked, Cause, Completion, Content, Heard, LlmError, Message, Part};
use crate::pipeline::assistant::{Assistant, Chosen};
use crate::pipeline::beside::{Beside, Unread};
use crate::pipeline::breaker::Health;
use crate::pipeline::called;
use crate::pipeline::memory;
use crate::pipeline::preview::Preview;
use crate::pipeline::services::Services;
use crate::pipeline::shown::{Documents, Shown};

/// What there is to be read.
pub(super) struct Prompt<'a> {
    pub(super) address: Address,
    pub(super) past: &'a Past,
    pub(super) question: &'a str,
    /// What is seen with it, and with the questions before it.
    pub(super) shown: &'a Shown<'a>,
    /// What is to be read with it, and with the questions before it.
    pub(super) documents: &'a Documents,
    /// The answer before it is to go on: without that it makes no sense.
    pub(super) goes_on: bool,
    pub(super) stop: &'a CancelToken,
    pub(super) assistant: &'a Assistant,
    pub(super) in_force: &'a InForce,
    /// Summaries of what was said before.
    pub(super) summaries: &'a [Summary],
    /// What is remembered of who asks.
    pub(super) facts: &'a [Fact],
    /// By when there has to be an answer, however many models are asked and however often: what is reserved for it is not for
    /// longer (`store::budget`).
    pub(super) until: Instant,
}

impl Prompt<'_> {
    /// Whether there is time to ask.
    fn in_time(&self) -> Result<(), LlmError> {
        if Instant::now() < self.until {
            return Ok(());
        }
        let problem = "there was no answer within half an hour";
        Err(LlmError::last(Failure::TooSlow, Cause::Endpoint, problem))
    }
}

/// What came of asking.
pub(super) struct Attempt {
    /// The calls that it took, for the ledger.
    pub(super) calls: Vec<Call>,
    /// What the last of them read.
    pub(super) reading: Option<Reading>,
    /// The answer, or why there is none.
    pub(super) reply: Result<Reply, LlmError>,
}

/// What the model wrote, and what it had read for it.
pub(super) struct Reply {
    pub(super) completion: Completion,
    /// There was a conversation, and nothing of it found room.
    pub(super) alone: bool,
    /// It is another model's than the one that was to answer.
    pub(super) stand_in: Option<StandIn>,
    /// What of the question's files it had not, by their names.
    pub(super) unread: Vec<(String, Unread)>,
}

/// A model that answered in another one's place, both as people call them.
pub(super) struct StandIn {
    pub(super) is: String,
    pub(super) of: String,
    /// What the other one cannot be given of what the question shows.
    pub(super) lacks: Option<Medium>,
}

impl Services {
    /// Asks for an answer.
    pub(super) fn complete(&self, prompt: &Prompt<'_>, preview: &Preview) -> Attempt {
        self.name_odd(prompt);
        let mut calls = Vec::new();
        let reading = RefCell::default();
        let reply = self.reply_to(prompt, preview, &reading, &mut calls);
        Attempt { calls, reading: reading.into_inner(), reply }
    }

    /// Asks the model, and those that stand in for it: the next one whenever one has no answer and the user has seen
    /// nothing of it. One that rests is passed over, unless all of them do. Where none answers, a failure that may pass
    /// counts more than one that will not.
    fn reply_to(
        &self,
        prompt: &Prompt<'_>,
        preview: &Preview,
        reading: &RefCell<Option<Reading>>,
        calls: &mut Vec<Call>,
    ) -> Result<Reply, LlmError> {
        let past: Vec<_> = prompt.past.exchanges.iter().filter_map(spoken).collect();
        let lane = prompt.address.lane;
        let chain: Vec<_> = prompt.assistant.chain(prompt.in_force).collect();
        let (asker, conversation) = (self.pseudonyms.person(lane), self.pseudonyms.dialogue(lane));
        let (asker, conversation) = (&*asker, &*conversation);
        let asking = Asking { chain: &chain, past: &past, prompt, asker, conversation, reading };
        let mut failures: Vec<LlmError> = Vec::new();
        // Who cannot see what is asked about is not asked.
        let fit = |place: &usize| prompt.shown.lacking(chain[*place].model).is_none();
        let awake = (0..chain.len()).filter(fit).filter(|&place| self.breaker.admits(chain[place].llm));
        if let Some(ended) = self.ask_each(awake, &asking, preview, calls, &mut failures) {
            return ended;
        }
        if failures.is_empty()
            && let Some(ended) =
                self.ask_each((0..chain.len()).filter(fit), &asking, preview, calls, &mut failures)
        {
            return ended;
        }
        if failures.is_empty() {
            let problem = "no model that may answer can see";
            return Err(LlmError::last(Failure::CannotSee, Cause::Model, problem));
        }
        let passing = failures.iter().position(|error| matches!(error, LlmError::Passing { .. }));
        Err(failures.swap_remove(passing.unwrap_or(0)))
    }

    /// Asks the models at these places of the chain until there is an answer, or an end without one. `None`: none of them
    /// has an answer, and the user has seen nothing.
    fn ask_each(
        &self,
        places: impl Iterator<Item = usize>,
        asking: &Asking<'_>,
        preview: &Preview,
        calls: &mut Vec<Call>,
        failures: &mut Vec<LlmError>,
    ) -> Option<Result<Reply, LlmError>> {
        let Asking { chain, prompt, .. } = asking;
        for place in places {
            if let Err(late) = prompt.in_time() {
                failures.push(late);
                break;
            }
            let showing = Showing { preview, begun: Cell::new(false) };
            let chosen = chain[place];
            if let Some(problem) = failures.last() {
                let (seq, model) = (prompt.address.update_seq, &*chosen.model.id);
                info!(seq, model, %problem, "a model has no answer; another one is asked in its place");
            }
            let reply = asking.ask_for_less(place, &showing, calls);
            let wrote = place + asking.who_wrote(place, calls);
            // A model without stand-ins is asked whatever became of the question before.
            if chain.len() > 1 {
                // Where the endpoint asked another model in its place, nobody knows how this one is.
                let health = if wrote == place { Health::of(&reply) } else { Health::Unknown };
                self.breaker.heard(chosen.llm, health);
            }
            match reply {
                Ok(reply) => {
                    let name = |place: usize| chain[place].model.name.clone();
                    let stand_in = (wrote > 0).then(|| StandIn {
                        is: name(wrote),
                        of: name(0),
                        lacks: prompt.shown.lacking(chain[0].model),
                    });
                    return Some(Ok(Reply { stand_in, ..reply }));
                }
                Err(error @ LlmError::Stopped(_)) => return Some(Err(error)),
                Err(error) if showing.begun.get() => return Some(Err(error)),
                Err(error) => failures.push(error),
            }
        }
        None
    }

    /// Somebody put rows into the table that are neither a question nor an answer: they are left out, and named.
    fn name_odd(&self, prompt: &Prompt<'_>) {
        let new = self.named.new_of(&prompt.past.odd);
        if !new.is_empty() {
            let lane = prompt.address.lane;
            warn!(
                user = lane.user_id,
                chat = lane.chat_id,
                messages = ?new,
                "left out of the dialogue: their role is neither user nor assistant"
            );
        }
    }
}

/// A question on its way through a chain of models.
struct Asking<'a> {
    chain: &'a [Chosen<'a>],
    past: &'a [Exchange],
    prompt: &'a Prompt<'a>,
    asker: &'a str,
    conversation: &'a str,
    /// What the last call read.
    reading: &'a RefCell<Option<Reading>>,
}

/// What is read before the question.
struct Earlier<'a> {
    facts: &'a [Fact],
    summary: Option<&'a Summary>,
    turns: &'a [Exchange],
}

impl Asking<'_> {
    /// Asks the model at this place with what it has room for; as long as the prompt is too long for it all the same, with
    /// half of what was said before, and at last with the question alone.
    fn ask_for_less(
        &self,
        place: usize,
        showing: &Showing<'_>,
        calls: &mut Vec<Call>,
    ) -> Result<Reply, LlmError> {
        let &Self { past, prompt, .. } = self;
        let mut beside = Beside::new(prompt.shown, prompt.documents, self.chain[place]);
        let mut facts = memory::read(prompt.facts, &self.chain[place]);
        let mut most = past.len();
        let mut known = prompt.summaries;
        loop {
            prompt.in_time()?;
            // Whoever leads by now asks this model itself; what was paid until here is told.
            if !prompt.stop.lets_begin() {
                return Err(LlmError::Stopped(Completion::default()));
            }
            let (question, unread) = beside.question(prompt.question);
            let turns = beside.turns(past);
            let summed = if known.is_empty() { 0 } else { summary::most_tokens() };
            let taken = beside.tokens() + memory::size(facts) + summed;
            let fitting = self.chain[place].room().without(taken).fit(&turns, &question).len();
            // Where the answer is to go on, the last turn stays, whatever the estimate says.
            let count = most.min(fitting.max(usize::from(prompt.goes_on)));
            if count == 0 && !past.is_empty() && prompt.goes_on {
                return Err(LlmError::ContextTooLong);
            }
            let read = &turns[past.len() - count..];
            let summary = self.summary(place, known, read);
            let earlier = Earlier { facts, summary, turns: read };
            let Asked { call, answer } = self.ask(place, earlier, &question, beside, showing);
            called::count(&call);
            calls.push(call);
            let seq = prompt.address.update_seq;
            let refused = matches!(answer, Err(LlmError::Final { failure: Failure::Misconfigured, .. }));
            match answer {
                Err(LlmError::ContextTooLong) if count > 0 => {
                    most = token_budget::half(read).len();
                    info!(
                        seq,
                        turns = most,
                        "the prompt is too long for the model: it is asked with fewer turns"
                    );
                }
                Err(LlmError::ContextTooLong) if summary.is_some() => {
                    known = &[];
                    info!(seq, "the prompt is too long for the model: it is asked without the summary");
                }
                Err(LlmError::ContextTooLong) if !facts.is_empty() => {
                    facts = &[];
                    info!(
                        seq,
                        "the prompt is too long for the model: it is asked without what it is to remember"
                    );
                }
                Err(LlmError::ContextTooLong) if let Some(less) = beside.with_less() => {
                    beside = less;
                    info!(seq, "the prompt is too long for the model: it is asked with less of the files");
                }
                Err(_)
                    if refused
                        && !showing.begun.get()
                        && let Some(fewer) = beside.with_fewer() =>
                {
                    beside = fewer;
                    info!(seq, "the endpoint refuses the prompt: it is asked with less of what was shown");
                    continue;
                }
                answered => {
                    let alone = read.is_empty() && !past.is_empty();
                    return answered.map(|completion| Reply { completion, alone, stand_in: None, unread });
                }
            }
            // The attempt before may have broken off in the middle of an answer.
            showing.preview.begin_anew();
        }
    }

    /// What is read before these turns of what was said before them.
    fn summary<'s>(&self, place: usize, known: &'s [Summary], read: &[Exchange]) -> Option<&'s Summary> {
        summary::before(known, prompt::name_of(&self.chain[place].role.prompt).as_deref(), read)
    }

    fn ask(
        &self,
        place: usize,
        Earlier { facts, summary, turns }: Earlier<'_>,
        question: &str,
        beside: Beside<'_>,
        showing: &Showing<'_>,
    ) -> Asked {
        let &Self { prompt, asker, conversation, .. } = self;
        let chosen = self.chain[place];
        let instructions = &chosen.role.prompt;
        let (files, worded, room) = beside.files(turns, self.past);
        self.reading.replace(Some(Reading {
            instructions: instructions.clone(),
            facts: facts.iter().map(|fact| fact.id).collect(),
            summary: summary.map(|summary| summary.id),
            messages: turns.iter().flat_map(|turn| turn.message_ids.iter().copied()).collect(),
            files,
            worded,
            room,
        }));
        let instructions = with_facts(instructions, facts);
        let lines = prompt::lines(&instructions, summary.map(|summary| &*summary.content), turns, question);
        let messages = lines.iter().map(|line| {
            let (role, text) = (line.place.role(), &*line.text);
            match line.place {
                Place::Asked(id) => shown(role, text, beside.parts(Some(id))),
                Place::Question => shown(role, text, beside.parts(None)),
                Place::Instructions | Place::Answered => Message { role, content: Content::Text(text) },
            }
        });
        let messages: Vec<_> = messages.collect();
        let ask = Ask {
            messages: &messages,
            effort: chosen.effort,
            asker: Some(asker),
            conversation: Some(conversation),
            stand_ins: &self.stand_ins(place),
            until: prompt.until,
        };
        chosen.llm.complete(&ask, prompt.stop, |heard| match heard {
            Heard::More(more) => {
                showing.begun.set(true);
                showing.preview.grow(more);
            }
            Heard::Anew => showing.preview.begin_anew(),
        })
    }

    /// The models behind this one that its endpoint can ask in its place, as it knows them.
    fn stand_ins(&self, place: usize) -> Vec<&str> {
        let chosen = &self.chain[place];
        let next = self.chain[place + 1..].iter();
        let can = next.take_while(|other| {
            // What has room in the one has to have room in the other.
            let has_room =
                other.model.context.is_none_or(|room| chosen.model.context.is_some_and(|own| own <= room));
            let sees = self.prompt.shown.is_for(other.model);
            has_room && sees && chosen.effort == other.effort && chosen.llm.can_pass_on_to(other.llm)
        });
        can.take(llm::MOST_STAND_INS).map(|other| other.llm.model()).collect()
    }

    /// How many places behind this one stands the model that wrote the answer.
    fn who_wrote(&self, place: usize, calls: &[Call]) -> usize {
        let answered = calls.last().and_then(|call| call.usage.model.as_deref());
        let asked: Vec<_> =
            [self.chain[place].llm.model()].into_iter().chain(self.stand_ins(place)).collect();
        answered.map_or(0, |answered| llm::who_wrote(&asked, answered))
    }
}

/// A question with what is seen beside its words, behind them.
fn shown<'a>(role: &'a str, text: &'a str, parts: impl Iterator<Item = Part<'a>>) -> Message<'a> {
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return Message { role, content: Content::Text(text) };
    }
    Message { role, content: Content::Parts(std::iter::once(Part::Text(text)).chain(parts).collect()) }
}

/// What the user sees of an answer in the making.
struct Showing<'a> {
    preview: &'a Preview,
    /// There was something to see.
    begun: Cell<bool>,
}

/// The turn without thoughts that were stored along with its answer; `None`, if that was all there was.
pub fn spoken(turn: &Exchange) -> Option<Exchange> {
    let answer = llm::without_thoughts(&turn.answer);
    (!answer.trim().is_empty()).then(|| Exchange { answer, ..turn.clone() })
}
