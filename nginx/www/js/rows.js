// Rows that a page adds and removes, each of <template id="LIST-row">: of a form's fields; and of files, in #files.
import { request } from './api.js';
import { $, $$, clone, once } from './dom.js';
import { announce, ask, attempt } from './page.js';
import { t, told } from './text.js';

const POLL = 2000; // milliseconds

// ---- fields ----

export const values = nodes => Object.fromEntries(nodes.map(node => [node.name, node.value]));
export const put = (nodes, data) => nodes.forEach(node => { node.value = data[node.name] ?? node.value; });
export const rowsOf = list => $$('li', list).map(row => values($$('[name]', row)));

export function addRow(list, data) {
  const row = clone(`${list.id}-row`);
  put($$('[name]', row), data);
  list.append(row);
  return row;
}

// The focus goes to what is next.
function remove(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling ?? row.parentNode.parentNode;
  row.remove();
  $('textarea, input, button', next).focus();
  announce(t('Removed'));
}

// What buttons do: data-act. acts: name → function of the row and the button; after() follows each.
export function onAct(acts, after) {
  const all = { remove, add: (row, { previousElementSibling: list }) => $('textarea, input', addRow(list, {})).focus(), ...acts };
  addEventListener('click', async ({ target }) => {
    const act = all[target.dataset.act];
    const row = target.closest('li');
    if (!act) return;
    await once(target, () => attempt(row ?? target.parentNode, () => act(row, target)));
    after?.();
  });
}

// ---- files: sent one after the other, then read by the server, and removed ----

let fileOf;

// Rows stay where they are, and with them the focus.
function showFile(file) {
  const { id, name, url, state, reason } = fileOf(file);
  const row = document.getElementById(id) ?? clone('files-row', { name });
  if (url) $('a', row).href = url;
  if (!row.id) $('#files').append(row);
  if (row.dataset.state !== state) for (const place of $$('.reason', row)) place.textContent = told(reason);
  Object.assign(row, { id }).dataset.state = state;
}

// All that the server has.
export function showFiles(files) {
  for (const row of $$('#files > [id]')) if (!files.some(({ id }) => `${id}` === row.id)) row.remove();
  files.forEach(showFile);
}

async function send(file, path, load) {
  const row = clone('files-row', { name: file.name });
  const body = new FormData();
  body.append('file', file);
  $('#files').append(row);
  await attempt(row, async () => {
    [await request('POST', path, { body })].flat().forEach(showFile);
    row.remove();
    load().catch(() => {}); // what else has changed by it; asked again in any case
  });
  row.dataset.state = 'unsent';
}

// path(): of the server's list. load(): asks for it, and shows it. read(one): {id, name, url, state, reason}. Gives the act that removes a row's file.
export function keepFiles(path, load, read) {
  fileOf = read;
  $('#file').onchange = async ({ target }) => {
    const files = [...target.files];
    target.value = '';
    for (const file of files) await send(file, path(), load);
  };
  setInterval(() => {
    if (!document.hidden && $('[data-state=in_progress], [data-state=QUEUED], [data-state=RUNNING]')) load().catch(() => {});
  }, POLL);
  addEventListener('beforeunload', event => { if ($('[data-state=sending]')) event.preventDefault(); });
  return async row => {
    const name = $('[data-is=name]', row).textContent;
    if (!await ask(t('Remove “{name}”?', { name }), t('It is quoted from no more.'), t('Remove'), { danger: true })) return;
    if (row.id) await request('DELETE', `${path()}/${row.id}`);
    remove(row);
    await load();
  };
}
