// Reads a whole history by EventStoreDB's protocol, and then follows it for so many events.
//
// read.mjs URL COUNT

import { KurrentDBClient, FORWARDS, START } from "@kurrent/kurrentdb-client";

const [url, count] = [process.argv[2], Number(process.argv[3])];
const client = KurrentDBClient.connectionString(url);

function tell(event) {
  const text = JSON.stringify({
    position: Number(event.position.commit),
    id: event.id,
    stream: event.streamId,
    revision: Number(event.revision),
    type: event.type,
    metadata: event.metadata,
    data: event.data,
  });
  console.log(text);
  return event.position;
}

let position;
for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
  position = tell(event);
}
if (count > 0) {
  const subscription = client.subscribeToAll({ fromPosition: position });
  subscription.on("confirmation", () => console.log(JSON.stringify({ following: true })));
  let left = count;
  for await (const { event } of subscription) {
    tell(event);
    left -= 1;
    if (left === 0) break;
  }
  await subscription.unsubscribe();
}
await client.dispose();
