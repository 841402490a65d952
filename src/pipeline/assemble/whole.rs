//! A question with all its messages: put together from those that wait, or from what is stored of it; then with what came late,
//! or with what one of them says since it was edited.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::attachment::{Attachment, content};
use crate::domain::quote::{Kind, Quote};
use crate::domain::sound::{Heard, captions};
use crate::domain::update::Key;
use crate::store::attachments::{Sent, Stored};
use crate::store::turns::Last;
use crate::telegram::{Message, is_cut};

/// A question with all its messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// What its messages say and show, by Telegram's ids of them: in the order in which they were sent.
    said: BTreeMap<i64, Said>,
    /// What they reply to.
    replied: Vec<Quote>,
    /// What is forwarded, with Telegram's ids of the messages, in their order.
    forwards: Vec<(i64, Quote)>,
    /// When the last message was sent.
    pub date: i64,
    /// The updates that belong to the first one.
    pub joined: Vec<Key>,
}

/// What one message says and shows.
#[derive(Default, PartialEq, Eq)]
struct Said {
    /// The user's own words. Those of a text that was cut stand at its first message.
    words: String,
    file: Option<Attachment>,
    album: Option<String>,
    /// The update that the file came with, unless it is stored already.
    key: Option<Key>,
}

/// Without words: what people write stays out of logs and panics.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Said({} bytes, {:?})", self.words.len(), self.file)
    }
}

impl Said {
    fn of(key: Key, message: &Message) -> Self {
        let words = message.text.clone().unwrap_or_default();
        match &message.piece {
            Some(piece) => Self {
                words: piece.caption.trim().to_owned(),
                file: Some(piece.file.clone()),
                album: piece.album.clone(),
                key: Some(key),
            },
            None => Self { words, ..Self::default() },
        }
    }

    fn shows_the_same_as(&self, other: &Self) -> bool {
        let unique = |said: &Self| said.file.as_ref().map(|file| file.unique_id.clone());
        unique(self) == unique(other)
    }
}

/// What an edit of a message has made of a question.
#[derive(Debug, PartialEq, Eq)]
pub enum Edited {
    /// It is as it was.
    Nothing,
    /// Another one.
    Anew,
    /// Its text consists of several messages, and only one of them is known now.
    PartOfSeveral,
}

impl Whole {
    /// A message by itself.
    pub fn alone(key: Key, message: &Message) -> Self {
        let mut whole = Self::default();
        whole.take(key, message);
        whole
    }

    /// A question that is stored, with its files.
    pub fn of(last: &Last, files: &[Stored]) -> Self {
        let shown: Vec<&Stored> = files.iter().filter(|file| !file.quoted).collect();
        // What was said in them comes back as it is stored.
        let known: Vec<Heard<'_>> = shown.iter().map(|stored| stored.heard()).collect();
        let (above, below) = captions(last.question(), &known).unwrap_or_else(|| ("", vec![""; known.len()]));
        let (own_ids, forwarded_ids) = last.message_ids.split_at(last.own_message_ids().len());
        let mut said: BTreeMap<i64, Said> = own_ids.iter().map(|id| (*id, Said::default())).collect();
        said.extend(shown.iter().zip(below).map(|(stored, words)| {
            let (words, file, album) = (words.to_owned(), Some(stored.file.clone()), stored.album.clone());
            (stored.telegram_message_id, Said { words, file, album, key: None })
        }));
        let texts: Vec<i64> =
            said.iter().filter(|(_, said)| said.file.is_none()).map(|(id, _)| *id).collect();
        for (place, id) in texts.into_iter().enumerate() {
            // What was said right behind a file stands below it.
            let before = said.range_mut(..id).next_back().map(|(_, before)| before);
            let words = match before.filter(|before| before.file.is_some()) {
                Some(file) => std::mem::take(&mut file.words),
                None if place == 0 => above.to_owned(),
                None => continue,
            };
            said.entry(id).or_default().words = words;
        }
        let (forwards, replied): (Vec<_>, Vec<_>) =
            last.quotes().iter().cloned().partition(|quote| quote.kind == Kind::Forward);
        // In a group that became a supergroup the former ids are gone, and the order is that of the quotations.
        let ids = forwarded_ids.iter().copied().chain(std::iter::repeat(0));
        let forwards = ids.zip(forwards).collect();
        let date = last.asked_at().unwrap_or_default();
        Self { said, replied, forwards, date, joined: Vec::new() }
    }

    /// This question with what of it has come since it was answered.
    #[must_use]
    pub fn with(mut self, late: Self) -> Self {
        let Self { said, replied, forwards, date, joined } = late;
        for (id, said) in said {
            self.put(id, said);
        }
        self.reply_to(&replied);
        self.forwards.extend(forwards);
        self.forwards.sort_by_key(|(id, _)| *id);
        Self { date, joined, ..self }
    }

    /// Takes in a message that belongs to it.
    pub(super) fn take(&mut self, key: Key, message: &Message) {
        let Some(id) = message.message_id else { return };
        let forward = message.is_forward();
        if forward {
            self.forwards.extend(message.quotes.iter().map(|quote| (id, quote.clone())));
            self.forwards.sort_by_key(|(id, _)| *id);
        } else {
            self.reply_to(&message.quotes);
        }
        if !forward || message.piece.is_some() {
            self.put(id, Said::of(key, message));
        }
        self.date = self.date.max(message.date);
    }

    /// Takes in the next message of a text that was cut; full ones were cut to the last unit.
    pub(super) fn take_more(&mut self, message: &Message, more: &str, after_full: bool) {
        let Some(text) = self.said.values_mut().rev().find(|said| !said.words.is_empty()) else { return };
        // The apps cut between words and drop the space there, unless a message is full.
        let spaced = text.words.ends_with(char::is_whitespace) || more.starts_with(char::is_whitespace);
        if !after_full && !spaced {
            text.words.push('\n');
        }
        text.words.push_str(more);
        self.said.extend(message.message_id.map(|id| (id, Said::default())));
        self.date = self.date.max(message.date);
    }

    /// What is replied to once; each message of an album replies to the same.
    fn reply_to(&mut self, quotes: &[Quote]) {
        for quote in quotes {
            if !self.replied.contains(quote) {
                self.replied.push(quote.clone());
            }
        }
    }

    fn put(&mut self, id: i64, said: Said) {
        let stored = self.said.get(&id).is_some_and(|was| was.key.is_none() && was.shows_the_same_as(&said));
        let key = said.key.filter(|_| !stored);
        self.said.insert(id, Said { key, ..said });
    }

    /// Puts what the message says now in the place of what it said.
    pub fn edit(&mut self, key: Key, id: i64, message: &Message) -> Edited {
        let now = Said::of(key, message);
        let texts = || self.said.values().filter(|said| said.file.is_none());
        let Some(before) = self.said.get(&id) else { return Edited::Nothing };
        let same = before.shows_the_same_as(&now) && before.words.trim() == now.words.trim();
        let of_several = before.file.is_none() && texts().count() > 1;
        if same || (of_several && now.file.is_none() && texts().any(|said| is_piece(&now.words, &said.words)))
        {
            return Edited::Nothing;
        }
        if of_several {
            return Edited::PartOfSeveral;
        }
        self.put(id, now);
        Edited::Anew
    }

    /// The user's own words and the lines of the files.
    pub fn text(&self) -> String {
        let said = self.said.values().map(|said| (said.file.as_ref(), said.words.as_str()));
        content(&said.collect::<Vec<_>>())
    }

    /// What its user wrote below each of its files.
    pub(in crate::pipeline) fn captions(&self) -> impl Iterator<Item = &str> {
        self.said.values().filter(|said| said.file.is_some()).map(|said| &*said.words)
    }

    /// Whether its user has said nothing so far, neither in writing nor in a recording.
    pub(super) fn is_wordless(&self) -> bool {
        let is_heard = |said: &Said| said.file.as_ref().is_some_and(Attachment::is_sound);
        self.said.values().all(|said| said.words.is_empty() && !is_heard(said))
    }

    /// Whether it shows something.
    pub(super) fn has_files(&self) -> bool {
        self.said.values().any(|said| said.file.is_some())
    }

    pub(super) fn has_forwards(&self) -> bool {
        !self.forwards.is_empty()
    }

    /// The albums of its files, and how many files of each there are.
    pub(super) fn albums(&self) -> BTreeMap<&str, usize> {
        let mut albums = BTreeMap::new();
        for album in self.said.values().filter_map(|said| said.album.as_deref()) {
            *albums.entry(album).or_default() += 1;
        }
        albums
    }

    /// Whether this, which is stored, is of one of its albums.
    pub fn is_of_album(&self, stored: &Stored) -> bool {
        stored.album.as_deref().is_some_and(|album| self.albums().contains_key(album))
    }

    /// Telegram's ids of all messages: the user's own, and then what is forwarded.
    pub fn message_ids(&self) -> Vec<i64> {
        let forwarded = || self.forwards.iter().map(|(id, _)| *id);
        let own = self.said.keys().copied().filter(|id| !forwarded().any(|forward| forward == *id));
        own.chain(forwarded()).collect()
    }

    /// Everything that is quoted.
    pub fn quotes(&self) -> Vec<Quote> {
        self.replied.iter().chain(self.forwards.iter().map(|(_, quote)| quote)).cloned().collect()
    }

    /// Its files that are not stored yet.
    pub(in crate::pipeline) fn sent<'a>(&'a self) -> Vec<Sent<'a>> {
        let sent = |(id, said): (&i64, &'a Said)| {
            let (key, file) = (said.key?, said.file.as_ref()?);
            Some(Sent { key, telegram_message_id: *id, album: said.album.as_deref(), file, quoted: false })
        };
        self.said.iter().filter_map(sent).collect()
    }
}

/// Whether a message of several is as it was: a full one somewhere in the text, or its end.
fn is_piece(message: &str, text: &str) -> bool {
    !message.is_empty() && (text.ends_with(message) || (is_cut(message) && text.contains(message)))
}
