// A student's conversation about an experience, and a teacher's test of it.
import { ApiError, request, stream } from './api.js';
import { $, clone, el, once } from './dom.js';
import { ask, attempt, caller, start } from './page.js';
import { toEnd } from './reply.js';
import { keepLinks, messageOf, progressWords, updateProgress } from './talk.js';
import { date, plural, t, told } from './text.js';
import { copyButton, showMessage, votes } from './thread.js';
import { Turns } from './turn.js';

const [page] = location.pathname.split('.'); // also of …/5.html
const base = `/api/v1${page}`;

let talk; // the conversation as the server has it: {id, messages, progress}
let site, turns;

// ---- messages ----

function vote(message) {
  const path = `${base}/conversations/${talk.id}/messages/${message.id}/feedback`;
  let [given] = message.feedback;
  return votes(given && given.vote === 'liked', async (isGood, reason) => {
    if (isGood === null) await request('DELETE', `${path}/${given.id}`);
    else given = (await request('POST', path, { body: { vote: isGood ? 'liked' : 'disliked', feedback_message: reason || null } })).feedback;
  }, true);
}

const shown = message => messageOf(message, t('You'), message.role === 'User' ? [] : [copyButton(() => message.text), vote(message)]);

function show(message) {
  if (message.initial) return;
  const { id, text, status } = message;
  const retry = status === 'failed' && message === talk.messages.at(-1) && (() => turns.say(text, { again: { id, isStored: true } }));
  showMessage({ ...shown(message), retry });
}

function showProgress(progress, messages) {
  updateProgress(progress, messages, talk.progress);
  talk.progress = progress;
  $('#standing').textContent = progressWords(progress);
}

// Whether a reply is still coming. known: of so many messages nothing is shown anew.
async function look(known) {
  const { id, messages, progress } = await request('GET', `${base}/conversations`);
  if (id !== talk.id) return location.reload();
  if (messages.length === known) return false;
  if (messages.at(-1).status === 'pending') return true;
  talk.messages = messages;
  messages.forEach(show);
  showProgress(progress, messages);
  return false;
}

// What was said meanwhile in another window, or on another device.
async function catchUp() {
  const isIdle = () => !document.hidden && talk && !turns.composer.busy;
  if (isIdle() && await look(talk.messages.length).catch(() => false) && isIdle()) turns.wait();
}

async function send(turn) {
  const { text, key } = turn;
  for await (const { event, data } of stream(`${base}/conversations/${talk.id}/messages`, { message: text, message_id: key })) {
    if (event === 'message.start') turn.stored((turn.message = data.user_message).id);
    else if (event === 'message.delta') turn.append(data.text);
    else if (event === 'progress') showProgress(data, [...talk.messages, turn.message]);
    else if (event === 'error') throw new ApiError(503, data);
    else { // message.done; or the whole answer, where this site does not stream
      talk.messages = data.messages ?? [...talk.messages, { ...turn.message, status: 'complete' }, data.message];
      if (data.messages) turn.stored(talk.messages.at(-2).id);
      turn.done(shown(talk.messages.at(-1)));
      showProgress(data.progress, talk.messages);
      return true;
    }
  }
  return false;
}

// ---- beginning, and beginning again ----

async function open(opener) {
  const notices = $('#notices');
  notices.replaceChildren(el('p', { class: 'thinking', role: 'status' }, t('The tutor is preparing the conversation…')));
  await attempt(notices, async () => {
    const headers = { 'Idempotency-Key': opener.dataset.key ??= crypto.randomUUID() };
    showConversation(await request('POST', `${base}/conversations`, { body: {}, headers }));
    turns.composer.input.focus();
    await showEarlier();
  });
  $('.thinking', notices)?.remove();
}

async function startAgain(opener) {
  if (turns.composer.mustWait()) return;
  const text = t('A new conversation begins. This one is kept: you and your teachers can read it still.');
  if (await ask(t('Start again?'), text, t('Start again'))) await open(opener);
}

// ---- the page ----

function showConversation(begun) {
  const path = `${base}/conversations/${begun.id}`;
  talk = { id: begun.id, messages: begun.messages };
  turns = new Turns({ name: page, max: site.limits.message_max_chars, tutor: t('Tutor'), send, look,
    onsend: text => turns.say(text), onstop: () => request('POST', `${path}/stop`) });
  $('#beginning').hidden = true;
  $('.thread').replaceChildren();
  $('.links')?.remove();
  $('#more').append(keepLinks(path));
  $('#more').hidden = false;
  talk.messages.forEach(show);
  showProgress(begun.progress, talk.messages);
  toEnd();
  if (talk.messages.at(-1).status === 'pending') turns.wait();
}

async function showEarlier() {
  const earlier = (await request('GET', `${base}/my_conversations?per_page=50`)).filter(({ id }) => id !== talk?.id);
  $('#earlier').hidden = !earlier.length;
  $('#earlier summary').textContent = plural(earlier.length, 'One earlier conversation', '{n} earlier conversations');
  $('#earlier ul').replaceChildren(...earlier.map(({ id, created_at: at, progress }) =>
    clone('earlier-one', { path: `${page}/conversations/${id}`, at: date(at), progress: progressWords(progress) })));
}

start(async main => {
  const [found, begun] = await Promise.all([request('GET', '/api/v1/site'), request('GET', `${base}/conversations`), caller()]);
  const { notice, name } = found.model;
  site = found;
  main.classList.add('with-panel');
  $('#notice').textContent = notice ? told(notice) : t('Replies come from a language model ({name}) and may be wrong.', { name });
  $('#conversation').hidden = false;
  $('#begin').onclick = ({ target }) => once(target, () => open(target));
  $('#again').onclick = ({ target }) => once(target, () => startAgain(target));
  document.onvisibilitychange = catchUp;
  if (begun.id) showConversation(begun);
  else $('#beginning').hidden = false;
  await showEarlier();
});
