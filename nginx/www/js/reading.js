// A conversation of one's own, to read: also when it has ended.
import { request } from './api.js';
import { $ } from './dom.js';
import { start } from './page.js';
import { keepLinks, messageOf, updateProgress } from './talk.js';
import { date, t } from './text.js';
import { copyButton, showMessage } from './thread.js';

const path = `/api/v1${location.pathname}`;

start(async () => {
  const { ai_experience: experience, student, created_at: at, workflow_state: state, messages, progress } = await request('GET', `${path}/transcript`);
  document.title = `${experience.title} – Colloquy`;
  $('h1').textContent = experience.title;
  $('#back').href = location.pathname.replace(/.conversations.*/, '');
  $('#state').textContent = `${student.name} · ${date(at)} · ${state === 'active' ? t('still open') : t('ended')}`;
  $('#more').append(keepLinks(path));
  for (const message of messages.filter(({ initial }) => !initial)) showMessage(messageOf(message, student.name, [copyButton(() => message.text)]));
  updateProgress(progress, messages);
});
