//! Reading, both ways.

use eventstore::{Error, Position, ReadAllOptions, ReadStreamOptions, StreamPosition};

use crate::given::{Served, all, assert_same, changing, liked, registered, stream};

fn at(position: u64) -> StreamPosition<Position> {
    StreamPosition::Position(Position {
        commit: position,
        prepare: position,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_history_is_read_as_it_is_kept() {
    let served = Served::new().await;
    served.record(&[registered(1)]).await;
    for number in 0..7 {
        served.record(&changing(number, 100)).await;
    }
    let (client, kept) = (served.client(), served.kept().await);
    let read = all(client.read_all(&ReadAllOptions::default()).await.unwrap()).await;
    assert_same(&read, &kept);
    // Nothing personal goes out that isn't sealed.
    let body = String::from_utf8(read[0].data.to_vec()).unwrap();
    assert!(
        body.contains("sealed") && !body.contains("Lovelace"),
        "{body}"
    );

    let backwards = ReadAllOptions::default()
        .backwards()
        .position(StreamPosition::End);
    let mut read = all(client.read_all(&backwards).await.unwrap()).await;
    read.reverse();
    assert_same(&read, &kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_all_begins_at_a_position_and_backwards_before_it() {
    let served = Served::new().await;
    let events: Vec<_> = (0..300).map(|_| liked()).collect();
    served.record(&events).await;
    let (client, kept) = (served.client(), served.kept().await);
    for (position, count, from, to) in [
        (StreamPosition::Start, 5, 0, 5),
        (StreamPosition::Start, usize::MAX, 0, 300),
        (at(0), 2, 0, 2),
        (at(1), 2, 0, 2),
        (at(200), 3, 199, 202),
        (at(299), 9, 298, 300),
        (at(301), 9, 300, 300),
        (at(u64::MAX), 9, 300, 300),
        (StreamPosition::End, 9, 300, 300),
        (StreamPosition::Start, 0, 0, 0),
    ] {
        let options = ReadAllOptions::default()
            .position(position)
            .forwards()
            .max_count(count);
        let read = all(client.read_all(&options).await.unwrap()).await;
        assert_same(&read, &kept[from..to]);
    }
    for (position, count, from, to) in [
        (StreamPosition::End, 5, 295, 300),
        (StreamPosition::End, usize::MAX, 0, 300),
        (at(200), 3, 196, 199),
        (at(2), 9, 0, 1),
        (at(1), 9, 0, 0),
        (at(u64::MAX), 2, 298, 300),
        (StreamPosition::Start, 9, 0, 0),
    ] {
        let options = ReadAllOptions::default().position(position);
        let options = options.backwards().max_count(count);
        let mut read = all(client.read_all(&options).await.unwrap()).await;
        read.reverse();
        assert_same(&read, &kept[from..to]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_read_from_a_revision_both_ways() {
    let served = Served::new().await;
    served.record(&changing(1, 10)).await;
    served.record(&[liked()]).await;
    served.record(&changing(1, 300)).await;
    let name = stream(1);
    let client = served.client();
    let kept = served.kept().await;
    let kept: Vec<_> = kept
        .into_iter()
        .filter(|event| event.stream == name)
        .collect();
    for (position, count, from, to) in [
        (StreamPosition::Start, usize::MAX, 0, 310),
        (StreamPosition::Start, 3, 0, 3),
        (StreamPosition::Position(200), 3, 200, 203),
        (StreamPosition::Position(309), 3, 309, 310),
        (StreamPosition::Position(310), 3, 310, 310),
        (StreamPosition::End, 3, 310, 310),
    ] {
        let options = ReadStreamOptions::default()
            .position(position)
            .forwards()
            .max_count(count);
        let read = client.read_stream(name.as_str(), &options).await.unwrap();
        assert_same(&all(read).await, &kept[from..to]);
    }
    for (position, count, from, to) in [
        (StreamPosition::End, usize::MAX, 0, 310),
        (StreamPosition::End, 3, 307, 310),
        (StreamPosition::Position(200), 3, 198, 201),
        (StreamPosition::Position(0), 3, 0, 1),
        (StreamPosition::Position(u64::MAX), 3, 307, 310),
    ] {
        let options = ReadStreamOptions::default().position(position);
        let options = options.backwards().max_count(count);
        let read = client.read_stream(name.as_str(), &options).await.unwrap();
        let mut read = all(read).await;
        read.reverse();
        assert_same(&read, &kept[from..to]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_there_is_said_not_to_be() {
    let served = Served::new().await;
    served.record(&[liked()]).await;
    let client = served.client();
    for options in [
        ReadStreamOptions::default(),
        ReadStreamOptions::default()
            .backwards()
            .position(StreamPosition::End),
    ] {
        let mut read = client.read_stream("nobody", &options).await.unwrap();
        let read = read.next().await;
        assert!(matches!(read, Err(Error::ResourceNotFound)), "{read:?}");
    }
}
