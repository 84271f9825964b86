// A student's conversation about an experience, and a teacher's test of it.
import { ApiError, request, stream } from './api.js';
import { Composer } from './composer.js';
import { $, button, el, once } from './dom.js';
import { ask, caller, fault, idOf, start } from './page.js';
import { progressWords, updateProgress } from './progress.js';
import { keepLinks, messageOf } from './talk.js';
import { date, plural, t, told } from './text.js';
import { Thread, copyButton, votes } from './thread.js';
import { Turns } from './turn.js';

const page = `/courses/${idOf('courses')}/ai_experiences/${idOf('ai_experiences')}`;
const base = `/api/v1${page}`;
const isTest = 'canManage' in $('main').dataset;

let talk; // the conversation as the server has it: {id, messages, progress}
let site, thread, composer, turns;
const notices = el('div');

// ---- messages ----

function vote(message) {
  const path = `${base}/conversations/${talk.id}/messages/${message.id}/feedback`;
  let [given] = message.feedback;
  return votes(given && given.vote === 'liked', async (isGood, reason) => {
    if (isGood === null) await request('DELETE', `${path}/${given.id}`);
    else given = (await request('POST', path, { body: { vote: isGood ? 'liked' : 'disliked', feedback_message: reason || null } })).feedback;
  });
}

const shown = message => messageOf(message, t('You'), message.role === 'User' ? [] : [copyButton(() => message.text), vote(message)]);

function show(message) {
  if (message.initial) return;
  const { id, text, status } = message;
  const retry = status === 'failed' && message === talk.messages.at(-1) && (() => turns.say(text, { again: { id, isStored: true } }));
  thread.show({ ...shown(message), retry });
}

function showProgress(progress, messages) {
  updateProgress($('#objectives'), progress, messages, talk.progress);
  talk.progress = progress;
  $('#standing').textContent = progressWords(progress);
}

// Whether a reply is still coming.
async function look() {
  const { id, messages, progress } = await request('GET', `${base}/conversations`);
  if (id !== talk.id) return location.reload();
  if (messages.at(-1).status === 'pending') return true;
  talk.messages = messages;
  messages.forEach(show);
  showProgress(progress, messages);
  return false;
}

async function send(turn) {
  const { text, key } = turn;
  for await (const { event, data } of stream(`${base}/conversations/${talk.id}/messages`, { message: text, message_id: key })) {
    if (event === 'message.start') turn.stored((turn.message = data.user_message).id);
    else if (event === 'message.delta') turn.append(data.text);
    else if (event === 'progress') showProgress(data, [...talk.messages, turn.message]);
    else if (event === 'error') throw new ApiError(503, data);
    else if (event === 'message.done') {
      turn.done(shown(data.message));
      talk.messages.push({ ...turn.message, status: 'complete' }, data.message);
      showProgress(data.progress, talk.messages);
      return true;
    } else {
      turn.stored(data.messages.at(-2).id); // the whole answer: this site does not stream
      turn.done(shown(data.messages.at(-1)));
      showProgress(data.progress, talk.messages = data.messages);
      return true;
    }
  }
  return false;
}

// ---- beginning, and beginning again ----

async function open(opener) {
  const waiting = el('p', { class: 'thinking', role: 'status' }, t('The tutor is preparing the conversation…'));
  notices.replaceChildren(waiting);
  try {
    showConversation(await request('POST', `${base}/conversations`, { body: {}, headers: { 'Idempotency-Key': opener.dataset.key ??= crypto.randomUUID() } }));
    composer.input.focus();
    await showEarlier();
  } catch (error) {
    notices.replaceChildren(fault(error));
  }
}

async function startAgain(event) {
  const opener = event.currentTarget;
  if (composer.mustWait()) return;
  const text = t('A new conversation begins. This one is kept: you and your teachers can read it still.');
  if (await ask(t('Start again?'), text, t('Start again'))) await once(opener, () => open(opener));
}

// ---- the page ----

const who = () => el('p', { class: 'quiet' },
  isTest ? t('This is a test. It stands apart from the class: no student and no count has it.')
    : t('You and the teachers of this course can read this conversation.'),
  ' ', site.model.notice ? told(site.model.notice) : t('Replies come from a language model ({name}) and may be wrong.', { name: site.model.name }));

function showConversation(begun) {
  talk = { id: begun.id, messages: begun.messages };
  thread = new Thread(t('Conversation'));
  composer = new Composer({ name: page, label: t('Your message'), max: site.limits.message_max_chars, onsend: text => turns.say(text),
    onstop: () => request('POST', `${base}/conversations/${talk.id}/stop`).catch(error => notices.replaceChildren(fault(error))) });
  turns = new Turns({ thread, composer, notices, tutor: t('Tutor'), own: t('You'), send, look });
  notices.replaceChildren();
  $('#conversation').replaceChildren(who(), thread.node, notices, el('div', { class: 'below' }, thread.jump, composer.node), thread.end);
  $('#more').replaceChildren(button(t('Start again'), startAgain, { class: 'plain' }), keepLinks(`${base}/conversations/${talk.id}`));
  talk.messages.forEach(show);
  showProgress(begun.progress, talk.messages);
  thread.toEnd();
  if (talk.messages.at(-1).status === 'pending') turns.wait();
}

function showBeginning() {
  const begin = button(t('Start the conversation'), () => once(begin, () => open(begin)));
  $('#conversation').replaceChildren(who(), el('p', null, begin), notices);
}

async function showEarlier() {
  const earlier = (await request('GET', `${base}/my_conversations?per_page=50`)).filter(({ id }) => id !== talk?.id);
  $('#more + details')?.remove();
  if (earlier.length)
    $('#more').after(el('details', null, el('summary', null, plural(earlier.length, 'One earlier conversation', '{n} earlier conversations')),
      el('ul', { class: 'list' }, earlier.map(({ id, created_at: at, progress }) =>
        el('li', null, el('a', { href: `${page}/conversations/${id}` }, date(at)), el('span', { class: 'quiet' }, progressWords(progress)))))));
}

start(async main => {
  if (isTest && !new URLSearchParams(location.search).has('test')) return;
  const [found, begun] = await Promise.all([request('GET', '/api/v1/site'), request('GET', `${base}/conversations`), caller()]);
  site = found;
  const objectives = $('#objectives');
  const panel = el('aside', { id: 'panel', 'aria-label': t('Progress') }, el('div', { id: 'more' }));
  objectives.replaceWith(panel, el('section', { id: 'conversation', 'aria-label': t('Conversation') }));
  panel.prepend(objectives);
  main.classList.add('with-panel');
  if (begun.id) showConversation(begun);
  else showBeginning();
  await showEarlier();
});
