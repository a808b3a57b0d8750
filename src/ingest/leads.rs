//! Leads (有效信息): ways to reach a buyer in the text of a line.

use regex::Regex;
use std::sync::LazyLock;

/// A mainland mobile number, an e-mail address, or a WeChat id that is named as one.
pub(super) fn is_lead(text: &str) -> bool {
    static PATTERNS: LazyLock<Option<[Regex; 2]>> = LazyLock::new(|| {
        let mobile = Regex::new(r"1[3-9](?:[ -]*[0-9]){9}").ok()?;
        let mail = r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}";
        let wechat = r"(?:微信|[Vv]信|(?i-u:weixin|wechat|vx|wx)).{0,4}?[A-Za-z][-_A-Za-z0-9]{5,19}";
        Some([mobile, Regex::new(&format!("{mail}|{wechat}")).ok()?])
    });
    // The shortest lead, a@b.cc or a mobile number, has 6 bytes; most lines end here or at the two scans.
    let Some([mobile, other]) = PATTERNS.as_ref().filter(|_| text.len() >= 6 && has_ascii(text)) else { return false };
    // Whatever names an address has a letter, and whatever dials has an 1.
    let (mut letters, mut ones) = (false, false);
    for byte in text.bytes() {
        letters |= byte.is_ascii_alphabetic();
        ones |= byte == b'1';
    }
    let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
    let mut from = 0;
    while let Some(found) = ones.then(|| mobile.find_at(text, from)).flatten() {
        if !digit(text.as_bytes()[..found.start()].last()) && !digit(text.as_bytes().get(found.end())) {
            return true;
        }
        from = found.start() + 1;
    }
    letters && other.is_match(text)
}

/// Most Chinese text has not one letter or digit, which is seen of eight bytes at once.
fn has_ascii(text: &str) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = text.as_bytes().as_chunks();
    words.iter().any(|bytes| u64::from_le_bytes(*bytes) & HIGH != HIGH) || rest.iter().any(u8::is_ascii)
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
