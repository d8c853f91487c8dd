"""What a device does, with the Eclipse Paho client for Python: paho_python.py HOST PORT VERSION PREFIX.

Prints `ok NAME` or `failed NAME: why` for each check. VERSION is 4 (MQTT 3.1.1) or 5.
"""

import queue
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

HOST, PORT, VERSION, PREFIX = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
PATIENCE = 10
A_MOMENT = 0.2


class Device:
    """A connected client with its messages in a queue."""

    def __init__(self, name, clean=True, will=None):
        self.messages, events = queue.Queue(), queue.Queue()
        self.events = events
        identity = {"client_id": f"{PREFIX}{name}", "protocol": VERSION}
        if VERSION == 4:
            identity["clean_session"] = clean
        if hasattr(mqtt, "CallbackAPIVersion"):
            self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, **identity)
        else:
            self.client = mqtt.Client(**identity)
        if will is not None:
            self.client.will_set(will, "gone", qos=1)
        self.client.on_connect = lambda *args: events.put(("connect", args[2]))
        self.client.on_subscribe = lambda *args: events.put(("subscribe", args[2]))
        self.client.on_message = lambda _client, _data, message: self.messages.put(message)
        how = {}
        if VERSION == 5:
            how["clean_start"] = clean
            how["properties"] = Properties(PacketTypes.CONNECT)
            how["properties"].SessionExpiryInterval = 0 if clean else 60
        self.client.connect(HOST, PORT, **how)
        self.client.loop_start()
        assert events.get(timeout=PATIENCE)[0] == "connect"

    def subscribe(self, topic, qos=2):
        self.client.subscribe(topic, qos)
        assert self.events.get(timeout=PATIENCE)[0] == "subscribe"

    def publish(self, topic, payload, qos, retain=False):
        self.client.publish(topic, payload, qos, retain).wait_for_publish(PATIENCE)

    def message(self):
        return self.messages.get(timeout=PATIENCE)

    def leave(self):
        self.client.disconnect()
        self.client.loop_stop()


def at_qos(qos):
    device = Device(f"qos{qos}")
    device.subscribe(f"{PREFIX}/qos{qos}")
    device.publish(f"{PREFIX}/qos{qos}", "hello", qos)
    message = device.message()
    assert (message.payload, message.qos) == (b"hello", qos), message.qos
    device.leave()


def retained():
    device = Device("retained")
    device.publish(f"{PREFIX}/kept", "kept", 1, retain=True)
    time.sleep(A_MOMENT)
    device.subscribe(f"{PREFIX}/kept")
    message = device.message()
    assert message.retain and message.payload == b"kept"
    device.publish(f"{PREFIX}/kept", "", 1, retain=True)
    device.leave()


def large_payload():
    device = Device("large")
    device.subscribe(f"{PREFIX}/large")
    device.publish(f"{PREFIX}/large", b"x" * 300_000, 2)
    assert len(device.message().payload) == 300_000
    device.leave()


def will():
    listener = Device("heir")
    listener.subscribe(f"{PREFIX}/will")
    dying = Device("dying", will=f"{PREFIX}/will")
    dying.client.loop_stop()
    dying.client.socket().close()
    assert listener.message().payload == b"gone"
    listener.leave()


def session():
    first = Device("session", clean=False)
    first.subscribe(f"{PREFIX}/session")
    first.leave()
    other = Device("other")
    for number in range(3):
        other.publish(f"{PREFIX}/session", str(number), 1)
    other.leave()
    back = Device("session", clean=False)
    assert [back.message().payload for _ in range(3)] == [b"0", b"1", b"2"]
    back.leave()


CHECKS = {
    "QoS 0": lambda: at_qos(0),
    "QoS 1": lambda: at_qos(1),
    "QoS 2": lambda: at_qos(2),
    "retained": retained,
    "large payload": large_payload,
    "will": will,
    "session": session,
}

for name, check in CHECKS.items():
    try:
        check()
        print(f"ok {name}", flush=True)
    except Exception as error:  # whatever it is, it is what the check found
        print(f"failed {name}: {type(error).__name__} {error}", flush=True)
