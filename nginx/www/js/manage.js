// Experiences where managers see them: published, taken back and deleted in place. Without scripts their forms do it.
import { request } from './api.js';
import { $, $$, once } from './dom.js';
import { announce, ask, attempt, start } from './page.js';
import { t } from './text.js';

async function publish(button, { action }, place) {
  const isPublished = button.value === 'published';
  await request('PUT', action, { body: { workflow_state: button.value } });
  button.textContent = isPublished ? t('Unpublish') : t('Publish');
  button.value = isPublished ? 'unpublished' : 'published';
  announce($('.state', place).textContent = isPublished ? t('Published') : t('Not published'));
}

async function remove(button, { action, dataset }, place) {
  const text = t('It cannot be undone: neither you nor the students can reach it any more.');
  if (!await ask(t('Delete “{name}”?', { name: dataset.title }), text, t('Delete'), { danger: true })) return;
  await request('DELETE', action);
  if (place.matches('main')) return location.assign('../ai_experiences');
  const next = place.nextElementSibling ?? place.previousElementSibling ?? $('main');
  place.remove();
  $('a', next).focus();
  announce(t('Deleted'));
}

start(() => {
  for (const button of $$('.manage button')) {
    const { form } = button;
    button.hidden = false;
    button.onclick = event => {
      event.preventDefault();
      once(button, () => attempt(form, () => (button.value === 'deleted' ? remove : publish)(button, form, form.closest('li, main'))));
    };
  }
});
