//! Family D: sessions in which the buyer left contact data, `lead_rate`.

use super::cells::{Cells, share};
use super::row::{ReportRow, SessionView};

/// The share of sessions with a buyer line in which one holds contact data.
pub(super) fn leads(row: &ReportRow, cells: &mut Cells) {
    let with_buyer: Vec<_> = row.kept.iter().filter(|view| view.has_buyer_line()).collect();
    let is_lead = |view: &&&&SessionView| view.spoken.iter().any(|line| line.buyer && holds_a_lead(&line.text));
    share(cells, "lead_rate", with_buyer.iter().filter(is_lead).count(), with_buyer.len());
}

/// Whether a text holds a mobile number of mainland China, an e-mail address or a WeChat id.
fn holds_a_lead(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (0..chars.len()).any(|i| mobile_at(&chars, i) || email_around(&chars, i) || wechat_at(&chars, i))
}

/// `1[3-9]` and nine more digits, with spaces and dashes allowed between them, and no digit right after. Right before it no digit stands
/// either, but for those of `+86`.
fn mobile_at(chars: &[char], start: usize) -> bool {
    let after_digit = start > 0 && chars[start - 1].is_ascii_digit();
    if chars[start] != '1' || (after_digit && !chars[..start].ends_with(&['+', '8', '6'])) {
        return false;
    }
    let mut digits = Vec::new();
    let mut next = start;
    while digits.len() < 11 {
        match chars.get(next) {
            Some(c) if c.is_ascii_digit() => digits.push(*c),
            Some(' ' | '-') => {}
            _ => return false,
        }
        next += 1;
    }
    ('3'..='9').contains(&digits[1]) && !chars.get(next).is_some_and(char::is_ascii_digit)
}

/// An `@` after a local part and before a domain that has a dot and at least two letters after it.
fn email_around(chars: &[char], at: usize) -> bool {
    let local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    if chars[at] != '@' || at == 0 || !local(chars[at - 1]) {
        return false;
    }
    let in_domain = |c: &&char| c.is_ascii_alphanumeric() || **c == '.' || **c == '-';
    let domain: String = chars[at + 1..].iter().take_while(in_domain).collect();
    let labels: Vec<&str> = domain.split('.').collect();
    // Any prefix of the domain may end the address, since text may go on after a full stop.
    (1..labels.len()).any(|last| {
        let letters = labels[last].chars().take_while(char::is_ascii_alphabetic).count();
        letters >= 2 && labels[..last].iter().all(|label| !label.is_empty())
    })
}

/// One of 微信, V信, weixin, wechat, vx and wx, then at most 4 characters, then `[A-Za-z][-_A-Za-z0-9]{5,19}`.
fn wechat_at(chars: &[char], start: usize) -> bool {
    let lower: Vec<char> = chars[start..].iter().map(char::to_ascii_lowercase).collect();
    for word in ["微信", "v信", "weixin", "wechat", "vx", "wx"] {
        let word: Vec<char> = word.chars().collect();
        if lower.starts_with(&word) && (0..=4).any(|gap| id_at(&lower, word.len() + gap)) {
            return true;
        }
    }
    false
}

/// Whether a WeChat id begins at `start`.
fn id_at(chars: &[char], start: usize) -> bool {
    let more = |c: &&char| c.is_ascii_alphanumeric() || **c == '-' || **c == '_';
    let first_is_letter = chars.get(start).is_some_and(char::is_ascii_alphabetic);
    // At least five more characters follow; a run of more than twenty begins with an id of twenty.
    first_is_letter && chars[start + 1..].iter().take_while(more).count() >= 5
}
