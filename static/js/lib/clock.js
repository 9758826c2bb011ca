// The hub's clock as seen from here: the ping with the shortest way of the last few is believed.

const KEPT = 8;
const seconds = () => performance.now() / 1000;

export function createClock() {
  /** @type {{rtt_s: number, offset_s: number}[]} */
  let samples = [];
  let offset_s = Date.now() / 1000 - seconds();

  return {
    /** Forgets what was measured: after a pause this machine's clock may have stood still. */
    restart(hub_time) {
      samples = [];
      offset_s = hub_time - seconds();
    },
    /** @param {number} sent_s seconds of this clock @param {number} hub_time UNIX seconds */
    sample(sent_s, hub_time) {
      const rtt_s = seconds() - sent_s;
      samples = [...samples, { rtt_s, offset_s: hub_time - (sent_s + rtt_s / 2) }].slice(-KEPT);
      offset_s = samples.reduce((best, each) => (each.rtt_s < best.rtt_s ? each : best)).offset_s;
    },
    seconds,
    /** UNIX seconds by the hub's clock */
    now: () => seconds() + offset_s,
  };
}
