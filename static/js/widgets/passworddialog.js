// Changes a password: one's own, or another's by an administrator.

import { PASSWORD_RULE, passwordFlaw } from '../lib/accountwords.js';
import { el, setHidden, setText } from '../lib/dom.js';
import { createPasswordField, createUserNameHint } from './field.js';
import { createFormDialog } from './formdialog.js';

const OF_CURRENT = [403, 429]; // wrong, or too many wrong ones
const OF_NEW = [400];

/**
 * @param {object} parts
 * @param {import('../lib/accountbook.js').AccountBook} parts.book
 * @param {(name: string, own: boolean) => void} parts.onDone
 */
export function createPasswordDialog({ book, onDone }) {
  const who = createUserNameHint();
  const meaning = el('p', { class: 'quiet small', 'data-testid': 'password-meaning' });
  const current = createPasswordField({
    id: 'password-current', label: 'Current password', autocomplete: 'current-password',
  });
  const fresh = createPasswordField({
    id: 'password-new', label: 'New password', autocomplete: 'new-password', rule: PASSWORD_RULE,
  });
  let name = '';
  let own = false;
  const form = createFormDialog({
    name: 'password',
    fields: [meaning, who, current.element, fresh.element],
    check() {
      const isFresh = fresh.refuse(passwordFlaw(fresh.input.value));
      return current.refuse(own && !current.input.value ? 'Enter the password that you have now.' : '') && isFresh;
    },
    async send() {
      const [whose, isOwn] = [name, own];
      const proof = isOwn ? { current_password: current.input.value } : {};
      await book.changeUser(whose, { password: fresh.input.value, ...proof });
      return () => onDone(whose, isOwn);
    },
    done: (tell) => tell(),
    fieldOf(status) {
      return own && OF_CURRENT.includes(status) ? current : OF_NEW.includes(status) ? fresh : null;
    },
    clear: () => [current, fresh].forEach((field) => field.clear()),
  });

  return {
    /** @param {string} account @param {boolean} isOwn */
    open(account, isOwn) {
      [name, own] = [account, isOwn];
      who.value = name;
      setHidden(current.element, !own);
      setText(meaning, own
        ? 'This ends your other sessions: there you sign in again with the new password. API tokens go on.'
        : `This ends all sessions and API tokens of ${name}. Tell ${name} the new password: the hub does not.`);
      form.open(own ? 'Change your password' : `New password for “${name}”`, 'Change the password');
      (own ? current : fresh).input.focus();
    },
  };
}
