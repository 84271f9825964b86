// Bots: the list, and the form of one with its documents.
import { ApiError, list, request } from './api.js';
import { $, $$, clone } from './dom.js';
import { onSubmit } from './fields.js';
import { ask, caller, idOf, start } from './page.js';
import { addRow, keepFiles, onAct, rowsOf, showFiles } from './rows.js';
import { t } from './text.js';
import { discard, keep, saved, unsaved, watch } from './unsaved.js';

const address = idOf('bots');
let isNew = address === 'new';
const id = isNew ? crypto.randomUUID() : address;
const path = `/bot/${id}`;
const form = $('#editor form');
let bot = {}; // as the server had it

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

function fill({ title, description, instruction, share, ...rest }) {
  Object.entries({ title, description, instruction, shared_scope: share.target_shared_scope }).forEach(([name, value]) => { form.elements[name].value = value; });
  form.elements.display_retrieved_chunks.checked = rest.display_retrieved_chunks;
  for (const box of $$('[name=course]')) box.checked = share.target_allowed_group_ids.includes(box.value);
  for (const box of $$('[name=model]')) box.checked = rest.active_models[box.value] ?? true;
  $('#starters').replaceChildren();
  for (const { title: words, example } of rest.conversation_quick_starters) addRow($('#starters'), { words, example });
}

// Of a bot that is there only what has changed: it has more than the form shows.
onSubmit('#editor > form', async () => {
  const now = read();
  if (!now.title.trim()) throw new ApiError(400, { title: [t('must not be empty')] });
  const { share, ...changed } = unsaved(now);
  const change = () => call('PATCH', path, changed);
  await (isNew ? call('POST', '/bot', { ...now, id }).catch(error => (error.code === 'bot_exists' ? change() : Promise.reject(error))) : change());
  isNew = false;
  if (share) await call('PATCH', `${path}/visibility`, share);
  await saved(now);
  keep();
  if (address === 'new') location.replace(id);
  return t('Saved.');
});

const addChoice = (name, value, words) => $(`#${name}s`).append(clone('choice', { name, value, words }));

async function showForm() {
  const [found, courses, { models }] = await Promise.all([isNew ? bot : call('GET', `/bot/private/${id}`), list('/api/v1/courses?per_page=100'),
    call('GET', '/config/global'), isNew || showDocuments()]);
  bot = found;
  for (const course of courses) addChoice('course', course.id, course.name);
  for (const { model_id: name, label } of models) addChoice('model', name, label);
  $('#chat').href += id;
  const { shared_scope: scope, allowed_cognito_groups: groups, active_models: active = {} } = bot;
  const chosen = Object.fromEntries(models.map((model, i) => [model.model_id, Object.values(active)[i]])); // in the same order
  fill(isNew ? { ...read(), active_models: {} } : { ...bot, active_models: chosen, share: { target_shared_scope: scope, target_allowed_group_ids: groups } });
  document.title = `${bot.title ?? t('New bot')} – Colloquy`;
  await watch(read, fill);
  addEventListener('input', keep);
}

// ---- documents ----

const showDocuments = async () => showFiles(await call('GET', `${path}/documents`));

const fileOf = ({ id: key, filename: name, sync_status: state, sync_status_reason: reason }) => ({ id: key, name, state, reason });

onAct({ discard, removeFile: keepFiles(() => `/api/chat${path}/documents`, showDocuments, fileOf) }, () => address && keep());

onSubmit('#delete', async () => {
  if (!await ask(t('Delete “{name}”?', { name: bot.title }), t('This cannot be undone.'), t('Delete'), { danger: true })) return;
  await call('DELETE', path);
  await saved(read());
  location.replace('/bots');
});

start(async main => {
  const [{ permissions }] = await Promise.all([caller(), address ? showForm() : showList()]);
  $('#create').hidden = !permissions.create_bot;
  $('#all').hidden = !permissions.share_bot_with_all && bot.shared_scope !== 'all';
  main.className = address ? isNew ? 'new' : 'old' : 'none';
});
