// A chat: a tree of messages, of which one branch is shown; what takes the place of a message is its sibling. doc/api-chat.md
import { ApiError, request, stream } from './api.js';
import { $, $$, button, clone, el } from './dom.js';
import { ask, fault, idOf, start } from './page.js';
import { toEnd } from './reply.js';
import { date, plural, t, told } from './text.js';
import { copyButton, showMessage, votes } from './thread.js';
import { Turns } from './turn.js';

const UNTITLED = 'New conversation'; // the server's word
const named = title => (title === UNTITLED ? t('New conversation') : title);
let talk = { id: idOf('chat') ?? crypto.randomUUID(), title: UNTITLED, message_map: {} };
let related = [];
let leaf = 'system'; // the end of the branch that is shown
let bot, composer, turns;

const call = (method, path, body) => request(method, `/api/chat/${path}`, { body, accept: 'application/json; keys=snake' });
const ours = (method, path, body) => call(method, `conversation/${talk.id}${path}`, body);
const complain = error => $('#notices').replaceChildren(fault(error));
const at = id => talk.message_map[id];
const siblings = id => at(at(id).parent).children;
const textOf = id => at(id).content.map(({ content_type: type, body }) => (type === 'text' ? body : '')).join('');

// The link is asked for now: it lives for a quarter of an hour.
async function preview({ source_id: id, source_name: name, page_number: page, excerpt }) {
  const { presigned_url: link, text_content: text } = await ours('GET', `/related-documents/${id}/preview`);
  $('#preview h2').textContent = name;
  $('#preview q').textContent = excerpt;
  $('#preview pre').textContent = text;
  $('#preview a').href = link ? `${link}#page=${page ?? 1}` : '';
  $('#preview').showModal();
}

const sourcesOf = id => related.filter(source => source.source_id.startsWith(`${id}@`)).map(source => ({
  ...source, number: source.citation_number, name: source.source_name, page: source.page_number, onopen: () => preview(source).catch(complain) }));

const vote = id => votes(at(id).feedback?.thumbs_up, async (isGood, comment, category) => {
  at(id).feedback = await ours('PUT', `/${id}/feedback`, { thumbs_up: isGood, comment, category });
});

function shown(id) {
  const { role, html, content, parent, status, stopped, create_time: time } = at(id);
  const isOwn = role === 'user';
  const text = textOf(id);
  const all = siblings(id);
  const actions = clone('actions', { version: all[1] ? t('Version {n} of {all}', { n: all.indexOf(id) + 1, all: all.length }) : '' });
  actions.prepend(copyButton(() => text), isOwn ? '' : vote(id));
  const isFailed = status === 'failed';
  const note = stopped ? t('stopped') : isFailed && t('not answered');
  const retry = isFailed && (() => turns.say(text, { again: { id, key: id, isStored: true }, parent, content }));
  return { id, note, retry, isOwn, html, text, time: time * 1000, author: isOwn ? t('You') : turns.tutor, sources: sourcesOf(id), actions: [actions] };
}

// Puts the branch there; afresh: also what of it is there.
function show(afresh) {
  const ids = [];
  for (let id = leaf; at(id)?.parent; id = at(id).parent) ids.unshift(id);
  for (const article of $$('.thread article')) if (at(article.id.slice(8)) && !ids.includes(article.id.slice(8))) article.remove();
  for (const id of ids) if (afresh || !$(`#message-${id} .actions`)) showMessage(shown(id));
  $('.thread').classList.toggle('cut', talk.should_continue && leaf === talk.last_message_id);
}

async function load() {
  [talk, related] = await Promise.all([ours('GET', '?html=true'), ours('GET', '/related-documents')]);
  leaf = talk.last_message_id;
}

// Whether a reply is still coming.
async function look() {
  await load();
  return at(leaf).status === 'pending' || Boolean(show(true));
}

async function send(turn) {
  const { text, key, content = [{ content_type: 'text', body: text }], isMore } = turn;
  turn.parent ??= at(key)?.parent ?? leaf; // where the branch now ends, or where the first try went
  const message = { content, message_id: key, parent_message_id: isMore ? null : turn.parent, model: $('#model').value };
  const events = stream('/api/chat/conversation', { conversation_id: talk.id, bot_id: talk.create_time ? null : bot?.id, continue_generate: isMore, message });
  for await (const { event, data } of events) {
    if (event === 'START') begun(turn, data.user_message_id);
    else if (event === 'AGENT_THINKING') turn.reply.say(t('Searching the documents…'));
    else if (event === 'STREAMING') turn.append(data.completion);
    else if (event === 'ERROR') throw await load() ?? new ApiError(502, data);
    else if (data.message) return ended(turn);
  }
  return false;
}

function begun(turn, id) {
  if (!at(id)) { // else it is tried again
    leaf = turn.parent;
    show();
  }
  turn.stored(id);
  const address = `/chat/${talk.id}`;
  history.replaceState(null, '', address);
  if (composer.name !== address) composer.rename(address);
}

async function ended(turn) {
  await load();
  turn.done(shown(leaf));
  show();
  if (talk.title === UNTITLED) ours('GET', '/proposed-title').then(({ title }) => rename(title)).catch(() => Promise.all([showTitle(), list()]).catch(complain));
  return true;
}

function showTitle() {
  $('#title').value = named(talk.title);
  $('#title').disabled = !talk.create_time;
  document.title = `${named(talk.title)} – Colloquy`;
}

async function rename(title) {
  await ours('PATCH', '/title', { new_title: title });
  talk.title = title;
  showTitle();
  await list();
}

// In the place of a message, or at the end of the branch.
function say(text, parent, content) {
  if (composer.mustWait()) return;
  turns.say(text, { parent, content });
}

async function remove(boxes) {
  const ids = boxes.map(box => box.value);
  if (!await ask(t('Delete for good?'), boxes.map(box => box.ariaLabel).join(', '), t('Delete'), { danger: true })) return;
  try {
    for (let i = 0; i < ids.length; i += 100) await call('POST', 'conversations/bulk-delete', { conversation_ids: ids.slice(i, i + 100) }); // as many as it takes
    if (ids.includes(talk.id)) return location.assign('/chat');
  } finally {
    await list();
  }
  $('#select').focus();
}

// What buttons do: data-do. They are given the id of their message.
const deeds = {
  regenerate(id) {
    const { parent } = at(id);
    say(textOf(parent), at(parent).parent, at(parent).content);
  },
  // What comes stands below what there is, until both are one.
  goOn: async () => composer.mustWait() || turns.run(async reply => {
    const turn = { isMore: true, stored: () => composer.stop.focus(), reply, append: part => reply.append(part), done() {} };
    if (await send(turn).catch(error => error.status && (complain(error) ?? true))) reply.remove();
    else await turns.settle(reply); // the connection broke
    show(true);
  }),
  async edit(id) {
    if (composer.mustWait()) return;
    const input = el('textarea', { rows: 6, dir: 'auto', 'aria-labelledby': 'question' }, textOf(id));
    if (await ask(t('Edit your message'), input, t('Send'))) say(input.value, at(id).parent);
  },
  // To the newest message of another version. The page stays where it is, and so does the focus.
  turn(id, { step }) {
    const all = siblings(id);
    const next = all.at((all.indexOf(id) + Number(step)) % all.length);
    if (composer.mustWait()) return;
    $('.thread').style.minHeight = `${$('.thread').offsetHeight}px`;
    for (leaf = next; at(leaf).children[0];) leaf = at(leaf).children.at(-1);
    show();
    $(`#message-${next} [data-step="${step}"]`).focus({ preventScroll: true });
  },
  remove: () => remove([{ value: talk.id, ariaLabel: named(talk.title) }]),
  removeAll: () => remove($$('#list :checked')),
};

// A fragment's only markup is <em>.
const marked = fragment => fragment.split(/<\/?em>/).map((part, i) =>
  el(i % 2 ? 'mark' : 'span', null, part.replace(/&(lt|gt|amp);/g, (all, name) => ({ lt: '<', gt: '>', amp: '&' })[name])));

const row = ({ id, title, create_time: time, highlights = [] }) => el('li', null,
  el('input', { type: 'checkbox', value: id, 'aria-label': named(title) }),
  el('a', { href: `/chat/${id}`, dir: 'auto', 'aria-current': id === talk.id && 'page' }, named(title)),
  highlights.flatMap(({ fragments }) => fragments).map(fragment => el('q', { dir: 'auto' }, marked(fragment))),
  el('span', { class: 'quiet' }, date(1000 * time)));

async function list() {
  const query = $('#query').value.trim();
  const chats = await call('GET', query ? `conversations/search?limit=100&query=${encodeURIComponent(query)}` : 'conversations');
  if (query !== $('#query').value.trim()) return;
  const focused = document.activeElement.getAttribute('href');
  $('#list').replaceChildren(...chats.map(row));
  if (focused) $(`#list [href="${focused}"]`)?.focus();
  $('#found').textContent = plural(chats.length, 'One conversation', '{n} conversations');
}

async function showBot(id) {
  bot = await call('GET', `bot/summary/${encodeURIComponent(id)}`);
  $('#bot').append(el('a', { href: `/bots/${bot.id}`, dir: 'auto' }, bot.title));
  $('#intro').replaceChildren(el('p', { class: 'text', dir: 'auto' }, bot.description),
    ...bot.conversation_quick_starters.map(({ title, example }) => button(title, () => say(example), { class: 'plain', dir: 'auto' })));
}

function offer({ models, default_model: first }) {
  const names = models.map(model => model.model_id).filter(name => bot?.active_models[name.replace(/[\W_]+/g, '_')] !== false);
  $('#model').append(...names.map(name => new Option(name, name, false, name === (talk.model ?? first))));
  $('#model').parentNode.hidden = !names[1];
}

// For a reply that is on its way.
function wait() {
  if (at(leaf)?.status === 'pending' && !composer.busy) turns.wait().catch(complain);
}

start(async () => {
  $('#side').open = innerWidth > 990;
  let pause;
  $('#query').oninput = () => {
    clearTimeout(pause);
    pause = setTimeout(() => list().catch(complain), 200); // not at each key
  };
  $('#title').onchange = ({ target }) => rename(target.value).catch(complain).finally(showTitle);
  addEventListener('click', ({ target }) => deeds[target.dataset.do]?.(target.closest('article')?.id.slice(8), target.dataset)?.catch(complain));
  const [{ model }, config] = await Promise.all([request('GET', '/api/v1/site'), call('GET', 'config/global'), list(), idOf('chat') && load()]);
  const botId = talk.bot_id ?? new URLSearchParams(location.search).get('bot');
  if (botId) await showBot(botId).catch(complain);
  offer(config);
  $('#notice').textContent = model.notice && told(model.notice);
  turns = new Turns({ name: location.pathname, max: 100000, tutor: bot?.title ?? t('Assistant'), send, look,
    onsend: text => say(text), onstop: () => ours('POST', '/stop') });
  ({ composer } = turns);
  showTitle();
  show();
  toEnd();
  wait();
  addEventListener('visibilitychange', () => { // it may have gone on in another window
    if (!document.hidden && !composer.busy && leaf === talk.last_message_id) load().then(() => wait(show()), () => {});
  });
});
