// files.js - the files of a disk, and their retrieval.
import {api} from './api.js';
import {el, say, save, during} from './dom.js';
import {askReason} from './library.js';
import {texts} from './texts.js';

const SHOWN_MOST = 2000; // rows at a time

const list = (of) => during(texts.listing, of.session ? 'session-files' : 'files', api.jobs, api.files(of));

// What is closed is listed for an archivist who gives a reason.
async function listFor(of, me) {
  try {
    return await list(of);
  } catch (error) {
    if (error.status !== 403 || me.role !== 'archivist' || !(of.reason = await askReason())) throw error;
    return list(of);
  }
}

export async function filesPage(of, me) {
  const files = (await listFor(of, me)).filter((file) => !file.attributes.startsWith('D'));
  const chosen = new Set();
  const body = el('tbody'), count = el('p', {class: 'small', role: 'status'});
  const button = el('button', {class: 'main', disabled: true, title: texts.retrieveHint, onclick: () => retrieve()}, texts.retrieve);
  const all = el('input', {type: 'checkbox', 'aria-label': texts.selectAll, onchange: () => {
    for (const file of shown()) all.checked ? chosen.add(file.path) : chosen.delete(file.path);
    draw();
  }});
  const filter = el('input', {type: 'search', placeholder: texts.filter, 'aria-label': texts.filter, oninput: () => draw()});

  const shown = () => files.filter((file) => file.path.toLowerCase().includes(filter.value.toLowerCase()));

  function update() {
    const size = files.filter((file) => chosen.has(file.path)).reduce((sum, file) => sum + file.size, 0);
    count.textContent = texts.selected(chosen.size, texts.bytes(size));
    button.disabled = !chosen.size;
  }

  function row(file) {
    const box = el('input', {type: 'checkbox', checked: chosen.has(file.path), 'aria-label': `${texts.select}: ${file.path}`, onchange: () => {
      box.checked ? chosen.add(file.path) : chosen.delete(file.path);
      update();
    }});
    return el('tr', {onclick: (event) => event.target !== box && box.click()},
      el('td', {}, box), el('td', {class: 'name'}, file.path), el('td', {class: 'number'}, texts.bytes(file.size)), el('td', {}, file.modified));
  }

  function draw() {
    body.replaceChildren(...shown().slice(0, SHOWN_MOST).map(row));
    update();
  }

  async function retrieve() {
    button.disabled = true;
    say(texts.retrieving);
    try {
      save(await during(texts.retrieving, of.session ? 'session-retrieve' : 'retrieve', api.jobs, api.retrieve(of, [...chosen])), `${(of.archive || of.session).replace(/\.mun$/, '')}-records.zip`);
      say(texts.retrieved);
    } catch (error) {
      say(texts.failed(error.message), true);
    }
    update();
  }

  draw();
  const back = of.session ? `#/session/${of.session}` : `#/archive/${encodeURIComponent(of.archive)}`;
  return {
    title: texts.filesTitle,
    content: [
      el('p', {class: 'small'}, el('a', {href: back}, of.archive || texts.backToSession)),
      el('div', {class: 'top'}, el('h1', {tabIndex: -1}, texts.filesTitle, ' ', el('small', {}, of.session ? texts.filesSession : texts.filesSealed)), filter),
      files.length ? el('table', {}, el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, all), el('th', {scope: 'col'}, texts.path),
        el('th', {scope: 'col', class: 'number'}, texts.size), el('th', {scope: 'col'}, texts.modified))), body) : el('p', {}, texts.noFiles),
      el('div', {class: 'bar'}, count, el('span', {class: 'small hint'}, texts.retrieveHint), button),
    ],
  };
}
