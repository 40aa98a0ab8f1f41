// library.js - the archives of the library, as cards.
import {api, override} from './api.js';
import {el, say, ask, busy} from './dom.js';
import {texts} from './texts.js';

export const title = (archive) => archive.title || archive.file;

// What muniment ls says of rights, as it is today.
function rightsOf(rights) {
  const [, part, until] = /^(in part )?(?:redacted|closed until (\S+))$/.exec(rights || '') || [];
  if (/redacted$/.test(rights)) return {closed: true, text: texts.rightsRedacted(part)};
  if (until) return until > new Date().toISOString().slice(0, 10) ? {closed: true, text: texts.rightsClosed(until, part)} : {open: true, text: texts.rightsOpen};
  return {open: rights === 'open', text: {open: texts.rightsOpen, undecided: texts.rightsUndecided}[rights] || texts.rightsNotStated};
}

export function rightsChip(rights) {
  const {open, closed, text} = rightsOf(rights);
  return el('span', {class: `chip ${closed ? 'closed' : open ? 'open' : 'plain'}`}, text);
}

// What a verification comes to (muniment verify --json), in words.
export const verdict = (word) => texts.verdicts[word] || word;
export const isGood = (word) => ['trusted', 'intact'].includes(word);
const isBad = (word) => ['damaged', 'bad-signature', 'unreadable'].includes(word);

// What the last check leaves in doubt, in a sentence; empty: nothing.
export function doubt({checked, verdict: word}) {
  return isBad(word) || word === 'inherited-undecided' ? texts.doubtful(checked.slice(0, 10), verdict(word)) : '';
}

export function checkChip(archive) {
  if (!archive.checked) return el('span', {class: 'chip plain'}, texts.neverChecked);
  return el('span', {class: `chip ${isGood(archive.verdict) ? 'open' : isBad(archive.verdict) ? 'closed' : 'plain'}`}, `${texts.checkedOn(archive.checked.slice(0, 10))}: ${verdict(archive.verdict)}`);
}

// A picture is taken when somebody first asks for it, one after the other: who asks for another meanwhile asks again, as long as it is in sight.
export function picture(file, name, rights) {
  const frame = el('div', {class: 'picture'}, el('span', {}, texts.noPicture));
  const write = (text) => frame.replaceChildren(el('span', {}, text));
  let loading = false;
  async function load() {
    for (loading = true; frame.isConnected; await new Promise((resolve) => setTimeout(resolve, 1500))) {
      const response = await fetch(api.picture(file)).catch(() => null);
      if (response?.ok) {
        const url = URL.createObjectURL(await response.blob());
        frame.replaceChildren(el('img', {src: url, alt: texts.pictureOf(name), onload: () => URL.revokeObjectURL(url)}));
        return;
      }
      if (response?.status !== 503) return write(response?.status === 403 ? texts.noPictureClosed : texts.noPicture);
    }
    loading = false;
  }
  if (rightsOf(rights).closed) write(texts.noPictureClosed);
  else new IntersectionObserver((entries) => {
    if (loading || !entries.some((entry) => entry.isIntersecting)) return;
    write(texts.takingPicture);
    load();
  }).observe(frame);
  return frame;
}

// Asks an archivist for the reason to open what is closed; null: it stays closed.
export async function askReason() {
  const field = el('input', {type: 'text', maxLength: 200, 'aria-label': texts.overrideReason});
  return await ask(texts.override, [el('p', {}, texts.overrideAsk), field], [['', texts.cancel], ['open', texts.override, 'danger']]) === 'open' && field.value.trim() ? field.value : null;
}

async function begin(file, button, me, how) {
  let refused = null;
  await busy(button, async () => {
    say(texts.opening);
    try {
      const session = await api.open(file, how);
      location.hash = `#/session/${session.id}`;
    } catch (error) {
      refused = error;
    }
  });
  if (!refused) return;
  const asks = refused.status === 403 && me?.role === 'archivist' && !how.startsWith('override');
  say(asks ? '' : texts.failed(refused.message), true);
  const reason = asks && await askReason();
  if (reason) await begin(file, button, me, override(reason) + how.trim());
}

// Of an archive as the library lists it. Whoever opens one that is in doubt is warned before.
export async function openSession(archive, button, me, how = ' ') {
  const text = doubt(archive);
  if (!text || await ask(texts.open, el('p', {}, text), [['', texts.cancel], ['open', texts.openAnyway, 'main']]) === 'open') await begin(archive.file, button, me, how);
}

function card(archive, me) {
  const name = title(archive), address = `#/archive/${encodeURIComponent(archive.file)}`;
  const button = el('button', {class: 'main', onclick: () => openSession(archive, button, me), 'aria-label': `${texts.open}: ${name}`}, texts.open);
  return el('li', {class: 'card'},
    archive.wrong ? el('div', {class: 'picture'}, el('span', {}, texts.unreadable)) : picture(archive.file, name, archive.rights),
    el('div', {class: 'about'},
      el('h2', {}, el('a', {href: address}, name)),
      el('p', {class: 'small'}, [archive.identifiers, archive.machine].filter(Boolean).join(' · ')),
      archive.wrong ? el('p', {class: 'warning'}, archive.wrong)
        : el('p', {class: 'chips'}, rightsChip(archive.rights), checkChip(archive), archive.copies > 1 && el('span', {class: 'chip plain'}, texts.copies(archive.copies)))),
    !archive.wrong && el('div', {class: 'buttons'}, button, el('a', {class: 'button', href: `${address}/files`, 'aria-label': `${texts.files}: ${name}`}, texts.files)));
}

function empty() {
  return [el('h1', {tabIndex: -1}, texts.emptyTitle), el('p', {}, texts.emptySaid), el('pre', {}, texts.emptyCommand)];
}

export async function libraryPage(me) {
  const archives = await api.library();
  if (!archives.length) return {title: texts.libraryTitle, content: empty()};
  const count = el('p', {class: 'small', role: 'status'});
  const list = el('ul', {class: 'cards'});
  const search = el('input', {type: 'search', placeholder: texts.search, 'aria-label': texts.search, oninput: () => filter()});
  const cards = archives.map((archive) => [card(archive, me), [title(archive), archive.identifiers, archive.machine, archive.file, archive.rights].join(' ').toLowerCase()]);
  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = cards.filter(([, text]) => words.every((word) => text.includes(word)));
    list.replaceChildren(...found.map(([element]) => element));
    count.textContent = found.length ? texts.found(found.length, archives.length) : texts.nothingFound;
  }
  filter();
  return {
    title: texts.libraryTitle,
    content: [el('div', {class: 'top'}, el('h1', {tabIndex: -1}, texts.libraryTitle), search), count, list],
  };
}
