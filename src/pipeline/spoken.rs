//! Which words of an answer are spoken: parts behind those in writing, for the sender to speak ([`crate::pipeline::voice`]).

use bigdecimal::{BigDecimal, Zero};

use crate::domain::budget::UNKNOWN_CALL;
use crate::domain::reply::{Content, ReplyPart};
use crate::domain::speech::{MOST_CHARACTERS, MOST_MESSAGES, Unspoken};
use crate::llm::Speaker;
use crate::pipeline::asked::Question;
use crate::pipeline::services::Services;
use crate::render::{self, Speech};

/// More characters than this stand in no token, on average.
const CHARACTERS_IN_A_TOKEN: usize = 4;

impl Services {
    /// What is spoken of the answer to this question, if anything is.
    pub(super) fn spoken(&self, question: &Question<'_>, answer: &str) -> Vec<ReplyPart> {
        if self.speaks_to(question).is_none() {
            return Vec::new();
        }
        let Speech { messages, is_cut } = render::spoken(answer);
        let language = question.language;
        let part = |words| {
            let [failed, unwanted] = [Unspoken::Failed, Unspoken::Unwanted].map(|why| language.unspoken(why));
            let (failed, unwanted) = (failed.to_owned(), unwanted.to_owned());
            ReplyPart::of(Content::Voice { words, caption: String::new(), failed, unwanted })
        };
        let mut parts: Vec<ReplyPart> = messages.into_iter().map(part).collect();
        if let Some(ReplyPart { content: Content::Voice { caption, .. }, .. }) =
            parts.last_mut().filter(|_| is_cut)
        {
            language.spoken_in_part().clone_into(caption);
        }
        parts
    }

    /// What it may cost at most to speak the answer to this question, in which there may be so many tokens.
    pub(super) fn price_of_speech(&self, question: &Question<'_>, max_tokens: u32) -> BigDecimal {
        let Some(speaker) = self.speaks_to(question) else { return BigDecimal::zero() };
        let tokens = usize::try_from(max_tokens).unwrap_or(usize::MAX);
        let most = tokens.saturating_mul(CHARACTERS_IN_A_TOKEN).min(MOST_MESSAGES * MOST_CHARACTERS);
        let unknown = || BigDecimal::new(UNKNOWN_CALL.into(), 2);
        speaker.price_of(most).unwrap_or_else(|| {
            unknown() * BigDecimal::from(u64::try_from(most.div_ceil(MOST_CHARACTERS)).unwrap_or(u64::MAX))
        })
    }

    /// Who speaks the answer to this question, if its person wants that and somebody can.
    fn speaks_to(&self, question: &Question<'_>) -> Option<&Speaker> {
        let said = question.files.iter().any(|file| file.file.is_sound() && !file.quoted);
        let wanted = question.in_force.voice.is_some_and(|when| when.is_for(said));
        self.sender.voice.speaker().filter(|_| wanted)
    }
}
