//! What was said long ago and bears on a question, found by the question's words.
//!
//! Most questions need nothing of the kind: what they are about is new, or the model reads it anyway. So the words decide in two
//! steps: whether it is worth a look ([`Asked::of`]), and whether what was found is worth reading ([`chosen`]).

use crate::domain::history::Exchange;
use crate::domain::quote::{Quote, Source, Whose};

/// A longer text is pasted or told, and asks for nothing of the past.
const LONGEST: usize = 400;
/// So many words are looked for at most.
const MOST_WORDS: usize = 12;
/// So many messages are recalled at most, and so many characters of each.
const MOST: usize = 3;
const EXCERPT: usize = 500;
/// So much of a long message stands before the first word that was found.
const BEFORE: usize = 150;
/// In more messages than these no word tells one from another.
const RARE: i64 = 12;
/// In so few messages a word tells enough by itself.
const VERY_RARE: i64 = 4;

/// What a question wants to know of the past.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The words that what the model reads anyway does not hold, in lower case.
    pub words: Vec<String>,
    /// It says itself that it asks about what was said.
    explicit: bool,
    /// It is about its person: what they have and did.
    personal: bool,
}

/// A message that holds some of the words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// Its number and its day.
    pub source: Source,
    /// Whether the person wrote it.
    pub of_person: bool,
    /// What it says.
    pub text: String,
    /// What the bot answered, if the person wrote it, and which message that is.
    pub answer: Option<(Source, String)>,
    /// The places of its words among those that were asked for, from 1.
    pub words: Vec<i32>,
}

impl Asked {
    /// What is worth looking for. `None`: nothing is. `all`: the model reads the dialogue from its beginning, or nearly so.
    pub fn of(question: &str, read: &[Exchange], all: bool) -> Option<Self> {
        if question.chars().count() > LONGEST {
            return None;
        }
        let question = format!(" {} ", plain(question));
        let explicit = asks_about_the_past(&question);
        if all && !explicit {
            return None;
        }
        let personal = is_personal(&question);
        let worth = if explicit || personal { 1 } else { 2 };
        let mut words = telling(&question);
        // The newest first: what is talked about mostly was a moment ago.
        for text in read.iter().rev().flat_map(|turn| [&turn.question, &turn.answer]) {
            if words.len() < worth {
                return None;
            }
            let text = plain(text);
            for read in tokens(&text) {
                words.retain(|word| !is_form(word, read));
            }
        }
        words.truncate(MOST_WORDS);
        (words.len() >= worth).then_some(Self { words, explicit, personal })
    }
}

/// The best of what was found, as quotations, the oldest first. `common` says in how many messages each word is.
pub fn chosen(asked: &Asked, hits: Vec<Hit>, common: &[i64]) -> Vec<Quote> {
    let rarity = |word: &i32| {
        let place = usize::try_from(word - 1).unwrap_or_default();
        common.get(place).copied().unwrap_or(i64::MAX)
    };
    let weight = |hit: &Hit| -> f64 {
        // No number of messages is so large that it would be another one as a float.
        let count = |word| f64::from(i32::try_from(rarity(word)).unwrap_or(i32::MAX).max(1));
        hit.words.iter().map(|word| (1.0 + 100.0 / count(word)).ln()).sum()
    };
    let fits = |hit: &Hit| {
        let rare = hit.words.iter().filter(|word| rarity(word) <= RARE).count();
        let is_question_about_it =
            hit.text.contains('?') && asks_about_the_past(&format!(" {} ", hit.text.to_lowercase()));
        !is_question_about_it
            && match asked {
                Asked { explicit: true, .. } => !hit.words.is_empty(),
                Asked { personal: true, .. } => {
                    rare >= 2 || hit.words.iter().any(|word| rarity(word) <= VERY_RARE)
                }
                _ => rare >= 2 && 2 * hit.words.len() >= asked.words.len(),
            }
    };
    let mut best: Vec<(f64, Hit)> = hits.into_iter().filter(fits).map(|hit| (weight(&hit), hit)).collect();
    best.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let least = best.first().map_or(0.0, |(weight, _)| weight / 2.0);
    best.retain(|(weight, _)| *weight >= least);
    best.truncate(MOST);
    let best: Vec<Hit> = best.into_iter().map(|(_, hit)| hit).collect();
    let mut quotes: Vec<Quote> = best.iter().flat_map(|hit| quoted(asked, hit)).collect();
    quotes.sort_by_key(number);
    quotes.dedup_by_key(|quote| number(quote));
    quotes
}

fn number(quote: &Quote) -> Option<i64> {
    quote.source.as_ref().map(|source| source.message_id)
}

/// The message, and the answer to it: either may hold what is asked for.
fn quoted(asked: &Asked, hit: &Hit) -> Vec<Quote> {
    let word = |place: &i32| asked.words.get(usize::try_from(place - 1).ok()?);
    let words: Vec<&String> = hit.words.iter().filter_map(word).collect();
    let whose = if hit.of_person { Whose::User } else { Whose::Bot };
    let quote =
        |whose, source: &Source, text: &str| Quote::recalled(whose, &excerpt(text, &words), source.clone());
    let answer = hit.answer.as_ref().map(|(source, text)| quote(Whose::Bot, source, text));
    [quote(whose, &hit.source, &hit.text)].into_iter().chain(answer).collect()
}

/// A text, or of a long one the part around the first of these words.
fn excerpt(text: &str, words: &[&String]) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= EXCERPT {
        return text.to_owned();
    }
    let lower: String = characters
        .iter()
        .map(|c| c.to_lowercase().next().unwrap_or(*c))
        .map(|c| if c == 'ё' { 'е' } else { c })
        .collect();
    let found = words.iter().filter_map(|word| lower.find(stem(word))).min();
    let at = found.map_or(0, |byte| lower[..byte].chars().count());
    let start = at.saturating_sub(BEFORE).min(characters.len() - EXCERPT);
    let part: String = characters[start..start + EXCERPT].iter().collect();
    let dots = |there: bool| if there { "…" } else { "" };
    format!("{}{}{}", dots(start > 0), part.trim(), dots(start + EXCERPT < characters.len()))
}

/// The words of a [`plain`] text that tell something, each once.
pub(super) fn telling(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in tokens(text) {
        if is_telling(word) && !words.iter().any(|other| other == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// Whether a [`plain`] text is about its person.
pub(super) fn is_personal(text: &str) -> bool {
    tokens(text).any(|word| PERSONAL.split(' ').any(|personal| personal == word))
}

/// In lower case, as words are compared.
pub(super) fn plain(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
}

pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The beginning of a word, which its forms have in common: rather too much of it than too little.
fn stem(word: &str) -> &str {
    let letters = word.chars().count();
    let kept = if letters <= 4 { letters } else { (letters - 2).max(4) };
    word.char_indices().nth(kept).map_or(word, |(end, _)| &word[..end])
}

/// Whether these are forms of one word: the longer a form, the longer its stem.
pub(super) fn is_form(one: &str, other: &str) -> bool {
    // Most words differ there already.
    if one.chars().next() != other.chars().next() {
        return false;
    }
    let (one, other) = (stem(one), stem(other));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    long.starts_with(short) && (short.len() == long.len() || short.chars().count() >= 4)
}

/// Whether a word may tell one message from another.
fn is_telling(word: &str) -> bool {
    let letters = word.chars().count();
    (letters >= 3 || word.chars().any(|c| c.is_ascii_digit())) && !PLAIN.split(' ').any(|plain| plain == word)
}

/// Whether a text in lower case asks about what was said.
fn asks_about_the_past(text: &str) -> bool {
    SAID.split(", ").any(|said| text.contains(&format!(" {said}")))
}

/// How people ask about what was said: beginnings of words in a question in lower case.
const SAID: &str = "\
    did i say, did i tell, did i mention, did i write, did i ask, i said about, i told you, i mentioned, have i \
    told, have i mentioned, have i said, i asked you, did we discuss, did we talk, did we decide, did we agree, \
    did we choose, did we settle, we talked about, we discussed, we decided, we agreed, did you say, did you tell, \
    did you suggest, did you recommend, did you advise, you said, you told me, you suggested, you recommended, you \
    advised, do you remember, remember when, remind me, you remember, last time, я говорил, я сказал, я писал, я \
    рассказывал, я упоминал, я спрашивал, я просил, говорил ли я, говорила ли я, мы обсуждали, мы говорили, мы \
    решили, мы договорил, мы выбрали, мы остановились, ты говорил, ты сказал, ты советовал, ты посоветовал, ты \
    рекомендовал, ты порекомендовал, ты предлагал, ты предложил, ты писал, вы говорили, вы советовали, вы \
    посоветовали, вы рекомендовали, вы предлагали, вы предложили, помнишь, помните, напомни, в прошлый раз";

/// Words by which a question is about its person.
const PERSONAL: &str = "\
    i my me mine we our us я мой моя мое мои моего моей моему моем моим моими моих мою мне меня мной мы нам нас \
    наш наша наше наши нашего нашей нашему нашем нашим наших нашу";

/// Words of any question, which tell nothing. (PostgreSQL leaves out more.)
const PLAIN: &str = "\
    what when where which who whom whose how why did does has have had was were are can could should would will \
    shall may might must the and for with about that this these those there then than from into our your you him \
    her his its they them their say said tell told talk talked mention mentioned discuss discussed decide decided \
    agree agreed ask asked remember remind recommend recommended suggest suggested advise advised last time before \
    again please much many need know think want like get got give make take use now some any one good best что как \
    где когда кто кого кому чем чего какой какая какое какие каком какую какого сколько почему зачем куда откуда \
    это этот эта эти этом того тот она они оно его нее них ему мне меня мой моя мое мои моего моей моем мою моих \
    нам нас наш наша наше наши нашей нашего тебе тебя вам вас ваш для про или при над под без если был была было \
    были быть есть надо нужно можно мочь могу можешь говорил говорила говорили сказал сказала сказали писал писала \
    рассказывал рассказывала упоминал упоминала спрашивал спрашивала просил просила обсуждали решили договорились \
    выбрали советовал посоветовал рекомендовал порекомендовал предлагал предложил помнишь помните напомни прошлый \
    раз раньше еще уже там тут так тоже сейчас потом очень пожалуйста";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(question: &str) -> Vec<Exchange> {
        vec![Exchange {
            question_id: 1,
            question: question.to_owned(),
            answer: "Yes.".to_owned(),
            message_ids: vec![1, 2],
        }]
    }

    fn words(question: &str, window: &str) -> Option<Vec<String>> {
        Asked::of(question, &read(window), false).map(|asked| asked.words)
    }

    #[test]
    fn only_words_that_the_window_does_not_hold_in_any_form_are_looked_for() {
        let some = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(words("When is my sister's birthday?", "soup"), some(&["sister", "birthday"]));
        assert_eq!(words("When is my sister's birthday?", "Both sisters like soup"), some(&["birthday"]));
        assert_eq!(words("Где живёт моя сестра?", "о сестре"), some(&["живет"]));
        assert_eq!(words("Где моя сестра?", "о сестре"), None);
        assert_eq!(words("What did I say about it?", "soup"), None, "there is nothing to look for");
    }

    #[test]
    fn a_question_without_a_person_needs_two_words_and_a_short_dialogue_needs_a_question_about_it() {
        assert_eq!(words("Borscht?", "soup"), None);
        assert!(words("Borscht recipe?", "soup").is_some());
        assert!(words("My borscht?", "soup").is_some());
        assert_eq!(Asked::of("My borscht recipe?", &[], true), None);
        for question in [
            "What did I say about borscht?",
            "Что я говорил про борщ?",
            "Напомни про борщ",
            "Ты советовал борщ",
        ] {
            assert!(Asked::of(question, &[], true).is_some(), "{question}");
        }
    }

    fn hit(message_id: i64, text: &str, words: &[i32]) -> Hit {
        let source = Source { message_id, day: "2026-03-05".to_owned() };
        Hit { source, of_person: true, text: text.to_owned(), answer: None, words: words.to_vec() }
    }

    #[test]
    fn the_messages_with_the_rarest_words_are_chosen_and_stand_in_the_order_of_saying() {
        let asked = Asked::of("When is my sister's birthday party?", &[], false).unwrap();
        let hits = vec![
            hit(9, "party", &[3]),
            hit(5, "sister, birthday, party", &[1, 2, 3]),
            hit(7, "sister, birthday", &[1, 2]),
            hit(2, "What did I say about my sister's birthday party?", &[1, 2, 3]),
        ];
        let ids = |common: &[i64]| -> Vec<i64> {
            let quotes = chosen(&asked, hits.clone(), common);
            quotes.iter().map(|quote| quote.source.as_ref().unwrap().message_id).collect()
        };
        assert_eq!(
            ids(&[3, 3, 40]),
            [5, 7],
            "what everybody says tells nothing, and a question is no answer to itself"
        );
        assert_eq!(ids(&[90, 90, 90]), [0; 0], "nothing is rare");
    }

    #[test]
    fn of_a_long_message_the_part_with_the_word_is_read() {
        let long = format!("{} Моя сестрёнка Ольга {}", "слово ".repeat(200), "конец ".repeat(200));
        let word = "сестра".to_owned();
        let part = excerpt(&long, &[&word]);
        assert!(
            part.starts_with('…') && part.ends_with('…') && part.chars().count() <= EXCERPT + 2,
            "{part}"
        );
        assert!(part.contains("сестрёнка Ольга"), "{part}");
        assert_eq!(excerpt("short", &[&word]), "short");
        // Letters whose small form is longer than they are.
        assert!(
            excerpt(&format!("{} сестра {}", "İ".repeat(600), "x".repeat(600)), &[&word]).contains("сестра")
        );
    }
}
