//! Who is in the story: three shops, their twelve agents, what they sell and who is not welcome; and six more shops without
//! everyday chats.

// The ids of the shops.
pub(super) const YUNDUO: &str = "tb-yunduo";
pub(super) const QINGMANG: &str = "tb-qingmang";
pub(super) const XIAOMAI: &str = "dy-xiaomai";
pub(super) const JD: &str = "jd-yunduo";
pub(super) const PDD: &str = "pdd-qingmang";
pub(super) const KUAISHOU: &str = "ks-xiaomai";
pub(super) const XIAOHONGSHU: &str = "xhs-qingmang";
pub(super) const WHOLESALE: &str = "1688-xiaomai";
/// The shop abroad, which is paid in dollars.
pub(super) const OVERSEAS: &str = "site-yunduo";

// The ids of the agents' accounts. A name with `_TOO` is the same person's account in another shop.
pub(super) const LINXI: &str = "yd-linxi";
pub(super) const CHENMO: &str = "yd-chenmo";
pub(super) const ZHOUQI: &str = "yd-zhouqi";
pub(super) const WUHAN: &str = "yd-wuhan";
pub(super) const HEXUE: &str = "yd-hexue";
pub(super) const XUNING: &str = "qm-xuning";
pub(super) const FANGYU: &str = "qm-fangyu";
pub(super) const GAOYUAN: &str = "qm-gaoyuan";
pub(super) const HEXUE_TOO: &str = "qm-hexue";
pub(super) const SUTONG: &str = "xm-sutong";
pub(super) const LUOJIA: &str = "xm-luojia";
pub(super) const WEILAN: &str = "xm-weilan";
/// The account of the night shift, which two persons share.
pub(super) const YEBAN: &str = "yd-yeban";
pub(super) const SHENAN: &str = "jd-shenan";
pub(super) const HANLU: &str = "jd-hanlu";
pub(super) const DINGJIA: &str = "pdd-dingjia";
pub(super) const TANGLI: &str = "ks-tangli";
pub(super) const TANGLI_TOO: &str = "xhs-tangli";
pub(super) const QIANYI: &str = "al-qianyi";
pub(super) const SONGYU: &str = "hw-songyu";
pub(super) const BAILU: &str = "hw-bailu";

/// A shop with everyday chats and orders.
pub(super) struct CompanyShop {
    /// Its id.
    pub(super) id: &'static str,
    /// Its platform.
    pub(super) platform: &'static str,
    /// The name.
    pub(super) name: &'static str,
    /// What it trades in.
    pub(super) category: &'static str,
    /// Chats on an ordinary day.
    pub(super) chats: i64,
    /// Orders on an ordinary day that nobody asked about.
    pub(super) silent_orders: i64,
    /// The first digit of its everyday buyers' ids, which are b and five digits.
    pub(super) buyer_digit: u64,
    /// The number of its everyday buyers.
    pub(super) buyers: u64,
    /// Whether its platform exports session ids and sequence numbers.
    pub(super) numbered: bool,
    /// What it sells.
    pub(super) items: &'static [ShopItem],
}

/// A shop without everyday chats and orders: all that is known of it are edge cases and the small tables.
pub(super) struct BranchShop {
    /// Its id.
    pub(super) id: &'static str,
    /// Its platform.
    pub(super) platform: &'static str,
    /// The name.
    pub(super) name: &'static str,
    /// What it trades in.
    pub(super) category: &'static str,
    /// The currency of orders that name none; empty for yuan.
    pub(super) currency: &'static str,
}

/// A product.
#[derive(Clone, Copy)]
pub(super) struct ShopItem {
    /// The name.
    pub(super) name: &'static str,
    /// Its SKU.
    pub(super) sku: &'static str,
    /// The price in fen.
    pub(super) price: i64,
}

/// What an agent answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AgentRole {
    /// Questions before an order.
    Presale,
    /// Questions after an order.
    Aftersale,
}

/// An agent's account in one shop.
pub(super) struct CompanyAgent {
    /// The shop's id.
    pub(super) shop: &'static str,
    /// Its id.
    pub(super) id: &'static str,
    /// The agent's name.
    pub(super) name: &'static str,
    /// What the agent answers.
    pub(super) role: AgentRole,
    /// The team.
    pub(super) team: &'static str,
    /// The number of the person, who may have accounts in several shops.
    pub(super) person: &'static str,
    /// What an hour costs, in fen.
    pub(super) hourly_cost: i64,
    /// The share of sales that is paid as commission.
    pub(super) commission_rate: &'static str,
    /// The day of hiring; empty for an account that several persons share.
    pub(super) hired_on: &'static str,
    /// How long replies take, in per cent of the ordinary. It is what makes rankings differ.
    pub(super) pace: i64,
    /// The agent's day off, as days since Monday.
    pub(super) off: i8,
    /// The first day on which team, role, cost and commission rate are these; empty for any day.
    pub(super) from: &'static str,
    /// The last such day; empty for any day.
    pub(super) to: &'static str,
}

/// An entry of the blocklist.
pub(super) struct BlockedBuyer {
    /// The shop's id.
    pub(super) shop: &'static str,
    /// The buyer's id.
    pub(super) buyer: &'static str,
    /// The first day on the blocklist.
    pub(super) from: &'static str,
    /// The last day on the blocklist.
    pub(super) to: &'static str,
    /// Why the buyer is on it.
    pub(super) reason: &'static str,
}

/// A product that costs so many yuan.
const fn item(name: &'static str, sku: &'static str, yuan: i64) -> ShopItem {
    ShopItem { name, sku, price: yuan * 100 }
}

/// The shops with everyday chats and orders.
pub(super) static SHOPS: [CompanyShop; 3] = [
    CompanyShop {
        id: YUNDUO,
        platform: "taobao",
        name: "云朵家居",
        category: "家纺",
        chats: 20,
        silent_orders: 3,
        buyer_digit: 1,
        buyers: 900,
        numbered: true,
        items: &[
            item("水洗棉四件套", "YD-SJT-18", 159),
            item("大豆纤维夏凉被", "YD-XLB-20", 129),
            item("乳胶枕", "YD-ZT-01", 89),
            item("珊瑚绒毯", "YD-TZ-15", 69),
        ],
    },
    CompanyShop {
        id: QINGMANG,
        platform: "taobao",
        name: "青芒女装",
        category: "女装",
        chats: 15,
        silent_orders: 2,
        buyer_digit: 2,
        buyers: 700,
        numbered: true,
        items: &[
            item("亚麻衬衫", "QM-CS-M", 139),
            item("垂感阔腿裤", "QM-KTK-L", 119),
            item("针织开衫", "QM-KS-S", 168),
            item("法式连衣裙", "QM-LYQ-M", 229),
        ],
    },
    CompanyShop {
        id: XIAOMAI,
        platform: "douyin",
        name: "小麦童鞋",
        category: "童鞋",
        chats: 10,
        silent_orders: 2,
        buyer_digit: 3,
        buyers: 500,
        numbered: false,
        items: &[item("儿童学步鞋", "XM-XB-22", 79), item("网面运动鞋", "XM-YD-30", 99), item("软底小皮鞋", "XM-PX-27", 118)],
    },
];

/// Id, name, person, cost of an hour in yuan, commission rate, day of hiring, pace and day off.
type AgentTerms = (&'static str, &'static str, &'static str, i64, &'static str, &'static str, i64, i8);

/// An agent of a shop, in the team of the role.
const fn agent(shop: &'static str, role: AgentRole, terms: AgentTerms) -> CompanyAgent {
    let (id, name, person, yuan, commission_rate, hired_on, pace, off) = terms;
    let hourly_cost = yuan * 100;
    let team = role.team();
    CompanyAgent { shop, id, name, role, team, person, hourly_cost, commission_rate, hired_on, pace, off, from: "", to: "" }
}

/// An agent without everyday chats, so that pace and day off do not matter.
const fn outsider(team: &'static str, agent: CompanyAgent) -> CompanyAgent {
    CompanyAgent { team, ..agent }
}

use AgentRole::{Aftersale, Presale};

/// The agents of the everyday chats.
pub(super) static AGENTS: [CompanyAgent; 12] = [
    agent(YUNDUO, Presale, (LINXI, "林溪", "P001", 32, "0.012", "2023-03-06", 70, 0)),
    agent(YUNDUO, Presale, (CHENMO, "陈默", "P002", 30, "0.010", "2024-06-17", 100, 1)),
    agent(YUNDUO, Presale, (ZHOUQI, "周琪", "P003", 26, "0.008", "2026-07-01", 160, 2)),
    agent(YUNDUO, Aftersale, (WUHAN, "吴涵", "P004", 29, "0.005", "2022-11-14", 90, 3)),
    agent(YUNDUO, Aftersale, (HEXUE, "何雪", "P005", 31, "0.005", "2021-05-10", 110, 4)),
    agent(QINGMANG, Presale, (XUNING, "许宁", "P006", 30, "0.012", "2023-09-18", 80, 0)),
    agent(QINGMANG, Presale, (FANGYU, "方瑜", "P007", 28, "0.010", "2025-02-24", 105, 2)),
    agent(QINGMANG, Presale, (GAOYUAN, "高源", "P008", 26, "0.008", "2026-04-13", 140, 4)),
    agent(QINGMANG, Aftersale, (HEXUE_TOO, "何雪", "P005", 31, "0.005", "2021-05-10", 110, 4)),
    agent(XIAOMAI, Presale, (SUTONG, "苏桐", "P009", 29, "0.015", "2024-01-08", 85, 1)),
    agent(XIAOMAI, Presale, (LUOJIA, "罗佳", "P010", 27, "0.012", "2025-08-25", 120, 3)),
    agent(XIAOMAI, Aftersale, (WEILAN, "魏岚", "P011", 28, "0.006", "2025-03-31", 95, 5)),
];

/// A shop without everyday chats that is paid in yuan.
const fn branch(id: &'static str, platform: &'static str, name: &'static str, category: &'static str) -> BranchShop {
    BranchShop { id, platform, name, category, currency: "" }
}

/// The shops without everyday chats.
pub(super) static BRANCHES: [BranchShop; 6] = [
    branch(JD, "jd", "云朵家居京东店", "家纺"),
    branch(PDD, "pdd", "青芒女装折扣店", "女装"),
    branch(KUAISHOU, "kuaishou", "小麦童鞋快手店", "童鞋"),
    branch(XIAOHONGSHU, "xiaohongshu", "青芒女装小红书店", "女装"),
    branch(WHOLESALE, "1688", "小麦童鞋批发", "童鞋"),
    BranchShop { currency: "USD", ..branch(OVERSEAS, "site", "云朵家居海外站", "家纺") },
];

const OUTSOURCED: &str = "外包组";

/// The agents without everyday chats. Of one account there are several rows where its team changes.
pub(super) static OUTSIDERS: [CompanyAgent; 10] = [
    outsider("夜班组", agent(YUNDUO, Aftersale, (YEBAN, "夜班", "P-YEBAN", 24, "0.000", "", 100, 7))),
    outsider(OUTSOURCED, agent(JD, Aftersale, (SHENAN, "沈安", "P012", 22, "0.000", "2026-08-24", 100, 7))),
    outsider(OUTSOURCED, agent(JD, Aftersale, (HANLU, "韩露", "P013", 22, "0.000", "2026-08-24", 100, 7))),
    outsider(OUTSOURCED, agent(PDD, Presale, (DINGJIA, "丁嘉", "P014", 21, "0.004", "2026-09-14", 100, 7))),
    outsider("内容组", agent(KUAISHOU, Presale, (TANGLI, "唐莉", "P015", 30, "0.006", "2025-11-03", 100, 7))),
    outsider("内容组", agent(XIAOHONGSHU, Presale, (TANGLI_TOO, "唐莉", "P015", 30, "0.006", "2025-11-03", 100, 7))),
    outsider("售前组", agent(WHOLESALE, Presale, (QIANYI, "钱奕", "P016", 27, "0.003", "2024-03-18", 100, 7))),
    CompanyAgent { to: "2026-09-15", ..agent(OVERSEAS, Presale, (SONGYU, "宋雨", "P017", 28, "0.010", "2025-04-07", 100, 7)) },
    CompanyAgent { from: "2026-09-16", ..agent(OVERSEAS, Aftersale, (SONGYU, "宋雨", "P017", 30, "0.004", "2025-04-07", 100, 7)) },
    agent(OVERSEAS, Aftersale, (BAILU, "白露", "P018", 29, "0.004", "2025-09-01", 100, 7)),
];

/// The blocklist.
pub(super) static BLOCKLIST: [BlockedBuyer; 2] = [
    BlockedBuyer { shop: YUNDUO, buyer: "b-blocked", from: "2026-09-08", to: "2026-12-31", reason: "广告骚扰" },
    BlockedBuyer { shop: QINGMANG, buyer: "b29999", from: "2026-08-01", to: "2026-12-31", reason: "恶意辱骂" },
];

impl AgentRole {
    /// The role as the staff table names it.
    pub(super) fn id(self) -> &'static str {
        match self {
            Presale => "presale",
            Aftersale => "aftersale",
        }
    }

    const fn team(self) -> &'static str {
        match self {
            Presale => "售前组",
            Aftersale => "售后组",
        }
    }
}

/// The shop of an id. A shop without everyday chats is taken for the first one: its edge cases have session ids and such items too.
pub(super) fn shop(id: &str) -> &'static CompanyShop {
    SHOPS.iter().find(|shop| shop.id == id).unwrap_or(&SHOPS[0])
}
