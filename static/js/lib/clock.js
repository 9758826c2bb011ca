// The hub's clock as seen from here: the ping with the shortest way of the last few is believed. It
// may be wrong by half its way; clocks that agree within that are taken to be the same.

const KEPT = 8;
/** A clock that is never set and that a page and its workers share. */
export const seconds = () => (performance.timeOrigin + performance.now()) / 1000;

export function createClock() {
  /** @type {{rtt_s: number, offset_s: number}[]} */
  let samples = [];
  let offset_s = Date.now() / 1000 - seconds();

  return {
    /** Forgets what was measured: after a pause this machine's clock may have stood still. @param {number} hub_time */
    restart(hub_time) {
      samples = [];
      offset_s = hub_time - seconds();
    },
    /** @param {number} sent_s seconds of this clock @param {number} hub_time UNIX seconds */
    sample(sent_s, hub_time) {
      const rtt_s = seconds() - sent_s;
      samples = [...samples, { rtt_s, offset_s: hub_time - (sent_s + rtt_s / 2) }].slice(-KEPT);
      const best = samples.reduce((one, other) => (other.rtt_s < one.rtt_s ? other : one));
      const own_s = Date.now() / 1000 - seconds();
      offset_s = Math.abs(best.offset_s - own_s) <= best.rtt_s / 2 ? own_s : best.offset_s;
    },
    offset_s: () => offset_s,
    /** UNIX seconds by the hub's clock */
    now: () => seconds() + offset_s,
  };
}
