//! What is taken out of texts and of what is said, and what stays: given and expected.

use arrow::array::{ArrayRef, AsArray, StringArray};
use kefu::privacy::column;
use kefu::privacy::{blanked, learn_url, mask, redacted};
use std::sync::Arc;

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(mask(text), *expected, "{text}");
    }
}

#[test]
fn phones_are_masked_however_they_are_written() {
    check(&[
        ("13812345678", "***"),
        ("电话13812345678谢谢", "电话***谢谢"),
        ("打 138 0013 8000 找我", "打 *** 找我"),
        ("138-0013-8000", "***"),
        ("138.0013.8000。", "***。"),
        ("１３８００１３８０００", "***"),
        ("１３８　００１３—８０００", "***"),
        ("+86-13800138000", "***"),
        ("＋８６ 138 0013 8000", "***"),
        ("008613800138000", "***"),
        ("8613800138000", "***"),
        ("1 3 8 0 0 1 3 8 0 0 0", "***"),
        ("138\u{200b}00138000", "***"),
        ("2026-09-13 13800138000", "2026-09-13 ***"),
        ("13800138000,13900139000", "***,***"),
        ("010-88886666", "***"),
        ("(0571) 8765 4321 转 8", "*** 转 8"),
        ("+86 21 6888 8888", "***"),
        ("+852 9123 4567", "***"),
        ("座机：87654321", "座机：***"),
    ]);
}

#[test]
fn cards_are_masked() {
    check(&[
        ("身份证11010519491231002X。", "身份证***。"),
        ("11010519491231002x", "***"),
        ("１１０１０５１９４９１２３１００２Ｘ", "***"),
        ("440308 19900307 7758", "***"),
        ("440308199003077758", "***"),
        ("130503670401001", "***"),
        ("卡号 6228480402564890018 建行", "卡号 *** 建行"),
        ("6222 0212 3456 7890 128", "***"),
        ("4111-1111-1111-1111", "***"),
    ]);
}

#[test]
fn mail_and_accounts_are_masked() {
    check(&[
        ("a.b@example.com", "***"),
        ("邮箱li.lei+x@mail.example.com.cn谢谢", "邮箱***谢谢"),
        ("ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "***"),
        ("加微信：wx_abc123 吧", "加*** 吧"),
        ("qq 123456789", "***"),
    ]);
}

#[test]
fn addresses_are_masked() {
    check(&[
        ("请寄到浙江省杭州市西湖区文三路138号3幢2单元501室", "请寄到***"),
        ("地址：北京市朝阳区望京街道阜通东大街6号院3号楼1201，谢谢", "地址：***，谢谢"),
        ("上海浦东新区世纪大道100号", "***"),
        ("广东省 深圳市 南山区", "***"),
        ("河北省赵县南柏舍镇王家村12号", "***"),
        ("阳光花园5栋302室", "***"),
        ("文三路一百二十号", "***"),
    ]);
}

#[test]
fn what_names_nobody_stays() {
    for text in [
        "customer",
        "",
        "2026-09-01 10:00:00",
        "2026-09-01T25:61:00+08:00",
        "1999-12-31T23:59:59.123456Z",
        "1788228000000",
        "1788228000",
        "20260901100000",
        "订单号 2026090112345678",
        "订单 213812345678 到了吗",
        "138123456789",
        "12812345678",
        "987654321012345678",
        "-12.50",
        "1,000,000.00",
        "=HYPERLINK(\"x\")",
        "+1",
        "@x",
        "知道了，3号发货",
        "杭州市",
        "浙江省杭州市",
        "尺码 170/92A，黑色 2 件",
        "微信可以吗",
    ] {
        assert_eq!(mask(text), text);
    }
}

#[test]
fn a_column_without_persons_is_the_same_array() {
    let texts = |cells: &[Option<&str>]| Arc::new(cells.iter().copied().collect::<StringArray>()) as ArrayRef;
    let clean = texts(&[Some("态度"), None, Some("态度")]);
    assert!(Arc::ptr_eq(&column(Arc::clone(&clean)), &clean));
    let masked = column(texts(&[Some("打13812345678"), None, Some("态度")]));
    assert_eq!(masked.as_string::<i32>(), &StringArray::from(vec![Some("打***"), None, Some("态度")]));
}

#[test]
fn a_url_is_shown_without_what_opens_it() {
    for (said, shown) in [
        ("cannot read s3://k:s@bucket/a?b", "cannot read s3://***@bucket/a?b"),
        ("https://a.blob/c?sv=2024&sig=aB%3D&se=1", "https://a.blob/c?sv=2024&sig=***&se=1"),
        ("GET /c?X-Amz-Signature=0f1e&x", "GET /c?X-Amz-Signature=***&x"),
        ("authorization: Bearer ya29.abc", "authorization: Bearer ***"),
        ("x-amz-security-token:IQoJb3", "x-amz-security-token:***"),
        ("s3://bucket/date=2026-09-01/a@b.csv", "s3://bucket/date=2026-09-01/a@b.csv"),
        ("abfss://container@account.dfs.core.windows.net/x", "abfss://container@account.dfs.core.windows.net/x"),
        ("11:22:33 a mail to x@y.z", "11:22:33 a mail to x@y.z"),
    ] {
        assert_eq!(redacted(said), shown);
    }
}

#[test]
fn a_url_teaches_its_password_and_signature() {
    learn_url("https://me:p%2Fss-w0rd@host/x?sv=2024-01-01&sig=Zm9vYmFy%3D");
    assert_eq!(redacted("p/ss-w0rd, p%2Fss-w0rd, Zm9vYmFy=, 2024-01-01"), "***, ***, ***, 2024-01-01");
}

#[test]
fn a_pipeline_file_is_shown_without_its_key_and_nothing_moves() {
    for (text, shown) in [
        ("[privacy]\nbuyer_key = \"abc # d\"\nx = 1", "[privacy]\nbuyer_key = *********\nx = 1"),
        ("privacy = { buyer_key = 'abc', y = 1 }", "privacy = { buyer_key = *****, y = 1 }"),
        ("buyer_key = \"abc", "buyer_key = ****"),
        ("buyer_key = 12345 # no", "buyer_key = ***** # no"),
        ("buyer_key = \"\"\"a\nb\"\"\"\nx = 2", "buyer_key = ****\n****\nx = 2"),
        ("input = \"s3://k:s@b\"", "input = \"s3://***@b\""),
    ] {
        assert_eq!(blanked(text), shown);
        assert_eq!(text.len(), shown.len());
    }
}
