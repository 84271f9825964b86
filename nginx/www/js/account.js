// One's account: the password, and where one is signed in.
import { ApiError, request } from './api.js';
import { $, clone } from './dom.js';
import { onSubmit } from './fields.js';
import { ask, caller, start } from './page.js';
import { date, plural, t } from './text.js';

const self = '/api/v1/users/self';

// A browser says the beginnings of several names, so the telling ones come first.
const known = (names, agent) => names.split(' ').find(name => agent?.includes(name.slice(0, 3)));

function row(session) {
  const { user_agent: agent, created_at: from, used_at: used } = session;
  const browser = known('Edge Firefox Chrome Safari', agent) ?? t('Another program');
  const system = known('iPhone iPad Android Windows Mac CrOS Linux', agent) ?? '';
  return clone('session', { ...session, browser, system, from: date(from), used: date(used) });
}

const showSessions = async () => $('#sessions').replaceChildren(...(await request('GET', `${self}/sessions`)).map(row));

onSubmit('#password', async form => {
  const { again, ...body } = Object.fromEntries(new FormData(form));
  if (again !== body.password) throw new ApiError(400, { again: [t('is not the same')] });
  const { ended } = await request('PUT', `${self}/password`, { body });
  form.reset();
  await showSessions();
  return plural(ended, 'The password is changed, and one other session has ended.', 'The password is changed, and {n} other sessions have ended.');
});

onSubmit('.end', async ({ dataset }) => {
  if (!dataset.id && !await ask(t('End all other sessions?'), t('Those browsers must sign in again.'), t('End them'))) return;
  await request('DELETE', `${self}/sessions${dataset.id}`);
  await showSessions();
  $('#sessions-head').focus();
});

start(async () => {
  const [user] = await Promise.all([caller(), showSessions()]);
  $('#who').append(clone('user', user));
  $('#language').append($('body > footer label'));
  $(user.has_password ? '#no-password' : '#password').remove();
});
