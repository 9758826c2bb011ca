// What the account of this page may do. The hub decides; the page only leaves out what it would refuse.

/** @returns {string|undefined} of the page; none: nobody is limited */
const role = () => globalThis.document?.body?.dataset?.role;

/** Whether it may let cameras in, and see people and settings. */
export const isAdmin = () => !role() || role() === 'admin';

/** Whether it may switch options and name cameras. */
export const mayOperate = () => isAdmin() || role() === 'operator';

/** The account's name; empty without one. */
export const userName = () => globalThis.document?.body?.dataset?.user ?? '';
