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

// action(form) sends one that fits, and gives what is then said, if anything.
export const onSubmit = (selector, action) => addEventListener('submit', event => {
  const form = event.target;
  if (!form.matches(selector)) return;
  event.preventDefault();
  once(form, async () => {
    const said = $('.said', form);
    said.replaceChildren();
    showFaults(form);
    try {
      const words = await action(form);
      if (words) said.append(el('p', { class: 'notice done' }, words));
    } catch (error) {
      if (!showFaults(form, error.fields)) said.append(fault(error));
    }
  });
});
