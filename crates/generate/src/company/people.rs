//! Who is in the story: three shops, twelve agents, what the shops sell, who is not welcome; and five
//! shops more of which no chat is known.

pub(super) const YUNDUO: &str = "tb-yunduo";
pub(super) const QINGMANG: &str = "tb-qingmang";
pub(super) const XIAOMAI: &str = "dy-xiaomai";
pub(super) const JD: &str = "jd-yunduo";
pub(super) const PDD: &str = "pdd-qingmang";
pub(super) const KUAISHOU: &str = "ks-xiaomai";
pub(super) const XIAOHONGSHU: &str = "xhs-qingmang";
pub(super) const WHOLESALE: &str = "1688-xiaomai";

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
/// One account, two persons: the night shift's.
pub(super) const YEBAN: &str = "yd-yeban";
pub(super) const SHENAN: &str = "jd-shenan";
pub(super) const HANLU: &str = "jd-hanlu";
pub(super) const DINGJIA: &str = "pdd-dingjia";
pub(super) const TANGLI: &str = "ks-tangli";
pub(super) const TANGLI_TOO: &str = "xhs-tangli";
pub(super) const QIANYI: &str = "al-qianyi";

pub(super) struct Shop {
    pub(super) id: &'static str,
    pub(super) platform: &'static str,
    pub(super) name: &'static str,
    pub(super) category: &'static str,
    /// Chats on an ordinary day.
    pub(super) chats: i64,
    /// Orders on an ordinary day that nobody asked about.
    pub(super) silent_orders: i64,
    /// Everyday buyers are `b<digit>` and four digits more.
    pub(super) buyer_digit: u64,
    pub(super) buyers: u64,
    /// Its platform exports session ids and sequence numbers.
    pub(super) numbered: bool,
    pub(super) items: &'static [Item],
}

/// A shop whose chats and orders are not exported yet.
pub(super) struct Branch {
    pub(super) id: &'static str,
    pub(super) platform: &'static str,
    pub(super) name: &'static str,
    pub(super) category: &'static str,
}

#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) name: &'static str,
    pub(super) sku: &'static str,
    /// Fen.
    pub(super) price: i64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Presale,
    Aftersale,
}

pub(super) struct Agent {
    pub(super) shop: &'static str,
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) team: &'static str,
    pub(super) person: &'static str,
    /// Fen an hour.
    pub(super) hourly_cost: i64,
    pub(super) commission_rate: &'static str,
    /// Empty for an account that is nobody's own.
    pub(super) hired_on: &'static str,
    /// How long replies take, in percent of the ordinary: what rankings are made of.
    pub(super) pace: i64,
    /// Days since Monday on which this agent is off.
    pub(super) off: i8,
}

pub(super) struct Blocked {
    pub(super) shop: &'static str,
    pub(super) buyer: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) reason: &'static str,
}

const fn item(name: &'static str, sku: &'static str, yuan: i64) -> Item {
    Item { name, sku, price: yuan * 100 }
}

pub(super) static SHOPS: [Shop; 3] = [
    Shop {
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
    Shop {
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
    Shop {
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

/// Id, name, person, yuan an hour, commission rate, hired on, pace, day off.
type Terms = (&'static str, &'static str, &'static str, i64, &'static str, &'static str, i64, i8);

const fn agent(shop: &'static str, role: Role, terms: Terms) -> Agent {
    let (id, name, person, yuan, commission_rate, hired_on, pace, off) = terms;
    let hourly_cost = yuan * 100;
    Agent { shop, id, name, role, team: role.team(), person, hourly_cost, commission_rate, hired_on, pace, off }
}

/// An agent of whom no everyday chat is known: pace and day off do not matter.
const fn stranger(team: &'static str, agent: Agent) -> Agent {
    Agent { team, ..agent }
}

use Role::{Aftersale, Presale};

pub(super) static AGENTS: [Agent; 12] = [
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

pub(super) static BRANCHES: [Branch; 5] = [
    Branch { id: JD, platform: "jd", name: "云朵家居京东店", category: "家纺" },
    Branch { id: PDD, platform: "pdd", name: "青芒女装折扣店", category: "女装" },
    Branch { id: KUAISHOU, platform: "kuaishou", name: "小麦童鞋快手店", category: "童鞋" },
    Branch { id: XIAOHONGSHU, platform: "xiaohongshu", name: "青芒女装小红书店", category: "女装" },
    Branch { id: WHOLESALE, platform: "1688", name: "小麦童鞋批发", category: "童鞋" },
];

const OUTSOURCED: &str = "外包组";

pub(super) static STRANGERS: [Agent; 7] = [
    stranger("夜班组", agent(YUNDUO, Aftersale, (YEBAN, "夜班", "P-YEBAN", 24, "0.000", "", 100, 7))),
    stranger(OUTSOURCED, agent(JD, Aftersale, (SHENAN, "沈安", "P012", 22, "0.000", "2026-08-24", 100, 7))),
    stranger(OUTSOURCED, agent(JD, Aftersale, (HANLU, "韩露", "P013", 22, "0.000", "2026-08-24", 100, 7))),
    stranger(OUTSOURCED, agent(PDD, Presale, (DINGJIA, "丁嘉", "P014", 21, "0.004", "2026-09-14", 100, 7))),
    stranger("内容组", agent(KUAISHOU, Presale, (TANGLI, "唐莉", "P015", 30, "0.006", "2025-11-03", 100, 7))),
    stranger("内容组", agent(XIAOHONGSHU, Presale, (TANGLI_TOO, "唐莉", "P015", 30, "0.006", "2025-11-03", 100, 7))),
    stranger("售前组", agent(WHOLESALE, Presale, (QIANYI, "钱奕", "P016", 27, "0.003", "2024-03-18", 100, 7))),
];

pub(super) static BLOCKLIST: [Blocked; 2] = [
    Blocked { shop: YUNDUO, buyer: "b-blocked", from: "2026-09-08", to: "2026-12-31", reason: "广告骚扰" },
    Blocked { shop: QINGMANG, buyer: "b29999", from: "2026-08-01", to: "2026-12-31", reason: "恶意辱骂" },
];

impl Role {
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

pub(super) fn shop(id: &str) -> &'static Shop {
    SHOPS.iter().find(|shop| shop.id == id).unwrap_or(&SHOPS[0])
}
