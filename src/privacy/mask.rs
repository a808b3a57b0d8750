//! Text → the same text without what names or reaches a person: phones, ID cards, bank cards, e-mail, chat accounts, addresses.

use super::digits::personal;
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// What stands in place of what was taken out.
pub const MASK: &str = "***";

/// A shorter text holds nothing: `a@b.cc` is the least.
const LEAST: usize = 6;

/// A text with its letters made plain one by one: full-width forms as ASCII, every dash as `-`, so that one rule finds all spellings.
struct Plain {
    letters: Vec<char>,
    text: String,
    /// Where each letter begins in `text`, and where the last ends.
    starts: Vec<usize>,
}

impl Plain {
    fn of(text: &str) -> Plain {
        let letters = text.chars().map(plain).collect::<Vec<_>>();
        let mut starts = vec![0];
        let mut end = 0;
        starts.extend(letters.iter().map(|letter| {
            end += letter.len_utf8();
            end
        }));
        Plain { text: letters.iter().collect(), letters, starts }
    }

    /// Places in the text as places of letters.
    fn letters(&self, bytes: Range<usize>) -> Range<usize> {
        let place = |byte: usize| self.starts.partition_point(|start| *start < byte);
        place(bytes.start)..place(bytes.end)
    }
}

fn plain(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        '\u{3000}' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\t' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '①'..='⑨' => char::from_digit(letter as u32 - '①' as u32 + 1, 10).unwrap_or(letter),
        letter => letter,
    }
}

/// The text with [`MASK`] for everything personal that is found in it.
pub fn mask(text: &str) -> Cow<'_, str> {
    if text.len() < LEAST {
        return Cow::Borrowed(text);
    }
    let plain = Plain::of(text);
    let mut found = personal(&plain.letters);
    if let Some(patterns) = &*PATTERNS {
        found.extend([&patterns.mail, &patterns.account].iter().flat_map(|p| p.find_iter(&plain.text)).map(|m| plain.letters(m.range())));
        found.extend(patterns.address.captures_iter(&plain.text).filter_map(|found| address(&found)).map(|place| plain.letters(place)));
    }
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_by_key(|place| place.start);
    let (mut masked, mut end) = (String::new(), 0);
    let letters = text.chars().collect::<Vec<_>>();
    for place in found {
        // What touches or overlaps is one.
        if place.start > end || masked.is_empty() {
            masked.extend(&letters[end..place.start]);
            masked.push_str(MASK);
        }
        end = end.max(place.end);
    }
    masked.extend(&letters[end..]);
    Cow::Owned(masked)
}

/// What a parser says is wrong, without what it quotes from the file.
pub fn unquoted(reason: &str) -> String {
    match (reason.find('"'), reason.rfind('"')) {
        (Some(first), Some(last)) if first < last => mask(&format!("{}{MASK}{}", &reason[..first], &reason[last + 1..])).into_owned(),
        _ => mask(reason).into_owned(),
    }
}

/// A column of text that is published, masked. Each distinct text is looked at once; a column with nothing personal stays as it is.
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

/// A person's id where it has to be shown and there is no key: the first and last letter of a longer one.
pub fn edges(id: &str) -> String {
    let letters = id.chars().collect::<Vec<_>>();
    match letters.as_slice() {
        [first, _, _, .., last] => format!("{first}{MASK}{last}"),
        _ => MASK.to_owned(),
    }
}

struct Patterns {
    mail: Regex,
    account: Regex,
    address: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    let mail = r"[A-Za-z0-9._%+-]+ ?@ ?(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}|[\u{4e00}-\u{9fff}]+@\w+(?:\.\w+)+";
    // Named as an account: a WeChat id, a QQ number.
    let account = r"(?:微信|[Vv]信|企鹅|扣扣|(?i-u:weixin|wechat|vx|wx|qq))[号：:\s是为]{0,4}(?:[A-Za-z][-_A-Za-z0-9]{5,19}|[0-9]{5,12})";
    Some(Patterns { mail: Regex::new(mail).ok()?, account: Regex::new(account).ok()?, address: Regex::new(&address_pattern()).ok()? })
});

/// The levels of an address, each of which may be missing; at most this many letters before the word that ends it.
fn address_pattern() -> String {
    let han = "[\u{4e00}-\u{9fff}]";
    let level = |name: &str, most: u32, words: &str| format!(r"(?P<{name}>{han}{{1,{most}}}?(?:{words})[\s,，、]*)?");
    let provinces = "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|\
                     陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门";
    let province = format!(r"(?P<province>(?:{provinces})(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)?[\s,，、]*)?");
    let number = r"(?:[0-9A-Za-z]{1,6}|[一二三四五六七八九十百]{1,4})(?:-[0-9]{1,5})*\s?";
    let ended = format!(r"(?:{number}(?:号院|号楼|号|弄|栋|幢|座|单元|楼|层|室|组|户|房)[\s,，]*)+");
    [
        province,
        level("city", 7, "市|自治州|地区|盟"),
        level("district", 7, "区|县|旗"),
        level("town", 8, "镇|乡|街道|社区|村"),
        level("road", 10, "大道|路|街|巷|弄|胡同"),
        format!(r"(?P<first>{ended}(?:[0-9]{{2,5}})?)?"),
        level("estate", 12, "小区|花园|公寓|大厦|广场|家园|新村|苑|城|府|中心"),
        format!(r"(?P<number>{ended}(?:[0-9]{{2,5}})?)?"),
    ]
    .concat()
}

/// Words that lead to an address and are none of it.
const LEADING: &str = "请寄送发到至在我住是的给往收货地址家帮改为成了把";

/// The place of an address that tells where somebody lives: a street, town or estate with a number or in its city or district, or three levels.
fn address(found: &Captures) -> Option<Range<usize>> {
    let has = |name: &str| found.name(name).is_some();
    let all = ["province", "city", "district", "town", "road", "estate"];
    let levels = all.iter().filter(|name| has(name)).count();
    let place = has("town") || has("road") || has("estate");
    let numbered = has("first") || has("number");
    let whole = found.get(0)?;
    if !(levels >= 3 || (place && (levels >= 2 || numbered)) || (has("district") && numbered)) {
        return None;
    }
    let text = whole.as_str();
    let (start, end) = (text.len() - text.trim_start_matches(|c| LEADING.contains(c)).len(), text.trim_end().len());
    Some(whole.start() + start..whole.start() + end)
}
