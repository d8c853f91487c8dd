/* What a device does, with the Eclipse Paho client for C: paho_c HOST PORT VERSION PREFIX.
 *
 * Prints `ok NAME` or `failed NAME: why` for each check. VERSION is 4 (MQTT 3.1.1) or 5. */
#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define A_MOMENT_US 200000

static char address[128];
static int version;
static const char *prefix;
static const char *problem;

static int fail(const char *why) {
  problem = why;
  return 0;
}

static void topic_of(char *topic, const char *level) { snprintf(topic, 256, "%s/%s", prefix, level); }

/* A connected client, or NULL. */
static MQTTClient device(const char *name, int clean, const char *will_topic) {
  char id[256];
  snprintf(id, sizeof id, "%s%s", prefix, name);
  MQTTClient client;
  MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
  options.MQTTVersion = version;
  if (MQTTClient_createWithOptions(&client, address, id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options)) return NULL;
  MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
  will.topicName = will_topic;
  will.message = "gone";
  will.qos = 1;
  int code;
  if (version == 5) {
    MQTTClient_connectOptions how = MQTTClient_connectOptions_initializer5;
    how.cleanstart = clean;
    if (will_topic) how.will = &will;
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry;
    expiry.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL;
    expiry.value.integer4 = clean ? 0 : 60;
    MQTTProperties_add(&properties, &expiry);
    MQTTResponse response = MQTTClient_connect5(client, &how, &properties, NULL);
    code = response.reasonCode;
    MQTTResponse_free(response);
    MQTTProperties_free(&properties);
  } else {
    MQTTClient_connectOptions how = MQTTClient_connectOptions_initializer;
    how.MQTTVersion = MQTTVERSION_3_1_1;
    how.cleansession = clean;
    if (will_topic) how.will = &will;
    code = MQTTClient_connect(client, &how);
  }
  return code == 0 ? client : NULL;
}

static int subscribe(MQTTClient client, const char *topic) {
  if (version != 5) return MQTTClient_subscribe(client, topic, 2) == 0;
  MQTTResponse response = MQTTClient_subscribe5(client, topic, 2, NULL, NULL);
  int granted = response.reasonCode;
  MQTTResponse_free(response);
  return granted == 2;
}

static int publish(MQTTClient client, const char *topic, const void *payload, int length, int qos, int retained) {
  MQTTClient_deliveryToken token;
  if (version == 5) {
    MQTTResponse response = MQTTClient_publish5(client, topic, length, payload, qos, retained, NULL, &token);
    int code = response.reasonCode;
    MQTTResponse_free(response);
    if (code != 0) return 0;
  } else if (MQTTClient_publish(client, topic, length, payload, qos, retained, &token) != 0) {
    return 0;
  }
  return qos == 0 || MQTTClient_waitForCompletion(client, token, PATIENCE_MS) == 0;
}

/* Receives one message and compares it. */
static int expect(MQTTClient client, const char *payload, int length, int qos, int retained) {
  char *topic = NULL;
  int topic_length;
  MQTTClient_message *message = NULL;
  MQTTClient_receive(client, &topic, &topic_length, &message, PATIENCE_MS);
  if (message == NULL) return fail("no message");
  int same = message->payloadlen == length && (payload == NULL || memcmp(message->payload, payload, length) == 0) &&
             message->qos == qos && message->retained == retained;
  MQTTClient_freeMessage(&message);
  MQTTClient_free(topic);
  return same ? 1 : fail("another message");
}

static void leave(MQTTClient client) {
  if (version == 5)
    MQTTClient_disconnect5(client, 1000, MQTTREASONCODE_SUCCESS, NULL);
  else
    MQTTClient_disconnect(client, 1000);
  MQTTClient_destroy(&client);
}

static int at_qos(int qos) {
  char name[16], topic[256];
  snprintf(name, sizeof name, "qos%d", qos);
  topic_of(topic, name);
  MQTTClient client = device(name, 1, NULL);
  if (client == NULL || !subscribe(client, topic)) return fail("no connection or subscription");
  if (!publish(client, topic, "hello", 5, qos, 0)) return fail("not acknowledged");
  int good = expect(client, "hello", 5, qos, 0);
  leave(client);
  return good;
}

static int qos0(void) { return at_qos(0); }
static int qos1(void) { return at_qos(1); }
static int qos2(void) { return at_qos(2); }

static int retained(void) {
  char topic[256];
  topic_of(topic, "kept");
  MQTTClient client = device("retained", 1, NULL);
  if (client == NULL || !publish(client, topic, "kept", 4, 1, 1)) return fail("not acknowledged");
  usleep(A_MOMENT_US);
  if (!subscribe(client, topic)) return fail("no subscription");
  int good = expect(client, "kept", 4, 1, 1);
  publish(client, topic, "", 0, 1, 1);
  leave(client);
  return good;
}

static int large_payload(void) {
  char topic[256];
  topic_of(topic, "large");
  char *payload = malloc(300000);
  memset(payload, 'x', 300000);
  MQTTClient client = device("large", 1, NULL);
  if (client == NULL || !subscribe(client, topic)) return fail("no connection or subscription");
  if (!publish(client, topic, payload, 300000, 2, 0)) return fail("not acknowledged");
  int good = expect(client, payload, 300000, 2, 0);
  leave(client);
  free(payload);
  return good;
}

static int will(void) {
  char topic[256];
  topic_of(topic, "will");
  MQTTClient heir = device("heir", 1, NULL);
  if (heir == NULL || !subscribe(heir, topic)) return fail("no connection or subscription");
  /* A second connection with its identifier ends it without a DISCONNECT of its own. */
  MQTTClient dying = device("dying", 1, topic);
  MQTTClient second = device("dying", 1, NULL);
  if (dying == NULL || second == NULL) return fail("no connection");
  int good = expect(heir, "gone", 4, 1, 0);
  MQTTClient_destroy(&dying);
  leave(second);
  leave(heir);
  return good;
}

static int session(void) {
  char topic[256];
  topic_of(topic, "session");
  MQTTClient first = device("session", 0, NULL);
  if (first == NULL || !subscribe(first, topic)) return fail("no connection or subscription");
  leave(first);
  MQTTClient other = device("other", 1, NULL);
  if (other == NULL) return fail("no connection");
  for (int number = 0; number < 3; number++) {
    char payload = '0' + number;
    if (!publish(other, topic, &payload, 1, 1, 0)) return fail("not acknowledged");
  }
  leave(other);
  MQTTClient back = device("session", 0, NULL);
  if (back == NULL) return fail("no connection");
  int good = expect(back, "0", 1, 1, 0) && expect(back, "1", 1, 1, 0) && expect(back, "2", 1, 1, 0);
  leave(back);
  return good;
}

int main(int count, char **arguments) {
  if (count < 5) return 64;
  snprintf(address, sizeof address, "tcp://%s:%s", arguments[1], arguments[2]);
  version = atoi(arguments[3]);
  prefix = arguments[4];
  struct {
    const char *name;
    int (*run)(void);
  } checks[] = {{"QoS 0", qos0},       {"QoS 1", qos1}, {"QoS 2", qos2},      {"retained", retained},
                {"large payload", large_payload}, {"will", will},  {"session", session}};
  for (size_t n = 0; n < sizeof checks / sizeof *checks; n++) {
    problem = "";
    if (checks[n].run())
      printf("ok %s\n", checks[n].name);
    else
      printf("failed %s: %s\n", checks[n].name, problem);
    fflush(stdout);
  }
  return 0;
}
