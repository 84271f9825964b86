// What stands in a page's form and not on the server: kept through a reload or another sign-in, guarded, and discarded if one wishes.
import { draft } from './page.js';
import { $ } from './dom.js';

let read; // read(): the form's values, name → value
let fill; // fill(values): puts all of them there
let stored; // those that the server has, as JSON

// What of the values the server does not have.
export function unsaved(values = read()) {
  const was = JSON.parse(stored);
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name])));
}

const isSaved = () => JSON.stringify(read()) === stored;

export const keep = () => draft.write(location.pathname, isSaved() ? '' : JSON.stringify(unsaved()));

export async function saved(values) {
  await draft.write(location.pathname, '');
  stored = JSON.stringify(values);
}

// What the button beside #restored's words does.
export function discard(row, button) {
  button.parentNode.hidden = true;
  fill(JSON.parse(stored));
  $('#title').focus();
}

// Once the form is as the server has it. What somebody else has written since is not taken back by what is restored.
export async function watch(...form) {
  [read, fill] = form;
  stored = JSON.stringify(read());
  const kept = await draft.read(location.pathname);
  if (kept) fill({ ...JSON.parse(stored), ...JSON.parse(kept) });
  $('#restored').hidden = !kept;
  addEventListener('beforeunload', event => { if (!isSaved()) event.preventDefault(); });
}
