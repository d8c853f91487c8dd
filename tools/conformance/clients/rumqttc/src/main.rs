//! What a device does, with rumqttc: rumqttc-device HOST PORT VERSION PREFIX.
//!
//! Prints `ok NAME` or `failed NAME: why` for each check. VERSION is 4 (MQTT 3.1.1) or 5.

use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
const A_MOMENT: Duration = Duration::from_millis(200);
/// rumqttc has limits of its own, which the large payload would exceed.
const MOST_BYTES: usize = 1024 * 1024;

type Check = Result<(), String>;

/// The same checks for both of its interfaces, which are alike but for their types.
macro_rules! checks {
    ($name:ident, $client:path, $connection:path, $event:path, $packet:path, $qos:path, $open:expr) => {
        mod $name {
            use super::*;
            use $client as Client;
            use $connection as Connection;
            use $event as Event;
            use $packet as Packet;
            use $qos as QoS;

            pub struct Device {
                pub client: Client,
                connection: Connection,
            }

            pub struct Message {
                pub payload: Vec<u8>,
                pub qos: QoS,
                pub retain: bool,
            }

            impl Device {
                fn open(host: &str, port: u16, id: &str, clean: bool, will: Option<&str>) -> Result<Device, String> {
                    let (client, connection) = $open(host, port, id, clean, will);
                    let mut device = Device { client, connection };
                    device.until(|packet| matches!(packet, Packet::ConnAck(_)))?;
                    Ok(device)
                }

                /// The first packet that is wanted.
                fn until(&mut self, wanted: impl Fn(&Packet) -> bool) -> Result<Packet, String> {
                    loop {
                        match self.connection.recv_timeout(PATIENCE) {
                            Ok(Ok(Event::Incoming(packet))) if wanted(&packet) => return Ok(packet),
                            Ok(Ok(_)) => {}
                            Ok(Err(error)) => return Err(error.to_string()),
                            Err(_) => return Err("nothing came".into()),
                        }
                    }
                }

                fn subscribe(&mut self, topic: &str) -> Check {
                    self.client.subscribe(topic, QoS::ExactlyOnce).map_err(|error| error.to_string())?;
                    self.until(|packet| matches!(packet, Packet::SubAck(_))).map(|_| ())
                }

                fn publish(&mut self, topic: &str, qos: QoS, retain: bool, payload: Vec<u8>) -> Check {
                    self.client.publish(topic, qos, retain, payload).map_err(|error| error.to_string())
                }

                fn message(&mut self) -> Result<Message, String> {
                    match self.until(|packet| matches!(packet, Packet::Publish(_)))? {
                        Packet::Publish(publish) => Ok(Message {
                            payload: publish.payload.to_vec(),
                            qos: publish.qos,
                            retain: publish.retain,
                        }),
                        _ => Err("not a PUBLISH".into()),
                    }
                }

                fn leave(mut self) {
                    let _ = self.client.disconnect();
                    while let Ok(Ok(_)) = self.connection.recv_timeout(Duration::from_millis(500)) {}
                }
            }

            pub fn run(check: &str, host: &str, port: u16, prefix: &str) -> Check {
                let open = |name: &str, clean: bool, will: Option<&str>| {
                    Device::open(host, port, &format!("{prefix}{}", name), clean, will)
                };
                let topic = format!("{prefix}/{}", check.replace(' ', ""));
                match check {
                    "QoS 0" => at_qos(open("q0", true, None)?, &topic, QoS::AtMostOnce),
                    "QoS 1" => at_qos(open("q1", true, None)?, &topic, QoS::AtLeastOnce),
                    "QoS 2" => at_qos(open("q2", true, None)?, &topic, QoS::ExactlyOnce),
                    "retained" => {
                        let mut keeper = open("keeper", true, None)?;
                        keeper.publish(&topic, QoS::AtLeastOnce, true, b"kept".to_vec())?;
                        keeper.until(|packet| matches!(packet, Packet::PubAck(_)))?;
                        std::thread::sleep(A_MOMENT);
                        keeper.subscribe(&topic)?;
                        let message = keeper.message()?;
                        keeper.publish(&topic, QoS::AtLeastOnce, true, Vec::new())?;
                        keeper.leave();
                        same(message.payload == b"kept" && message.retain)
                    }
                    "large payload" => {
                        let mut device = open("large", true, None)?;
                        device.subscribe(&topic)?;
                        device.publish(&topic, QoS::ExactlyOnce, false, vec![b'x'; 300_000])?;
                        let message = device.message()?;
                        device.leave();
                        same(message.payload.len() == 300_000)
                    }
                    "will" => {
                        let mut heir = open("heir", true, None)?;
                        heir.subscribe(&topic)?;
                        drop(open("dying", true, Some(&topic))?);
                        same(heir.message()?.payload == b"gone")
                    }
                    "session" => {
                        let mut first = open("session", false, None)?;
                        first.subscribe(&topic)?;
                        first.leave();
                        let mut other = open("other", true, None)?;
                        for number in 0..3u8 {
                            other.publish(&topic, QoS::AtLeastOnce, false, vec![b'0' + number])?;
                            other.until(|packet| matches!(packet, Packet::PubAck(_)))?;
                        }
                        other.leave();
                        let mut back = open("session", false, None)?;
                        for number in 0..3u8 {
                            same(back.message()?.payload == [b'0' + number])?;
                        }
                        back.leave();
                        Ok(())
                    }
                    _ => Err("no such check".into()),
                }
            }

            fn at_qos(mut device: Device, topic: &str, qos: QoS) -> Check {
                device.subscribe(topic)?;
                device.publish(topic, qos, false, b"hello".to_vec())?;
                let message = device.message()?;
                device.leave();
                same(message.payload == b"hello" && message.qos == qos)
            }
        }
    };
}

fn same(is: bool) -> Check {
    if is { Ok(()) } else { Err("another message".into()) }
}

checks!(
    four, rumqttc::Client, rumqttc::Connection, rumqttc::Event, rumqttc::Packet, rumqttc::QoS,
    |host: &str, port: u16, id: &str, clean: bool, will: Option<&str>| {
        let mut options = rumqttc::MqttOptions::new(id, host, port);
        options.set_clean_session(clean);
        options.set_max_packet_size(MOST_BYTES, MOST_BYTES);
        if let Some(topic) = will {
            options.set_last_will(rumqttc::LastWill::new(topic, "gone", rumqttc::QoS::AtLeastOnce, false));
        }
        rumqttc::Client::new(options, 20)
    }
);

checks!(
    five, rumqttc::v5::Client, rumqttc::v5::Connection, rumqttc::v5::Event, rumqttc::v5::mqttbytes::v5::Packet,
    rumqttc::v5::mqttbytes::QoS,
    |host: &str, port: u16, id: &str, clean: bool, will: Option<&str>| {
        let mut options = rumqttc::v5::MqttOptions::new(id, host, port);
        options.set_clean_start(clean);
        let mut properties = rumqttc::v5::mqttbytes::v5::ConnectProperties::new();
        properties.session_expiry_interval = Some(if clean { 0 } else { 60 });
        properties.max_packet_size = Some(MOST_BYTES as u32);
        options.set_connect_properties(properties);
        if let Some(topic) = will {
            let qos = rumqttc::v5::mqttbytes::QoS::AtLeastOnce;
            options.set_last_will(rumqttc::v5::mqttbytes::v5::LastWill::new(topic, "gone", qos, false, None));
        }
        rumqttc::v5::Client::new(options, 20)
    }
);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, host, port, version, prefix] = &arguments[..] else { std::process::exit(64) };
    let port: u16 = port.parse().expect("a port");
    for check in ["QoS 0", "QoS 1", "QoS 2", "retained", "large payload", "will", "session"] {
        let outcome = match version.as_str() {
            "5" => five::run(check, host, port, prefix),
            _ => four::run(check, host, port, prefix),
        };
        match outcome {
            Ok(()) => println!("ok {check}"),
            Err(why) => println!("failed {check}: {why}"),
        }
    }
}
