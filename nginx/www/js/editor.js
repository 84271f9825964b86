// Writing an experience: its fields, what students will see of them, and the files that the tutor quotes from.
import { request } from './api.js';
import { $, $$, el } from './dom.js';
import { onSubmit } from './fields.js';
import { announce, room, start } from './page.js';
import { addRow, keepFiles, onAct, put, rowsOf, showFiles, values } from './rows.js';
import { t, told } from './text.js';
import { discard, keep, saved, unsaved, watch } from './unsaved.js';

const LINKS_LAST = 600000; // milliseconds, at least

const form = $('#editor');
const fields = $$('.field > [name]');
const lists = $$('.rows');
const [objectives, metrics] = lists;

let action, it; // as the server gives them for a form
let asked; // when
let creation; // the request for a new one, until it is known what came of it

// ---- fields, and rows of them ----

const gather = () => ({ ...values(fields), learning_objectives: rowsOf(objectives).map(row => row.objective), evaluation_metrics: rowsOf(metrics) });

function fill(data) {
  put(fields, data);
  for (const list of lists) list.replaceChildren();
  for (const objective of data.learning_objectives) addRow(objectives, { objective });
  for (const metric of data.evaluation_metrics) addRow(metrics, metric);
  objectives.firstChild ?? addRow(objectives, {});
}

function changed() {
  const data = gather();
  keep();
  for (const node of $$('[data-max]')) node.nextElementSibling.textContent = room(node.value, node.dataset.max);
  for (const list of lists) list.nextElementSibling.disabled = list.children.length >= list.dataset.most;
  for (const place of $$('#preview [data-is]')) place.textContent = data[place.dataset.is];
  $('#preview ul').replaceChildren(...data.learning_objectives.map(text => text.trim() && el('li', { dir: 'auto' }, text)));
}

const fileOf = ({ id, url, display_name: name, index_status, index_error }) => ({ id, name, url, state: index_error ?? index_status });

const move = where => (row, button) => {
  where(row);
  button.focus(); // lost on the way
  announce(t('Now number {n}', { n: $$('li', row.parentNode).indexOf(row) + 1 }));
};

onAct({
  up: move(row => row.previousElementSibling?.before(row)),
  down: move(row => row.nextElementSibling?.after(row)),
  discard,
  removeFile: keepFiles(() => `${action}/context_files`, load, fileOf),
}, changed);

// By mouse or finger, what Up and Down do.
function drag({ target, pointerId }) {
  if (!target.matches('.handle')) return;
  const row = target.parentNode;
  const list = row.parentNode;
  list.setPointerCapture(pointerId);
  list.onpointermove = ({ clientY }) => list.insertBefore(row,
    $$('li', list).find(one => one !== row && clientY < one.getBoundingClientRect().top + one.offsetHeight / 2) ?? null);
  list.onlostpointercapture = () => {
    list.onpointermove = null;
    changed();
  };
}

// ---- the experience as the server has it ----

// data-now on main: editor.css shows what fits.
function show(answer) {
  ({ action, ai_experience: it } = answer);
  $('#back').href = action.slice(7);
  $('main').dataset.now = [it.id ? 'saved' : 'new', it.workflow_state, it.context_index_status, it.can_unpublish && 'removable'].join(' ');
  showFiles(it.context_files);
}

// An answer to what was asked before is out of date.
async function load() {
  const mine = asked = Date.now();
  const answer = await request('GET', `/api/v1${location.pathname}`);
  if (mine === asked) show(answer);
}

// Beside the fields, and above all, where links lead to them; what has no text there is not shown, nor takes the focus.
function tell(editor, faults = {}) {
  for (const place of $$('[data-of]')) {
    const name = place.dataset.of;
    place.textContent = (faults[name] ?? []).map(told).join(' ');
    $(`#${name}`).ariaInvalid = name in faults;
  }
  $('#faults').focus();
  return Object.keys(faults)[0];
}

async function send(body, headers) {
  const answer = await request(it.id ? 'PUT' : 'POST', action, { body, headers });
  asked = Date.now();
  show({ action: it.id ? action : `${action}/${answer.id}`, ai_experience: answer });
}

// One whose answer is lost is repeated as it was, so that there are not two.
async function create(body) {
  creation ??= { body, headers: { 'Idempotency-Key': crypto.randomUUID() } };
  try {
    await send(creation.body, creation.headers);
  } catch (error) {
    if ([400, 413, 422].includes(error.status)) creation = null; // it would never be taken as it is
    throw error;
  }
  await saved(creation.body);
  history.replaceState(null, '', location.pathname.replace(/new$/, `${it.id}/edit`));
}

// Of one that is there only what has changed: what somebody else has written meanwhile, or published, stays.
async function store(data, state) {
  const now = state ? { ...data, workflow_state: state } : data;
  if (!it.id) await create(now);
  const changes = unsaved(now);
  if (Object.keys(changes)[0]) await send(changes);
}

onSubmit('#editor', async (editor, submitter) => {
  const data = gather();
  await store(data, submitter.value).finally(changed);
  await saved(data);
  if (submitter.id === 'test') return location.assign(`${location.pathname.replace('/edit', '')}?test`);
  changed();
  if (!submitter.offsetParent) $('#save').focus();
  return t('Saved');
}, tell);

start(async () => {
  const [{ features }] = await Promise.all([request('GET', '/api/v1/site'), load()]);
  fill(it);
  if (it.id) document.title = `${it.title}, ${t('Edit experience')} – Colloquy`;
  await watch(gather, fill);
  $('#material').hidden = !features.context_files;
  changed();
  Object.assign(form, { hidden: false, oninput: changed, onpointerdown: drag, onkeyup({ key, target }) {
    if (key === 'Tab' && !target.closest('.below')) target.scrollIntoView({ block: 'nearest' }); // not left half under the buttons
  } });
  setInterval(() => { if (!document.hidden && it.id && Date.now() - asked > LINKS_LAST) load().catch(() => {}); }, 2000);
});
