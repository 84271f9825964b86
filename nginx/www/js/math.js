// TeX in replies, by KaTeX, which is fetched when there is some.
import { $$, el } from './dom.js';
import { t } from './text.js';

const REFUSED = /\\(?:def|gdef|edef|xdef|let|futurelet|newcommand|renewcommand|providecommand|fcolorbox|colorbox|html\w*|href|url|includegraphics)(?![a-zA-Z])/;
const DEEPEST = 100; // elements within each other: some hundreds, and browsers give up the whole page
const OPTIONS = { throwOnError: true, trust: false, strict: 'ignore', maxExpand: 200, maxSize: 20, output: 'htmlAndMathml' };

let katex;

async function load() {
  document.head.append(el('link', { rel: 'stylesheet', href: '/katex/katex.min.css' }));
  await import('/katex/katex.min.js');
  return globalThis.katex;
}

const depth = node => 1 + Math.max(0, ...[...node.children].map(depth));

// What is no TeX, or more than we let it do, stays as it was written.
export async function renderMath(root) {
  const places = $$('.math', root);
  if (!places.length) return;
  const { render } = await (katex ??= load().catch(() => ({})));
  if (!render) return; // the site has no KaTeX
  for (const place of places) {
    const tex = place.textContent;
    const displayMode = 'display' in place.dataset;
    if (tex.length > 4000 || REFUSED.test(tex)) continue;
    const made = el('span');
    try {
      render(tex, made, { ...OPTIONS, macros: { '\\pmb': '\\boldsymbol' }, displayMode }); // its own has a style attribute
      if (depth(made) > DEEPEST) continue;
    } catch {
      continue;
    }
    place.replaceChildren(made);
    if (displayMode) Object.assign(place, { tabIndex: 0, role: 'group', ariaLabel: t('Formula') });
  }
}
