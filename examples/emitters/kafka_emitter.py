"""Asks through a topic that a model forgets a subject. pip install confluent-kafka

python3 kafka_emitter.py BROKERS MODEL SUBJECT
"""
import json
import sys
import uuid
from datetime import datetime, timezone

from confluent_kafka import Producer

brokers, model_key, subject = sys.argv[1:4]
producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True})
event = {
    "specversion": "1.0",
    "type": "lethe.deletion.request.v1",
    "source": "shop",
    "id": str(uuid.uuid4()),
    "time": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
    "data": {"model_key": model_key, "scope": {"subject": subject}, "regulation": "GDPR"},
}
failures = []
producer.produce(
    "deletion.intake.v1",
    # What order is needed for, for example the model; never a person.
    key=model_key,
    value=json.dumps(event),
    headers={"content-type": "application/cloudevents+json"},
    on_delivery=lambda error, _: error and failures.append(error),
)
producer.flush(30)
if failures or len(producer) > 0:
    sys.exit(f"not written: {failures}")
# The receipt comes on deletion.receipt.v1.
print(event["id"])
