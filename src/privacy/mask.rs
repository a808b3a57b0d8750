//! Masks personal data in text: phone numbers, ID cards, bank cards, e-mail addresses, chat accounts and postal addresses.

use super::digits::personal_numbers;
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// What replaces personal data and secrets.
pub const MASK: &str = "***";

/// Bytes of the shortest personal data: `a@b.cc`.
const MIN_BYTES: usize = 6;

/// A text whose characters are normalized one by one (full-width forms to ASCII, every dash to `-`), so that one rule finds all spellings.
struct NormalizedText {
    /// One character for each character of the original text.
    letters: Vec<char>,
    /// The same characters as a string.
    text: String,
    /// The byte offset of each character in `text`, and the length of `text`.
    starts: Vec<usize>,
}

impl NormalizedText {
    fn new(text: &str) -> NormalizedText {
        let letters = text.chars().map(normalize).collect::<Vec<_>>();
        let mut starts = vec![0];
        let mut end = 0;
        starts.extend(letters.iter().map(|letter| {
            end += letter.len_utf8();
            end
        }));
        NormalizedText { text: letters.iter().collect(), letters, starts }
    }

    /// Converts a range of bytes of `text` to a range of characters.
    fn letters(&self, bytes: Range<usize>) -> Range<usize> {
        let index = |byte: usize| self.starts.partition_point(|start| *start < byte);
        index(bytes.start)..index(bytes.end)
    }
}

/// Normalizes a character.
fn normalize(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        '\u{3000}' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\t' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '①'..='⑨' => char::from_digit(letter as u32 - '①' as u32 + 1, 10).unwrap_or(letter),
        letter => letter,
    }
}

/// Replaces all personal data in a text by [`MASK`]. Borrows the text if it has none.
pub fn mask(text: &str) -> Cow<'_, str> {
    if text.len() < MIN_BYTES {
        return Cow::Borrowed(text);
    }
    let normalized = NormalizedText::new(text);
    let mut found = personal_numbers(&normalized.letters);
    if let Some(patterns) = &*PATTERNS {
        found.extend(
            [&patterns.mail, &patterns.account].iter().flat_map(|p| p.find_iter(&normalized.text)).map(|m| normalized.letters(m.range())),
        );
        // Every part of the pattern may be missing, so that it is tried at each character; no address is without a Chinese one.
        if normalized.letters.iter().any(|letter| matches!(letter, '\u{4e00}'..='\u{9fff}')) {
            let addresses = patterns.address.captures_iter(&normalized.text).filter_map(|found| address(&found));
            found.extend(addresses.map(|place| normalized.letters(place)));
        }
    }
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_by_key(|place| place.start);
    let (mut masked, mut end) = (String::new(), 0);
    let letters = text.chars().collect::<Vec<_>>();
    for place in found {
        // Ranges that touch or overlap get one mask.
        if place.start > end || masked.is_empty() {
            masked.extend(&letters[end..place.start]);
            masked.push_str(MASK);
        }
        end = end.max(place.end);
    }
    masked.extend(&letters[end..]);
    Cow::Owned(masked)
}

/// The message of a parser without the value that it quotes from the file, masked.
pub fn unquoted(reason: &str) -> String {
    match (reason.find('"'), reason.rfind('"')) {
        (Some(first), Some(last)) if first < last => mask(&format!("{}{MASK}{}", &reason[..first], &reason[last + 1..])).into_owned(),
        _ => mask(reason).into_owned(),
    }
}

/// Masks a `Utf8` column that is published. Each distinct text is examined once. A column without personal data, or of another type, is
/// returned unchanged.
pub fn column(cells: ArrayRef) -> ArrayRef {
    let Some(texts) = cells.as_string_opt::<i32>() else { return cells };
    let mut known: HashMap<&str, Option<String>> = HashMap::new();
    for text in texts.iter().flatten() {
        known.entry(text).or_insert_with(|| match mask(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        });
    }
    if known.values().all(Option::is_none) {
        return cells;
    }
    let masked = |text| known.get(text).and_then(Option::as_deref).unwrap_or(text);
    Arc::new((0..texts.len()).map(|row| texts.is_valid(row).then(|| masked(texts.value(row)))).collect::<StringArray>())
}

/// A person's id in a message if there is no key to hash it: its first and last character around [`MASK`]. Ids of up to three characters
/// are masked completely.
pub fn edges(id: &str) -> String {
    let letters = id.chars().collect::<Vec<_>>();
    match letters.as_slice() {
        [first, _, _, .., last] => format!("{first}{MASK}{last}"),
        _ => MASK.to_owned(),
    }
}

/// Patterns of personal data that is not a number.
struct Patterns {
    mail: Regex,
    account: Regex,
    address: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    let mail = r"[A-Za-z0-9._%+-]+ ?@ ?(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}|[\u{4e00}-\u{9fff}]+@\w+(?:\.\w+)+";
    // A WeChat id or QQ number after a word that announces it.
    let account = r"(?:微信|[Vv]信|企鹅|扣扣|(?i-u:weixin|wechat|vx|wx|qq))[号：:\s是为]{0,4}(?:[A-Za-z][-_A-Za-z0-9]{5,19}|[0-9]{5,12})";
    Some(Patterns { mail: Regex::new(mail).ok()?, account: Regex::new(account).ok()?, address: Regex::new(&address_pattern()).ok()? })
});

/// The pattern of a postal address: levels from province to house number, each of which may be missing. A level has a limited number of
/// characters before the word that ends it.
fn address_pattern() -> String {
    let han = "[\u{4e00}-\u{9fff}]";
    let level = |name: &str, most: u32, words: &str| format!(r"(?P<{name}>{han}{{1,{most}}}?(?:{words})[\s,，、]*)?");
    let provinces = "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|\
                     陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门";
    let province = format!(r"(?P<province>(?:{provinces})(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)?[\s,，、]*)?");
    let number = r"(?:[0-9A-Za-z]{1,6}|[一二三四五六七八九十百]{1,4})(?:-[0-9]{1,5})*\s?";
    let house_number = format!(r"(?:{number}(?:号院|号楼|号|弄|栋|幢|座|单元|楼|层|室|组|户|房)[\s,，]*)+");
    [
        province,
        level("city", 7, "市|自治州|地区|盟"),
        level("district", 7, "区|县|旗"),
        level("town", 8, "镇|乡|街道|社区|村"),
        level("road", 10, "大道|路|街|巷|弄|胡同"),
        format!(r"(?P<first>{house_number}(?:[0-9]{{2,5}})?)?"),
        level("estate", 12, "小区|花园|公寓|大厦|广场|家园|新村|苑|城|府|中心"),
        format!(r"(?P<number>{house_number}(?:[0-9]{{2,5}})?)?"),
    ]
    .concat()
}

/// Characters that lead to an address and are not part of it.
const LEADING: &str = "请寄送发到至在我住是的给往收货地址家帮改为成了把";

/// The range of a match that is specific enough to tell where somebody lives: a street, town or estate with a number or with its city or
/// district, a district with a number, or any three levels. `None` for a less specific match.
fn address(found: &Captures) -> Option<Range<usize>> {
    let has = |name: &str| found.name(name).is_some();
    let all = ["province", "city", "district", "town", "road", "estate"];
    let levels = all.iter().filter(|name| has(name)).count();
    let has_place = has("town") || has("road") || has("estate");
    let has_number = has("first") || has("number");
    let whole = found.get(0)?;
    if !(levels >= 3 || (has_place && (levels >= 2 || has_number)) || (has("district") && has_number)) {
        return None;
    }
    let text = whole.as_str();
    let (start, end) = (text.len() - text.trim_start_matches(|c| LEADING.contains(c)).len(), text.trim_end().len());
    Some(whole.start() + start..whole.start() + end)
}
