// The composition root of the page Accounts: one's own account, and for administrators all of them.

import { createAccountBook } from '../lib/accountbook.js';
import { accountChange } from '../lib/accountwords.js';
import { at, button, el, setHidden, setText } from '../lib/dom.js';
import { createPage } from '../lib/page.js';
import { isAdmin, userName } from '../lib/rights.js';
import { createAccountDialog } from '../widgets/accountdialog.js';
import { createAccounts } from '../widgets/accounts.js';
import { createChanges } from '../widgets/changes.js';
import { createMenu } from '../widgets/menu.js';
import { createOwnAccount } from '../widgets/ownaccount.js';
import { createPasswordDialog } from '../widgets/passworddialog.js';
import { createSessions } from '../widgets/sessions.js';
import { createTokenDialog } from '../widgets/tokendialog.js';
import { createTokens } from '../widgets/tokens.js';

const REFRESH_MS = 10000;
const main = at('accounts');
const book = createAccountBook({ onChange: () => page.store.changed() });

/** @param {string} name */
const part = (name) => main.appendChild(el('section', { class: `part ${name}`, 'data-testid': name, hidden: true }));
const status = el('p', { class: 'quiet', role: 'status', 'data-testid': 'accounts-trouble' });
const retry = button('Try again', 'accounts-retry', () => book.refresh());
const trouble = main.appendChild(el('div', { class: 'row' }, status, retry));
const menu = createMenu();
const passwords = createPasswordDialog({
  book,
  onDone: (name, own) => (own ? account.say('Your password is changed, and your other sessions have ended.')
    : accounts?.say(`${name} has a new password, and all sessions and tokens of ${name} have ended.`)),
});
const editor = createAccountDialog({ book, onDone: saved });
const tokenDialog = createTokenDialog({ book, now: () => page.now() });
const key = main.dataset.key === 'token' ? 'token' : 'link';
const ownPart = part('own-part');
const account = createOwnAccount(ownPart, {
  key,
  onFirst: () => editor.open({ first: true }),
  onPassword: (name) => passwords.open(name, true),
});
const accounts = isAdmin() ? createAccounts(part('accounts-part'), {
  book,
  menu,
  onEdit: (user) => editor.open({ user, own: user?.name === userName() }),
  onPassword: (name) => passwords.open(name, name === userName()),
}) : null;
const ownSessions = createSessions(part('own-sessions-part'), { book, whose: 'own' });
const tokensPart = part('tokens-part');
const tokens = createTokens(tokensPart, { book, key, onMake: tokenDialog.open });
const others = isAdmin() ? [createSessions(part('other-sessions-part'), { book, whose: 'others' }), createLog()] : [];
const widgets = [
  account, ...(accounts ? [accounts] : []), ownSessions, tokens, ...others, editor, tokenDialog, menu,
];

function createLog() {
  const root = part('changes-part');
  root.hidden = false;
  return createChanges(root, {
    kinds: ['account', 'session', 'token', 'camera', 'agent-token', 'view'],
    note: 'Newest first. Changes of people and of recognition are in the log of the page Faces.',
    words: (entry, { named }) => accountChange(entry, { cameras: named }),
    known: (/** @type {import('../lib/views.js').AccountsView} */ { users, tokens, sessions }) => (
      JSON.stringify([users, tokens, sessions.map(({ id }) => id)])
    ),
  });
}

/** @param {import('../lib/views.js').View} view  @param {number} now_s */
function render(view, now_s) {
  const all = { ...view, ...book.state(), now_s, named: [...view.cameras, ...view.pending] };
  for (const each of [ownPart, tokensPart]) setHidden(each, all.me === null);
  showTrouble(all);
  widgets.forEach((widget) => widget.setState(all));
}

/** The banner already says that the hub cannot be reached. @param {import('../lib/views.js').AccountsView} view */
function showTrouble({ me, trouble: why, link }) {
  setText(status, why || (me ? '' : 'Loading…'));
  status.className = why ? 'problem' : 'quiet';
  setHidden(retry, !why);
  setHidden(trouble, me !== null && (!why || link === 'lost'));
}

/** @param {import('../lib/types.js').User} user  as it is now @param {boolean} isNew */
function saved(user, isNew) {
  const own = user.name === userName();
  if (own && user.role !== document.body.dataset.role) location.reload(); // another page is for this role
  if (isNew && !userName() && book.state().users?.length === 1) {
    account.offerSignOut(user.name);
  } else {
    accounts?.say(isNew ? `${user.name} can sign in now.` : `The role and the cameras of ${user.name} are saved.`);
  }
}

const refresh = () => { if (!document.hidden) book.refresh(); };
document.addEventListener('visibilitychange', refresh);
setInterval(refresh, REFRESH_MS);
const page = createPage({ main, name: 'accounts', render, onBack: book.refresh });
book.refresh();
