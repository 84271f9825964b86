// Bots: the list, and the form of one with its documents.
import { ApiError, list, request } from './api.js';
import { $, $$, clone } from './dom.js';
import { onSubmit } from './fields.js';
import { ask, caller, idOf, start } from './page.js';
import { addRow, keepFiles, onAct, rowsOf, showFiles } from './rows.js';
import { t } from './text.js';

const address = idOf('bots');
let isNew = address === 'new';
const id = isNew ? crypto.randomUUID() : address;
const path = `/bot/${id}`;
const form = $('#editor form');
let bot = {}; // as the server had it
let before; // what the form then held

const call = (method, where, body) => request(method, `/api/chat${where}`, { body });

// ---- the list ----

async function showList() {
  const query = new URLSearchParams(location.search).get('query') ?? '';
  const paths = query ? ['/store/search?limit=100&query='] : ['/bot', '/bot?kind=mixed&starred=true', '/bot?kind=mixed&limit=20', '/store/popular?limit=100'];
  const found = (await Promise.all(paths.map(where => call('GET', where + encodeURIComponent(query))))).flat();
  for (const one of new Map(found.map(each => [each.id, each])).values()) if (one.available) $(one.owned ? '#own' : '#shared').append(clone('bot', one));
  $('#query').setAttribute('value', query);
}

onSubmit('.star', async ({ dataset, lastElementChild: star }) => {
  const starred = star.ariaPressed !== 'true';
  await call('PATCH', `/bot/${dataset.id}/starred`, { starred });
  star.ariaPressed = starred;
});

// ---- the form ----

function read() {
  const data = new FormData(form);
  const { title, description, instruction, shared_scope: scope } = Object.fromEntries(data);
  return {
    title, description, instruction,
    conversation_quick_starters: rowsOf($('#starters')).map(({ words, example }) => ({ title: words, example })),
    display_retrieved_chunks: data.has('display_retrieved_chunks'),
    active_models: Object.fromEntries($$('[name=model]').map(({ value, checked }) => [value, checked])),
    share: { target_shared_scope: scope, target_allowed_group_ids: data.getAll('course'), target_allowed_user_ids: bot.allowed_cognito_users },
  };
}

const isChanged = ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]);

// Of a bot that is there only what has changed: it has more than the form shows.
onSubmit('#editor > form', async () => {
  const now = read();
  if (!now.title.trim()) throw new ApiError(400, { title: [t('must not be empty')] });
  const { share, ...changed } = Object.fromEntries(Object.entries(now).filter(isChanged));
  await (isNew ? call('POST', '/bot', { ...now, id }) : call('PATCH', path, changed));
  isNew = false;
  if (share) await call('PATCH', `${path}/visibility`, share);
  before = now;
  if (address === 'new') location.replace(id);
  return t('Saved.');
});

function addChoice(name, value, words, isChosen) {
  const node = clone('choice', { name, value, words });
  $('input', node).checked = isChosen;
  $(`#${name}s`).append(node);
}

async function showForm() {
  const [found, courses, { models }] = await Promise.all([isNew ? bot : call('GET', `/bot/private/${id}`), list('/api/v1/courses?per_page=100'),
    call('GET', '/config/global'), isNew || showDocuments()]);
  bot = found;
  const { allowed_cognito_groups: groups = [], active_models: active = {} } = bot;
  for (const course of courses) addChoice('course', course.id, course.name, groups.includes(`${course.id}`));
  models.forEach(({ model_id: name, label }, i) => addChoice('model', name, label, Object.values(active)[i] ?? true)); // in the same order
  $('#chat').href += id;
  if (!isNew) {
    for (const name of ['title', 'description', 'instruction', 'shared_scope']) form.elements[name].value = bot[name];
    form.elements.display_retrieved_chunks.checked = bot.display_retrieved_chunks;
    for (const { title, example } of bot.conversation_quick_starters) addRow($('#starters'), { words: title, example });
  }
  document.title = `${bot.title ?? t('New bot')} – Colloquy`;
  before = read();
}

// ---- documents ----

const showDocuments = async () => showFiles(await call('GET', `${path}/documents`));

const fileOf = ({ id: key, filename: name, sync_status: state, sync_status_reason: reason }) => ({ id: key, name, state, reason });

onAct({ removeFile: keepFiles(() => `/api/chat${path}/documents`, showDocuments, fileOf) });

onSubmit('#delete', async () => {
  if (!await ask(t('Delete “{name}”?', { name: bot.title }), t('This cannot be undone.'), t('Delete'), { danger: true })) return;
  await call('DELETE', path);
  before = read();
  location.replace('/bots');
});

start(async main => {
  addEventListener('beforeunload', event => {
    if (before && Object.entries(read()).some(isChanged)) event.preventDefault();
  });
  const [{ permissions }] = await Promise.all([caller(), address ? showForm() : showList()]);
  $('#create').hidden = !permissions.create_bot;
  $('#all').hidden = !permissions.share_bot_with_all && bot.shared_scope !== 'all';
  main.className = address ? isNew ? 'new' : 'old' : 'none';
});
