"""Reads a whole history by EventStoreDB's protocol, and then follows it for so many events.

read.py URL COUNT [CERTIFICATE]
"""

import json
import sys

from kurrentdbclient import KurrentDBClient

url, count = sys.argv[1], int(sys.argv[2])
certificates = {}
if len(sys.argv) > 3:
    with open(sys.argv[3], "rb") as file:
        certificates["root_certificates"] = file.read()
client = KurrentDBClient(url, **certificates)


def tell(event):
    print(
        json.dumps(
            {
                "position": event.commit_position,
                "id": str(event.id),
                "stream": event.stream_name,
                "revision": event.stream_position,
                "type": event.type,
                "recorded_at": event.recorded_at.isoformat(),
                "metadata": json.loads(event.metadata),
                "data": json.loads(event.data),
            }
        ),
        flush=True,
    )
    return event.commit_position


position = None
for event in client.read_all():
    position = tell(event)
backwards = [event.id for event in client.read_all(backwards=True, limit=3)]
print(json.dumps({"backwards": [str(id) for id in backwards]}), flush=True)
if count > 0:
    with client.subscribe_to_all(commit_position=position) as subscription:
        print(json.dumps({"following": True}), flush=True)
        for event in subscription:
            tell(event)
            count -= 1
            if count == 0:
                break
client.close()
