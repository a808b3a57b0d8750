//! The chat log of business days: every line with its names as codes, in input order, cut into buckets of shops.

use super::files::{files_of, require_files};
use super::mapping::Batch;
use super::quarantine::Audit;
use super::table::{Table, read};
use crate::calendar::Day;
use crate::error::Result;
use crate::job::Plan;
use crate::names::Names;
use crate::rules::{ReplyMode, Rules};
use hashbrown::HashMap;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Buckets a day's shops fall into: enough that both cores stay busy, few enough that each holds a day's worth of work.
const BUCKETS: usize = 64;

/// What a line is (semantics §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Buyer,
    Reply,
    Auto,
    Assign,
    Transfer,
    Close,
    /// A recalled buyer line, or an event of no kind we know: read, and then passed over.
    Nothing,
}

/// One line of the log. Codes are those of `Names`; 0 is none.
#[derive(Clone, Copy, Debug)]
pub struct Raw {
    pub conversation: u32,
    pub agent: u32,
    pub session: u32,
    pub message: u32,
    pub at: i64,
    /// `i64::MIN` where the log gives none: it sorts first.
    pub seq: i64,
    /// Unicode scalar values in the text of a reply.
    pub words: u32,
    pub file: u32,
    pub what: What,
    /// The buyer left a way to be reached (有效信息).
    pub lead: bool,
    recalled: bool,
}

/// All lines of one business day.
pub struct Chats {
    pub names: Names,
    /// Lines in input order; a shop's lines are all in one bucket.
    pub buckets: Vec<Vec<Raw>>,
    pub audit: Audit,
    files: Vec<String>,
}

/// The lines of some business days, and the first instant any of their files speaks of.
pub struct Reading {
    pub days: BTreeMap<Day, Chats>,
    pub earliest: Option<i64>,
}

/// Reads the lines of some business days in one pass over their files.
/// Errors: no file for them (by `on_missing`), a file that is not what it claims.
pub fn read_messages(plan: &Plan, needed: &BTreeSet<Day>) -> Result<Reading> {
    let (Some(first), Some(last)) = (needed.first().copied(), needed.last().copied()) else {
        return Ok(Reading { days: BTreeMap::new(), earliest: None });
    };
    let files = files_of(plan, &plan.job.messages, first, last)?;
    require_files(plan, Table::Messages, &plan.job.messages, &files, first, last)?;
    let files = files.into_iter().map(|(_, file)| file).collect::<Vec<_>>();
    let mut days = BTreeMap::new();
    for day in needed {
        days.insert(*day, (plan.calendar.bounds(*day)?, Chats::new()));
    }
    let mut earliest: Option<i64> = None;
    read(plan, Table::Messages, &files, |batch| {
        let good = batch.ints(COLUMNS.sent_at).iter().enumerate().filter(|(row, _)| !batch.bad.contains_key(row));
        let times = good
            .filter_map(|(_, at)| at)
            .fold(None, |span: Option<(i64, i64)>, at| Some(span.map_or((at, at), |(min, max)| (min.min(at), max.max(at)))));
        earliest = times.map(|(min, _)| min).into_iter().chain(earliest).min();
        for (bounds, chats) in days.values_mut() {
            // Logs come in time order: most batches touch one day of many.
            match times {
                Some((min, max)) if min < bounds.end && max >= bounds.start => chats.append(&batch, bounds, &plan.rules),
                _ => chats.pass_over(&batch),
            }
        }
        Ok(())
    })?;
    let chats = days.into_iter().map(|(day, (_, mut chats))| {
        chats.drop_duplicates();
        (day, chats)
    });
    Ok(Reading { days: chats.collect(), earliest })
}

/// The columns of the table, in the order of a batch.
struct Columns {
    shop: usize,
    buyer: usize,
    sender: usize,
    sent_at: usize,
    agent: usize,
    session: usize,
    message: usize,
    seq: usize,
    mode: usize,
    kind: usize,
    text: usize,
    recalled: usize,
    platform: usize,
}

static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
    let at = |name| Table::Messages.index(name);
    Columns {
        shop: at("shop_id"),
        buyer: at("buyer_id"),
        sender: at("sender"),
        sent_at: at("sent_at"),
        agent: at("agent_id"),
        session: at("session_id"),
        message: at("message_id"),
        seq: at("seq"),
        mode: at("reply_mode"),
        kind: at("kind"),
        text: at("text"),
        recalled: at("recalled"),
        platform: at("platform"),
    }
});

impl Chats {
    fn new() -> Chats {
        let buckets = (0..BUCKETS).map(|_| Vec::new()).collect();
        Chats { names: Names::default(), buckets, audit: Audit::new(Table::Messages), files: Vec::new() }
    }

    /// Counts a batch without a line in the day.
    fn pass_over(&mut self, batch: &Batch) {
        self.audit.set_aside(batch);
        let tally = self.audit.file(&batch.file);
        tally.read += batch.rows as i64;
        tally.outside += (batch.rows - batch.bad.len()) as i64;
    }

    /// Adds the batch's lines that lie in the day.
    fn append(&mut self, batch: &Batch, bounds: &std::ops::Range<i64>, rules: &Rules) {
        use arrow::array::{Array, AsArray};
        let c = &*COLUMNS;
        if self.files.last() != Some(&batch.file) {
            self.files.push(batch.file.clone());
        }
        let file = self.files.len() as u32 - 1;
        self.audit.set_aside(batch);
        let (times, seqs, recalls) = (batch.ints(c.sent_at), batch.ints(c.seq), batch.columns[c.recalled].as_boolean());
        let (kinds, texts, ids, platforms) = (batch.text(c.kind), batch.text(c.text), batch.text(c.message), batch.text(c.platform));
        let mut coded = self.names.batch([batch.keys(c.shop), batch.keys(c.buyer), batch.keys(c.agent), batch.keys(c.session)]);
        let mut outside = 0;
        for row in 0..batch.rows {
            if batch.bad.contains_key(&row) {
                continue;
            }
            let at = times.value(row);
            if !bounds.contains(&at) {
                outside += 1;
                continue;
            }
            let kind = if kinds.is_valid(row) { kinds.value(row) } else { "" };
            let sender = batch.key(c.sender, row).unwrap_or_default();
            let (shop, conversation, agent, session) = coded.line(row);
            let what = what(sender, kind, batch.key(c.mode, row), agent, rules);
            let text = if texts.is_valid(row) { texts.value(row) } else { "" };
            if platforms.is_valid(row) {
                coded.names.platform(shop, platforms.value(row));
            }
            let message = if ids.is_valid(row) { coded.names.message(ids.value(row)) } else { 0 };
            self.buckets[coded.names.bucket(shop, BUCKETS)].push(Raw {
                conversation,
                agent,
                session,
                message,
                at,
                seq: if seqs.is_valid(row) { seqs.value(row) } else { i64::MIN },
                words: if what == What::Reply { text.chars().count() as u32 } else { 0 },
                file,
                what,
                lead: what == What::Buyer && is_lead(text),
                recalled: recalls.is_valid(row) && recalls.value(row),
            });
        }
        let tally = self.audit.file(&batch.file);
        tally.read += batch.rows as i64;
        tally.outside += outside;
    }

    /// The first of two lines with one message id in one shop counts; if either says recalled, the message is recalled.
    fn drop_duplicates(&mut self) {
        let mut tallies = vec![[0i64; 3]; self.files.len().max(1)];
        for bucket in &mut self.buckets {
            let mut first: HashMap<(u32, &str), usize> = HashMap::new();
            let mut keep = vec![true; bucket.len()];
            for index in 0..bucket.len() {
                let line = bucket[index];
                if line.message == 0 {
                    continue;
                }
                let key = (self.names.shop_of(line.conversation), self.names.message_id(line.message));
                if let Some(&original) = first.get(&key) {
                    keep[index] = false;
                    bucket[original].recalled |= line.recalled;
                } else {
                    first.insert(key, index);
                }
            }
            let mut kept = keep.iter();
            bucket.retain_mut(|line| {
                let [used, duplicates, ignored] = &mut tallies[line.file as usize];
                let keep = kept.next().copied().unwrap_or(true);
                match (keep, line.what) {
                    (false, _) => *duplicates += 1,
                    (true, What::Nothing) => *ignored += 1,
                    (true, _) => *used += 1,
                }
                if line.what == What::Buyer && line.recalled {
                    line.what = What::Nothing;
                }
                keep && line.what != What::Nothing
            });
        }
        for (file, [used, duplicates, ignored]) in self.files.iter().zip(tallies) {
            let tally = self.audit.file(file);
            tally.used += used;
            tally.duplicates += duplicates;
            tally.ignored += ignored;
        }
    }
}

fn what(sender: &str, kind: &str, mode: Option<&str>, agent: u32, rules: &Rules) -> What {
    match (sender, kind) {
        ("buyer", _) => What::Buyer,
        ("system", "assign") => What::Assign,
        ("system", "transfer") => What::Transfer,
        ("system", "close") => What::Close,
        ("system", _) => What::Nothing,
        _ => {
            let mode = match (mode, sender) {
                (Some("human"), _) | (None, "agent") => ReplyMode::Human,
                (Some("assist"), _) => ReplyMode::Assist,
                _ => ReplyMode::Auto,
            };
            if agent != 0 && rules.reply_modes.contains(&mode) { What::Reply } else { What::Auto }
        }
    }
}

/// A mainland mobile number, an e-mail address, or a WeChat id that is named as one.
fn is_lead(text: &str) -> bool {
    static PATTERNS: LazyLock<Option<[Regex; 2]>> = LazyLock::new(|| {
        let mobile = Regex::new(r"1[3-9](?:[ -]*[0-9]){9}").ok()?;
        let mail = r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}";
        let wechat = r"(?:微信|[Vv]信|(?i-u:weixin|wechat|vx|wx)).{0,4}?[A-Za-z][-_A-Za-z0-9]{5,19}";
        Some([mobile, Regex::new(&format!("{mail}|{wechat}")).ok()?])
    });
    // The shortest lead, a@b.cc or a mobile number, has 6 bytes; most lines end here or at the two scans.
    let Some([mobile, other]) = PATTERNS.as_ref().filter(|_| text.len() >= 6) else { return false };
    let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
    let mut from = 0;
    while let Some(found) = mobile.find_at(text, from) {
        if !digit(text.as_bytes()[..found.start()].last()) && !digit(text.as_bytes().get(found.end())) {
            return true;
        }
        from = found.start() + 1;
    }
    other.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_a_way_to_reach_the_buyer() {
        for text in [
            "13812345678",
            "我的电话 138-1234 5678 谢谢",
            "mail me: li.lei@example.com.cn",
            "加微信：wx_abc123",
            "vx: Abc-12345",
            "WeChat abcdef",
            "V信li_lei88",
        ] {
            assert!(is_lead(text), "{text}");
        }
        for text in
            ["", "订单号 213812345678", "138123456789", "12812345678", "微信可以吗", "vx: 12345678", "微信联系一下吧亲 abcdef", "a@b"]
        {
            assert!(!is_lead(text), "{text}");
        }
    }
}
