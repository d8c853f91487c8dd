import type { Unobserved } from './statement.ts';

/** Statements without a case: what they say, and why no case is needed or possible. */
export const unobserved: readonly Unobserved[] = [
  {
    id: '3.1.2-20',
    why: 'client',
    says: 'a client with a keep-alive sends PINGREQ if it has nothing else to send',
  },
  { id: '3.1.2-21', why: 'client', says: 'a client takes the Server Keep Alive in place of its own' },
  {
    id: '3.1.2-30',
    why: 'client',
    says: 'a client with a method sends AUTH and DISCONNECT only before CONNACK',
  },
  { id: '3.2.2-4', why: 'client', says: 'a client without a session closes at session present 1' },
  { id: '3.2.2-5', why: 'client', says: 'a client forgets its session at session present 0' },
  { id: '3.2.2-9', why: 'absent', says: 'a server without QoS 1 or 2 announces its Maximum QoS' },
  {
    id: '3.2.2-10',
    why: 'absent',
    says: 'a server without QoS 1 or 2 takes subscriptions at any QoS all the same',
  },
  { id: '3.2.2-11', why: 'client', says: 'a client heeds the Maximum QoS' },
  { id: '3.2.2-12', why: 'absent', says: 'a will above the Maximum QoS is refused' },
  { id: '3.2.2-13', why: 'absent', says: 'a retained will is refused by a server that retains nothing' },
  { id: '3.2.2-14', why: 'client', says: 'a client heeds Retain Available 0' },
  {
    id: '3.2.2-17',
    why: 'client',
    says: "a client heeds the server's Topic Alias Maximum (3.3.2-12 has what follows if not)",
  },
  { id: '3.2.2-18', why: 'client', says: 'a client uses no alias where the server announces none' },
  { id: '3.2.2-21', why: 'client', says: 'a client takes the Server Keep Alive in place of its own' },
  {
    id: '3.3.2-9',
    why: 'client',
    says: "an alias of a client is not above the server's maximum (3.3.2-12 has what follows if not)",
  },
  { id: '3.3.2-10', why: 'client', says: 'a client takes every alias up to its own maximum' },
  {
    id: '3.3.4-5',
    why: 'absent',
    says: 'several copies have one Subscription Identifier each: we send one copy',
  },
  { id: '3.3.4-8', why: 'client', says: 'a client does not delay other packets when its quota is used up' },
  { id: '4.5.0-2', why: 'client', says: 'a client acknowledges what it gets, whatever it does with it' },
  { id: '4.6.0-1', why: 'client', says: 'a client sends again in the order in which it sent' },
  {
    id: '4.6.0-2',
    why: 'client',
    says: 'a client sends PUBACK in the order of the PUBLISHes (our servers do so, too: libs/mqtt ack-queue)',
  },
  { id: '4.6.0-3', why: 'client', says: 'a client sends PUBREC in the order of the PUBLISHes' },
  { id: '4.6.0-4', why: 'client', says: 'a client sends PUBREL in the order of the PUBRECs' },
  { id: '4.12.0-3', why: 'client', says: 'a client answers AUTH by AUTH with 0x18' },
  { id: '6.0.0-3', why: 'client', says: 'a client offers the subprotocol mqtt' },
  {
    id: '3.15.2-2',
    why: 'elsewhere',
    says: 'a reason string does not make AUTH too large: we send none in it',
  },
  {
    id: '3.15.2-3',
    why: 'elsewhere',
    says: 'user properties do not make AUTH too large: we send none in it',
  },
  { id: '4.12.0-2', why: 'elsewhere', says: 'a further step of the server is an AUTH with 0x18' },
  { id: '4.12.0-4', why: 'elsewhere', says: 'a refused authentication closes the connection' },
  { id: '4.12.0-5', why: 'elsewhere', says: 'every AUTH and the CONNACK name the method of CONNECT' },
  { id: '4.12.1-1', why: 'elsewhere', says: 'a client may authenticate again, with the same method' },
  { id: '4.12.1-2', why: 'elsewhere', says: 'a failed re-authentication ends the connection' },
];
