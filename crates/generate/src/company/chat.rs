//! One everyday chat: a greeting perhaps, a topic from the first question to the last answer, a goodbye.

use super::logs::Message;
use super::people::{AGENTS, Agent, Role, Shop};
use super::talk::{self, TOPICS, Topic};
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::dice::{Dice, Spread};

/// From the question to the reply, at an ordinary pace.
const REPLY: Spread = Spread(&[
    (45, 4 * SECOND, 25 * SECOND),
    (35, 25 * SECOND, 70 * SECOND),
    (14, 70 * SECOND, 170 * SECOND),
    (5, 170 * SECOND, 8 * MINUTE),
    (1, 8 * MINUTE, 25 * MINUTE),
]);
const ASK: Spread = Spread(&[(80, 10 * SECOND, 90 * SECOND), (18, 90 * SECOND, 8 * MINUTE), (2, 31 * MINUTE, 2 * HOUR)]);
const SOON: Spread = Spread(&[(1, 3 * SECOND, 20 * SECOND)]);
const QUEUE: Spread = Spread(&[(80, 3 * SECOND, 50 * SECOND), (20, 50 * SECOND, 4 * MINUTE)]);

/// A chat being written: where it is, and what the clock says.
pub(super) struct Chat<'a> {
    pub(super) shop: &'static Shop,
    pub(super) buyer: String,
    pub(super) session: Option<String>,
    pub(super) agent: &'static Agent,
    pub(super) queued: bool,
    pub(super) item: &'static str,
    pub(super) town: &'static str,
    pub(super) courier: &'static str,
    pub(super) at: i64,
    pub(super) seq: i64,
    pub(super) dice: &'a mut Dice,
    pub(super) messages: &'a mut Vec<Message>,
}

impl Chat<'_> {
    /// Writes the chat. False when nobody ever answered.
    pub(super) fn run(&mut self, role: Role) -> bool {
        let topic = self.topic(role);
        let hello = self.dice.percent(30);
        if !self.shop.numbered && self.dice.percent(40) {
            self.assign_before_the_first_words();
        }
        let opening = if hello { self.dice.pick(talk::HELLOS) } else { topic.turns[0].0 };
        self.ask(opening);
        if self.dice.percent(30) {
            self.greet();
        }
        if self.dice.percent(4) {
            self.pause(&ASK);
            self.nudge();
            return false;
        }
        if self.queued {
            self.take();
        }
        for (number, &(question, answer)) in topic.turns.iter().enumerate() {
            if number > 0 || hello {
                self.pause(if number == 0 { &SOON } else { &ASK });
                self.ask(question);
            }
            if number == 0 && role == Role::Presale && self.dice.percent(6) {
                self.transfer();
            }
            self.answer(answer);
        }
        self.part(role);
        true
    }

    fn topic(&mut self, role: Role) -> &'static Topic {
        let here = |topic: &&'static Topic| topic.shops.is_empty() || topic.shops.contains(&self.shop.id);
        let topics: Vec<&'static Topic> = TOPICS.iter().filter(|topic| topic.role == role).filter(here).collect();
        self.dice.pick(&topics)
    }

    /// As some platforms do: the event stands before the conversation it is about.
    fn assign_before_the_first_words(&mut self) {
        self.say("system", None, "assign", None);
        self.at += 2 * SECOND + self.dice.between(0, SECOND);
        self.queued = false;
    }

    fn ask(&mut self, words: &str) {
        if self.dice.percent(5) {
            self.say("buyer", None, "image", None);
            self.pause(&SOON);
        }
        self.say("buyer", None, "text", Some(words));
        if self.dice.percent(8) {
            self.pause(&SOON);
            self.nudge();
        }
    }

    fn nudge(&mut self) {
        let words = self.dice.pick(talk::NUDGES);
        self.say("buyer", None, "text", Some(words));
    }

    fn greet(&mut self) {
        self.at += self.dice.between(400, 1_600);
        let words = self.dice.pick(talk::GREETINGS);
        self.say("robot", Some("auto"), "text", Some(words));
    }

    fn take(&mut self) {
        self.pause(&QUEUE);
        self.queued = false;
        self.say("system", None, "assign", None);
    }

    fn transfer(&mut self) {
        self.pause(&SOON);
        let colleagues: Vec<&'static Agent> = AGENTS.iter().filter(|a| a.shop == self.shop.id && a.id != self.agent.id).collect();
        self.agent = self.dice.pick(&colleagues);
        self.say("system", None, "transfer", None);
    }

    fn answer(&mut self, words: &str) {
        self.at += self.dice.draw(&REPLY) * self.agent.pace / 100;
        let mode = if self.dice.percent(8) { "assist" } else { "human" };
        self.say("agent", Some(mode), "text", Some(words));
        if self.dice.percent(14) {
            self.pause(&SOON);
            let more = self.dice.pick(talk::MORE);
            self.say("agent", Some("human"), "text", Some(more));
        }
    }

    fn part(&mut self, role: Role) {
        if self.dice.percent(70) {
            self.pause(&ASK);
            let deciding = role == Role::Presale && self.dice.percent(40);
            let thanks = self.dice.pick(if deciding { talk::DECISIONS } else { talk::THANKS });
            self.say("buyer", None, "text", Some(thanks));
            if self.dice.percent(85) {
                let goodbye = self.dice.pick(talk::GOODBYES);
                self.answer(goodbye);
            }
        }
        if self.dice.percent(10) {
            self.pause(&QUEUE);
            self.say("system", None, "close", None);
        }
    }

    fn pause(&mut self, spread: &Spread) {
        self.at += self.dice.draw(spread);
    }

    fn say(&mut self, sender: &'static str, mode: Option<&'static str>, kind: &'static str, words: Option<&str>) {
        self.seq += 1;
        let unaddressed = self.queued || sender == "robot" || kind == "close";
        let text = words.map(|words| self.fill(words));
        self.messages.push(Message {
            id: None,
            shop: self.shop.id,
            session: self.session.clone(),
            buyer: self.buyer.clone(),
            agent: (!unaddressed).then_some(self.agent.id),
            sender,
            mode,
            kind,
            at: self.at,
            at_text: None,
            seq: self.shop.numbered.then_some(self.seq),
            recalled: kind == "text" && sender != "robot" && self.dice.below(150) == 0,
            text,
        });
    }

    fn fill(&self, words: &str) -> String {
        words.replace("【货】", self.item).replace("【城】", self.town).replace("【递】", self.courier)
    }
}
