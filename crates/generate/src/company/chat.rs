//! One everyday chat: a greeting perhaps, a topic from the first question to the last answer, a goodbye.

use super::logs::MessageRow;
use super::people::{AGENTS, AgentRole, CompanyAgent, CompanyShop};
use super::topics::{self, ChatTopic, TOPICS};
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::rng::{Distribution, SeededRng};

/// Time from the question to the reply of an agent of ordinary pace.
const REPLY: Distribution = Distribution(&[
    (45, 4 * SECOND, 25 * SECOND),
    (35, 25 * SECOND, 70 * SECOND),
    (14, 70 * SECOND, 170 * SECOND),
    (5, 170 * SECOND, 8 * MINUTE),
    (1, 8 * MINUTE, 25 * MINUTE),
]);
/// Time until the buyer writes again. Above half an hour the chat becomes two sessions where the platform exports no session ids.
const ASK: Distribution = Distribution(&[(80, 10 * SECOND, 90 * SECOND), (18, 90 * SECOND, 8 * MINUTE), (2, 31 * MINUTE, 2 * HOUR)]);
/// Time between two lines that follow each other at once.
const SOON: Distribution = Distribution(&[(1, 3 * SECOND, 20 * SECOND)]);
/// Time in the queue until an agent takes the chat.
const QUEUE: Distribution = Distribution(&[(80, 3 * SECOND, 50 * SECOND), (20, 50 * SECOND, 4 * MINUTE)]);

/// An everyday chat that is being written.
pub(super) struct EverydayChat<'a> {
    /// The shop it takes place in.
    pub(super) shop: &'static CompanyShop,
    /// The buyer's id.
    pub(super) buyer: String,
    /// The session's id, where the platform exports one.
    pub(super) session: Option<String>,
    /// The agent who answers.
    pub(super) agent: &'static CompanyAgent,
    /// Whether the buyer waits in the queue, so that lines name no agent.
    pub(super) queued: bool,
    /// The product that is talked about.
    pub(super) item: &'static str,
    /// The buyer's town.
    pub(super) town: &'static str,
    /// The courier that is talked about.
    pub(super) courier: &'static str,
    /// The instant of the last line, or of the first one to come, in epoch milliseconds.
    pub(super) at: i64,
    /// The number of the last line.
    pub(super) seq: i64,
    /// The random numbers it is drawn from.
    pub(super) rng: &'a mut SeededRng,
    /// The log it is written to.
    pub(super) messages: &'a mut Vec<MessageRow>,
}

impl EverydayChat<'_> {
    /// Writes the whole chat. False when nobody ever answered.
    pub(super) fn write(&mut self, role: AgentRole) -> bool {
        let topic = self.topic(role);
        let hello = self.rng.percent(30);
        if !self.shop.numbered && self.rng.percent(40) {
            self.assign_before_the_first_words();
        }
        let opening = if hello { self.rng.pick(topics::HELLOS) } else { topic.exchanges[0].0 };
        self.ask(opening);
        if self.rng.percent(30) {
            self.greet();
        }
        if self.rng.percent(4) {
            self.pause(&ASK);
            self.nudge();
            return false;
        }
        if self.queued {
            self.leave_queue();
        }
        for (number, &(question, answer)) in topic.exchanges.iter().enumerate() {
            if number > 0 || hello {
                self.pause(if number == 0 { &SOON } else { &ASK });
                self.ask(question);
            }
            if number == 0 && role == AgentRole::Presale && self.rng.percent(6) {
                self.transfer();
            }
            self.answer(answer);
        }
        self.say_goodbye(role);
        true
    }

    fn topic(&mut self, role: AgentRole) -> &'static ChatTopic {
        let here = |topic: &&'static ChatTopic| topic.shops.is_empty() || topic.shops.contains(&self.shop.id);
        let topics: Vec<&'static ChatTopic> = TOPICS.iter().filter(|topic| topic.role == role).filter(here).collect();
        self.rng.pick(&topics)
    }

    /// Assigns the agent before the buyer has said anything, as some platforms do.
    fn assign_before_the_first_words(&mut self) {
        self.say("system", None, "assign", None);
        self.at += 2 * SECOND + self.rng.between(0, SECOND);
        self.queued = false;
    }

    fn ask(&mut self, words: &str) {
        if self.rng.percent(5) {
            self.say("buyer", None, "image", None);
            self.pause(&SOON);
        }
        self.say("buyer", None, "text", Some(words));
        if self.rng.percent(8) {
            self.pause(&SOON);
            self.nudge();
        }
    }

    fn nudge(&mut self) {
        let words = self.rng.pick(topics::NUDGES);
        self.say("buyer", None, "text", Some(words));
    }

    fn greet(&mut self) {
        self.at += self.rng.between(400, 1_600);
        let words = self.rng.pick(topics::GREETINGS);
        self.say("robot", Some("auto"), "text", Some(words));
    }

    fn leave_queue(&mut self) {
        self.pause(&QUEUE);
        self.queued = false;
        self.say("system", None, "assign", None);
    }

    fn transfer(&mut self) {
        self.pause(&SOON);
        let colleagues: Vec<&'static CompanyAgent> = AGENTS.iter().filter(|a| a.shop == self.shop.id && a.id != self.agent.id).collect();
        self.agent = self.rng.pick(&colleagues);
        self.say("system", None, "transfer", None);
    }

    fn answer(&mut self, words: &str) {
        self.at += self.rng.draw(&REPLY) * self.agent.pace / 100;
        let reply_mode = if self.rng.percent(8) { "assist" } else { "human" };
        self.say("agent", Some(reply_mode), "text", Some(words));
        if self.rng.percent(14) {
            self.pause(&SOON);
            let more = self.rng.pick(topics::MORE);
            self.say("agent", Some("human"), "text", Some(more));
        }
    }

    fn say_goodbye(&mut self, role: AgentRole) {
        if self.rng.percent(70) {
            self.pause(&ASK);
            let deciding = role == AgentRole::Presale && self.rng.percent(40);
            let thanks = self.rng.pick(if deciding { topics::DECISIONS } else { topics::THANKS });
            self.say("buyer", None, "text", Some(thanks));
            if self.rng.percent(85) {
                let goodbye = self.rng.pick(topics::GOODBYES);
                self.answer(goodbye);
            }
        }
        if self.rng.percent(10) {
            self.pause(&QUEUE);
            self.say("system", None, "close", None);
        }
    }

    fn pause(&mut self, distribution: &Distribution) {
        self.at += self.rng.draw(distribution);
    }

    fn say(&mut self, sender: &'static str, reply_mode: Option<&'static str>, kind: &'static str, words: Option<&str>) {
        self.seq += 1;
        let names_no_agent = self.queued || sender == "robot" || kind == "close";
        let text = words.map(|words| self.fill_placeholders(words));
        self.messages.push(MessageRow {
            id: None,
            shop: self.shop.id,
            session: self.session.clone(),
            buyer: self.buyer.clone(),
            agent: (!names_no_agent).then_some(self.agent.id),
            sender,
            reply_mode,
            kind,
            at: self.at,
            at_text: None,
            seq: self.shop.numbered.then_some(self.seq),
            recalled: kind == "text" && sender != "robot" && self.rng.below(150) == 0,
            asks_nothing: false,
            text,
        });
    }

    fn fill_placeholders(&self, words: &str) -> String {
        words.replace("【货】", self.item).replace("【城】", self.town).replace("【递】", self.courier)
    }
}
