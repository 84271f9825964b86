// Forms that scripts send: what came of it stands in their .said, faults beside fields in <p class="fault" id="fault-NAME">.
import { $, $$, el, once } from './dom.js';
import { fault } from './page.js';
import { told } from './text.js';

// fields: name → messages, which go on where the label ends. Gives the first control that has one, focused.
function showFaults(form, fields = {}) {
  for (const place of $$('[id^="fault-"]', form)) {
    const [message] = fields[place.id.slice(6)] ?? [];
    place.textContent = message ? `${$('label, legend', place.parentNode).textContent} ${told(message)}` : '';
    ($('input, textarea', place.parentNode) ?? place).ariaInvalid = message ? 'true' : null;
  }
  const first = $('[aria-invalid]', form);
  first?.focus();
  return first;
}

// action(form, submitter) sends one that fits, and gives what is then said, if anything. tell: as showFaults().
export const onSubmit = (selector, action, tell = showFaults) => addEventListener('submit', event => {
  const { target: form, submitter } = event;
  if (!form.matches(selector)) return;
  event.preventDefault();
  once(form, async () => {
    const said = $('.said', form);
    said.replaceChildren();
    tell(form);
    try {
      const words = await action(form, submitter);
      if (words) said.append(el('p', { class: 'notice done' }, words));
    } catch (error) {
      if (!tell(form, error.fields)) said.append(fault(error));
    }
  });
});
