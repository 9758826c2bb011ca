// A dialog with a form that the hub answers: it is sent once at a time, closes when the hub has done it, and otherwise
// says why not.

import { ApiError, reason } from '../lib/api.js';
import { opener } from '../lib/dialog.js';
import { button, el, setAttr, setSentence, setText } from '../lib/dom.js';

/**
 * @template Answer
 * @param {object} parts
 * @param {string} parts.name  of its parts in tests
 * @param {(Node|string|null)[]} parts.fields
 * @param {() => boolean} parts.check  false: something is missing, and said beside its field
 * @param {() => Promise<Answer>} parts.send  fails with the hub's sentence
 * @param {(answer: Answer) => void} parts.done  it is closed
 * @param {(status: number) => import('./field.js').Field|null} [parts.fieldOf]  which one the hub has refused
 * @param {() => void} [parts.clear]  leaves nothing of what was typed
 */
export function createFormDialog({ name, fields, check, send, done, fieldOf = () => null, clear = () => {} }) {
  const title = el('h2', { 'data-testid': `${name}-title` });
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true, 'data-testid': `${name}-problem` });
  const cancel = button('Cancel', `${name}-cancel`, () => dialog.close());
  const submit = el('button', { type: 'submit', class: 'button primary', 'data-testid': `${name}-submit` });
  const form = el('form', { class: 'dialog-form', noValidate: true }, title, ...fields, problem,
    el('div', { class: 'row end' }, cancel, submit));
  const dialog = el('dialog', { class: 'dialog form-dialog', 'data-testid': `${name}-dialog` }, form);
  const show = opener(dialog, clear);
  // An answer to an earlier opening changes nothing in this one.
  let openings = 0;
  let busy = false;

  form.addEventListener('submit', (event) => { event.preventDefault(); onSubmit(); });

  async function onSubmit() {
    setSentence(problem, '');
    if (busy || !check()) return;
    const opening = openings;
    setBusy(true);
    try {
      const answer = await send();
      if (opening === openings) dialog.close();
      done(answer);
    } catch (error) {
      if (opening === openings) complain(error);
    }
    if (opening === openings) setBusy(false);
  }

  /** @param {unknown} error */
  function complain(error) {
    const field = error instanceof ApiError ? fieldOf(error.status) : null;
    if (field) field.refuse(reason(error));
    else setSentence(problem, reason(error));
  }

  /** It keeps the focus meanwhile, as a disabled button would not. @param {boolean} on */
  function setBusy(on) {
    busy = on;
    setAttr(submit, 'aria-disabled', on || null);
  }

  return {
    /** @param {string} heading @param {string} yes  on the button that sends */
    open(heading, yes) {
      openings += 1;
      setBusy(false);
      setText(title, heading);
      setAttr(dialog, 'aria-label', heading);
      setText(submit, yes);
      setSentence(problem, '');
      show();
    },
  };
}
