/** As much of kafkajs's broker as is looked at here. */
interface BrokerClass {
  readonly prototype: {
    isConnected(): boolean;
    /** What the broker speaks: its answer to the first question on a connection. */
    readonly versions?: object | null;
  };
}

/**
 * kafkajs takes a broker for connected as soon as its socket is open. Where the first question went
 * unanswered until it timed out, connecting again does nothing then, and every request after it
 * fails with "Broker not connected", as if the program were wrong: a service that starts before a
 * broker that stands still would end. Here it counts as connected once it has answered.
 */
export function connectedOnceAnswered(broker: BrokerClass): BrokerClass {
  const { prototype } = broker;
  const { isConnected } = prototype;
  prototype.isConnected = function (this: BrokerClass['prototype']) {
    return Boolean(this.versions) && isConnected.call(this);
  };
  return broker;
}
