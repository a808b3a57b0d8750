//! Contact information (有效信息, a lead): a way to reach the buyer, found in the text of a chat line.

use regex::Regex;
use std::sync::LazyLock;

/// What may stand directly before a mobile number.
const COUNTRY_CODE: &[u8] = b"+86";

/// Whether the text holds a mainland mobile number, with or without country code, an e-mail address, or a WeChat id that follows the word for WeChat.
pub(super) fn has_contact_info(text: &str) -> bool {
    static PATTERNS: LazyLock<Option<[Regex; 2]>> = LazyLock::new(|| {
        let mobile = Regex::new(r"1[3-9](?:[ -]*[0-9]){9}").ok()?;
        let mail = r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}";
        let wechat = r"(?:微信|[Vv]信|(?i-u:weixin|wechat|vx|wx)).{0,4}?[A-Za-z][-_A-Za-z0-9]{5,19}";
        Some([mobile, Regex::new(&format!("{mail}|{wechat}")).ok()?])
    });
    // The shortest contact, `a@b.cc`, has 6 bytes. This check and the scan below settle most lines without a regular expression.
    let Some([mobile, other]) = PATTERNS.as_ref().filter(|_| text.len() >= 6 && has_ascii(text)) else { return false };
    // Every address and WeChat id has an ASCII letter, and every mobile number has the digit 1.
    let (mut letters, mut ones) = (false, false);
    for byte in text.bytes() {
        letters |= byte.is_ascii_alphabetic();
        ones |= byte == b'1';
    }
    let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
    let mut from = 0;
    while let Some(found) = ones.then(|| mobile.find_at(text, from)).flatten() {
        let before = &text.as_bytes()[..found.start()];
        if (!digit(before.last()) || before.ends_with(COUNTRY_CODE)) && !digit(text.as_bytes().get(found.end())) {
            return true;
        }
        from = found.start() + 1;
    }
    letters && other.is_match(text)
}

/// Whether the text has an ASCII byte. Most Chinese text has none, and eight bytes are tested at once to see that quickly.
fn has_ascii(text: &str) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = text.as_bytes().as_chunks();
    words.iter().any(|bytes| u64::from_le_bytes(*bytes) & HIGH != HIGH) || rest.iter().any(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_an_address_and_a_wechat_id_are_contact_info() {
        for text in [
            "13812345678",
            "我的电话 138-1234 5678 谢谢",
            "+8613812345678",
            "电话+86 138-1234-5678",
            "+86-13812345678",
            "mail me: li.lei@example.com.cn",
            "加微信：wx_abc123",
            "vx: Abc-12345",
            "WeChat abcdef",
            "V信li_lei88",
        ] {
            assert!(has_contact_info(text), "{text}");
        }
        for text in [
            "",
            "订单号 213812345678",
            "138123456789",
            "8613812345678",
            "+186138123456789",
            "+86138123456789",
            "12812345678",
            "微信可以吗",
            "vx: 12345678",
            "微信联系一下吧亲 abcdef",
            "a@b",
        ] {
            assert!(!has_contact_info(text), "{text}");
        }
    }
}
