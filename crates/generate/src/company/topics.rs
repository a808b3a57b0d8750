//! What is said in the company's everyday chats, by topic.
//!
//! In these texts 【货】 stands for the product, 【城】 for the buyer's town, 【递】 for the courier.

use super::people::{AgentRole, QINGMANG, XIAOMAI, YUNDUO};
use AgentRole::{Aftersale, Presale};

/// A topic of an everyday chat.
pub(super) struct ChatTopic {
    /// The role of the agents who answer it.
    pub(super) role: AgentRole,
    /// The shops in which it can come up; all of them when none is named.
    pub(super) shops: &'static [&'static str],
    /// Question and answer of each exchange.
    pub(super) exchanges: &'static [(&'static str, &'static str)],
}

const fn presale(exchanges: &'static [(&'static str, &'static str)]) -> ChatTopic {
    ChatTopic { role: Presale, shops: &[], exchanges }
}

const fn aftersale(exchanges: &'static [(&'static str, &'static str)]) -> ChatTopic {
    ChatTopic { role: Aftersale, shops: &[], exchanges }
}

impl ChatTopic {
    const fn only(self, shops: &'static [&'static str]) -> ChatTopic {
        ChatTopic { shops, ..self }
    }
}

/// Every topic.
pub(super) static TOPICS: [ChatTopic; 34] = [
    // 尺码
    presale(&[("165，105斤，【货】穿什么码？", "亲，建议您选M码，略宽松。"), ("M会不会太大？", "喜欢合身可以选S，围度小4厘米。")])
        .only(&[QINGMANG]),
    presale(&[("阔腿裤腰围多少？", "M码腰围70，后腰有松紧，66到74都能穿。"), ("个子矮会不会拖地", "155以下建议选九分款哦。")])
        .only(&[QINGMANG]),
    presale(&[("孩子脚长15.5，【货】选几码", "脚长加半厘米余量，建议选26码。"), ("脚有点胖", "脚背胖可以再大半码，送鞋垫。")])
        .only(&[XIAOMAI]),
    presale(&[("两岁宝宝一般穿多大", "大概23到24码，最好量一下脚长。"), ("好，我量一下", "好的，量好发我帮您选。")]).only(&[XIAOMAI]),
    presale(&[("1.8的床选哪个尺寸？", "1.8米床选220乘240的被套。"), ("床垫25厘米厚，床笠够吗", "床笠高度28厘米，够的。")]).only(&[YUNDUO]),
    presale(&[("【货】有儿童尺寸吗", "有的，拍小号那一款。")]).only(&[YUNDUO]),
    // 材质
    presale(&[("四件套是纯棉的吗？", "面料是百分百棉，有检测报告。"), ("会缩水吗", "缩水率在3%以内，冷水洗就好。")]).only(&[YUNDUO]),
    presale(&[("【货】什么面料？会起球吗", "抗起球处理过的，正常穿着不起球。")]).only(&[QINGMANG]),
    presale(&[("鞋底硬不硬？", "软底，可以对折的。"), ("有味道吗", "环保胶水，通风一晚就没有了。")]).only(&[XIAOMAI]),
    presale(&[("【货】有甲醛吗，给宝宝用", "A类标准，婴幼儿可用。"), ("有检测报告吗", "详情页最后一张就是报告。")])
        .only(&[YUNDUO, XIAOMAI]),
    presale(&[("会掉色吗", "深色第一次单独洗，之后不掉色。")]),
    // 优惠
    presale(&[("【货】有优惠吗？", "首页可以领满150减20的券。"), ("两件呢", "两件再打九五折，自动减。")]),
    presale(&[("老客户有没有优惠", "入会有10元无门槛券，我发链接给您。"), ("收到了", "付款的时候勾选就能用。")]),
    presale(&[("大促会更便宜吗？", "大促价和现在一样，现在拍多送运费险。")]),
    presale(&[("直播间的价格还能拍吗", "可以的，拍下备注直播间，给您改价。"), ("拍好了", "改好了，刷新付款就行。")]).only(&[XIAOMAI]),
    presale(&[("能包邮吗", "满99包邮，新疆西藏补8元。")]),
    // 发货、库存
    presale(&[("今天拍什么时候发？", "下午四点前付款当天发。"), ("到【城】几天", "【城】一般两到三天。")]),
    presale(&[("【货】有现货吗", "有现货，放心拍。"), ("发什么快递", "默认发【递】。")]),
    presale(&[("缺的颜色什么时候补", "预计下周三到货，可以先加购。")]),
    presale(&[("能指定【递】吗？", "可以的，下单备注【递】。")]),
    presale(&[("可以开发票吗？", "可以，电子发票发您邮箱。")]),
    presale(&[("【货】和图片一样吗", "实物拍摄，光线不同有一点色差。"), ("能发实拍图吗", "稍等，我拍一张给您。")]),
    presale(&[("送人可以包装吗", "有礼盒，加8元。"), ("帮我写张贺卡", "好的，内容留言备注就行。")]),
    // 物流
    aftersale(&[("我的【货】怎么还没发？", "我看一下，亲稍等。"), ("都三天了", "仓库今天补货，晚上一定发出，抱歉。")]),
    aftersale(&[("物流两天没动了", "查到在【城】转运中心，帮您催一下。"), ("大概什么时候到", "预计明天派送。")]),
    aftersale(&[("显示签收了但我没收到", "我联系【递】核实，半小时内回复您。"), ("找到了，在驿站", "好的，麻烦您取一下。")]),
    aftersale(&[("能改地址吗？", "还没出库，可以改，您发新地址。"), ("【城】市中心路8号", "已经改好了。")]),
    // 退换
    aftersale(&[
        ("【货】不合适，想退", "可以的，订单页申请七天无理由。"),
        ("运费谁出？", "有运费险，先垫付后理赔。"),
        ("好，寄哪里", "地址在退货页面，快递单号填一下。"),
    ]),
    aftersale(&[("想换个大一码的", "可以换，您先申请换货。"), ("要等多久", "收到退件当天给您发新的。")]).only(&[QINGMANG, XIAOMAI]),
    aftersale(&[("收到有瑕疵", "非常抱歉，麻烦拍张照片给我。"), ("有一处脱线", "给您补发一件，旧的不用寄回。")]),
    aftersale(&[("少发了一件", "我查一下出库记录。"), ("对，就是【货】", "确实漏了，今天补发。")]),
    aftersale(&[("退款怎么还没到", "已经同意退款，一到三天原路返回。")]),
    aftersale(&[("【货】用了一周就坏了", "给您申请质量问题退款，运费我们出。"), ("好的", "退款已提交，请留意短信。")]),
    aftersale(&[("怎么洗比较好？", "30度以下轻柔机洗，不要漂白。"), ("能烘干吗", "低温烘干可以。")]).only(&[YUNDUO, QINGMANG]),
];

/// First words before the question.
pub(super) const HELLOS: &[&str] = &["在吗", "你好", "有人吗", "您好，咨询一下", "亲在吗"];
/// What buyers write while they wait.
pub(super) const NUDGES: &[&str] = &["？", "在不在", "急", "麻烦回一下", "人呢"];
/// Greetings of the robot.
pub(super) const GREETINGS: &[&str] = &[
    "您好，欢迎光临，我是智能助手，人工客服马上就来。",
    "亲，常见问题回复数字：1发货 2尺码 3退换。",
    "您好，请描述您的问题，客服稍后回复。",
];
/// What agents add to an answer.
pub(super) const MORE: &[&str] = &["还有什么可以帮您？", "您看这样可以吗？", "有问题随时找我哦。", "亲，请您放心。"];
/// Last words of buyers.
pub(super) const THANKS: &[&str] = &["好的谢谢", "嗯嗯", "谢谢", "知道了", "明白了"];
/// Last words of buyers who have asked about a product.
pub(super) const DECISIONS: &[&str] = &["好，那我拍了", "我再看看", "先收藏，晚上拍", "拍好了"];
/// Last words of agents.
pub(super) const GOODBYES: &[&str] = &["不客气，祝您生活愉快！", "好的亲，随时联系。", "感谢支持，喜欢记得收藏店铺。"];
/// Towns that 【城】 stands for.
pub(super) const TOWNS: &[&str] = &["成都", "杭州", "武汉", "西安", "长沙", "沈阳", "福州", "兰州"];
/// Couriers that 【递】 stands for.
pub(super) const COURIERS: &[&str] = &["中通", "圆通", "韵达", "顺丰", "邮政"];
