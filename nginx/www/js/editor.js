// Writing an experience: its fields, what students will see of them, and the files that the tutor quotes from.
import { request } from './api.js';
import { $, $$, clone, el, once } from './dom.js';
import { announce, ask, draft, fault, room, start } from './page.js';
import { t, told } from './text.js';

const POLL = 2000; // milliseconds
const LINKS_LAST = 600000; // milliseconds, at least

const form = $('#editor');
const fields = $$('.field > [name]');
const lists = $$('.rows');
const [objectives, metrics] = lists;

let method, action, it; // as the server gives them for a form
let asked; // when
let stored; // what stood in the form when the server had the same, as JSON

// ---- fields, and rows of them ----

const values = nodes => Object.fromEntries(nodes.map(node => [node.name, node.value]));
const put = (nodes, data) => nodes.forEach(node => { node.value = data[node.name] ?? node.value; });
const rowsOf = list => $$('li', list).map(row => values($$('[name]', row)));
const gather = () => ({ ...values(fields), learning_objectives: rowsOf(objectives).map(row => row.objective), evaluation_metrics: rowsOf(metrics) });
const isStored = () => JSON.stringify(gather()) === stored;

function add(list, data) {
  const row = clone(`${list.id}-row`);
  put($$('[name]', row), data);
  list.append(row);
  return row;
}

function fill(data) {
  put(fields, data);
  for (const list of lists) list.replaceChildren();
  for (const objective of data.learning_objectives) add(objectives, { objective });
  for (const metric of data.evaluation_metrics) add(metrics, metric);
  objectives.firstChild ?? add(objectives, {});
}

function changed() {
  const data = gather();
  draft.write(location.pathname, isStored() ? '' : JSON.stringify(data));
  for (const node of $$('[data-max]')) node.nextElementSibling.textContent = room(node.value, node.dataset.max);
  for (const list of lists) list.nextElementSibling.disabled = list.children.length >= list.dataset.most;
  for (const place of $$('#preview [data-is]')) place.textContent = data[place.dataset.is];
  $('#preview ul').replaceChildren(...data.learning_objectives.map(text => text.trim() && el('li', { dir: 'auto' }, text)));
}

// What the buttons do; a row is an objective, a metric or a file.
const acts = {
  add: (row, { previousElementSibling: list }) => $('textarea, input', add(list, {})).focus(),
  up: row => row.previousElementSibling?.before(row),
  down: row => row.nextElementSibling?.after(row),
  async remove(row) {
    const name = $('a', row)?.textContent;
    if (name && !await ask(t('Remove “{name}”?', { name }), t('The tutor quotes from it no more.'), t('Remove'), { danger: true })) return;
    if (row.id) await request('DELETE', `${action}/context_files/${row.id}`);
    const next = row.nextElementSibling ?? row.previousElementSibling ?? row.parentNode.parentNode;
    row.remove();
    $('textarea, input, button', next).focus();
    announce(t('Removed'));
    if (row.id) await load();
  },
  discard(row, button) {
    button.parentNode.hidden = true;
    fill(JSON.parse(stored));
    fields[0].focus();
  },
};

async function press({ target }) {
  const { act } = target.dataset;
  const row = target.closest('li');
  if (!act) return;
  await once(target, () => acts[act](row, target)).catch(error => row.append(fault(error)));
  if (/up|down/.test(act)) {
    target.focus(); // lost on the way
    announce(t('Now number {n}', { n: $$('li', row.parentNode).indexOf(row) + 1 }));
  }
  changed();
}

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
  ({ method, action, ai_experience: it } = answer);
  $('#back').href = action.slice(7);
  $('main').dataset.now = [it.id ? 'saved' : 'new', it.workflow_state, it.context_index_status, it.can_unpublish && 'removable'].join(' ');
  it.context_files.forEach(showFile);
}

function showFile({ id, display_name: name, url, index_status: status, index_error: why }) {
  const row = document.getElementById(id) ?? clone('files-row', { name });
  row.id = id;
  row.dataset.state = why ?? status;
  $('a', row).href = url;
  if (!row.parentNode) $('#files').append(row);
}

// An answer to what was asked before is out of date.
async function load() {
  const mine = asked = Date.now();
  const answer = await request('GET', `/api/v1${location.pathname}`);
  if (mine === asked) show(answer);
}

async function upload({ target }) {
  for (const file of target.files) {
    const row = clone('files-row', { name: file.name });
    const body = new FormData();
    body.append('file', file);
    $('#files').append(row);
    try {
      showFile(await request('POST', `${action}/context_files`, { body }));
      row.remove();
      load().catch(() => {}); // whether it may be published now; asked again in any case
    } catch (error) {
      row.dataset.state = 'unsent';
      row.append(fault(error));
    }
  }
}

// Beside the fields, and above all, where links lead to them; what has no text there is not shown, nor takes the focus.
function tell(faults) {
  for (const place of $$('[data-of]')) {
    const name = place.dataset.of;
    place.textContent = (faults[name] ?? []).map(told).join(' ');
    $(`#${name}`).ariaInvalid = name in faults;
  }
  $('#faults').focus();
}

// Of one that is there only what has changed: what somebody else has written meanwhile, or published, stays.
async function store(data, state) {
  const was = it.id ? JSON.parse(stored) : {};
  const body = Object.fromEntries(Object.entries(data).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name])));
  if (state) body.workflow_state = state;
  if (it.id && !Object.keys(body)[0]) return;
  const answer = await request(method, action, { body });
  asked = Date.now();
  show({ method: 'PUT', action: it.id ? action : `${action}/${answer.id}`, ai_experience: answer });
}

async function save({ submitter }) {
  const data = gather();
  tell({});
  $('#notices').replaceChildren();
  try {
    await store(data, submitter.value);
    const page = location.pathname.replace(/new$|\d+.edit$/, it.id);
    await draft.write(location.pathname, '');
    stored = JSON.stringify(data);
    if (submitter.id === 'test') return location.assign(`${page}?test`);
    history.replaceState(null, '', `${page}/edit`);
    changed();
    $('#said').textContent = t('Saved');
    if (!submitter.offsetParent) $('#save').focus();
  } catch (error) {
    tell(error.fields);
    if (!Object.keys(error.fields)[0]) $('#notices').append(fault(error));
  }
}

start(async () => {
  const [{ features }] = await Promise.all([request('GET', '/api/v1/site'), load()]);
  fill(it);
  stored = JSON.stringify(gather());
  if (it.id) document.title = `${it.title}, ${t('Edit experience')} – Colloquy`;
  const kept = await draft.read(location.pathname);
  if (kept) fill(JSON.parse(kept));
  $('#restored').hidden = !kept;
  $('#material').hidden = !features.context_files;
  changed();
  Object.assign(form, { hidden: false, oninput: changed, onclick: press, onpointerdown: drag, onsubmit(event) {
    event.preventDefault();
    once(form, () => save(event));
  }, onkeyup({ key, target }) { // what one comes to by Tab is not left half under the buttons
    if (key === 'Tab' && !target.closest('.below')) target.scrollIntoView({ block: 'nearest' });
  } });
  $('#file').onchange = upload;
  addEventListener('beforeunload', event => { if (!isStored() || $('[data-state=sending]')) event.preventDefault(); });
  setInterval(() => {
    if (!document.hidden && ($('[data-state=in_progress]') || (it.id && Date.now() - asked > LINKS_LAST))) load().catch(() => {});
  }, POLL);
});
