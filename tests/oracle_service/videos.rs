//! Family M, content: the videos of a shop, together and one by one (§12).

use super::{Cells, ServiceInput, ServiceRow, Video, known_if, quotient, ratio, set};
use std::collections::{BTreeMap, BTreeSet};

/// The metrics of a shop's row.
pub(super) fn videos(row: &ServiceRow) -> Cells {
    let mine = |video: &&Video| video.shop == row.shop && row.days.contains(&video.day);
    let rows: Vec<&Video> = row.given.videos.iter().flatten().filter(mine).collect();
    let mut cells = of(&rows);
    set(&mut cells, "posts", rows.iter().map(|video| video.video.as_str()).collect::<BTreeSet<_>>().len());
    known_if(row.given.videos.is_some(), cells)
}

/// The same metrics but `posts` by shop and video.
pub(crate) fn by_video(given: &ServiceInput, days: &[i64]) -> BTreeMap<(String, String), Cells> {
    let mut rows: BTreeMap<(String, String), Vec<&Video>> = BTreeMap::new();
    for video in given.videos.iter().flatten().filter(|video| days.contains(&video.day) && given.covers(video.day)) {
        rows.entry((video.shop.clone(), video.video.clone())).or_default().push(video);
    }
    rows.into_iter().map(|(key, rows)| (key, of(&rows))).collect()
}

fn of(rows: &[&Video]) -> Cells {
    let mut cells = Cells::new();
    let plays = |video: &Video| Some(video.plays as f64);
    let likes = |video: &Video| number(video.likes);
    over(&mut cells, "completion_rate", rows, |video| number(video.complete_plays), plays);
    over(&mut cells, "watch_ratio", rows, |video| video.watch_seconds, |video| Some(video.plays as f64 * video.length_seconds?));
    over(&mut cells, "like_rate", rows, likes, plays);
    over(&mut cells, "comment_rate", rows, |video| number(video.comments), plays);
    over(&mut cells, "share_rate", rows, |video| number(video.shares), plays);
    over(&mut cells, "follow_rate", rows, |video| number(video.new_followers), plays);
    over(&mut cells, "comment_like_ratio", rows, |video| number(video.comments), likes);
    over(&mut cells, "share_like_ratio", rows, |video| number(video.shares), likes);
    cells.insert("fan_like_ratio", fans_per_like(rows));
    cells.insert("interactions", interactions(rows));
    cells.insert("max_plays", most_plays(rows));
    cells
}

/// Likes, comments and shares, those that are known. Null where none is.
fn interactions(rows: &[&Video]) -> Option<f64> {
    let known: Vec<i64> = rows.iter().flat_map(|video| [video.likes, video.comments, video.shares]).flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<i64>() as f64)
}

/// The greatest plays of one video on one day.
fn most_plays(rows: &[&Video]) -> Option<f64> {
    let mut plays: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    for video in rows {
        *plays.entry((video.video.as_str(), video.day)).or_default() += video.plays;
    }
    plays.into_values().max().map(|plays| plays as f64)
}

fn number(count: Option<i64>) -> Option<f64> {
    count.map(|count| count as f64)
}

/// A sum divided by a sum. A row that lacks one of the two numbers is in neither.
fn over(cells: &mut Cells, id: &'static str, rows: &[&Video], part: impl Fn(&Video) -> Option<f64>, whole: impl Fn(&Video) -> Option<f64>) {
    let (mut parts, mut wholes) = (0.0, 0.0);
    for &video in rows {
        if let (Some(part), Some(whole)) = (part(video), whole(video)) {
            parts += part;
            wholes += whole;
        }
    }
    ratio(cells, id, parts, wholes);
}

/// The followers of the last day that has any, over the likes of the period. Followers belong to the account and do not add up.
fn fans_per_like(rows: &[&Video]) -> Option<f64> {
    let last_day = rows.iter().filter(|video| video.followers.is_some()).map(|video| video.day).max()?;
    let followers = rows.iter().filter(|video| video.day == last_day).filter_map(|video| video.followers).max()?;
    let likes: i64 = rows.iter().filter_map(|video| video.likes).sum();
    quotient(Some(followers as f64), Some(likes as f64))
}

// ---------------------------------------------------------------------------------------------
// Worked examples
// ---------------------------------------------------------------------------------------------

mod worked {
    use super::super::example::{MONDAY, SHOP, WEEK, check, check_null, given, shop};
    use super::super::{Cells, ServiceInput, Video, cells};
    use super::by_video;

    /// v1 has rows on Monday and Tuesday. v2 has one on Monday, of which only plays and likes are known.
    fn example() -> ServiceInput<'static> {
        let v1 = Video {
            shop: SHOP.to_string(),
            video: "v1".to_string(),
            day: MONDAY,
            plays: 1_000,
            likes: Some(50),
            comments: Some(15),
            shares: Some(10),
            new_followers: Some(5),
            followers: Some(2_000),
            complete_plays: Some(200),
            watch_seconds: Some(15_000.0),
            length_seconds: Some(60.0),
        };
        let tuesday = Video {
            day: MONDAY + 1,
            plays: 500,
            likes: Some(25),
            comments: Some(10),
            shares: Some(5),
            new_followers: Some(1),
            followers: Some(2_100),
            complete_plays: Some(40),
            watch_seconds: Some(6_000.0),
            ..v1.clone()
        };
        let v2 = Video { shop: SHOP.to_string(), video: "v2".to_string(), day: MONDAY, plays: 500, likes: Some(25), ..Video::default() };
        ServiceInput { videos: Some(vec![v1, tuesday, v2]), ..given() }
    }

    fn of_video(video: &str, days: &[i64]) -> Cells {
        by_video(&example(), days).remove(&(SHOP.to_string(), video.to_string())).unwrap_or_default()
    }

    /// On Monday 200 of 1000 plays are complete and 15000 s of 1000 × 60 s are watched. There are 50 likes, 15 comments, 10 shares and 5
    /// new followers, and the account has 2000 followers.
    #[test]
    fn two_hundred_of_a_thousand_plays_are_complete() {
        let monday = of_video("v1", &[MONDAY]);
        check(&monday, &[("completion_rate", 0.2), ("watch_ratio", 0.25), ("like_rate", 0.05), ("comment_rate", 0.015)]);
        check(&monday, &[("share_rate", 0.01), ("follow_rate", 0.005), ("comment_like_ratio", 0.3), ("share_like_ratio", 0.2)]);
        check(&monday, &[("fan_like_ratio", 40.0)]);
    }

    /// In the week 240 of 1500 plays are complete and 21000 s of 1500 × 60 s are watched. There are 75 likes, 25 comments, 15 shares and
    /// 6 new followers. Tuesday's 2100 followers are divided by the 75 likes.
    #[test]
    fn a_week_is_sums_over_sums_and_the_last_count_of_followers() {
        let week = of_video("v1", &WEEK);
        check(&week, &[("completion_rate", 0.16), ("watch_ratio", 21.0 / 90.0), ("like_rate", 0.05), ("comment_rate", 25.0 / 1_500.0)]);
        check(&week, &[("share_rate", 0.01), ("follow_rate", 0.004), ("comment_like_ratio", 25.0 / 75.0), ("share_like_ratio", 0.2)]);
        check(&week, &[("fan_like_ratio", 28.0)]);
        check(&week, &[("interactions", 115.0), ("max_plays", 1_000.0)]);
    }

    /// Two videos, of which v2 has 25 likes alone. Two rows of one video and day are added up.
    #[test]
    fn what_was_posted_and_how_it_went() {
        let week = cells(&example(), &shop(), &WEEK);
        check(&week, &[("posts", 2.0), ("interactions", 140.0), ("max_plays", 1_000.0)]);
        check(&cells(&example(), &shop(), &[MONDAY + 1]), &[("posts", 1.0), ("interactions", 40.0), ("max_plays", 500.0)]);
        let twice = example().videos.into_iter().flatten().flat_map(|video| [video.clone(), video]).collect();
        let week = cells(&ServiceInput { videos: Some(twice), ..given() }, &shop(), &WEEK);
        check(&week, &[("posts", 2.0), ("interactions", 280.0), ("max_plays", 2_000.0)]);
        let plays = Video { shop: SHOP.to_string(), video: "v3".to_string(), day: MONDAY, plays: 7, ..Video::default() };
        let alone = cells(&ServiceInput { videos: Some(vec![plays]), ..given() }, &shop(), &WEEK);
        check(&alone, &[("posts", 1.0), ("max_plays", 7.0)]);
        check_null(&alone, &["interactions"]);
    }

    /// The shop has 100 likes of 2000 plays and 2100 followers. Nothing else is known of v2, so it lowers no other rate.
    #[test]
    fn what_is_not_known_of_a_video_is_in_neither_sum() {
        let week = cells(&example(), &shop(), &WEEK);
        check(&week, &[("like_rate", 0.05), ("completion_rate", 0.16), ("comment_like_ratio", 25.0 / 75.0), ("fan_like_ratio", 21.0)]);
        let v2 = of_video("v2", &WEEK);
        check(&v2, &[("like_rate", 0.05)]);
        check_null(
            &v2,
            &["completion_rate", "watch_ratio", "comment_rate", "share_rate", "follow_rate", "comment_like_ratio", "fan_like_ratio"],
        );
    }

    #[test]
    fn without_plays_or_videos_all_is_null() {
        let quiet = cells(&example(), &shop(), &[MONDAY + 3]);
        check(&quiet, &[("posts", 0.0)]);
        check_null(&quiet, &["completion_rate", "watch_ratio", "like_rate", "fan_like_ratio", "interactions", "max_plays"]);
        check_null(&cells(&given(), &shop(), &WEEK), &["posts", "interactions", "max_plays"]);
        check_null(&cells(&given(), &shop(), &WEEK), &["completion_rate", "like_rate", "share_like_ratio", "fan_like_ratio"]);
        assert!(by_video(&given(), &WEEK).is_empty());
    }
}
