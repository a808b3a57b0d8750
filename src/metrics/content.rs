//! M. Content (内容): a shop's videos. A row that lacks one side of a ratio is in neither of its sums.

use super::declaration::*;
use crate::model::Fact;

pub(super) fn metrics() -> Vec<Metric> {
    [of_plays(), watched(), of_likes(), of_account()].concat()
}

/// A component: a count over the rows that have another one too.
fn part(id: &str, name: [&'static str; 2], count: &'static str, with: &'static str, about: [&'static str; 2], value: f64) -> Metric {
    let known = sum_if(Fact::Videos, move |_| col(with).is_not_null(), move |_| col(count));
    metric(id, name, SHOP, Count, known, about, shop(&logs::VIDEOS, value)).component()
}

fn rate(id: &str, name: [&'static str; 2], over: &str, under: &str, about: [&'static str; 2], value: f64) -> Metric {
    metric(id, name, SHOP, Rate, ratio(over, under), about, shop(&logs::VIDEOS, value)).better(Higher)
}

#[rustfmt::skip]
fn of_plays() -> Vec<Metric> {
    vec![
        part("complete_plays", ["完播数", "Complete plays"], "complete_plays", "plays", ["完整播放次数", "Plays to the end"], 200.0),
        part("completion_plays", ["有完播数的播放数", "Plays where completion is known"], "plays", "complete_plays",
            ["有完播数的行的播放次数", "Plays of rows with complete plays"], 1_000.0),
        rate("completion_rate", ["完播率", "Completion rate"], "complete_plays", "completion_plays", ["完播 / 播放", "Complete plays / plays"], 0.2),
        part("likes", ["点赞数", "Likes"], "likes", "plays", ["点赞次数", "Likes"], 100.0),
        part("like_plays", ["有点赞数的播放数", "Plays where likes are known"], "plays", "likes", ["有点赞数的行的播放次数", "Plays of rows with likes"], 2_000.0),
        rate("like_rate", ["点赞率", "Like rate"], "likes", "like_plays", ["点赞 / 播放（播赞比）", "Likes / plays"], 0.05),
        part("comments", ["评论数", "Comments"], "comments", "plays", ["评论次数", "Comments"], 15.0),
        part("comment_plays", ["有评论数的播放数", "Plays where comments are known"], "plays", "comments", ["有评论数的行的播放次数", "Plays of rows with comments"], 1_000.0),
        rate("comment_rate", ["评论率", "Comment rate"], "comments", "comment_plays", ["评论 / 播放", "Comments / plays"], 0.015),
        part("shares", ["转发数", "Shares"], "shares", "plays", ["转发次数", "Shares"], 10.0),
        part("share_plays", ["有转发数的播放数", "Plays where shares are known"], "plays", "shares", ["有转发数的行的播放次数", "Plays of rows with shares"], 1_000.0),
        rate("share_rate", ["转发率", "Share rate"], "shares", "share_plays", ["转发 / 播放", "Shares / plays"], 0.01),
        part("new_followers", ["新增粉丝", "New followers"], "new_followers", "plays", ["新增粉丝数", "New followers"], 5.0),
        part("follow_plays", ["有新增粉丝的播放数", "Plays where new followers are known"], "plays", "new_followers", ["有新增粉丝数的行的播放次数", "Plays of rows with new followers"], 1_000.0),
        rate("follow_rate", ["转粉率", "Follow rate"], "new_followers", "follow_plays", ["新增粉丝 / 播放", "New followers / plays"], 0.005),
    ]
}

#[rustfmt::skip]
fn watched() -> Vec<Metric> {
    let log = &logs::VIDEOS;
    let is_known = || col("watch_ms").is_not_null().and(col("length_ms").is_not_null());
    let known = |column: &'static str| sum_if(Fact::Videos, move |_| is_known(), move |_| col(column));
    vec![
        metric("watch_ms_sum", ["观看毫秒数之和", "Time watched in ms"], SHOP, Milliseconds, known("watch_ms"),
            ["观看时长之和", "Time watched"],
            shop(log, 15_000_000.0)).component(),
        metric("length_ms_sum", ["播放次数×视频长度的毫秒数之和", "Plays × length in ms"], SHOP, Milliseconds, known("length_ms"),
            ["播放次数 × 视频长度之和：全部看完要多久", "Plays × length: the time of watching all of them to the end"],
            shop(log, 60_000_000.0)).component(),
        metric("watch_ratio", ["观看时长比", "Watch ratio"], SHOP, Number, ratio("watch_ms_sum", "length_ms_sum"),
            ["观看时长 / (播放次数 × 视频长度)", "Time watched / (plays × length)"],
            shop(log, 0.25)).better(Higher),
    ]
}

#[rustfmt::skip]
fn of_likes() -> Vec<Metric> {
    let per_like = |id: &str, name, over: &str, under: &str, about, value| {
        metric(id, name, SHOP, Number, ratio(over, under), about, shop(&logs::VIDEOS, value)).better(Higher)
    };
    vec![
        part("comments_with_likes", ["有点赞数的评论数", "Comments where likes are known"], "comments", "likes", ["有点赞数的行的评论次数", "Comments of rows with likes"], 15.0),
        part("likes_with_comments", ["有评论数的点赞数", "Likes where comments are known"], "likes", "comments", ["有评论数的行的点赞次数", "Likes of rows with comments"], 50.0),
        per_like("comment_like_ratio", ["赞评比", "Comments per like"], "comments_with_likes", "likes_with_comments", ["评论 / 点赞", "Comments / likes"], 0.3),
        part("shares_with_likes", ["有点赞数的转发数", "Shares where likes are known"], "shares", "likes", ["有点赞数的行的转发次数", "Shares of rows with likes"], 10.0),
        part("likes_with_shares", ["有转发数的点赞数", "Likes where shares are known"], "likes", "shares", ["有转发数的行的点赞次数", "Likes of rows with shares"], 50.0),
        per_like("share_like_ratio", ["赞转比", "Shares per like"], "shares_with_likes", "likes_with_shares", ["转发 / 点赞", "Shares / likes"], 0.2),
        metric("followers", ["粉丝数", "Followers"], SHOP, Count, last(Fact::Videos, |_| col("followers")),
            ["账号粉丝数：期内最后有数的一天中最大的；没有为空", "The account's followers: the greatest of the period's last day that has any; null without"],
            shop(&logs::VIDEOS, 2_000.0)).component(),
        per_like("fan_like_ratio", ["粉赞比", "Followers per like"], "followers", "likes", ["粉丝数 / 期内点赞数", "Followers / likes of the period"], 20.0),
    ]
}

/// What the account posted, and how it went.
#[rustfmt::skip]
fn of_account() -> Vec<Metric> {
    let log = &logs::VIDEOS;
    let parts = || ["likes", "comments", "shares"].map(col);
    let is_known = move || parts().map(Expr::is_not_null).into_iter().reduce(Expr::or).unwrap_or(lit(false));
    let known = move || parts().map(|part| part.fill_null(lit(0i64))).into_iter().reduce(|sum, part| sum + part).unwrap_or(lit(0i64));
    vec![
        metric("posts", ["发布", "Videos posted"], SHOP, Count, persons(Fact::Videos, |_| col("posted")),
            ["期内有数据的去重视频数", "Distinct videos that the period has a row of"],
            shop(log, 2.0)).better(Higher),
        metric("interaction_rows", ["有互动数的视频日", "Video-days where interactions are known"], SHOP, Count, count_if(Fact::Videos, move |_| is_known()),
            ["点赞、评论、转发至少知道一项的行数", "Rows with likes, comments or shares"],
            shop(log, 2.0)).component(),
        metric("interactions", ["互动", "Interactions"], SHOP, Count, told(Fact::Videos, move |_| known(), "interaction_rows"),
            ["点赞 + 评论 + 转发；只加知道的，全不知道为空", "Likes + comments + shares, those that are known; null where none is"],
            shop(log, 125.0)).better(Higher),
        metric("max_plays", ["最高播放", "Most plays"], SHOP, Count, max(Fact::Videos, |_| col("day_plays")),
            ["单条视频单日最高播放次数；没有视频为空", "The greatest plays of one video on one day; null without videos"],
            shop(log, 1_000.0)).better(Higher),
    ]
}
